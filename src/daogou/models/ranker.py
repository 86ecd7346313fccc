"""The ranker: shared towers and wide features in, one logit a head out."""

from typing import Final

import torch
from torch import Tensor, nn

from daogou.models.config import ModelConfig

HEADS: Final = ("next", "relevance", "click", "purchase")
"""What each logit says: is in the next basket; answers the query; once shown, is looked at;
once shown, is bought."""


class Ranker(nn.Module):
    """Wide features and the towers' likeness, through one bottom to all heads.

    Each head also has a linear path from the wide features (wide & deep: Cheng et
    al., 2016). Of the vectors the ranker sees their inner product and their cosine
    alone: given the vectors themselves it learns the training baskets by heart.
    Dimension letters: M rows, F features, H heads.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, config: ModelConfig, *, n_features: int) -> None:
        super().__init__()
        h = config.hidden
        self.root = config.width**0.5
        self.likeness_dropout = config.likeness_dropout
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.enter = nn.Linear(n_features + 2, h)
        self.deep = nn.Sequential(nn.GELU(), nn.Linear(h, h), nn.GELU(), nn.Dropout(config.dropout))
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
        product = (u * v).sum(-1)
        lengths = (u.norm(dim=-1) * v.norm(dim=-1)).clamp(min=1e-6)
        likeness = torch.stack([product / self.root, product / lengths], -1)  # [M, 2]
        if self.training:
            # The towers saw these very baskets, so that likeness tells more here than it
            # will in serving; now and then the ranker has to do without.
            keep = torch.rand(len(likeness), 1, device=u.device) >= self.likeness_dropout
            likeness = likeness * keep
        h = self.deep(self.enter(torch.cat([x, likeness], -1)))
        logits: Tensor = self.heads(h) + self.wide(x)
        return logits
