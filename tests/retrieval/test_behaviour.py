import math
import subprocess
import sys

import numpy as np
import pytest

from daogou.features import KINDS, History, Neighbours
from daogou.retrieval import ItemToItemRetriever, PersonalFrequencyRetriever, Request, building
from daogou.retrieval.building import build_item_to_item

DAY = 86_400.0


def history(rows: list[tuple[int, int, float]]) -> History:
    """From (item, kind, day)."""
    items, kinds, days = zip(*rows, strict=True)
    return History(
        np.array(items, np.int32),
        np.array(kinds, np.int8),
        np.array(days, np.float64) * DAY,
        np.ones(len(rows), np.float32),
        np.arange(len(rows), dtype=np.int32),
    )


def test_weights_by_hand() -> None:
    # Baskets: {0, 1}, {0, 1, 2}, {0}; item 3 is never bought.
    baskets = np.array([0, 0, 1, 1, 1, 1, 2], np.int64)
    items = np.array([0, 1, 0, 1, 2, 2, 0], np.int32)  # the second 2 counts once
    table = build_item_to_item(baskets, items, 4, damping=1.0, n_neighbours=2)
    assert table.items.tolist() == [[1, 2], [0, 2], [1, 0], [-1, -1]]
    expected: list[list[float]] = [
        [2 / math.sqrt(4 * 3), 1 / math.sqrt(4 * 2)],
        [2 / math.sqrt(3 * 4), 1 / math.sqrt(3 * 2)],
        [1 / math.sqrt(2 * 3), 1 / math.sqrt(2 * 4)],
        [0, 0],
    ]
    np.testing.assert_allclose(table.weights, expected, rtol=1e-6)


def test_old_baskets_fade() -> None:
    baskets = np.array([0, 0, 1, 1], np.int64)
    items = np.array([0, 1, 0, 2], np.int32)
    times = np.array([0, 0, 10, 10]) * DAY
    table = build_item_to_item(
        baskets, items, 3, times=times, decay=0.5, damping=1.0, n_neighbours=2
    )
    old, total = 0.5**10, 1 + 0.5**10
    assert table.items[0].tolist() == [2, 1]
    np.testing.assert_allclose(
        table.weights[0],
        [1 / math.sqrt((total + 1) * 2), old / math.sqrt((total + 1) * (old + 1))],
        rtol=1e-5,
    )


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    baskets, items = np.repeat(np.arange(300), 6), rng.integers(0, 50, 1800).astype(np.int32)
    whole = build_item_to_item(baskets, items, 60, n_neighbours=8)
    monkeypatch.setattr(building, "PAIRS_AT_ONCE", 500)
    parts = build_item_to_item(baskets, items, 60, n_neighbours=8)
    np.testing.assert_array_equal(whole.items, parts.items)
    np.testing.assert_array_equal(whole.weights, parts.weights)


def test_a_hoard_is_left_out() -> None:
    baskets, items = np.zeros(5, np.int64), np.arange(5, dtype=np.int32)
    assert (build_item_to_item(baskets, items, 5, max_basket=4).items == -1).all()
    assert (build_item_to_item(baskets, items, 5, max_basket=5).items[:, 0] >= 0).all()


def test_no_events_and_no_items() -> None:
    none = np.zeros(0, np.int32)
    assert build_item_to_item(none, none, 3).items.shape == (3, 50)
    assert build_item_to_item(none, none, 0).items.shape == (0, 50)
    with pytest.raises(ValueError, match="n_neighbours is 0; expected 1 or more"):
        build_item_to_item(none, none, 0, n_neighbours=0)


def test_serving_needs_no_scipy() -> None:
    code = (
        "import sys, daogou.retrieval; sys.exit('scipy' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_neighbours_of_a_history_by_recency_and_interest() -> None:
    table = Neighbours(
        np.array([[3, 4], [4, -1], [5, -1], [-1, -1], [-1, -1], [-1, -1]], np.int32),
        np.array([[0.5, 0.2], [0.9, 0], [9, 0], [0, 0], [0, 0], [0, 0]], np.float32),
    )
    bought, viewed, rejected = (
        KINDS["purchase-complete"],
        KINDS["detail-page-view"],
        KINDS["not-interested"],
    )
    past = history([(0, bought, 0), (2, rejected, 9), (1, viewed, 10)])
    asked = Request(now=10 * DAY, history=past)
    found = ItemToItemRetriever(table, decay=0.5).retrieve(asked, 9)
    assert found.items.tolist() == [4, 3]
    fade = 0.5**10
    np.testing.assert_allclose(found.scores, [0.9 + 0.2 * fade, 0.5 * fade], rtol=1e-6)


def test_personal_frequency_by_hand() -> None:
    bought, viewed = KINDS["purchase-complete"], KINDS["detail-page-view"]
    past = history([(1, bought, 0), (1, bought, 3), (2, bought, 4), (9, viewed, 4)])
    asked = Request(now=4 * DAY, history=past)
    found = PersonalFrequencyRetriever(decay=0.98).retrieve(asked, 5)
    assert found.items.tolist() == [1, 2]
    np.testing.assert_allclose(found.scores, [0.98**4 + 0.98, 1], rtol=1e-6)


def test_a_clock_that_runs_ahead() -> None:
    past = history([(1, KINDS["purchase-complete"], 50)])
    found = PersonalFrequencyRetriever().retrieve(Request(now=0.0, history=past), 5)
    assert found.scores.tolist() == [1]
