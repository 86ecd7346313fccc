import numpy as np
import pytest

from daogou.evaluation import (
    Contender,
    Ease,
    ItemToItem,
    PersonalFrequency,
    Popularity,
    evaluate,
    top,
)
from daogou.features import Basket, Exposures, History, Neighbours, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.log import Searches

DAY = 86_400.0


def bought(*lines: tuple[int, float]) -> History:
    """Purchases of (item, day), each an event of its own."""
    items, days = zip(*lines, strict=True) if lines else ((), ())
    n = len(items)
    return History(
        np.array(items, np.int32), np.full(n, PURCHASE, np.int8), np.array(days, np.float64) * DAY,
        np.ones(n, np.float32), np.arange(n, dtype=np.int32),
    )  # fmt: skip


def test_top_by_hand() -> None:
    scores = np.array([1.0, 3.0, 3.0, -np.inf, 2.0])
    assert top(scores, None, 3).tolist() == [1, 2, 4]
    assert top(scores, np.array([True, False, True, True, False]), 5).tolist() == [2, 0]
    assert top(np.zeros(0), None, 3).tolist() == []


def test_personal_frequency_by_hand() -> None:
    counts = np.array([9, 5, 1, 0], np.float32)
    past = bought((2, 1), (2, 2), (3, 99))
    often, lately = PersonalFrequency(counts), PersonalFrequency(counts, decay=0.9)
    assert often.rank(past, 100 * DAY, [None], 4)[0].tolist() == [2, 3, 0, 1]
    assert lately.rank(past, 100 * DAY, [None], 4)[0].tolist() == [3, 2, 0, 1]


def test_ease_finds_the_planted_pairs() -> None:
    # Visitors buy items 2i and 2i + 1 together; one half withheld, the other half names it.
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 5, size=(200, 2))
    visitors = np.repeat(np.arange(200, dtype=np.int32), 4)
    items = np.stack(
        [pairs[:, 0] * 2, pairs[:, 0] * 2 + 1, pairs[:, 1] * 2, pairs[:, 1] * 2 + 1], 1
    )
    ease = Ease(visitors, items.ravel().astype(np.int32), n_items=12, regularisation=5.0)
    for item in range(10):
        mask = np.ones(12, bool)
        mask[item] = False
        (found,) = ease.rank(bought((item, 1)), 2 * DAY, [mask], 1)
        assert found.tolist() == [item ^ 1]


def test_item_to_item_sums_its_neighbours() -> None:
    neighbours = Neighbours(
        np.array([[1, 2], [0, -1], [0, -1]], np.int32),
        np.array([[0.9, 0.4], [0.9, 0], [0.4, 0]], np.float32),
    )
    (found,) = ItemToItem(neighbours, 3).rank(bought((0, 1)), DAY, [None], 2)
    assert found.tolist() == [1, 2]


def test_the_protocol_by_hand() -> None:
    """One visitor with one old and one new product in the basket, and three contenders."""
    past = bought((0, 1), (0, 2))
    nothing = np.zeros(0, np.int32)
    log = ShopLog(
        ("v",), np.array([0, 2], np.int64), past,
        Exposures(nothing, nothing, np.zeros(0), nothing, np.zeros(0, np.float32), nothing),
        (), Searches(nothing, np.zeros(0), nothing),
    )  # fmt: skip
    basket = Basket(0, 2, 3 * DAY, np.array([0, 2], np.int32))
    contenders: list[Contender] = [
        Popularity(np.array([1, 2, 3], np.float32)),
        PersonalFrequency(np.array([1, 3, 2], np.float32)),
    ]
    popular, personal = evaluate(contenders, log, [basket], 3, k=1)
    assert popular.metrics["ndcg@1"].mean == 1.0  # item 2 came first, and was bought
    assert popular.metrics["ndcg@1_explore"].mean == 1.0
    assert personal.metrics["ndcg@1"].mean == 1.0
    assert personal.metrics["ndcg@1_repeat"].mean == 1.0
    assert personal.metrics["ndcg@1_explore"].mean == 0.0  # item 1 is more popular
    assert personal.metrics["recall@1"].mean == pytest.approx(0.5)
    assert personal.coverage == pytest.approx(1 / 3)
    row = personal.row()
    assert row["name"] == "personal frequency"
    assert row["ndcg@1_low"] == row["ndcg@1_high"] == 1.0
