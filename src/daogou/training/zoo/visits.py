"""What a text model learns from: what was asked and browsed before each purchase.

Dimension letters: E examples, L lines.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.features import Interactions, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Int32
from daogou.retrieval.sources.graph import LOOKED_AT

SESSION_SECONDS: Final = 6 * 3600.0
"""A query belongs to a purchase that follows it so soon."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Purchased items, each with what came before.

    Attributes
    ----------
    visitor
        Whose, int32 [E], never falling.
    bought
        int32 [E].
    query
        Row of the newest query before, int32 [E]; -1 where nothing was asked.
    browsed
        The items looked at before, oldest first, one example after the other.
    offsets
        Where each example's begin, int64 [E + 1].
    """

    visitor: Int32
    bought: Int32
    query: Int32
    browsed: Int32
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bought)

    @classmethod
    def from_log(cls, log: ShopLog, until: float, length: int) -> "Visits":
        """Purchases before ``until``, with the ``length`` newest lines of interest before each.

        ``query`` numbers ``log.queries``.
        """
        examples: list[tuple[int, int, int, Int32]] = []
        searches = log.searches
        order = np.lexsort((searches.time, searches.visitor))
        bounds = np.searchsorted(searches.visitor[order], np.arange(len(log.visitors) + 1))
        for visitor in range(len(log.visitors)):
            past = log.history(visitor)
            asked = order[bounds[visitor] : bounds[visitor + 1]]
            asked_at, asked_for = searches.time[asked], searches.query[asked]
            of_interest = np.flatnonzero(np.isin(past.kinds, LOOKED_AT))
            for line in np.flatnonzero((past.kinds == PURCHASE) & (past.times < until)).tolist():
                time = past.times[line]
                # What is as old as the purchase is part of it: only older lines are the past.
                end = int(np.searchsorted(past.times, time))
                before = past.items[of_interest[of_interest < end][-length:]]
                newest = int(np.searchsorted(asked_at, time)) - 1
                recent = newest >= 0 and time - asked_at[newest] < SESSION_SECONDS
                query = int(asked_for[newest]) if recent else -1
                if len(before) or query >= 0:
                    examples.append((visitor, int(past.items[line]), query, before))
        return cls._of(examples)

    @classmethod
    def from_interactions(cls, interactions: Interactions, length: int) -> "Visits":
        """Each purchase after the ``length`` items bought before it; nothing was asked."""
        examples: list[tuple[int, int, int, Int32]] = []
        offsets = interactions.offsets()
        for visitor in range(interactions.n_visitors):
            items = interactions.item[offsets[visitor] : offsets[visitor + 1]]
            examples += [
                (visitor, int(items[n]), -1, items[max(n - length, 0) : n])
                for n in range(1, len(items))
            ]
        return cls._of(examples)

    @classmethod
    def _of(cls, examples: list[tuple[int, int, int, Int32]]) -> "Visits":
        visitor, bought, query = (
            np.array([example[column] for example in examples], np.int32) for column in range(3)
        )
        sizes = [len(example[3]) for example in examples]
        return cls(
            visitor,
            bought,
            query,
            np.concatenate([np.zeros(0, np.int32), *(example[3] for example in examples)]),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        )
