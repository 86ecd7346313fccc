"""The wide features: each is defined once, here, for the training replay and for serving.

Counters are on a log scale, so that a linear layer can use them as they are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features.history import CART, PURCHASE, REJECT, REMOVE, VIEW, History
from daogou.features.items import Float32, Float64, Int32, ItemTable
from daogou.features.stats import DAY, FAST_DECAY, SLOW_DECAY, ItemStats

PERSONAL: Final = (
    "bought_count",
    "bought_decayed_slow",
    "bought_decayed_fast",
    "bought_recency",
    "bought_days_since",
    "bought_ever",
    "bought_basket_share",
    "bought_due",
    "bought_last_basket",
    "bought_baskets_since",
    "bought_decayed_baskets",
    "bought_newest_baskets",
)
TASTE: Final = (
    "category_decayed",
    "category_recency",
    "category_ever",
    "category_loyalty",
    "category_due",
    "department_share",
    "brand_decayed",
    "price_to_usual",
)
ITEM: Final = (
    "popularity_fast",
    "popularity_slow",
    "popularity_trend",
    "popularity_in_category",
    "repeat_rate",
    "price",
    "price_unknown",
)
SESSION: Final = ("session_viewed", "session_in_cart", "session_rejected")
RELATED: Final = ("related_history", "related_session")
VISITOR: Final = (
    "visitor_baskets",
    "visitor_basket_size",
    "visitor_days_since",
    "visitor_repeat_share",
)
QUERY: Final = (
    "query_present",
    "query_lexical",
    "query_lexical_share",
    "query_semantic",
    "query_title_match",
)
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "personal": PERSONAL,
    "taste": TASTE,
    "item": ITEM,
    "session": SESSION,
    "related": RELATED,
    "visitor": VISITOR,
    "query": QUERY,
}
"""The features by what they are about: explanations speak of groups."""
FEATURES: Final[tuple[str, ...]] = tuple(name for group in GROUPS.values() for name in group)
"""The names, in the order of the last axis of :func:`compute`."""

SESSION_SECONDS: Final = 6 * 3600.0
"""Views, cart changes and rejections count as "this session" for so long."""
BASKET_DECAY: Final = 0.9
"""What a purchase is worth a basket later: some visit daily, some monthly."""
NEWEST_BASKETS: Final = 5
RELATED_LINES: Final = 60
"""How many of the newest purchased lines are asked for what goes with them."""


@dataclass(frozen=True, slots=True)
class QueryScores:
    """How well each candidate answers a query, float32 [K] each.

    ``lexical`` is BM25, ``semantic`` a cosine, ``title_match`` the share of the
    query's tokens that stand in the title.
    """

    lexical: Float32
    semantic: Float32
    title_match: Float32


def compute(
    history: History,
    candidates: Int32,
    now: float,
    table: ItemTable,
    stats: ItemStats,
    query: QueryScores | None = None,
) -> Float32:
    """Features of ``candidates`` for one visitor at one moment.

    Parameters
    ----------
    history
        The visitor's past, up to ``now``.
    candidates
        Item numbers, int32 [K], each once.
    now
        Seconds since 1970.

    Returns
    -------
    ndarray
        float32 [K, F], columns as in :data:`FEATURES`; always finite.
    """
    columns: dict[str, Float32 | Float64 | float] = {}
    if len(history):
        now = max(
            now, float(history.times[-1])
        )  # a clock that runs ahead must not make ages negative
    bought = history.of_kind(PURCHASE)
    _personal(columns, bought, candidates, now)
    _taste(columns, bought, candidates, now, table)
    _item(columns, candidates, table, stats)
    _session(columns, history, candidates, now)
    _related(columns, history, bought, candidates, now, table, stats)
    _visitor(columns, bought, now)
    _query(columns, query)
    out = np.empty((len(candidates), len(FEATURES)), np.float32)
    for f, name in enumerate(FEATURES):
        out[:, f] = columns[name]
    return out


class _Slots:
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
        total = np.bincount(self.slot, weights=weights[self.hit], minlength=self.k)
        return total.astype(np.float64)

    def last(self, values: Float64, default: float) -> Float64:
        """The last line's value; lines are in time order, so a later write wins."""
        out = np.full(self.k, default)
        out[self.slot] = values[self.hit]
        return out

    def first(self, values: Float64, default: float) -> Float64:
        out = np.full(self.k, default)
        out[self.slot[::-1]] = values[self.hit][::-1]
        return out


def _due(count: Float64, first: Float64, last: Float64, now: float) -> Float64:
    """Days since the last purchase over the usual gap; 0 where there is no usual gap yet."""
    gap = (last - first) / np.maximum(count - 1, 1) / DAY
    since = (now - last) / DAY
    return np.where((count > 1) & (gap > 0.5), np.minimum(since / np.maximum(gap, 0.5), 4.0), 0.0)


def _personal(
    columns: dict[str, Float32 | Float64 | float], bought: History, candidates: Int32, now: float
) -> None:
    slots = _Slots(bought.items, candidates)
    age = (now - bought.times) / DAY
    count = slots.sum(np.ones(len(bought)))
    ever = count > 0
    last = slots.last(bought.times, now)
    since = (now - last) / DAY
    ordinal = np.unique(bought.events, return_inverse=True)[1].astype(np.float64)
    n_baskets = int(ordinal[-1]) + 1 if len(bought) else 0
    baskets_since = n_baskets - 1 - slots.last(ordinal, n_baskets - 1)
    first = slots.first(ordinal, n_baskets)
    columns["bought_count"] = np.log1p(count)
    columns["bought_decayed_slow"] = np.log1p(slots.sum(SLOW_DECAY**age))
    columns["bought_decayed_fast"] = np.log1p(slots.sum(FAST_DECAY**age))
    columns["bought_recency"] = np.where(ever, np.exp(-since / 30), 0)
    columns["bought_days_since"] = np.where(ever, np.log1p(since), 0)
    columns["bought_ever"] = ever.astype(np.float32)
    columns["bought_basket_share"] = count / np.maximum(n_baskets - first, 1)
    columns["bought_due"] = _due(count, slots.first(bought.times, now), last, now)
    columns["bought_last_basket"] = (ever & (baskets_since == 0)).astype(np.float32)
    columns["bought_baskets_since"] = np.where(ever, np.log1p(baskets_since), 0)
    ago = n_baskets - 1 - ordinal
    columns["bought_decayed_baskets"] = np.log1p(slots.sum(BASKET_DECAY**ago))
    columns["bought_newest_baskets"] = slots.sum((ago < NEWEST_BASKETS).astype(np.float64))


def _taste(
    columns: dict[str, Float32 | Float64 | float],
    bought: History,
    candidates: Int32,
    now: float,
    table: ItemTable,
) -> None:
    weight = SLOW_DECAY ** ((now - bought.times) / DAY)
    # By category path: every line of the path counts, whichever item it was.
    codes, path = table.category[bought.items], table.category[candidates]
    n = len(table.categories)
    count = np.bincount(codes, minlength=n)[path].astype(np.float64)
    decayed = np.bincount(codes, weights=weight, minlength=n)[path]
    last, first = np.full(n, now), np.full(n, now)
    last[codes] = bought.times
    first[codes[::-1]] = bought.times[::-1]
    own = _Slots(bought.items, candidates).sum(weight)
    known = (count > 0) & (path > 0)
    columns["category_decayed"] = np.where(known, np.log1p(decayed), 0)
    columns["category_recency"] = np.where(known, np.exp((last[path] - now) / DAY / 30), 0)
    columns["category_ever"] = known.astype(np.float32)
    columns["category_loyalty"] = np.where(known, own / np.maximum(decayed, 1e-9), 0)
    columns["category_due"] = np.where(known, _due(count, first[path], last[path], now), 0)

    total = max(float(weight.sum()), 1e-9)
    departments = np.bincount(
        table.department[bought.items], weights=weight, minlength=len(table.departments)
    )
    columns["department_share"] = departments[table.department[candidates]] / total
    brands = np.bincount(table.brand[bought.items], weights=weight, minlength=len(table.brands))
    brands[0] = 0
    columns["brand_decayed"] = np.log1p(brands[table.brand[candidates]])

    paid = table.price[bought.items].astype(np.float64)
    priced = np.isfinite(paid) & (paid > 0)
    spent = np.bincount(codes[priced], weights=np.log(paid[priced]), minlength=n)
    lines = np.bincount(codes[priced], minlength=n)
    price = table.price[candidates].astype(np.float64)
    comparable = np.isfinite(price) & (price > 0) & (lines[path] > 0) & known
    usual = spent[path] / np.maximum(lines[path], 1)
    log_price = np.log(np.where(comparable, price, 1))
    columns["price_to_usual"] = np.where(comparable, np.clip(log_price - usual, -3, 3), 0)


def _item(
    columns: dict[str, Float32 | Float64 | float],
    candidates: Int32,
    table: ItemTable,
    stats: ItemStats,
) -> None:
    fast, slow = stats.popularity_fast[candidates], stats.popularity_slow[candidates]
    columns["popularity_fast"] = np.log1p(fast)
    columns["popularity_slow"] = np.log1p(slow)
    # In balance a slow counter stands at 1/(1-.98), a fast one at 1/(1-.90) purchases a day.
    steady = slow * ((1 - SLOW_DECAY) / (1 - FAST_DECAY))
    columns["popularity_trend"] = np.log1p(fast) - np.log1p(steady)
    by_category = np.bincount(
        table.category[: len(stats.popularity_slow)],
        weights=stats.popularity_slow,
        minlength=len(table.categories),
    )
    columns["popularity_in_category"] = slow / np.maximum(
        by_category[table.category[candidates]], 1e-6
    )
    columns["repeat_rate"] = stats.repeat_rate[candidates]
    price = table.price[candidates]
    unknown = ~np.isfinite(price)
    columns["price"] = np.log1p(np.where(unknown, 0, np.maximum(price, 0)) / 100)
    columns["price_unknown"] = unknown.astype(np.float32)


def _session(
    columns: dict[str, Float32 | Float64 | float],
    history: History,
    candidates: Int32,
    now: float,
) -> None:
    recent = now - history.times < SESSION_SECONDS
    slots = _Slots(history.items, candidates)
    kinds = history.kinds
    columns["session_viewed"] = np.log1p(slots.sum((recent & (kinds == VIEW)).astype(np.float64)))
    # The last cart event of the session decides whether a product is in the cart now.
    cart = np.select([kinds == CART, (kinds == REMOVE) | (kinds == PURCHASE)], [1.0, -1.0], 0.0)
    told = np.flatnonzero(cart)
    latest = _Slots(history.items[told], candidates).last((cart * recent)[told], 0.0)
    columns["session_in_cart"] = (latest > 0).astype(np.float32)
    columns["session_rejected"] = (slots.sum((kinds == REJECT).astype(np.float64)) > 0).astype(
        np.float32
    )


def _related(
    columns: dict[str, Float32 | Float64 | float],
    history: History,
    bought: History,
    candidates: Int32,
    now: float,
    table: ItemTable,
    stats: ItemStats,
) -> None:
    v = len(table)
    past = bought.items[-RELATED_LINES:]
    weight = (SLOW_DECAY ** ((now - bought.times[-RELATED_LINES:]) / DAY)).astype(np.float32)
    near = stats.neighbours.sum_over(past, weight, v)
    columns["related_history"] = np.log1p(near[candidates])
    recent = (now - history.times < SESSION_SECONDS) & (history.kinds <= CART)
    session = history.items[recent][-RELATED_LINES:]
    near = stats.neighbours.sum_over(session, np.ones(len(session), np.float32), v)
    columns["related_session"] = np.log1p(near[candidates])


def _visitor(columns: dict[str, Float32 | Float64 | float], bought: History, now: float) -> None:
    lines = len(bought)
    baskets = len(np.unique(bought.events))
    columns["visitor_baskets"] = float(np.log1p(baskets))
    columns["visitor_basket_size"] = float(np.log1p(lines / max(baskets, 1)))
    since = (now - bought.times[-1]) / DAY if lines else 0.0
    columns["visitor_days_since"] = float(np.log1p(max(since, 0.0)))
    distinct = len(np.unique(bought.items))
    columns["visitor_repeat_share"] = 1 - distinct / lines if lines else 0.0


def _query(columns: dict[str, Float32 | Float64 | float], query: QueryScores | None) -> None:
    if query is None:
        columns.update(dict.fromkeys(QUERY, 0.0))
        return
    best = float(query.lexical.max(initial=0))
    columns["query_present"] = 1.0
    columns["query_lexical"] = np.log1p(query.lexical)
    columns["query_lexical_share"] = query.lexical / best if best > 0 else 0.0
    columns["query_semantic"] = query.semantic
    columns["query_title_match"] = query.title_match
