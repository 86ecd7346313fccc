"""Products by what shoppers did: what goes together, what one buys again, what is popular."""

from typing import Final

import numpy as np

from daogou.features import KINDS, Neighbours
from daogou.features.items import Float32, Float64, Int32
from daogou.features.stats import DAY, SLOW_DECAY
from daogou.retrieval.base import Candidates, Request, allowed, best, nothing
from daogou.retrieval.evidence import LineWeights, weighted_lines


class ItemToItemRetriever:
    """What goes with the anchor; without an anchor, with the visitor's newest lines.

    Parameters
    ----------
    neighbours
        From :func:`daogou.retrieval.building.build_item_to_item`.
    decay
        What a line of the history is worth a day later.
    """

    name: Final = "item-to-item"

    def __init__(self, neighbours: Neighbours, *, decay: float = SLOW_DECAY) -> None:
        self._neighbours = neighbours
        self._weights = LineWeights(decay=decay)

    def retrieve(self, request: Request, k: int) -> Candidates:
        """Items by the weights of their neighbours, added up; never an anchor itself."""
        told = weighted_lines(request, self._weights)
        items, scores = self._neighbours.sparse_sum_over(*told)
        kept = allowed(items, request.mask) & (scores > 0) & ~np.isin(items, request.anchor)
        return best(items[kept], scores[kept], k, self.name)


class PersonalFrequencyRetriever:
    """What the visitor buys: each purchase counts 1, and ``decay`` of it a day later."""

    name: Final = "personal"

    def __init__(self, *, decay: float = SLOW_DECAY) -> None:
        self._decay = decay

    def retrieve(self, request: Request, k: int) -> Candidates:
        """The visitor's own purchases; nothing for a visitor who never bought."""
        bought = request.history.of_kind(KINDS["purchase-complete"])
        age = np.maximum(request.now - bought.times, 0) / DAY
        items, place = np.unique(bought.items, return_inverse=True)
        scores = np.bincount(place, weights=self._decay**age, minlength=len(items))
        kept = allowed(items, request.mask)
        return best(items[kept], scores[kept], k, self.name)


class PopularRetriever:
    """What everybody buys.

    Parameters
    ----------
    popularity
        float32 [V], decayed purchases; every item is a candidate, those at 0 too, so
        that a shop without an event has something to show.
    groups
        Code of each item's category, int32 [V], 0 where it has none. Where they are
        given and the request has an anchor, only items of the anchors' categories come.
    """

    name: Final = "popular"

    def __init__(self, popularity: Float32 | Float64, groups: Int32 | None = None) -> None:
        self._popularity = popularity
        self._order = np.lexsort((np.arange(len(popularity)), -popularity)).astype(np.int32)
        self._groups = groups

    def retrieve(self, request: Request, k: int) -> Candidates:
        """The most popular items that pass."""
        order = self._order[allowed(self._order, request.mask)]
        anchor = request.anchor[request.anchor < len(self._popularity)]
        if self._groups is not None and len(request.anchor):
            wanted = self._groups[anchor]
            among = np.isin(self._groups[order], wanted[wanted > 0])
            order = order[among & ~np.isin(order, anchor)]
        chosen = order[: max(k, 0)]
        if not len(chosen):
            return nothing(self.name)
        return Candidates(chosen, self._popularity[chosen].astype(np.float32), self.name)
