from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from daogou.evaluation import (
    Contender,
    PersonalFrequency,
    Popularity,
    SourceContender,
    evaluate,
    top,
)
from daogou.evaluation.contenders import Bool
from daogou.features import Basket, Exposures, History, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Int32
from daogou.features.log import Searches
from daogou.retrieval import Candidates, Request
from daogou.retrieval.base import allowed

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


def test_the_protocol_by_hand() -> None:
    """One visitor with one old and one new product in the basket, and three contenders."""
    past = bought((0, 1), (0, 2))
    log = planted_log(past)
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


def planted_log(past: History) -> ShopLog:
    """One visitor with this past."""
    nothing = np.zeros(0, np.int32)
    return ShopLog(
        ("v",), np.array([0, len(past)], np.int64), past,
        Exposures(nothing, nothing, np.zeros(0), nothing, np.zeros(0, np.float32), nothing),
        (), Searches(nothing, np.zeros(0), nothing),
    )  # fmt: skip


class Lister:
    """Ranks by item number, and remembers what it was asked."""

    name = "lister"

    def __init__(self) -> None:
        self.histories: list[list[int]] = []

    def rank(
        self, history: History, now: float, masks: Sequence[Bool | None], k: int
    ) -> list[Int32]:
        del now
        self.histories.append(history.items.tolist())
        return [top(-np.arange(6.0), mask, k) for mask in masks]


def test_one_view_alone_is_asked_and_named() -> None:
    log = planted_log(bought((0, 1), (1, 2), (2, 3)))
    basket = Basket(0, 3, 4 * DAY, np.array([4], np.int32))
    lister = Lister()
    (result,) = evaluate(
        [lister], log, [basket], 6, k=2, views=["explore"], metrics=["hr", "ndcg", "mrr"], longest=2
    )
    # 0, 1 and 2 are owned, although only the newest two were seen: 4 is second of 3, 4.
    assert lister.histories == [[1, 2]]
    assert list(result.metrics) == ["hr@2_explore", "ndcg@2_explore", "mrr@2_explore"]
    found = [interval.mean for interval in result.metrics.values()]
    assert found == pytest.approx([1, 1 / np.log2(3), 1 / 2])
    assert result.coverage == pytest.approx(2 / 6)
    assert result.seconds.shape == (1,)


@dataclass
class Short:
    """A source that knows of two items."""

    name: str = "short"

    def retrieve(self, request: Request, k: int) -> Candidates:
        items = np.array([3, 1], np.int32)
        items = items[allowed(items, request.mask)][:k]
        return Candidates(items, -np.arange(len(items), dtype=np.float32), self.name)


def test_a_short_list_is_filled_up_by_popularity() -> None:
    contender = SourceContender(Short(), np.array([1, 9, 5, 8, 7], np.float32))
    mask = np.array([True, True, False, False, True])
    lists = contender.rank(History.empty(), 0.0, [None, mask], 4)
    assert contender.name == "short"
    assert lists[0].tolist() == [3, 1, 4, 2]
    assert lists[1].tolist() == [1, 4, 0]
    assert contender.rank(History.empty(), 0.0, [None], 1)[0].tolist() == [3]


def test_top_leaves_out_what_is_not_a_number() -> None:
    scores = np.array([np.nan, 1.0, np.inf, 2.0, 1.0])
    assert top(scores, None, 2).tolist() == [3, 1]
    assert top(scores, None, 9).tolist() == [3, 1, 4]
