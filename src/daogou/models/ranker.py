"""The ranker: shared towers and wide features in, one logit a head out."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.config import ModelConfig
from daogou.models.experts import build_experts

HEADS: Final = ("next", "relevance", "click", "purchase")
"""What each logit says: is in the next basket; answers the query; once shown, is looked at;
once shown, is bought."""
GROUPS: Final = (0, 1, 0, 0)
"""Which heads ask alike, for "grouped" experts: those of baskets and exposures, and searches."""
CLICK, PURCHASE = HEADS.index("click"), HEADS.index("purchase")
SCALED_LIMIT = 6.0


class WideFeatures(nn.Module):
    """Wide features, standardised, and piecewise linear over their quantiles.

    A bin of a feature is 0 below its lower edge, 1 above its upper one and linear between,
    so that a first linear layer can bend where the data is (Gorishniy et al., "On
    embeddings for numerical features in tabular deep learning", NeurIPS 2022, section 3.2).
    """

    mean: Tensor
    scale: Tensor
    edges: Tensor

    def __init__(self, n_features: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.register_buffer("edges", torch.zeros(n_features, bins + 1))

    @property
    def width(self) -> int:
        """Of what comes out."""
        return len(self.mean) * (1 + self.bins)

    @torch.no_grad()
    def fit(self, wide: Tensor) -> None:
        """Set scale and edges from a sample, [M, F].

        Most counters are 0 for most candidates. The edges are quantiles of what is not 0,
        from 0 on: else all of them would lie on 0.
        """
        self.mean.copy_(wide.mean(0))
        self.scale.copy_(wide.std(0, correction=0) + 1e-3)
        shares = torch.linspace(0, 1, self.bins + 1)
        for f, column in enumerate(wide.T):
            told = column[column != 0]
            if len(told):
                self.edges[f] = torch.quantile(told[: 1 << 20], shares)
                self.edges[f, 0] = min(float(self.edges[f, 0]), 0.0)

    def forward(self, wide: Tensor) -> Tensor:
        """[M, F] -> [M, F (1 + bins)]."""
        x = ((wide - self.mean) / self.scale).clamp(-SCALED_LIMIT, SCALED_LIMIT)
        low, width = self.edges[:, :-1], self.edges.diff(dim=1)
        bent = ((wide[..., None] - low) / width.clamp(min=1e-4)).clamp(0, 1)  # [M, F, bins]
        return torch.cat([x, bent.flatten(-2)], -1)


class Ranker(nn.Module):
    """Wide features and the towers' likeness, through shared or gated experts to all heads.

    Each head also has a linear path from the wide features (wide & deep: Cheng et
    al., 2016). Of the vectors the ranker sees their inner product and their cosine
    alone: given the vectors themselves it learns the training baskets by heart.
    Dimension letters: M rows, F features, D width, T heads.

    Attributes
    ----------
    chain
        Whether the head "purchase" is that of the entire space, pCTCVR = pCTR * pCVR, with
        a conversion logit of its own (ESMM: Ma et al., "Entire space multi-task model", SIGIR
        2018); 0 or 1. Otherwise it predicts the purchase directly.
    """

    chain: Tensor

    def __init__(self, config: ModelConfig, *, n_features: int) -> None:
        super().__init__()
        self.root = config.width**0.5
        self.likeness_dropout = config.likeness_dropout
        self.features = WideFeatures(n_features, config.bins)
        self.register_buffer("chain", torch.zeros(()))
        self.experts = build_experts(self.features.width + 2, GROUPS, config)
        self.heads = nn.Parameter(torch.randn(len(HEADS), config.hidden) / config.hidden**0.5)
        self.wide = nn.Linear(self.features.width, len(HEADS))
        nn.init.zeros_(self.wide.weight)

    def forward(self, u: Tensor, v: Tensor, wide: Tensor) -> Tensor:
        """Logits of rows: u [M, D], v [M, D], wide [M, F] -> [M, T]."""
        x = self.features(wide)
        product = (u * v).sum(-1)
        lengths = (u.norm(dim=-1) * v.norm(dim=-1)).clamp(min=1e-6)
        likeness = torch.stack([product / self.root, product / lengths], -1)  # [M, 2]
        if self.training:
            # The towers saw these very baskets, so that likeness tells more here than it
            # will in serving; now and then the ranker has to do without.
            keep = torch.rand(len(likeness), 1, device=u.device) >= self.likeness_dropout
            likeness = likeness * keep
        h = self.experts(torch.cat([x, likeness], -1))  # [M, T, H]
        logits: Tensor = (h * self.heads).sum(-1) + self.wide(x)
        chained = _product_logit(logits[:, CLICK], logits[:, PURCHASE])
        purchase = torch.where(self.chain > 0, chained, logits[:, PURCHASE])
        return torch.cat([logits[:, :PURCHASE], purchase[:, None]], 1)


def _product_logit(first: Tensor, second: Tensor) -> Tensor:
    """The logit of the product of two probabilities that are given as logits."""
    log_both = functional.logsigmoid(first) + functional.logsigmoid(second)
    return log_both - torch.log(-torch.expm1(log_both.clamp(max=-1e-6)))
