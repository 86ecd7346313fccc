"""The ranker: shared towers and wide features in, one logit a head out."""

from typing import Final

import torch
from torch import Tensor, nn

from daogou.models.config import ModelConfig

HEADS: Final = ("next", "relevance", "purchase")
"""What each logit says: is in the next basket; answers the query; is bought once shown."""


class Ranker(nn.Module):
    """Wide & deep (Cheng et al., 2016) over the towers' vectors, with one bottom for all heads.

    The deep part sees the wide features, both vectors and their product; each
    head also has a linear path from the wide features, to memorise what the
    towers cannot. Dimension letters: M rows, F features, H heads.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, config: ModelConfig, *, n_features: int) -> None:
        super().__init__()
        d, h = config.width, config.hidden
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.enter_wide = nn.Linear(n_features, h)
        self.enter_deep = nn.Linear(3 * d + 1, h)
        self.norm = nn.LayerNorm(3 * d + 1)
        self.deep = nn.Sequential(
            nn.GELU(), nn.Linear(h, h), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.heads = nn.Linear(h, len(HEADS))
        self.wide = nn.Linear(n_features, len(HEADS))
        nn.init.zeros_(self.wide.weight)

    def fit_scale(self, wide: Tensor) -> None:
        """Set the standardisation of the wide features from a sample, [M, F]."""
        self.mean.copy_(wide.mean(0))
        self.scale.copy_(wide.std(0) + 1e-3)

    def forward(self, u: Tensor, v: Tensor, wide: Tensor) -> Tensor:
        """Logits of rows: u [M, D], v [M, D], wide [M, F] -> [M, H]."""
        x = ((wide - self.mean) / self.scale).clamp(-6, 6)
        product = u * v
        deep = self.norm(torch.cat([u, v, product, product.sum(-1, keepdim=True)], -1))
        h = self.deep(self.enter_wide(x) + self.enter_deep(deep))
        logits: Tensor = self.heads(h) + self.wide(x)
        return logits
