"""What sources have in common that score their items before they pick the best."""

from abc import ABC, abstractmethod

import numpy as np

from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Candidates, Request, allowed, best


class ScoredSource(ABC):
    """A source that is one function: a request's scores of the items that it has an opinion of.

    Parameters
    ----------
    name
        The source's name, in reasons and reports; unique in a bundle.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """The source's name."""
        return self._name

    @abstractmethod
    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Items in rising order, each once, int32 [K], and their scores, float32 [K].

        Items that are not there have the score 0. The request's mask is not looked at.
        """

    def retrieve(self, request: Request, k: int) -> Candidates:
        """The ``k`` best of those above 0 that pass the request's mask; never an anchor."""
        items, scores = self.opinions(request)
        kept = (scores > 0) & allowed(items, request.mask) & ~np.isin(items, request.anchor)
        return best(items[kept], scores[kept], k, self.name)

    def score(self, request: Request, items: Int32) -> Float32:
        """The scores of ``items`` [K], float32 [K]; 0 where there is no opinion."""
        known, scores = self.opinions(request)
        if not len(known):
            return np.zeros(len(items), np.float32)
        place = np.minimum(np.searchsorted(known, items), len(known) - 1)
        return np.where(known[place] == items, scores[place], 0).astype(np.float32)
