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
    compute,
    item_stats,
)
from daogou.features.history import CART, PURCHASE, REJECT, REMOVE, VIEW
from daogou.features.stats import DAY

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
    return ItemStats(
        popularity_fast=np.arange(N_ITEMS, dtype=np.float32),
        popularity_slow=np.arange(N_ITEMS, dtype=np.float32) * 2,
        repeat_rate=np.full(N_ITEMS, 0.25, np.float32),
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
    stats = ItemStats(
        np.zeros(N_ITEMS, np.float32), np.zeros(N_ITEMS, np.float32), np.zeros(N_ITEMS, np.float32),
        Neighbours.none(N_ITEMS), NOW,
    )  # fmt: skip
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
        n_items=2, as_of=30 * DAY, neighbours=Neighbours.none(2),
    )  # fmt: skip
    assert found.popularity_slow[0] == pytest.approx(0.98**20 + 0.98**10)
    assert found.popularity_slow[1] == 0
    # One buyer, who came back; ten pseudo-visitors at the mean rate of 1.
    assert found.repeat_rate[0] == pytest.approx(1.0)


def test_a_grown_catalogue_knows_nothing_of_its_new_items(stats: ItemStats) -> None:
    grown = stats.grown(N_ITEMS + 2)
    assert grown.popularity_fast[-2:].tolist() == [0, 0]
    assert grown.repeat_rate[-1] == pytest.approx(0.25)
    assert stats.grown(N_ITEMS) is stats
