"""The simple models that the joint one has to beat, on the protocol's terms."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from daogou.features import History
from daogou.features.history import PURCHASE
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY
from daogou.retrieval.base import Request, Retriever, allowed

Bool = npt.NDArray[np.bool_]


def top(scores: npt.NDArray[np.floating], mask: Bool | None, k: int) -> Int32:
    """The ``k`` best items of dense scores [V] under a mask, best first; ties by number.

    An item whose score is not finite is never given.
    """
    fit = np.isfinite(scores) if mask is None else mask & np.isfinite(scores)
    items = np.flatnonzero(fit)
    found = scores[items]
    if k < len(items):
        # A partition of values is three times as fast as one of places (numpy 2 has SIMD for it).
        items = items[found >= np.partition(found, len(found) - k)[len(found) - k]]
        found = scores[items]
    kept: Int32 = items[np.lexsort((items, -found))[:k]].astype(np.int32)
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
class SourceContender:
    """Any candidate source on the protocol's terms: what it retrieves, then what is popular.

    A source may find fewer than k items, for a visitor with a short past or none; a shop
    would fill the page, and so does this.

    Attributes
    ----------
    source
        Is asked with the history alone.
    counts
        How often each item was bought, float32 [V].
    """

    source: Retriever
    counts: Float32

    @property
    def name(self) -> str:
        """The source's own."""
        return self.source.name

    def rank(
        self, history: History, now: float, masks: Sequence[Bool | None], k: int
    ) -> list[Int32]:
        """See :class:`~daogou.evaluation.protocol.Contender`."""
        lists = []
        for mask in masks:
            found = self.source.retrieve(Request(now, history, mask=mask), k).items
            if len(found) < k:
                rest = self._popular[allowed(self._popular, mask)]
                rest = rest[: k + len(found)]  # no more of them can be among the found
                found = np.concatenate([found, rest[~np.isin(rest, found)][: k - len(found)]])
            lists.append(found)
        return lists

    @cached_property
    def _popular(self) -> Int32:
        """All items, the most bought first, int32 [V]."""
        return np.argsort(-self.counts, kind="stable").astype(np.int32)
