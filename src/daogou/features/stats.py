"""What is known of each item from everybody's events, as of one moment.

Serving reads the statistics that its bundle was built with; a training replay
reads those of the moment that it replays, so that no feature sees its own future.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features.items import Float32, Float64, Int32

DAY: Final = 86_400.0
FAST_DECAY: Final = 0.90
"""What a purchase is worth a day later, in the fast counters."""
SLOW_DECAY: Final = 0.98
"""What a purchase is worth a day later, in the slow counters."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each item the items that go with it, best first.

    Attributes
    ----------
    items
        int32 [V, N]; -1 pads a short row.
    weights
        float32 [V, N], 0 where padded.
    """

    items: Int32
    weights: Float32

    @classmethod
    def none(cls, n_items: int) -> "Neighbours":
        """No item has a neighbour."""
        return cls(np.zeros((n_items, 0), np.int32), np.zeros((n_items, 0), np.float32))

    def sum_over(self, items: Int32, weights: Float32, n_items: int) -> Float32:
        """Neighbour weights summed over weighted ``items`` (both [L]), float32 [n_items]."""
        near, value = self._edges(items, weights)
        return np.bincount(near, weights=value, minlength=n_items).astype(np.float32)

    def sparse_sum_over(self, items: Int32, weights: Float32) -> tuple[Int32, Float32]:
        """The same for the neighbours alone: their numbers, rising, and their sums, [K] each."""
        near, value = self._edges(items, weights)
        found, place = np.unique(near, return_inverse=True)
        total = np.bincount(place, weights=value, minlength=len(found))
        return found.astype(np.int32), total.astype(np.float32)

    def _edges(self, items: Int32, weights: Float32) -> tuple[Int32, Float32]:
        """Every neighbour of every item, with its weight times the item's, [E] each."""
        known = items < len(self.items)
        items, weights = items[known], weights[known]
        near = self.items[items]
        value = self.weights[items] * weights[:, None]
        keep = near >= 0
        return near[keep], value[keep]


@dataclass(frozen=True, slots=True)
class ItemStats:
    """Counters of each item, all of length V.

    Attributes
    ----------
    popularity_fast, popularity_slow
        Purchases (one a basket), each worth 0.90 or 0.98 of itself a day later, float32.
    repeat_rate
        Of the visitors who bought the item, the share who bought it again, shrunk
        to the mean of all items by ten pseudo-visitors, float32.
    neighbours
        Items bought together.
    as_of
        Seconds since 1970 up to which events were counted.
    """

    popularity_fast: Float32
    popularity_slow: Float32
    repeat_rate: Float32
    neighbours: Neighbours
    as_of: float

    def grown(self, n_items: int) -> "ItemStats":
        """The same for a catalogue that has gained items, of which nothing is known yet."""
        extra = n_items - len(self.popularity_fast)
        if extra <= 0:
            return self

        def pad(values: Float32, with_: float = 0.0) -> Float32:
            return np.concatenate([values, np.full(extra, with_, np.float32)])

        prior = float(self.repeat_rate.mean()) if len(self.repeat_rate) else 0.0
        return ItemStats(
            pad(self.popularity_fast),
            pad(self.popularity_slow),
            pad(self.repeat_rate, prior),
            self.neighbours,
            self.as_of,
        )


def popularity(
    items: Int32, times: Float64, *, n_items: int, as_of: float
) -> tuple[Float32, Float32]:
    """The fast and the slow decayed count of each item up to ``as_of``, float32 [V] each."""
    past = times < as_of
    items, age = items[past], (as_of - times[past]) / DAY
    fast, slow = (
        np.bincount(items, weights=np.exp(age * np.log(decay)), minlength=n_items)
        for decay in (FAST_DECAY, SLOW_DECAY)
    )
    return fast.astype(np.float32), slow.astype(np.float32)


def item_stats(
    visitors: Int32,
    items: Int32,
    times: Float64,
    *,
    n_items: int,
    as_of: float,
    neighbours: Neighbours,
) -> ItemStats:
    """Count purchases up to ``as_of``.

    Parameters
    ----------
    visitors, items, times
        One row a purchased line, [L] each: visitor number, item number, seconds.
    """
    past = times < as_of
    fast, slow = popularity(items, times, n_items=n_items, as_of=as_of)
    visitors, items = visitors[past], items[past]
    pairs, counts = np.unique(visitors.astype(np.int64) * n_items + items, return_counts=True)
    buyers = np.bincount(pairs % n_items, minlength=n_items)
    again = np.bincount(pairs[counts > 1] % n_items, minlength=n_items)
    prior = again.sum() / max(buyers.sum(), 1)
    return ItemStats(
        popularity_fast=fast,
        popularity_slow=slow,
        repeat_rate=((again + 10 * prior) / (buyers + 10)).astype(np.float32),
        neighbours=neighbours,
        as_of=as_of,
    )
