"""The towers' own task: from each moment of a history to what followed it.

Dimension letters: R rows, N tokens of a row, M moments, V items, D width.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from daogou.features.items import Float32
from daogou.models import JointModel, catalogue_softmax, sampled_softmax
from daogou.training.sequences import Packed

FULL_SOFTMAX_ITEMS: Final = 25_000
"""Up to so many items the whole catalogue is in the denominator: nothing is sampled."""


@dataclass(frozen=True, slots=True)
class Negatives:
    """Items sampled by smoothed popularity, shared by a step; or none, and all items stand in.

    The smoothing exponent 0.75 is word2vec's (Mikolov et al., 2013).
    """

    count: int
    n_items: int
    cumulative: Tensor
    log_expected: Tensor
    generator: torch.Generator

    @classmethod
    def of(cls, popularity: Float32, count: int, generator: torch.Generator) -> "Negatives":
        """``count`` items are sampled where the catalogue is too large for the full softmax."""
        weight = np.power(popularity.astype(np.float64) + 0.1, 0.75)
        q = weight / weight.sum()
        return cls(
            count,
            len(popularity),
            torch.from_numpy(np.cumsum(q)),
            torch.from_numpy(np.log(q * count)).float(),
            generator,
        )

    @property
    def full(self) -> bool:
        """Whether every item is in the denominator."""
        return self.n_items <= FULL_SOFTMAX_ITEMS

    def draw(self) -> Tensor:
        """The items of a step's denominator, int64 [N]."""
        if self.full:
            return torch.arange(self.n_items)
        draws = torch.rand(self.count, generator=self.generator, dtype=torch.float64)
        return torch.searchsorted(self.cumulative, draws).clamp(max=self.n_items - 1)

    def loss(
        self, contexts: Tensor, targets: Tensor, sampled: Tensor, vectors: "Vectors"
    ) -> Tensor:
        """Cross entropy of ``targets`` [M] from ``contexts`` [M, D] against the ``sampled``."""
        if not len(targets):
            return contexts.sum() * 0
        if self.full:
            bias, rows = torch.zeros(self.n_items), torch.arange(len(targets))
            return catalogue_softmax(contexts, vectors(sampled), bias, rows, targets)
        return sampled_softmax(
            contexts,
            vectors(targets),
            vectors(sampled),
            self.log_expected[sampled],
            targets[:, None] == sampled[None, :],
        )


class Vectors:
    """Item vectors of one step: each distinct item goes through the tower once."""

    def __init__(self, model: JointModel, *items: Tensor) -> None:
        self.distinct = torch.unique(torch.cat([i.reshape(-1) for i in items]))
        self.table = model.item_vectors(self.distinct)

    def __call__(self, items: Tensor) -> Tensor:
        """``v`` of items that were announced, int64 [...] -> [..., D]."""
        return self.table[torch.searchsorted(self.distinct, items)]


def line_vectors(packed: Packed, vectors: Vectors) -> Tensor:
    """Item vectors of the lines, zeros at tokens that are none, [R, N, D]."""
    return vectors(packed.items) * packed.is_line[..., None]


def next_line_loss(
    model: JointModel, packed: Packed, vectors: Vectors, sampled: Tensor, negatives: Negatives
) -> Tensor:
    """What follows each token, by softmax over the catalogue or a sample of it.

    Dense over all places of a history (SASRec: Kang and McAuley, ICDM 2018).
    """
    states = model.context_tower.states(line_vectors(packed, vectors), packed.tokens)
    return negatives.loss(states[packed.follows], packed.targets(), sampled, vectors)
