"""Several lists of candidates to one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features.items import Float32, Int32
from daogou.retrieval.base import NO_ITEMS, Candidates, best

SMOOTHING: Final = 60
"""How little the first ranks stand out; the value of the paper that is cited below."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """What one source said of the fused items.

    Attributes
    ----------
    ranks
        int32 [K], from 0; -1 where it did not propose the item.
    scores
        float32 [K]; 0 where it did not propose the item.
    """

    ranks: Int32
    scores: Float32


@dataclass(frozen=True, slots=True)
class Fused:
    """Candidates of several sources.

    Attributes
    ----------
    items, scores
        int32 [K] and float32 [K], best first.
    sources
        What each source said of them, by its name.
    """

    items: Int32
    scores: Float32
    sources: Mapping[str, SourceView]

    def __len__(self) -> int:
        return len(self.items)

    def sources_of(self, n: int) -> tuple[str, ...]:
        """Names of the sources that proposed the n-th item, first the one that ranked it best."""
        found = [(int(view.ranks[n]), name) for name, view in self.sources.items()]
        return tuple(name for rank, name in sorted(found) if rank >= 0)


def fuse(lists: Sequence[Candidates], k: int, weights: Mapping[str, float] | None = None) -> Fused:
    """Reciprocal rank fusion: an item's score is the sum of ``weight / (60 + rank)`` over sources.

    G. Cormack, C. Clarke and S. Buettcher, "Reciprocal rank fusion outperforms
    Condorcet and individual rank learning methods", SIGIR 2009.

    Parameters
    ----------
    lists
        One a source.
    weights
        Source to weight; 1 for a source that is not named. A source of weight 0 proposes nothing.
    """
    weights = weights or {}
    counted = [c for c in lists if weights.get(c.source, 1.0) > 0]
    pooled = np.concatenate([NO_ITEMS, *(c.items for c in counted)])
    items, place = np.unique(pooled, return_inverse=True)
    worth = [weights.get(c.source, 1.0) / (SMOOTHING + 1 + np.arange(len(c))) for c in counted]
    scores = np.bincount(place, weights=np.concatenate([np.zeros(0), *worth]), minlength=len(items))
    fused = best(items, scores, k, "fused")
    return Fused(fused.items, fused.scores, {c.source: _view(c, fused.items) for c in counted})


def _view(candidates: Candidates, items: Int32) -> SourceView:
    if not len(candidates):
        return SourceView(np.full(len(items), -1, np.int32), np.zeros(len(items), np.float32))
    order = np.argsort(candidates.items)
    place = np.searchsorted(candidates.items[order], items).clip(max=len(order) - 1)
    rank = order[place].astype(np.int32)
    found = candidates.items[rank] == items
    scores = np.where(found, candidates.scores[rank], 0).astype(np.float32)
    return SourceView(np.where(found, rank, -1).astype(np.int32), scores)
