import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.features import (
    FEATURES,
    Codes,
    History,
    ItemStats,
    ItemTable,
    Neighbours,
    QueryScores,
    Rebuying,
    compute,
    item_stats,
)
from daogou.features.history import CART, PURCHASE, REJECT, REMOVE, VIEW
from daogou.features.stats import CATEGORY_DAYS, DAY, ITEM_DAYS, SPANS

NOW = 100 * DAY
N_ITEMS = 6


@pytest.fixture
def table() -> ItemTable:
    """Items 0-2 in one category, 3-5 in another; brands alternate; item 5 has no price."""
    codes = np.array([[1, 1, 1], [1, 1, 2], [1, 1, 1], [2, 1, 2], [2, 1, 1], [2, 1, 2]], np.int32)
    return ItemTable.from_codes(
        [f"p{i}" for i in range(N_ITEMS)],
        codes,
        np.array([100, 200, 400, 100, 100, np.nan], np.float32),
        Codes(["A > x", "A > y"]),
        Codes(["A"]),
        Codes(["one", "two"]),
    )


@pytest.fixture
def stats() -> ItemStats:
    neighbours = Neighbours(
        np.array([[1], [0], [-1], [4], [3], [-1]], np.int32),
        np.array([[0.5], [0.5], [0], [0.8], [0.8], [0]], np.float32),
    )
    again = Rebuying(
        rate=np.full(N_ITEMS, 0.05, np.float32),
        hazard=np.tile(np.arange(1, 1 + len(SPANS), dtype=np.float32) / 100, (N_ITEMS, 1)),
    )
    return ItemStats(
        popularity_newest=np.arange(N_ITEMS).astype(np.float32) / np.float32(2),
        popularity_fast=np.arange(N_ITEMS, dtype=np.float32),
        popularity_slow=np.arange(N_ITEMS, dtype=np.float32) * 2,
        repeat_rate=np.full(N_ITEMS, 0.25, np.float32),
        rebuying=again,
        neighbours=neighbours,
        as_of=NOW,
    )


def history(*lines: tuple[int, int, float, int]) -> History:
    """Lines of (item, kind, day, event)."""
    items, kinds, days, events = zip(*lines, strict=True) if lines else ((), (), (), ())
    return History(
        np.array(items, np.int32),
        np.array(kinds, np.int8),
        np.array(days, np.float64) * DAY,
        np.ones(len(items), np.float32),
        np.array(events, np.int32),
    )


def column(found: npt.NDArray[np.float32], name: str) -> list[float]:
    return [float(x) for x in found[:, FEATURES.index(name)]]


def everything(past: History, table: ItemTable, stats: ItemStats) -> npt.NDArray[np.float32]:
    return compute(past, np.arange(N_ITEMS, dtype=np.int32), NOW, table, stats)


def test_personal_counters_by_hand(table: ItemTable, stats: ItemStats) -> None:
    # Item 0 on days 70, 80, 90; item 1 with it on day 90 alone.
    past = history(
        (0, PURCHASE, 70, 0), (0, PURCHASE, 80, 1), (0, PURCHASE, 90, 2), (1, PURCHASE, 90, 2)
    )
    found = everything(past, table, stats)
    assert column(found, "bought_count")[:3] == pytest.approx([math.log(4), math.log(2), 0])
    slow = 0.98**30 + 0.98**20 + 0.98**10
    assert column(found, "bought_decayed_slow")[0] == pytest.approx(math.log1p(slow))
    assert column(found, "bought_recency")[0] == pytest.approx(math.exp(-10 / 30))
    assert column(found, "bought_basket_share")[:2] == pytest.approx([1.0, 1.0])
    # Usual gap 10 days, 10 days ago: due 1. Bought once: no usual gap.
    assert column(found, "bought_due")[:2] == pytest.approx([1.0, 0.0])
    assert column(found, "bought_last_basket")[:3] == [1, 1, 0]
    assert column(found, "visitor_baskets") == pytest.approx([math.log(4)] * N_ITEMS)
    assert column(found, "visitor_repeat_share")[0] == pytest.approx(0.5)


def test_what_is_due_by_days_and_by_baskets(table: ItemTable, stats: ItemStats) -> None:
    """Item 0 in baskets 0, 2 and 4 of days 60, 80 and 96; item 1 in basket 1, item 3 in 3 and 5."""
    past = history(
        (0, PURCHASE, 60, 0), (1, PURCHASE, 70, 1), (0, PURCHASE, 80, 2), (3, PURCHASE, 90, 3),
        (0, PURCHASE, 96, 4), (3, PURCHASE, 98, 5),
    )  # fmt: skip
    found = everything(past, table, stats)
    slow = 0.97**5 + 0.97**3 + 0.97
    assert column(found, "bought_decayed_baskets_slow")[0] == pytest.approx(math.log1p(slow))
    # Every second basket, and the coming one is the second since; item 1 has no usual number.
    due = column(found, "bought_due_baskets")
    assert due == pytest.approx([1.0, 0.0, 0.0, 0.5, 0.0, 0.0])
    # Three in forty days, by a prior of one in the twenty days that all buyers need.
    rate = column(found, "bought_rate")
    assert rate[0] == pytest.approx(math.log1p(365 * 3 / (40 + 20)))
    assert rate[1] == pytest.approx(math.log1p(365 * 1 / (30 + 20)))
    assert rate[2] == 0
    # Four days ago is in the second span, thirty in the sixth, two in the first.
    told = [math.log1p(365 * hazard) for hazard in (0.02, 0.06, 0, 0.01)]
    assert column(found, "bought_hazard")[:4] == pytest.approx(told)


def test_the_share_and_the_rank_of_a_product_among_all_that_is_bought(
    table: ItemTable, stats: ItemStats
) -> None:
    past = history((0, PURCHASE, 100, 0), (1, PURCHASE, 100, 0), (0, PURCHASE, 100, 1))
    found = everything(past, table, stats)
    assert column(found, "bought_share")[:3] == pytest.approx([2 / 3, 1 / 3, 0])
    assert column(found, "bought_rank")[:3] == pytest.approx([1, 1 / math.log2(3), 0])
    # Item 0 lay in a basket of two and in one of its own.
    assert column(found, "bought_small_baskets")[:3] == pytest.approx([0.75, 0.5, 0])


def test_the_hour_of_the_day_recalls_what_is_bought_at_it(
    table: ItemTable, stats: ItemStats
) -> None:
    """Item 0 is bought at this hour, item 3 twelve hours later; the night ends no day."""
    past = history((0, PURCHASE, 89 + 23 / 24, 0), (3, PURCHASE, 90.5, 1))
    found = everything(past, table, stats)
    near, far = math.exp(-0.5 * 0.5**2), math.exp(-0.5 * 6**2)
    same = column(found, "bought_same_hour")
    assert same[0] == pytest.approx((near + 4 / 2) / (near + far + 4), rel=1e-5)
    assert same[3] == pytest.approx((far + 4 / 2) / (near + far + 4), rel=1e-5)
    lift = column(found, "category_same_hour")
    assert lift[0] == pytest.approx(math.log((same[0] + 0.01) / 0.51), rel=1e-4)
    assert lift[1] == lift[0] > 0 > lift[3]


def test_an_item_takes_its_share_of_its_category(table: ItemTable, stats: ItemStats) -> None:
    """Category x in both baskets, by one line of item 0 and one of item 1, both of today."""
    past = history((0, PURCHASE, 100, 0), (1, PURCHASE, 100, 1), (3, PURCHASE, 100, 1))
    found = everything(past, table, stats)
    # Of the category's sales (0, 2 and 4) item 1 has a third, item 2 two thirds.
    shares = [1 / 2.5, (1 + 0.5 / 3) / 2.5, (0.5 * 2 / 3) / 2.5]
    told = column(found, "category_item_share")
    assert told[:3] == pytest.approx([math.log1p(10_000 * share) for share in shares], rel=1e-5)
    # The other category is in half of the baskets; item 3 has 6 of its 24 sales.
    assert told[3] == pytest.approx(math.log1p(10_000 * 0.5 * (1 + 0.5 / 4) / 1.5), rel=1e-5)


def test_a_rise_is_told_from_what_always_sells(table: ItemTable, stats: ItemStats) -> None:
    found = everything(History.empty(), table, stats)
    assert column(found, "popularity_newest")[4] == pytest.approx(math.log1p(2))
    # Item 4 sold 2 * (1 - .5) today and sells 8 * (1 - .98) on other days.
    assert column(found, "popularity_rise")[4] == pytest.approx(math.log(1.2 / 0.36), rel=1e-5)
    assert column(found, "popularity_rise")[0] == 0
    assert column(found, "rebuy_rate")[0] == pytest.approx(math.log1p(365 * 0.05))


def test_taste_by_hand(table: ItemTable, stats: ItemStats) -> None:
    past = history((0, PURCHASE, 100, 0), (1, PURCHASE, 100, 0))
    found = everything(past, table, stats)
    assert column(found, "category_ever") == [1, 1, 1, 0, 0, 0]
    assert column(found, "category_loyalty")[:3] == pytest.approx([0.5, 0.5, 0.0])
    usual = (math.log(100) + math.log(200)) / 2
    assert column(found, "price_to_usual")[2] == pytest.approx(math.log(400) - usual, abs=1e-5)
    assert column(found, "price_to_usual")[3] == 0
    assert column(found, "price_unknown") == [0, 0, 0, 0, 0, 1]


def test_the_last_cart_event_decides(table: ItemTable, stats: ItemStats) -> None:
    day = NOW / DAY
    past = history(
        (0, CART, day - 0.03, 0), (1, CART, day - 0.02, 1), (1, REMOVE, day - 0.01, 2),
        (2, VIEW, day, 3), (3, REJECT, day - 50, 4),
    )  # fmt: skip
    found = everything(past, table, stats)
    assert column(found, "session_in_cart") == [1, 0, 0, 0, 0, 0]
    assert column(found, "session_viewed")[2] == pytest.approx(math.log(2))
    assert column(found, "session_rejected") == [0, 0, 0, 1, 0, 0]


def test_related_reads_the_neighbours(table: ItemTable, stats: ItemStats) -> None:
    found = everything(history((3, PURCHASE, 100, 0)), table, stats)
    assert column(found, "related_history")[4] == pytest.approx(math.log1p(0.8))
    assert column(found, "related_history")[3] == 0


def test_query_columns(table: ItemTable, stats: ItemStats) -> None:
    asked = QueryScores(
        np.array([4, 2], np.float32), np.array([0.5, 0.1], np.float32), np.array([1, 0], np.float32)
    )
    items = np.array([3, 1], np.int32)
    found = compute(History.empty(), items, NOW, table, stats, asked)
    assert column(found, "query_present") == [1, 1]
    assert column(found, "query_lexical_share") == pytest.approx([1, 0.5])
    without = compute(History.empty(), items, NOW, table, stats)
    assert column(without, "query_present") == [0, 0]


LINES = st.tuples(st.integers(0, N_ITEMS - 1), st.integers(1, 5), st.floats(0, 200))


@settings(deadline=None)
@given(st.lists(LINES, max_size=30), st.permutations(range(N_ITEMS)))
def test_always_finite_and_indifferent_to_candidate_order(
    lines: list[tuple[int, int, float]], order: list[int]
) -> None:
    codes = np.array([[1, 1, 1]] * N_ITEMS, np.int32)
    table = ItemTable.from_codes(
        [str(i) for i in range(N_ITEMS)], codes, np.full(N_ITEMS, np.nan, np.float32),
        Codes(["A"]), Codes(["A"]), Codes(["b"]),
    )  # fmt: skip
    stats = ItemStats.nothing(N_ITEMS, NOW)
    lines.sort(key=lambda line: line[2])
    past = history(*((item, kind, day, n) for n, (item, kind, day) in enumerate(lines)))
    whole = compute(past, np.arange(N_ITEMS, dtype=np.int32), NOW, table, stats)
    assert np.isfinite(whole).all()
    mixed = compute(past, np.array(order, np.int32), NOW, table, stats)
    np.testing.assert_array_equal(mixed, whole[order])


def test_no_candidates(table: ItemTable, stats: ItemStats) -> None:
    nothing = np.zeros(0, np.int32)
    found = compute(history((0, PURCHASE, 1, 0)), nothing, NOW, table, stats)
    assert found.shape == (0, len(FEATURES))


def test_statistics_do_not_see_the_future() -> None:
    found = item_stats(
        np.array([0, 0, 1], np.int32), np.array([0, 0, 1], np.int32),
        np.array([10.0, 20.0, 30.0]) * DAY,
        category=np.array([1, 1], np.int32), as_of=30 * DAY, neighbours=Neighbours.none(2),
    )  # fmt: skip
    assert found.popularity_newest[0] == pytest.approx(0.5**20 + 0.5**10)
    assert found.popularity_slow[0] == pytest.approx(0.98**20 + 0.98**10)
    assert found.popularity_slow[1] == 0
    # One buyer, who came back; ten pseudo-visitors at the mean rate of 1.
    assert found.repeat_rate[0] == pytest.approx(1.0)


def test_how_soon_an_item_is_bought_again() -> None:
    """Visitor 0 waits 4 days and then, up to the end, 6 more; visitor 1 has waited 10 days."""
    found = Rebuying.count(
        np.array([0, 1, 0], np.int32), np.array([0, 0, 0], np.int32),
        np.array([0.0, 0.0, 4.0]) * DAY, category=np.array([1, 2], np.int32), as_of=10 * DAY,
    )  # fmt: skip
    overall = 1 / 20
    prior = (1 + CATEGORY_DAYS * overall) / (20 + CATEGORY_DAYS)
    assert found.rate[0] == pytest.approx((1 + ITEM_DAYS * prior) / (20 + ITEM_DAYS))
    assert found.rate[1] == pytest.approx(overall)  # never sold, and nothing of its kind
    # From day 2.5 to day 5 the three were waited for 1.5, 2.5 and 2.5 days.
    overall = 1 / 6.5
    prior = (1 + CATEGORY_DAYS * overall) / (6.5 + CATEGORY_DAYS)
    assert found.hazard[0, 1] == pytest.approx((1 + ITEM_DAYS * prior) / (6.5 + ITEM_DAYS))
    assert found.hazard[0, 0] < 1e-3  # nobody came back that soon
    after = found.after(np.array([0, 0], np.int32), np.array([4.0, 2.5]))
    assert after == pytest.approx(found.hazard[0, 1])


def test_nothing_is_known_of_an_empty_log() -> None:
    none = np.zeros(0, np.int32)
    found = Rebuying.count(none, none, np.zeros(0), category=np.zeros(3, np.int32), as_of=NOW)
    assert np.isfinite(found.hazard).all()
    assert found.rate.tolist() == [0, 0, 0]


def test_a_grown_catalogue_knows_nothing_of_its_new_items(stats: ItemStats) -> None:
    grown = stats.grown(N_ITEMS + 2)
    assert grown.popularity_fast[-2:].tolist() == [0, 0]
    assert grown.repeat_rate[-1] == pytest.approx(0.25)
    assert grown.rebuying.rate[-1] == pytest.approx(0.05)
    assert grown.rebuying.hazard[-1] == pytest.approx(stats.rebuying.hazard[0])
    assert stats.grown(N_ITEMS) is stats
