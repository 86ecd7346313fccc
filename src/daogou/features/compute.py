"""The wide features: each is defined once, here, for the training replay and for serving.

Counters are on a log scale, so that a linear layer can use them as they are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features.bought import Bought, Columns, Slots
from daogou.features.history import CART, PURCHASE, REJECT, REMOVE, VIEW, History
from daogou.features.items import Float32, Int32, ItemTable
from daogou.features.personal import YEAR, personal
from daogou.features.stats import DAY, FAST_DECAY, NEWEST_DECAY, SLOW_DECAY, ItemStats
from daogou.features.taste import taste

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
    "bought_decayed_baskets_slow",
    "bought_share",
    "bought_rank",
    "bought_rate",
    "bought_hazard",
    "bought_due_baskets",
    "bought_same_hour",
    "bought_small_baskets",
)
TASTE: Final = (
    "category_decayed",
    "category_recency",
    "category_ever",
    "category_loyalty",
    "category_due",
    "category_same_hour",
    "category_item_share",
    "department_share",
    "brand_decayed",
    "price_to_usual",
)
ITEM: Final = (
    "popularity_newest",
    "popularity_fast",
    "popularity_slow",
    "popularity_trend",
    "popularity_rise",
    "popularity_in_category",
    "repeat_rate",
    "rebuy_rate",
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
FEW_A_DAY: Final = 0.2
"""A single sale of what hardly ever sells is no rise."""
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
    columns: Columns = {}
    if len(history):
        now = max(
            now, float(history.times[-1])
        )  # a clock that runs ahead must not make ages negative
    bought = Bought.read(history, now)
    choice = _choice(candidates, table, stats)
    personal(columns, bought, candidates, now, stats)
    taste(columns, bought, candidates, now, table, choice)
    _item(columns, candidates, table, stats, choice)
    _session(columns, history, candidates, now)
    _related(columns, history, bought, candidates, now, table, stats)
    _visitor(columns, bought, now)
    _query(columns, query)
    out = np.empty((len(candidates), len(FEATURES)), np.float32)
    for f, name in enumerate(FEATURES):
        out[:, f] = columns[name]
    return out


def _choice(candidates: Int32, table: ItemTable, stats: ItemStats) -> Float32:
    """What share of its category's sales each candidate has, [K]."""
    by_category = stats.sold_by_category(table.category, len(table.categories))
    of_category = np.maximum(by_category[table.category[candidates]], 1e-6)
    return np.asarray(stats.popularity_slow[candidates] / of_category, np.float32)


def _item(
    columns: Columns, candidates: Int32, table: ItemTable, stats: ItemStats, choice: Float32
) -> None:
    fast, slow = stats.popularity_fast[candidates], stats.popularity_slow[candidates]
    newest = stats.popularity_newest[candidates]
    columns["popularity_newest"] = np.log1p(newest)
    columns["popularity_fast"] = np.log1p(fast)
    columns["popularity_slow"] = np.log1p(slow)
    # In balance a slow counter stands at 1/(1-.98), a fast one at 1/(1-.90) purchases a day.
    steady = slow * ((1 - SLOW_DECAY) / (1 - FAST_DECAY))
    columns["popularity_trend"] = np.log1p(fast) - np.log1p(steady)
    today, daily = newest * (1 - NEWEST_DECAY), slow * (1 - SLOW_DECAY)
    columns["popularity_rise"] = np.log((today + FEW_A_DAY) / (daily + FEW_A_DAY))
    columns["popularity_in_category"] = choice
    columns["repeat_rate"] = stats.repeat_rate[candidates]
    columns["rebuy_rate"] = np.log1p(YEAR * stats.rebuying.rate[candidates])
    price = table.price[candidates]
    unknown = ~np.isfinite(price)
    columns["price"] = np.log1p(np.where(unknown, 0, np.maximum(price, 0)) / 100)
    columns["price_unknown"] = unknown.astype(np.float32)


def _session(
    columns: Columns,
    history: History,
    candidates: Int32,
    now: float,
) -> None:
    recent = now - history.times < SESSION_SECONDS
    slots = Slots(history.items, candidates)
    kinds = history.kinds
    columns["session_viewed"] = np.log1p(slots.sum((recent & (kinds == VIEW)).astype(np.float64)))
    # The last cart event of the session decides whether a product is in the cart now.
    cart = np.select([kinds == CART, (kinds == REMOVE) | (kinds == PURCHASE)], [1.0, -1.0], 0.0)
    told = np.flatnonzero(cart)
    latest = Slots(history.items[told], candidates).last((cart * recent)[told], 0.0)
    columns["session_in_cart"] = (latest > 0).astype(np.float32)
    columns["session_rejected"] = (slots.sum((kinds == REJECT).astype(np.float64)) > 0).astype(
        np.float32
    )


def _related(
    columns: Columns,
    history: History,
    bought: Bought,
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


def _visitor(columns: Columns, bought: Bought, now: float) -> None:
    lines = len(bought)
    columns["visitor_baskets"] = float(np.log1p(bought.baskets))
    columns["visitor_basket_size"] = float(np.log1p(lines / max(bought.baskets, 1)))
    since = (now - bought.times[-1]) / DAY if lines else 0.0
    columns["visitor_days_since"] = float(np.log1p(max(since, 0.0)))
    distinct = len(np.unique(bought.items))
    columns["visitor_repeat_share"] = 1 - distinct / lines if lines else 0.0


def _query(columns: Columns, query: QueryScores | None) -> None:
    if query is None:
        columns.update(dict.fromkeys(QUERY, 0.0))
        return
    best = float(query.lexical.max(initial=0))
    columns["query_present"] = 1.0
    columns["query_lexical"] = np.log1p(query.lexical)
    columns["query_lexical_share"] = query.lexical / best if best > 0 else 0.0
    columns["query_semantic"] = query.semantic
    columns["query_title_match"] = query.title_match
