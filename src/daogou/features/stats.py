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
NEWEST_DECAY: Final = 0.5
"""The same in the counter that tells an offer of this very day."""

SPANS: Final = (0.0, 2.5, 5.0, 9.0, 16.0, 30.0, 60.0, 120.0)
"""Days since a purchase at which another rate of buying again begins."""
ITEM_DAYS: Final = 150.0
"""An item's own rate weighs as much as its category's when buyers were waited for so long."""
CATEGORY_DAYS: Final = 300.0
"""A category's own rate weighs as much as that of all items after so many days at risk."""


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
class Rebuying:
    """How soon whoever has bought an item buys it again: survival of the gap between purchases.

    The rate at which it is bought again is taken to be constant within each of the spans of
    :data:`SPANS` (a piecewise exponential model: events over days at risk). What is seldom
    bought is drawn to its category, and that to all items.

    Attributes
    ----------
    rate
        Purchases a day of one who has bought the item before, however long ago, float32 [V].
    hazard
        The same by days since the last purchase, float32 [V, S].
    """

    rate: Float32
    hazard: Float32

    @classmethod
    def unknown(cls, n_items: int) -> "Rebuying":
        """Nobody has bought anything."""
        return cls(np.zeros(n_items, np.float32), np.zeros((n_items, len(SPANS)), np.float32))

    @classmethod
    def count(
        cls, visitors: Int32, items: Int32, times: Float64, *, category: Int32, as_of: float
    ) -> "Rebuying":
        """From purchased lines before ``as_of``, as :func:`item_stats` has them."""
        n_items = len(category)
        pair = visitors.astype(np.int64) * n_items + items
        order = np.lexsort((times, pair))
        pair, item, time = pair[order], items[order], times[order]
        again = np.append(pair[1:] == pair[:-1], False)[: len(pair)]
        waited = (np.where(again, np.roll(time, -1), as_of) - time) / DAY
        spans, ends = np.array(SPANS), np.append(SPANS[1:], np.inf)
        bought, risk = np.zeros((2, n_items, len(SPANS)))
        for s, (start, end) in enumerate(zip(spans, ends, strict=True)):
            within = again & (waited >= start) & (waited < end)
            bought[:, s] = np.bincount(item[within], minlength=n_items)
            exposed = np.clip(waited, start, end) - start
            risk[:, s] = np.bincount(item, weights=exposed, minlength=n_items)
        whole = _pooled(bought.sum(1, keepdims=True), risk.sum(1, keepdims=True), category)
        return cls(
            whole[:, 0].astype(np.float32), _pooled(bought, risk, category).astype(np.float32)
        )

    def grown(self, n_items: int) -> "Rebuying":
        """The same for more items; of the new ones the mean is all that is known."""
        extra = n_items - len(self.rate)
        if extra <= 0:
            return self
        mean = self.hazard.mean(0) if len(self.hazard) else np.zeros(len(SPANS), np.float32)
        rate = self.rate.mean() if len(self.rate) else 0.0
        return Rebuying(
            np.concatenate([self.rate, np.full(extra, rate, np.float32)]),
            np.concatenate([self.hazard, np.tile(mean, (extra, 1))]),
        )

    def after(self, items: Int32, days: Float64) -> Float32:
        """Hazard of each of ``items`` [K] so many ``days`` [K] after it was bought, [K]."""
        span = np.searchsorted(SPANS, days, side="right") - 1
        return np.asarray(self.hazard[items, span.clip(min=0)], np.float32)


def _pooled(bought: Float64, risk: Float64, category: Int32) -> Float64:
    """Purchases over days at risk, [V, S], drawn to the category's, and those to everyone's."""
    n = int(category.max(initial=0)) + 1
    everyone = bought.sum(0) / np.maximum(risk.sum(0), 1)
    by_category = np.stack(
        [
            [np.bincount(category, weights=column, minlength=n) for column in counts.T]
            for counts in (bought, risk)
        ]
    )
    lines, days = by_category.transpose(0, 2, 1)
    prior = (lines + CATEGORY_DAYS * everyone) / (days + CATEGORY_DAYS)
    pooled: Float64 = (bought + ITEM_DAYS * prior[category]) / (risk + ITEM_DAYS)
    return pooled


@dataclass(frozen=True)
class ItemStats:
    """Counters of each item, all of length V.

    Attributes
    ----------
    popularity_newest, popularity_fast, popularity_slow
        Purchases (one a basket), each worth 0.50, 0.90 or 0.98 of itself a day later, float32.
    repeat_rate
        Of the visitors who bought the item, the share who bought it again, shrunk
        to the mean of all items by ten pseudo-visitors, float32.
    rebuying
        How soon whoever bought the item buys it again.
    neighbours
        Items bought together.
    as_of
        Seconds since 1970 up to which events were counted.
    """

    popularity_newest: Float32
    popularity_fast: Float32
    popularity_slow: Float32
    repeat_rate: Float32
    rebuying: Rebuying
    neighbours: Neighbours
    as_of: float

    @classmethod
    def nothing(cls, n_items: int, as_of: float) -> "ItemStats":
        """Of a shop that has sold nothing yet."""
        none = np.zeros(n_items, np.float32)
        again = Rebuying.unknown(n_items)
        return cls(none, none, none, none, again, Neighbours.none(n_items), as_of)

    def sold_by_category(self, category: Int32, n_categories: int) -> Float64:
        """The slow counters of each category's items added up, float64 [n_categories].

        ``category`` are codes, int32 [at least V]. Every list that is ranked asks, so the sums are
        kept for the array that was asked about last.
        """
        known = self.__dict__.get("_sold_by_category")
        if known is None or known[0] is not category or len(known[1]) < n_categories:
            codes = category[: len(self.popularity_slow)]
            weights = self.popularity_slow
            sums: Float64 = np.bincount(codes, weights, n_categories).astype(np.float64)
            known = self.__dict__["_sold_by_category"] = (category, sums)
        sold: Float64 = known[1]
        return sold

    def grown(self, n_items: int) -> "ItemStats":
        """The same for a catalogue that has gained items, of which nothing is known yet."""
        extra = n_items - len(self.popularity_fast)
        if extra <= 0:
            return self

        def pad(values: Float32, with_: float = 0.0) -> Float32:
            return np.concatenate([values, np.full(extra, with_, np.float32)])

        prior = float(self.repeat_rate.mean()) if len(self.repeat_rate) else 0.0
        return ItemStats(
            pad(self.popularity_newest),
            pad(self.popularity_fast),
            pad(self.popularity_slow),
            pad(self.repeat_rate, prior),
            self.rebuying.grown(n_items),
            self.neighbours,
            self.as_of,
        )


def popularity(
    items: Int32, times: Float64, *, n_items: int, as_of: float
) -> tuple[Float32, Float32, Float32]:
    """The newest, fast and slow decayed count of each item up to ``as_of``, float32 [V] each."""
    past = times < as_of
    items, age = items[past], (as_of - times[past]) / DAY
    newest, fast, slow = (
        np.bincount(items, weights=np.exp(age * np.log(decay)), minlength=n_items)
        for decay in (NEWEST_DECAY, FAST_DECAY, SLOW_DECAY)
    )
    return newest.astype(np.float32), fast.astype(np.float32), slow.astype(np.float32)


def item_stats(
    visitors: Int32,
    items: Int32,
    times: Float64,
    *,
    category: Int32,
    as_of: float,
    neighbours: Neighbours,
) -> ItemStats:
    """Count purchases up to ``as_of``.

    Parameters
    ----------
    visitors, items, times
        One row a purchased line, [L] each: visitor number, item number, seconds.
    category
        Code of each item's category, [V].
    """
    n_items = len(category)
    past = times < as_of
    newest, fast, slow = popularity(items, times, n_items=n_items, as_of=as_of)
    visitors, items, times = visitors[past], items[past], times[past]
    pairs, counts = np.unique(visitors.astype(np.int64) * n_items + items, return_counts=True)
    buyers = np.bincount(pairs % n_items, minlength=n_items)
    again = np.bincount(pairs[counts > 1] % n_items, minlength=n_items)
    prior = again.sum() / max(buyers.sum(), 1)
    return ItemStats(
        popularity_newest=newest,
        popularity_fast=fast,
        popularity_slow=slow,
        repeat_rate=((again + 10 * prior) / (buyers + 10)).astype(np.float32),
        rebuying=Rebuying.count(visitors, items, times, category=category, as_of=as_of),
        neighbours=neighbours,
        as_of=as_of,
    )
