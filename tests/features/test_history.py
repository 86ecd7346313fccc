from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from daogou.features import (
    HISTORY_TYPES,
    MAX_EVENTS,
    History,
    ItemTable,
    ShopLog,
    compute,
    item_stats,
)
from daogou.features.history import PURCHASE, VIEW
from daogou.features.stats import Neighbours
from daogou.store import Store
from daogou.types import EventLine, EventType, Money, Product, UserEvent

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(
    number: int, products: list[str], kind: EventType = "purchase-complete", visitor: str = "v"
) -> UserEvent:
    return UserEvent(
        event_id=f"{visitor}-{number}",
        type=kind,
        visitor_id=visitor,
        time=START + timedelta(hours=number),
        lines=tuple(EventLine(product) for product in products),
    )


def test_lines_in_order_without_unknown_products() -> None:
    found = History.from_events(
        [event(0, ["a", "gone"]), event(1, ["b"], "detail-page-view")], {"a": 0, "b": 1}
    )
    assert found.items.tolist() == [0, 1]
    assert found.kinds.tolist() == [PURCHASE, VIEW]
    assert found.events.tolist() == [0, 1]


def test_events_that_tell_nothing_are_left_out() -> None:
    past = [event(0, ["a"], "impression"), event(1, [], "home-page-view")]
    assert len(History.from_events(past, {"a": 0})) == 0


def test_only_the_newest_events_are_kept() -> None:
    past = [event(n, ["a"]) for n in range(MAX_EVENTS + 5)]
    found = History.from_events(past, {"a": 0})
    assert len(found) == MAX_EVENTS
    assert found.times[0] == (START + timedelta(hours=5)).timestamp()


def catalogue() -> list[Product]:
    return [
        Product(
            id=f"p{i}", title=f"Product {i}", brand=f"brand {i % 2}",
            categories=(f"top > leaf {i % 3}",), price=Money(100 + i, "USD"),
        )
        for i in range(8)
    ]  # fmt: skip


def serve(store: Store, table: ItemTable, before: datetime | None = None) -> History:
    """The history as a request reads it."""
    told = store.visitor_lines("v", HISTORY_TYPES, MAX_EVENTS, before)
    return History.from_columns(
        types=told.types, times=told.times, lengths=told.lengths,
        product_ids=told.product_ids, quantities=told.quantities, index=table.index,
    )  # fmt: skip


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_replay_and_serving_compute_the_same(store: Store, cut: int) -> None:
    """The first contract of the house: same visitor, same moment, same numbers."""
    rng = np.random.default_rng(3)
    kinds: tuple[EventType, ...] = (
        "purchase-complete",
        "detail-page-view",
        "add-to-cart",
        "impression",
    )
    events = [
        event(
            n, [f"p{i}" for i in rng.choice(8, 3, replace=False)], kinds[int(rng.integers(4))], who
        )
        for n in range(60)
        for who in ("v", "w")
    ]
    store.put_products(catalogue())
    store.append_events(events)
    table = ItemTable.from_products(store.iter_products())
    log = ShopLog.from_frame(store.event_lines(), table.index)
    visitors, items, times = log.purchases()
    now = START.timestamp() + cut * 3600.0
    stats = item_stats(
        visitors, items, times, category=table.category, as_of=now, neighbours=Neighbours.none(8)
    )
    candidates = np.arange(8, dtype=np.int32)

    number = log.visitors.index("v")
    replayed = log.history(number, log.end_at(number, now))
    served = serve(store, table, before=START + timedelta(hours=cut))

    read = store.visitor_events("v", before=START + timedelta(hours=cut))
    from_events = History.from_events(read, table.index)
    np.testing.assert_array_equal(from_events.items, served.items)
    for part in ("items", "kinds", "times", "quantities", "events"):
        np.testing.assert_array_equal(getattr(served, part), getattr(replayed, part))
    np.testing.assert_array_equal(
        compute(served, candidates, now, table, stats),
        compute(replayed, candidates, now, table, stats),
    )


def test_a_long_past_is_cut_alike(store: Store) -> None:
    store.put_products(catalogue())
    store.append_events([event(n, ["p0", f"p{n % 8}"]) for n in range(MAX_EVENTS + 30)])
    table = ItemTable.from_products(store.iter_products())
    log = ShopLog.from_frame(store.event_lines(), table.index)
    served = serve(store, table)
    replayed = log.history(0)
    np.testing.assert_array_equal(served.items, replayed.items)
    np.testing.assert_array_equal(served.times, replayed.times)


def test_baskets_see_only_what_is_older(store: Store) -> None:
    store.put_products(catalogue())
    store.append_events([event(0, ["p0", "p1"]), event(5, ["p2", "p3", "p2"])])
    table = ItemTable.from_products(store.iter_products())
    log = ShopLog.from_frame(store.event_lines(), table.index)
    (basket,) = log.baskets(START.timestamp() + 3600, np.inf)
    assert [table.ids[i] for i in basket.items] == ["p2", "p3"]
    assert len(log.history(basket.visitor, basket.end)) == 2
    assert list(log.baskets(START.timestamp() + 3600, np.inf, min_items=3)) == []


def test_without_an_item_the_others_keep_their_purchases() -> None:
    past = [event(n, ["a", "b"]) for n in range(3)] + [event(3, ["b"])]
    found = History.from_events(past, {"a": 0, "b": 1}).without(1)
    assert found.items.tolist() == [0, 0, 0]
    assert found.events.tolist() == [0, 1, 2]
    assert len(found.without(0)) == 0
