"""LightGCN: embeddings of visitors and items that spread along who bought what."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.zoo.base import HistoryModel


@dataclass(frozen=True, slots=True)
class Bipartite:
    """Visitors 0 to N-1 and items N to N+V-1, and who bought what, each pair once.

    Attributes
    ----------
    neighbours
        The neighbours of each node, one node after the other, int64 [2P].
    offsets
        Where each node's neighbours begin, int64 [N + V].
    weights
        1 / sqrt(|N_u| |N_i|) of each edge, [2P].
    inverse_root
        1 / sqrt(|N_i|) of each item, [V]; 0 where nobody bought it.
    """

    neighbours: Tensor
    offsets: Tensor
    weights: Tensor
    inverse_root: Tensor

    @classmethod
    def of(cls, visitors: Tensor, items: Tensor, n_visitors: int, n_items: int) -> "Bipartite":
        """The graph of distinct pairs, int64 [P] each."""
        ends = torch.cat([visitors, items + n_visitors])
        others = torch.cat([items + n_visitors, visitors])
        order = torch.argsort(ends, stable=True)
        ends, others = ends[order], others[order]
        degree = torch.bincount(ends, minlength=n_visitors + n_items)
        root = degree.clamp(min=1).float().rsqrt() * (degree > 0)
        return cls(
            others, torch.cumsum(degree, 0) - degree, root[ends] * root[others], root[n_visitors:]
        )


class _Spread(torch.autograd.Function):
    """``A x`` for the symmetric, normalised adjacency A, whose gradient is ``A g``.

    A sum over bags of rows is faster on a CPU than its sparse matrix products.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, graph: Bipartite) -> Tensor:
        ctx.graph = graph
        return functional.embedding_bag(
            graph.neighbours, x, graph.offsets, mode="sum", per_sample_weights=graph.weights
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return _spread(gradients[0].contiguous(), ctx.graph), None


def _spread(x: Tensor, graph: Bipartite) -> Tensor:
    """Once along the graph, [N + V, D] -> [N + V, D]."""
    spread: Tensor = _Spread.apply(x, graph)  # type: ignore[no-untyped-call]
    return spread


class Spread(NamedTuple):
    """Final embeddings of visitors [N, D] and items [V, D]."""

    visitors: Tensor
    items: Tensor


class LightGCN(HistoryModel):
    """The mean over layers of ``e^(k+1) = A e^(k)``, with inner products as scores.

    He et al., "LightGCN: simplifying and powering graph convolution network for
    recommendation", SIGIR 2020.

    A visitor is served by fold-in: the propagation is linear, so that the final embedding of
    a visitor with the items S is

        e_u = 1/(K+1) (e_u^(0) + sum_k<K sum_{i in S} e_i^(k) / sqrt(|S| |N_i|))

    of which all but the first term is known for anybody who bought anything, newest purchases
    included, and for visitors that training never saw. The first term is left out. So an item
    brings the row ``1/(K+1) / sqrt(|N_i|) sum_k<K e_i^(k)``, and the graph adds up.
    """

    def __init__(self, graph: Bipartite, *, n_visitors: int, width: int, layers: int) -> None:
        super().__init__()
        self.graph, self.n_visitors, self.layers = graph, n_visitors, layers
        self.nodes = nn.Parameter(torch.empty(len(graph.offsets), width))  # [N + V, D]
        nn.init.normal_(self.nodes, std=0.1)

    def spread(self) -> Spread:
        """The final embeddings, [N, D] and [V, D]."""
        mean = torch.stack(self._layers()).mean(0)
        return Spread(mean[: self.n_visitors], mean[self.n_visitors :])

    def inputs(self) -> Tensor:
        """What an item adds to a visitor that is folded in, [V, D]."""
        items: Tensor = torch.stack(self._layers()[:-1]).sum(0)[self.n_visitors :]
        rows: Tensor = items * self.graph.inverse_root[:, None] / (self.layers + 1)
        return rows

    def outputs(self) -> tuple[Tensor, Tensor]:
        """The items' final embeddings, [V, D]; nothing is added."""
        items = self.spread().items
        return items, torch.zeros(len(items))

    def forward(self, lines: Tensor) -> Tensor:
        """Fold visitors in: the sum of their lines over the root of the lines' number, [B, D]."""
        folded: Tensor = lines.sum(1) / lines.shape[1] ** 0.5
        return folded

    def _layers(self) -> list[Tensor]:
        layers: list[Tensor] = [self.nodes]
        for _ in range(self.layers):
            layers.append(_spread(layers[-1], self.graph))
        return layers
