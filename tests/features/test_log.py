"""The log read in parts is the log read whole, and both are what the events say."""

import itertools
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
import pytest

from daogou.features import ItemTable, ShopLog
from daogou.features.history import KINDS, PURCHASE
from daogou.features.interactions import Interactions
from daogou.features.log import SHOWING, first_of_each
from daogou.store import Store, eventlog
from daogou.store import searches as search_log
from daogou.types import EVENT_TYPES, EventLine, Product, UserEvent

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS: Final = 7
QUERIES: Final = ("tea", "绿茶", "oat milk")


def products() -> list[Product]:
    """The first has a variant, and what is sold of that counts for it."""
    rows = [Product(f"p{number}", f"Product {number}") for number in range(PRODUCTS)]
    return [*rows, Product("p0-red", "Product 0 in red", group_id="p0")]


def line(rng: np.random.Generator) -> EventLine:
    number = int(rng.integers(PRODUCTS + 2))  # the last two are in no catalogue
    name = "p0-red" if number == 0 and rng.random() < 0.5 else f"p{number}"
    rate = 0.25 if rng.random() < 0.3 else 1.0
    return EventLine(name, quantity=int(rng.integers(1, 4)), sampling_rate=rate)


def events(count: int) -> list[UserEvent]:
    """Of all kinds, in no order, many at one moment, some without lines."""
    rng = np.random.default_rng(3)
    made = []
    for number in range(count):
        kind = EVENT_TYPES[int(rng.integers(len(EVENT_TYPES)))]
        made.append(
            UserEvent(
                event_id=f"e{number}",
                type=kind,
                visitor_id=f"访客-{rng.integers(9)}",
                time=START + timedelta(minutes=int(rng.integers(count // 4))),
                lines=tuple(line(rng) for _ in range(int(rng.integers(5)))),
                query=QUERIES[int(rng.integers(3))] if kind == "search" else None,
            )
        )
    return made


def plain(value: Any) -> Any:
    """A log in plain values, to be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype, str(value.tolist())  # nan is nan there
    if isinstance(value, tuple):
        return value
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


@pytest.fixture
def filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(eventlog, "_PARTITION", 37)
    monkeypatch.setattr(search_log, "_PARTITION", 11)
    store.put_products(products())
    store.append_events(events(600))
    return store


def test_parts_have_all_that_the_whole_has(filled: Store) -> None:
    parts = list(filled.event_parts())
    assert len(parts) == 17
    whole = filled.event_lines()
    assert pl.concat(parts).sort("time", "seq", maintain_order=True).equals(whole)
    for one, other in itertools.pairwise(parts):
        assert not set(one["seq"]) & set(other["seq"]), "an event is in two parts"
    until = START + timedelta(minutes=60)
    early = pl.concat(filled.event_parts(until)).sort("time", "seq", maintain_order=True)
    assert early.equals(whole.filter(pl.col("time") < until))
    assert 0 < early.height < whole.height


def test_a_log_of_parts_is_that_of_the_whole(filled: Store) -> None:
    index = ItemTable.from_products(filled.iter_products()).index
    typed = filled.searches()
    whole = plain(ShopLog.from_frame(filled.event_lines(), index, typed))
    parts = list(filled.event_parts())
    assert plain(ShopLog.from_parts(iter(parts), index, typed)) == whole
    assert plain(ShopLog.from_parts(reversed(parts), index, typed)) == whole


def test_a_log_is_what_the_events_say(filled: Store) -> None:
    """Beside a reading in plain Python, event by event."""
    index = ItemTable.from_products(filled.iter_products()).index
    log = ShopLog.from_parts(filled.event_parts(), index, filled.searches())
    stored = sorted(events(600), key=lambda event: event.time)  # stable, as seq is

    def known(event: UserEvent) -> list[tuple[int, float]]:
        named = [(line.product_id.removesuffix("-red"), line.quantity) for line in event.lines]
        return [(index[name], quantity) for name, quantity in named if name in index]

    told = {event.visitor_id for event in stored if known(event)}
    assert log.visitors == tuple(sorted(told))
    for number, visitor in enumerate(log.visitors):
        expected = [
            (item, KINDS[event.type], event.time.timestamp(), quantity)
            for event in stored
            if event.visitor_id == visitor and event.type in KINDS
            for item, quantity in known(event)
        ]
        past = log.history(number)
        columns = (past.items, past.kinds, past.times, past.quantities)
        assert list(zip(*(c.tolist() for c in columns), strict=True)) == expected
    shown = [event for event in events(600) if event.type in SHOWING and known(event)]
    assert log.exposures.item.tolist() == [item for event in shown for item, _ in known(event)]
    words = [log.queries[n] if n >= 0 else None for n in log.exposures.query]
    assert words == [event.query for event in shown for _ in known(event)]
    searched = [event for event in stored if event.query and event.visitor_id in told]
    assert [log.queries[n] for n in log.searches.query] == [event.query for event in searched]


def test_what_was_bought_counts_once_a_basket(filled: Store) -> None:
    index = ItemTable.from_products(filled.iter_products()).index
    log = ShopLog.from_parts(filled.event_parts(), index)
    expected: list[tuple[int, int, float]] = []
    baskets = 0
    for number in range(len(log.visitors)):
        past = log.history(number)
        seen: set[tuple[int, int]] = set()
        for item, kind, time, event in zip(
            past.items.tolist(), past.kinds.tolist(), past.times.tolist(), past.events.tolist(),
            strict=True,
        ):  # fmt: skip
            if kind == PURCHASE and (event, item) not in seen:
                seen.add((event, item))
                expected.append((number, item, time))
        baskets += len({event for event, _ in seen})
    found = zip(*(column.tolist() for column in log.purchases()), strict=True)
    assert list(found) == expected
    assert len(list(log.baskets(0.0, np.inf))) == baskets
    bought = Interactions.from_log(log, PRODUCTS, np.inf)
    assert bought.visitor.tolist() == [visitor for visitor, _, _ in expected]
    assert bought.item.tolist() == [item for _, item, _ in expected]


def test_no_events_are_an_empty_log(store: Store) -> None:
    assert list(store.event_parts()) == []
    log = ShopLog.from_parts([], {"p1": 0}, store.searches())
    assert (log.visitors, len(log.lines), len(log.exposures.item)) == ((), 0, 0)
    nothing = np.zeros(0, np.int32)
    assert first_of_each(nothing, nothing, nothing).tolist() == []
