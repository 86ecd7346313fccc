"""The simple models that the joint one has to beat, on the protocol's terms."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daogou.features import History, Neighbours
from daogou.features.history import PURCHASE
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY

Bool = npt.NDArray[np.bool_]


def top(scores: npt.NDArray[np.floating], mask: Bool | None, k: int) -> Int32:
    """The ``k`` best items of dense scores [V] under a mask, best first."""
    items = np.arange(len(scores)) if mask is None else np.flatnonzero(mask)
    found = scores[items]
    if k < len(items):
        best = np.argpartition(-found, k - 1)[:k]
        items, found = items[best], found[best]
    items = items[np.lexsort((items, -found))]
    kept: Int32 = items[np.isfinite(scores[items])].astype(np.int32)
    return kept


class _Dense(ABC):
    """A contender that scores every item."""

    def rank(
        self, history: History, now: float, masks: Sequence[Bool | None], k: int
    ) -> list[Int32]:
        """See :class:`~daogou.evaluation.protocol.Contender`."""
        scores = self.scores(history, now)
        return [top(scores, mask, k) for mask in masks]

    @abstractmethod
    def scores(self, history: History, now: float) -> npt.NDArray[np.floating]:
        """Scores of all items, [V]."""


@dataclass(frozen=True)
class Popularity(_Dense):
    """How often everybody bought it, up to the split."""

    counts: Float32
    name: str = "popularity"

    def scores(self, history: History, now: float) -> npt.NDArray[np.floating]:  # noqa: ARG002
        """The counts."""
        return self.counts


@dataclass(frozen=True)
class PersonalFrequency(_Dense):
    """How often the visitor bought it, each time worth ``decay`` of itself a day later.

    Ties, and what the visitor never bought, go by popularity.
    """

    counts: Float32
    decay: float = 1.0
    name: str = "personal frequency"

    def scores(self, history: History, now: float) -> npt.NDArray[np.floating]:
        """Decayed counts, with popularity behind the comma."""
        past = history.of_kind(PURCHASE)
        weight = self.decay ** (np.maximum(now - past.times, 0) / DAY)
        own = np.bincount(past.items, weights=weight, minlength=len(self.counts))
        return own + 1e-6 * self.counts / max(float(self.counts.max(initial=0)), 1)


@dataclass(frozen=True)
class ItemToItem(_Dense):
    """Damped cosine of baskets, summed over everything that the visitor bought."""

    neighbours: Neighbours
    n_items: int
    decay: float = 0.98
    name: str = "item-to-item"

    def scores(self, history: History, now: float) -> npt.NDArray[np.floating]:
        """Summed neighbour weights."""
        past = history.of_kind(PURCHASE)
        weight = self.decay ** (np.maximum(now - past.times, 0) / DAY)
        return self.neighbours.sum_over(past.items, weight.astype(np.float32), self.n_items)


class Ease(_Dense):
    """EASE^R (Steck, 2019): a linear item-to-item model in closed form.

    Parameters
    ----------
    visitors, items
        Purchases up to the split, [L] each.
    n_top
        The matrix is dense; so many of the most bought items are in it.
    regularisation
        lambda of the paper.
    """

    name = "ease"

    def __init__(
        self,
        visitors: Int32,
        items: Int32,
        *,
        n_items: int,
        n_top: int = 4000,
        regularisation: float = 200.0,
    ) -> None:
        counts = np.bincount(items, minlength=n_items)
        self.top = np.argsort(-counts, kind="stable")[: min(n_top, int((counts > 0).sum()))]
        place = np.full(n_items, -1)
        place[self.top] = np.arange(len(self.top))
        self.place, self.n_items = place, n_items
        known = place[items] >= 0
        matrix = np.zeros((int(visitors.max(initial=-1)) + 1, len(self.top)), np.float32)
        matrix[visitors[known], place[items[known]]] = 1
        gram = (matrix.T @ matrix).astype(np.float64)
        gram[np.diag_indices_from(gram)] += regularisation
        inverse = np.linalg.inv(gram)
        weights = -inverse / np.diag(inverse)
        weights[np.diag_indices_from(weights)] = 0
        self.weights = weights.astype(np.float32)

    def scores(self, history: History, now: float) -> npt.NDArray[np.floating]:  # noqa: ARG002
        """Binary history times the weights; items outside the matrix come last."""
        place = np.unique(self.place[history.items[history.kinds == PURCHASE]])
        scores = np.full(self.n_items, -np.inf)
        scores[self.top] = self.weights[place[place >= 0]].sum(0)
        return scores
