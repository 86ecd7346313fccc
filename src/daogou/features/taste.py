"""What a visitor's purchases say of products like them: by category, department, brand, price."""

from typing import Final

import numpy as np

from daogou.features.bought import Bought, Columns, Slots, due
from daogou.features.items import Float32, Float64, Int32, Int64, ItemTable
from daogou.features.personal import HABIT_BASKETS
from daogou.features.stats import DAY, SLOW_DECAY

CHOICE_LINES: Final = 0.5
"""A visitor's own choice within a category weighs as much as everybody's after so many lines."""
PER: Final = 10_000.0
"""The chance of an item is told in ten-thousandths: that of most is about one."""


def taste(
    columns: Columns,
    bought: Bought,
    candidates: Int32,
    now: float,
    table: ItemTable,
    choice: Float32,
) -> None:
    """Add the features of the group "taste" to ``columns``.

    Parameters
    ----------
    choice
        What share of its category's sales each candidate has, [K].
    """
    weight = SLOW_DECAY**bought.age
    # By category path: every line of the path counts, whichever item it was.
    codes, path = table.category[bought.items], table.category[candidates]
    n = len(table.categories)
    count = np.bincount(codes, minlength=n)[path].astype(np.float64)
    decayed = np.bincount(codes, weights=weight, minlength=n)[path]
    last, first = np.full(n, now), np.full(n, now)
    last[codes] = bought.times
    first[codes[::-1]] = bought.times[::-1]
    own = Slots(bought.items, candidates).sum(weight)
    known = (count > 0) & (path > 0)
    columns["category_decayed"] = np.where(known, np.log1p(decayed), 0)
    columns["category_recency"] = np.where(known, np.exp((last[path] - now) / DAY / 30), 0)
    columns["category_ever"] = known.astype(np.float32)
    columns["category_loyalty"] = np.where(known, own / np.maximum(decayed, 1e-9), 0)
    columns["category_due"] = np.where(known, due(count, first[path], last[path], now), 0)

    share, same_hour = _habit(bought, codes, n, now)
    lift = np.log((same_hour[path] + 0.01) / (share[path] + 0.01))
    columns["category_same_hour"] = np.where(known, lift, 0)
    item = (own + CHOICE_LINES * choice) / (decayed + CHOICE_LINES)
    columns["category_item_share"] = np.where(known, np.log1p(PER * share[path] * item), 0)

    total = max(float(weight.sum()), 1e-9)
    departments = np.bincount(
        table.department[bought.items], weights=weight, minlength=len(table.departments)
    )
    columns["department_share"] = departments[table.department[candidates]] / total
    brands = np.bincount(table.brand[bought.items], weights=weight, minlength=len(table.brands))
    brands[0] = 0
    columns["brand_decayed"] = np.log1p(brands[table.brand[candidates]])
    columns["price_to_usual"] = _price_to_usual(bought, codes, candidates, known, table)


def _habit(bought: Bought, codes: Int32, n: int, now: float) -> tuple[Float64, Float64]:
    """The share of a visitor's baskets, of all and of this hour's, with each category, [C] each."""
    baskets = max(bought.baskets, 1)
    pairs: Int64 = np.unique(codes.astype(np.int64) * baskets + bought.ordinal)
    category, basket = pairs // baskets, pairs % baskets
    share = np.bincount(category, minlength=n) / baskets
    likeness = bought.same_hour(now)
    alike = np.bincount(category, weights=likeness[basket], minlength=n)
    return share, (alike + HABIT_BASKETS * share) / (float(likeness.sum()) + HABIT_BASKETS)


def _price_to_usual(
    bought: Bought,
    codes: Int32,
    candidates: Int32,
    known: np.ndarray[tuple[int], np.dtype[np.bool_]],
    table: ItemTable,
) -> Float64:
    """Log of the price over the geometric mean that the visitor pays in the category."""
    n, path = len(table.categories), table.category[candidates]
    paid = table.price[bought.items].astype(np.float64)
    priced = np.isfinite(paid) & (paid > 0)
    spent = np.bincount(codes[priced], weights=np.log(paid[priced]), minlength=n)
    lines = np.bincount(codes[priced], minlength=n)
    price = table.price[candidates].astype(np.float64)
    comparable = np.isfinite(price) & (price > 0) & (lines[path] > 0) & known
    usual = spent[path] / np.maximum(lines[path], 1)
    log_price = np.log(np.where(comparable, price, 1))
    return np.where(comparable, np.clip(log_price - usual, -3, 3), 0)
