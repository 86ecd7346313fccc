"""How two vectors are brought together into a score, behind one interface.

Dimension letters: ... any leading axes, D width of both vectors, S slices, R reduced width.
"""

from typing import Final, Literal

import torch
from torch import Tensor, nn

Interaction = Literal["inner", "outer", "tensor"]
REDUCED: Final = 16
"""R: the outer product's map is R x R; of the whole vectors' it would be D x D a pair."""


class InnerProduct(nn.Module):
    """``u . v``: what an index of nearest neighbours can search by."""

    def forward(self, u: Tensor, v: Tensor) -> Tensor:
        """Logits of pairs: [..., D], [..., D] -> [...]."""
        return (u * v).sum(-1)


class OuterProduct(nn.Module):
    """A small convolutional net over ``P u (x) Q v``, the map of all pairs of dimensions.

    He et al., "Outer product-based neural collaborative filtering", IJCAI 2018. Each layer
    halves the map by 2 x 2 convolutions of stride 2, as there, until one point is left. P and
    Q first reduce the vectors to R dimensions, which keeps it small enough for re-scoring.

    Parameters
    ----------
    reduced
        R, a power of two.
    """

    def __init__(self, width: int, *, reduced: int = REDUCED, channels: int = 8) -> None:
        super().__init__()
        if reduced < 2 or reduced & (reduced - 1):
            raise ValueError(f"reduced is {reduced}; expected a power of two from 2 on.")
        self.left, self.right = nn.Linear(width, reduced), nn.Linear(width, reduced)
        layers: list[nn.Module] = []
        for depth in range(reduced.bit_length() - 1):
            layers += [nn.Conv2d(channels if depth else 1, channels, 2, stride=2), nn.ReLU()]
        self.map = nn.Sequential(*layers)
        self.leave = nn.Linear(channels, 1)

    def forward(self, u: Tensor, v: Tensor) -> Tensor:
        """Logits of pairs: [..., D], [..., D] -> [...]."""
        outer = self.left(u)[..., :, None] * self.right(v)[..., None, :]  # [..., R, R]
        point = self.map(outer.reshape(-1, 1, *outer.shape[-2:])).flatten(1)  # [N, channels]
        logits: Tensor = self.leave(point).reshape(outer.shape[:-2])
        return logits


class NeuralTensor(nn.Module):
    """``w . tanh(u^T W_s v + V [u; v] + b)``: S bilinear forms and a linear one.

    Socher et al., "Reasoning with neural tensor networks for knowledge base completion",
    NIPS 2013, equation 1.
    """

    def __init__(self, width: int, *, slices: int = 4) -> None:
        super().__init__()
        self.bilinear = nn.Bilinear(width, width, slices)  # W [S, D, D] and b [S]
        self.linear = nn.Linear(2 * width, slices, bias=False)  # V [S, 2D]
        self.leave = nn.Linear(slices, 1, bias=False)  # w [S]

    def forward(self, u: Tensor, v: Tensor) -> Tensor:
        """Logits of pairs: [..., D], [..., D] -> [...]."""
        slices = self.bilinear(u, v) + self.linear(torch.cat([u, v], -1))  # [..., S]
        logits: Tensor = self.leave(torch.tanh(slices)).squeeze(-1)
        return logits


def interaction(kind: Interaction, width: int) -> nn.Module:
    """A module ``(u [..., D], v [..., D]) -> logits [...]``, with D = ``width``."""
    if kind == "inner":
        return InnerProduct()
    if kind == "outer":
        return OuterProduct(width)
    if kind == "tensor":
        return NeuralTensor(width)
    raise ValueError(f"interaction is {kind!r}; expected 'inner', 'outer' or 'tensor'.")
