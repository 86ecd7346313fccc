"""Rankers that memorise by crosses and generalise by embeddings: Wide & Deep, and DeepFM.

Dimension letters: M rows, F features, A columns of codes, X crosses, E embedding width.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

CLAMP = 6.0
"""Standardised features are held within so many standard deviations."""


class CrossRanker(nn.Module, ABC):
    """Standardised features, one embedding a code, one weight a hashed cross -> a logit.

    Parameters
    ----------
    n_features
        F.
    sizes
        How many codes each column has, [A].
    buckets
        Of the hashed crosses; bucket 0 is "no cross" and weighs nothing.
    width
        E.
    hidden
        Of the deep part's layers.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        *,
        n_features: int,
        sizes: Sequence[int],
        buckets: int,
        width: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.embeddings = nn.ModuleList(nn.Embedding(max(size, 1), width) for size in sizes)
        for table in self.embeddings:
            nn.init.normal_(table.weight, std=0.02)  # type: ignore[arg-type]
        self.wide = nn.Linear(n_features, 1)
        self.crosses = nn.Embedding(buckets, 1, padding_idx=0)
        nn.init.zeros_(self.wide.weight)
        nn.init.zeros_(self.crosses.weight)
        self.deep = nn.Sequential(
            nn.Linear(n_features + len(sizes) * width, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, 1),
        )  # fmt: skip

    def fit_scale(self, wide: Tensor) -> None:
        """Set the standardisation of the features from a sample, [M, F]."""
        self.mean.copy_(wide.mean(0))
        self.scale.copy_(wide.std(0, correction=0) + 1e-3)

    def forward(self, wide: Tensor, codes: Tensor, crosses: Tensor) -> Tensor:
        """Logits of rows: [M, F], int64 [M, A], int64 [M, X] -> [M]."""
        x = ((wide - self.mean) / self.scale).clamp(-CLAMP, CLAMP)
        fields = torch.stack(
            [table(codes[:, column]) for column, table in enumerate(self.embeddings)], 1
        )  # [M, A, E]
        linear = self.wide(x).squeeze(1) + self.crosses(crosses).sum((1, 2))
        deep = self.deep(torch.cat([x, fields.flatten(1)], 1)).squeeze(1)
        logits: Tensor = linear + deep + self.pairs(x, fields)
        return logits

    @abstractmethod
    def pairs(self, x: Tensor, fields: Tensor) -> Tensor:
        """What pairs of fields add, [M, F], [M, A, E] -> [M]."""


class WideDeep(CrossRanker):
    """A linear model of features and crosses, and a net over embeddings, added.

    Cheng et al., "Wide & deep learning for recommender systems", DLRS 2016. The features are
    read by both parts; the crosses by the wide one alone.
    """

    def pairs(self, x: Tensor, fields: Tensor) -> Tensor:
        """Nothing: the paper's model has no pairs but the crosses."""
        del x
        return fields.new_zeros(fields.shape[0])  # len() would fix the graph's size


class DeepFM(CrossRanker):
    """The same with a factorisation machine: all pairs of fields, by their inner products.

    Guo et al., "DeepFM: a factorization-machine based neural network for CTR prediction",
    IJCAI 2017. The machine and the net share the embeddings. The features, which are numbers,
    are fields too: each has a vector, which its value scales.
    """

    def __init__(
        self,
        *,
        n_features: int,
        sizes: Sequence[int],
        buckets: int,
        width: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__(
            n_features=n_features,
            sizes=sizes,
            buckets=buckets,
            width=width,
            hidden=hidden,
            dropout=dropout,
        )
        self.factors = nn.Parameter(torch.randn(n_features, width) * 0.02)

    def pairs(self, x: Tensor, fields: Tensor) -> Tensor:
        """Half of the square of the sum less the sum of squares, [M]."""
        # sum_{i<j} f_i . f_j = (|sum f|^2 - sum |f|^2) / 2 (Rendle, 2010), in linear time.
        summed = fields.sum(1) + x @ self.factors  # [M, E]
        squares = fields.square().sum(1) + x.square() @ self.factors.square()  # [M, E]
        return 0.5 * (summed.square() - squares).sum(1)
