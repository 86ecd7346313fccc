"""What was bought, and in which visits: read once for the features of one request.

Dimension letters: L purchased lines, B baskets, K candidates.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features.history import PURCHASE, History
from daogou.features.items import Float32, Float64, Int32, Int64
from daogou.features.stats import DAY

HOUR_WIDTH: Final = 2 * 3600.0
"""Standard deviation of the bell that says which times of the day are alike, in seconds."""
Columns = dict[str, Float32 | Float64 | float]
"""Features by name: a value for each candidate, or one for all."""


@dataclass(frozen=True, slots=True)
class Bought:
    """Purchased lines of one visitor, oldest first, and the baskets that they lay in.

    Attributes
    ----------
    items, times, events
        As in :class:`History`, [L].
    age
        Days ago, [L].
    ordinal
        Number of the line's basket, from 0, int64 [L].
    ago
        Baskets since then, 0 for the newest, [L].
    basket_times, basket_sizes
        When each basket was bought, and its lines, [B].
    """

    items: Int32
    times: Float64
    age: Float64
    ordinal: Int64
    ago: Int64
    basket_times: Float64
    basket_sizes: Int64

    @classmethod
    def read(cls, history: History, now: float) -> "Bought":
        """The purchases of a history that is not newer than ``now``."""
        lines = history.of_kind(PURCHASE)
        changes = np.diff(lines.events, prepend=lines.events[:1]) != 0
        ordinal = np.cumsum(changes, dtype=np.int64)
        starts = np.flatnonzero(np.diff(ordinal, prepend=-1))
        return cls(
            items=lines.items,
            times=lines.times,
            age=(now - lines.times) / DAY,
            ordinal=ordinal,
            ago=len(starts) - 1 - ordinal,
            basket_times=lines.times[starts],
            basket_sizes=np.bincount(ordinal, minlength=len(starts)),
        )

    def __len__(self) -> int:
        return len(self.items)

    @property
    def baskets(self) -> int:
        """B."""
        return len(self.basket_times)

    def same_hour(self, now: float) -> Float64:
        """How near each basket's time of the day is to that of ``now``, from 0 to 1, [B].

        Whoever looks in at noon wants a lunch, and the weekly shopping on Saturday morning.
        A day has no ends, so that no time zone need be known.
        """
        apart = np.abs(self.basket_times % DAY - now % DAY)
        apart = np.minimum(apart, DAY - apart) / HOUR_WIDTH
        return np.asarray(np.exp(-0.5 * apart * apart), np.float64)


class Slots:
    """Sums over history lines per candidate."""

    def __init__(self, items: Int32, candidates: Int32) -> None:
        self.k = len(candidates)
        order = np.argsort(candidates, kind="stable")
        ranked = candidates[order]
        if self.k == 0 or len(items) == 0:
            self.hit = np.zeros(len(items), bool)
            self.slot = np.zeros(0, np.int64)
            return
        place = np.searchsorted(ranked, items).clip(max=self.k - 1)
        self.hit = ranked[place] == items
        self.slot = order[place[self.hit]]

    def sum(self, weights: Float64 | Float32) -> Float64:
        """Weights [L] added up for each candidate, [K]."""
        total = np.bincount(self.slot, weights=weights[self.hit], minlength=self.k)
        return total.astype(np.float64)

    def last(self, values: Float64, default: float) -> Float64:
        """The last line's value; lines are in time order, so a later write wins."""
        out = np.full(self.k, default)
        out[self.slot] = values[self.hit]
        return out

    def first(self, values: Float64, default: float) -> Float64:
        """The first line's value."""
        out = np.full(self.k, default)
        out[self.slot[::-1]] = values[self.hit][::-1]
        return out


def due(count: Float64, first: Float64, last: Float64, now: float) -> Float64:
    """Days since the last purchase over the usual gap; 0 where there is no usual gap yet."""
    gap = (last - first) / np.maximum(count - 1, 1) / DAY
    since = (now - last) / DAY
    return np.where((count > 1) & (gap > 0.5), np.minimum(since / np.maximum(gap, 0.5), 4.0), 0.0)
