"""The fitted sources of a shop, asked together: what they propose, and what the ranker sees of it.

Dimension letters: K candidates, S sources.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features import History
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Bool, Candidates, Request, allowed, best
from daogou.retrieval.sources.base import Source

SOURCE_K: Final = 80
"""What each source proposes."""
DEPTH: Final = 200
"""How deep a place in a source's own order counts; behind it an item was not proposed."""


JOINT: Final = "joint"
"""The champion's name where it is the ranker over all sources."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that one source says: of these items these scores, and its first ones.

    ``items`` int32 [N], rising, and ``scores`` float32 [N]; ``first`` are the best
    :data:`DEPTH` of those above 0.
    """

    source: str
    items: Int32
    scores: Float32
    first: Candidates

    @classmethod
    def by(cls, source: Source, request: Request) -> "Told":
        """Ask a source; each computes its scores once."""
        items, scores = source.opinions(request)
        first = best(items, scores, DEPTH, source.name)
        above = int(np.count_nonzero(first.scores > 0))
        first = Candidates(first.items[:above], first.scores[:above], source.name)
        return cls(source.name, items, scores, first)

    def propose(self, mask: Bool | None, k: int) -> Candidates:
        """The ``k`` best items above 0 that pass a mask, bool [V]."""
        passed = allowed(self.first.items, mask)
        if np.count_nonzero(passed) >= k or len(self.first) < DEPTH:
            items, scores = self.first.items[passed][:k], self.first.scores[passed][:k]
            return Candidates(items, scores, self.source)
        kept = (self.scores > 0) & allowed(self.items, mask)
        return best(self.items[kept], self.scores[kept], k, self.source)

    def score(self, items: Int32) -> Float32:
        """Scores of ``items`` [K], float32 [K]; 0 where there is no opinion."""
        if not len(self.items):
            return np.zeros(len(items), np.float32)
        place = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return np.where(self.items[place] == items, self.scores[place], 0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the sources say to one visitor at one moment, whatever may be shown."""

    told: tuple[Told, ...]

    def propose(self, mask: Bool | None, k: int = SOURCE_K) -> list[Candidates]:
        """At most ``k`` items of each source that pass a mask, bool [V]."""
        return [told.propose(mask, k) for told in self.told]

    def wide(self, items: Int32) -> Float32:
        """Features of ``items`` [K], float32 [K, 2 S]: score and place in each source's order.

        The place counts ``1 / log2(place + 2)`` from 0 on, as in DCG, and 0 from :data:`DEPTH` on.
        """
        columns = np.zeros((len(items), 2 * len(self.told)), np.float32)
        for s, told in enumerate(self.told):
            columns[:, 2 * s] = told.score(items)
            columns[:, 2 * s + 1] = _place(told.first.items, items)
        return columns


@dataclass(frozen=True, slots=True)
class Panel:
    """All fitted sources of a bundle.

    ``champion`` is the source that beats the ranker on this shop, or :data:`JOINT`.
    """

    sources: tuple[Source, ...] = ()
    champion: str = JOINT

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features that they add, in the order of :meth:`Opinion.wide`."""
        return tuple(
            name for s in self.sources for name in (f"source_{s.name}", f"source_{s.name}_place")
        )

    def ask(self, history: History, now: float) -> Opinion:
        """Ask all sources about a visitor; ``now`` in seconds since 1970."""
        request = Request(now=now, history=history)
        return Opinion(tuple(Told.by(source, request) for source in self.sources))

    def led(self, opinion: Opinion, items: Int32, judged: Float32) -> Float32:
        """Scores of ``items`` [K] as the champion has them, float32 [K].

        ``judged`` is what the ranker says. A source that is champion puts what it proposes
        first, in its own order, and leaves the rest to the ranker.
        """
        if self.champion == JOINT or not len(items):
            return judged
        lead = next(told for told in opinion.told if told.source == self.champion).score(items)
        ahead = judged.max() + 1 + lead / max(float(lead.max()), 1e-9)
        return np.where(lead > 0, ahead, judged).astype(np.float32)

    def silent(self, k: int) -> Float32:
        """The features of ``k`` items where nobody was asked: answers to a query."""
        return np.zeros((k, len(self.columns)), np.float32)


def _place(ranked: Int32, items: Int32) -> Float32:
    """What the places of ``items`` [K] among the ``ranked`` [N] count, float32 [K]."""
    worth = np.zeros(len(items), np.float32)
    if not len(ranked):
        return worth
    order = np.argsort(ranked)
    found = np.searchsorted(ranked[order], items).clip(max=len(ranked) - 1)
    place = order[found]
    hit = ranked[place] == items
    worth[hit] = 1 / np.log2(place[hit] + 2)
    return worth
