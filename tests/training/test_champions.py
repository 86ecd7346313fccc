"""Candidate sources compete, and a simple model that wins is given the shop."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from daogou.features import (
    Basket,
    Exposures,
    History,
    Interactions,
    ItemTable,
    Neighbours,
    ShopLog,
)
from daogou.features.history import PURCHASE
from daogou.features.items import Int32
from daogou.features.log import Searches
from daogou.retrieval.sources import JOINT, Panel
from daogou.training.champions import champion, compete, refit
from daogou.training.replay import Replay, StatsClock
from daogou.types import Product

DAY = 86_400.0
V, N, LINES = 12, 40, 8
NOTHING = np.zeros(0, np.int32)
TEXTS = np.zeros((V, 1), np.float32)


@pytest.fixture(scope="module")
def log() -> ShopLog:
    """Everybody goes round the items in a ring, each from a place of their own."""
    items = [(visitor + step) % V for visitor in range(N) for step in range(LINES)]
    return ShopLog(
        visitors=tuple(f"v{i}" for i in range(N)),
        offsets=np.arange(0, N * LINES + 1, LINES, dtype=np.int64),
        lines=History(
            np.array(items, np.int32),
            np.full(N * LINES, PURCHASE, np.int8),
            np.tile(np.arange(LINES) * DAY, N),
            np.ones(N * LINES, np.float32),
            np.tile(np.arange(LINES, dtype=np.int32), N),
        ),
        exposures=Exposures(
            NOTHING, NOTHING, np.zeros(0), NOTHING, np.zeros(0, np.float32), NOTHING
        ),
        queries=(),
        searches=Searches(NOTHING, np.zeros(0), NOTHING),
    )


@pytest.fixture(scope="module")
def past(log: ShopLog) -> Interactions:
    return Interactions.from_log(log, V, (LINES - 1) * DAY)


@pytest.fixture(scope="module")
def baskets(log: ShopLog) -> list[Basket]:
    return list(log.baskets((LINES - 1) * DAY, 1e9))


@pytest.fixture(scope="module")
def competed(
    log: ShopLog, past: Interactions, baskets: list[Basket]
) -> tuple[Panel, dict[str, bool]]:
    panel, standings = compete(past, "quick", TEXTS, log, baskets, [NOTHING] * len(baskets))
    by_name = {standing.name: standing for standing in standings}
    rules = by_name["sequential-rules"]
    # The ring's next item comes first among what is new; what is old does not come again.
    assert rules.ndcg_new > 0.9
    assert all(0 <= s.found <= 1 and s.brought >= 0 for s in standings)
    assert all((s.brought > 0) == s.chosen for s in standings)
    return panel, {name: standing.chosen for name, standing in by_name.items()}


def test_a_source_that_finds_nothing_new_is_left_out(
    competed: tuple[Panel, dict[str, bool]],
) -> None:
    panel, chosen = competed
    assert [source.name for source in panel.sources] == [n for n, c in chosen.items() if c]
    assert 1 <= len(panel.sources) < len(chosen)


def test_what_is_given_anyhow_needs_no_source(
    log: ShopLog, past: Interactions, baskets: list[Basket]
) -> None:
    everything = [np.arange(V, dtype=np.int32)] * len(baskets)
    panel, _ = compete(past, "quick", TEXTS, log, baskets, everything)
    assert panel.sources == ()


def test_sources_are_fitted_again_to_everything(
    competed: tuple[Panel, dict[str, bool]], log: ShopLog
) -> None:
    panel, _ = competed
    whole = Interactions.from_log(log, V, 1e9)
    names = [source.name for source in panel.sources]
    assert [s.name for s in refit(panel, whole, "quick", TEXTS, lambda _: None).sources] == names


def ranked_as(baskets: Sequence[Basket], *, right: bool) -> list[Int32]:
    return [
        basket.items if right else np.array([(int(basket.items[0]) + 5) % V], np.int32)
        for basket in baskets
    ]


def test_the_ranker_keeps_the_shop_if_nothing_beats_it(
    competed: tuple[Panel, dict[str, bool]], log: ShopLog, baskets: list[Basket]
) -> None:
    best, compared = champion(competed[0], log, baskets, ranked_as(baskets, right=True))
    assert best == JOINT
    assert compared[JOINT] == pytest.approx(1.0)


def test_a_source_that_beats_the_ranker_is_given_the_shop(
    competed: tuple[Panel, dict[str, bool]], log: ShopLog, baskets: list[Basket]
) -> None:
    best, compared = champion(competed[0], log, baskets, ranked_as(baskets, right=False))
    assert best in {source.name for source in competed[0].sources}
    assert compared[best] == max(compared.values()) > compared[JOINT]


def test_a_list_has_no_unheard_of_item_but_what_was_bought(
    log: ShopLog, baskets: list[Basket]
) -> None:
    """The first item of the ring is in every list that may hold all items, and bought in some."""
    table = ItemTable.from_products(Product(f"p{i}", "x") for i in range(V))
    clock = StatsClock(log, table, Neighbours.none(V), LINES * DAY)
    replay = Replay(log, table, clock, Panel(), None, 0)
    heard_of = np.arange(V) > 0
    for held, judged in ((None, 1.0), (heard_of, 0.0)):
        lists = replace(replay, heard_of=held).baskets(baskets, [])
        first = lists.items == 0
        others = [not (lists.labels[lists.rows(n)] * first[lists.rows(n)]).any() for n in range(N)]
        there = [first[lists.rows(n)].any() for n in range(N)]
        assert np.mean(np.array(there)[others]) == judged
        assert 0 < np.mean(others) < 1
        assert lists.labels[first].any()
