"""What a visitor's own purchases of a product say of the next one."""

from typing import Final

import numpy as np

from daogou.features.bought import Bought, Columns, Slots, due
from daogou.features.items import Float64, Int32
from daogou.features.stats import DAY, FAST_DECAY, SLOW_DECAY, ItemStats

BASKET_DECAY: Final = 0.9
"""What a purchase is worth a basket later: some visit daily, some monthly."""
SLOW_BASKET_DECAY: Final = 0.97
NEWEST_BASKETS: Final = 5
HABIT_BASKETS: Final = 4.0
"""So many baskets of this hour weigh as much as the habit at any hour."""
YEAR: Final = 365.0


def personal(
    columns: Columns, bought: Bought, candidates: Int32, now: float, stats: ItemStats
) -> None:
    """Add the features of the group "personal" to ``columns``."""
    slots = Slots(bought.items, candidates)
    baskets = bought.baskets
    count = slots.sum(np.ones(len(bought)))
    ever = count > 0
    first, last = slots.first(bought.times, now), slots.last(bought.times, now)
    since = (now - last) / DAY
    ordinal = bought.ordinal.astype(np.float64)
    newest = slots.last(ordinal, baskets - 1)
    oldest = slots.first(ordinal, baskets)
    baskets_since = baskets - 1 - newest
    slow = SLOW_DECAY**bought.age
    decayed = slots.sum(slow)
    columns["bought_count"] = np.log1p(count)
    columns["bought_decayed_slow"] = np.log1p(decayed)
    columns["bought_decayed_fast"] = np.log1p(slots.sum(FAST_DECAY**bought.age))
    columns["bought_recency"] = np.where(ever, np.exp(-since / 30), 0)
    columns["bought_days_since"] = np.where(ever, np.log1p(since), 0)
    columns["bought_ever"] = ever.astype(np.float32)
    columns["bought_basket_share"] = count / np.maximum(baskets - oldest, 1)
    columns["bought_due"] = due(count, first, last, now)
    columns["bought_last_basket"] = (ever & (baskets_since == 0)).astype(np.float32)
    columns["bought_baskets_since"] = np.where(ever, np.log1p(baskets_since), 0)
    columns["bought_decayed_baskets"] = np.log1p(slots.sum(BASKET_DECAY**bought.ago))
    columns["bought_newest_baskets"] = slots.sum((bought.ago < NEWEST_BASKETS).astype(np.float64))
    columns["bought_decayed_baskets_slow"] = np.log1p(slots.sum(SLOW_BASKET_DECAY**bought.ago))
    columns["bought_share"] = decayed / max(float(slow.sum()), 1e-9)
    columns["bought_rank"] = _rank(bought.items, slow, decayed)
    # The Gamma-Poisson mean: a visitor who has bought once is taken to be like all buyers.
    usual = stats.rebuying.rate[candidates].astype(np.float64)
    waited = (now - first) / DAY + 1 / np.maximum(usual, 1e-4)
    columns["bought_rate"] = np.where(ever, np.log1p(YEAR * count / waited), 0)
    hazard = stats.rebuying.after(candidates, since)
    columns["bought_hazard"] = np.where(ever, np.log1p(YEAR * hazard), 0)
    columns["bought_due_baskets"] = _due_baskets(count, oldest, newest, baskets_since)
    likeness = bought.same_hour(now)
    habit = HABIT_BASKETS * count / max(baskets, 1)
    alike = slots.sum(likeness[bought.ordinal]) + habit
    columns["bought_same_hour"] = alike / (float(likeness.sum()) + HABIT_BASKETS)
    # A product that is fetched by itself is what a small errand is for.
    alone = slots.sum(1 / bought.basket_sizes[bought.ordinal])
    columns["bought_small_baskets"] = alone / np.maximum(count, 1)


def _rank(items: Int32, weights: Float64, decayed: Float64) -> Float64:
    """Place among all that the visitor buys, discounted as in DCG: 1 for the first, 0 for none.

    Parameters
    ----------
    weights
        Of the lines, [L].
    decayed
        Their sums for each candidate, [K].
    """
    owner = np.unique(items, return_inverse=True)[1]
    totals = np.sort(np.bincount(owner, weights=weights))
    # The same sum in another order may differ by its last digit.
    above = len(totals) - np.searchsorted(totals, decayed * (1 + 1e-9), side="right")
    return np.where(decayed > 0, 1 / np.log2(2 + above), 0.0)


def _due_baskets(count: Float64, first: Float64, last: Float64, since: Float64) -> Float64:
    """Baskets up to the coming one over the usual number; 0 where there is no usual number yet."""
    usual = (last - first) / np.maximum(count - 1, 1)
    known = (count > 1) & (usual > 0)
    return np.where(known, np.minimum((since + 1) / np.where(known, usual, 1), 6.0), 0.0)
