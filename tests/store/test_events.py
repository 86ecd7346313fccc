"""The event log, the same on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daogou.errors import InvalidInput
from daogou.store import AppendResult, Store, eventlog
from daogou.types import EVENT_TYPES, EventLine, Money, UserEvent

T0 = datetime(2026, 1, 1, tzinfo=UTC)
FULL = UserEvent(
    event_id="e1",
    type="purchase-complete",
    visitor_id="张三",
    time=T0 + timedelta(microseconds=7),
    lines=(
        EventLine("p1", 2, Money(499, "USD"), "p1-red", 0, 0.25, "display:9", 0.1),
        EventLine("p2"),
    ),
    query="可乐 🥤",
    user_id="u1",
    recommendation_id="r1",
    policy_id="joint",
    attributes={"week": ("1", "2"), "store": ("405",)},
)


def event(number: int, visitor: str = "v", minutes: int | None = None) -> UserEvent:
    time = T0 + timedelta(minutes=number if minutes is None else minutes)
    return UserEvent(f"e{number}", "detail-page-view", visitor, time, (EventLine(f"p{number}"),))


def test_what_is_appended_is_what_is_read(store: Store) -> None:
    bare = UserEvent("e2", "home-page-view", "张三", T0)
    assert store.append_events([FULL, bare]) == AppendResult(accepted=2)
    assert store.visitor_events("张三") == [bare, FULL]


def test_an_event_counts_once(store: Store) -> None:
    assert store.append_events([FULL, FULL]) == AppendResult(accepted=1, duplicates=1)
    other = replace(FULL, visitor_id="someone else")
    assert store.append_events([other, event(2)]) == AppendResult(accepted=1, duplicates=1)
    assert store.visitor_events("someone else") == []
    assert store.append_events([]) == AppendResult()


def test_the_newest_events_oldest_first(store: Store) -> None:
    store.append_events([event(n) for n in (3, 1, 4, 2)] + [event(9, "other")])
    assert [e.event_id for e in store.visitor_events("v")] == ["e1", "e2", "e3", "e4"]
    assert [e.event_id for e in store.visitor_events("v", limit=2)] == ["e3", "e4"]
    before = T0 + timedelta(minutes=3)
    assert [e.event_id for e in store.visitor_events("v", 1, before)] == ["e2"]
    assert store.visitor_events("nobody") == []


def test_what_a_request_reads_is_bounded(store: Store) -> None:
    """Neither many events of a visitor nor many of other types are read for the newest few."""
    past = T0 - timedelta(days=1)
    store.append_events(
        UserEvent(f"s{n}", "search", "v", past + timedelta(seconds=n), query="tea")
        for n in range(3000)
    )
    store.append_events(event(n, minutes=-n) for n in range(3000, 4000))
    views = ["detail-page-view", "purchase-complete"]
    assert plan_reads_all(store, "v", views) is False
    found = store.visitor_lines("v", views, limit=10)
    assert found.product_ids == [f"p{n}" for n in range(3009, 2999, -1)]
    assert store.visitor_lines("v", [], limit=10).types == []
    newest = store.visitor_events("v", limit=2)
    assert [e.event_id for e in newest] == ["s2998", "s2999"]


def plan_reads_all(store: Store, visitor: str, types: list[str]) -> bool:
    """Whether the database would walk a table, or a visitor's events of all types."""
    statement = eventlog._newest(
        (eventlog._C.time, eventlog._C.lines), tuple(types), 10, with_lines=True
    )
    asked = eventlog._asked(visitor, None)
    with store._database.write() as connection:
        if store._database.is_sqlite:
            connection.exec_driver_sql("ANALYZE")
            told = "EXPLAIN QUERY PLAN "
        else:
            connection.exec_driver_sql("ANALYZE events")
            told = "EXPLAIN "
        filled = str(
            statement.params(**asked).compile(connection, compile_kwargs={"literal_binds": True})
        )
        rows = connection.exec_driver_sql(told + filled.replace("%%", "%")).all()
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    assert text.count("visitor_id_type_time_seq") >= len(types), text
    return "Seq Scan" in text or "SCAN events" in text


def test_events_of_one_moment_keep_their_order(store: Store) -> None:
    store.append_events([event(n, minutes=0) for n in (5, 3, 4)])
    assert [e.event_id for e in store.visitor_events("v")] == ["e5", "e3", "e4"]
    assert [e.event_id for e in store.visitor_events("v", limit=2)] == ["e3", "e4"]


def test_another_zone_is_the_same_time(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    store.append_events([replace(FULL, time=datetime(2026, 1, 1, 8, tzinfo=shanghai))])
    assert store.visitor_events("张三")[0].time == T0


def test_lines_as_a_frame(store: Store) -> None:
    search = UserEvent("e0", "search", "v1", T0 + timedelta(hours=1), query="tea")
    store.append_events([search, FULL])
    frame = store.event_lines()
    assert frame.schema == {
        "seq": pl.Int64,
        "event_id": pl.String,
        "visitor_id": pl.String,
        "type": pl.String,
        "time": pl.Datetime("us", "UTC"),
        "product_id": pl.String,
        "quantity": pl.Int32,
        "price": pl.Int64,
        "placement": pl.String,
        "position": pl.Int32,
        "sampling_rate": pl.Float32,
    }
    assert frame["event_id"].to_list() == ["e1", "e1", "e0"]
    assert frame["seq"].to_list() == [2, 2, 1]
    assert frame["visitor_id"].to_list() == ["张三", "张三", "v1"]
    assert frame["time"].to_list() == [FULL.time, FULL.time, search.time]
    assert frame["product_id"].to_list() == ["p1", "p2", None]
    assert frame["quantity"].to_list() == [2, 1, 1]
    assert frame["price"].to_list() == [499, None, None]
    assert frame["placement"].to_list() == ["display:9", None, None]
    assert frame["position"].to_list() == [0, None, None]
    assert frame["sampling_rate"].to_list() == pytest.approx([0.1, 1, 1])


def test_lines_of_a_period_and_of_types(store: Store) -> None:
    store.append_events([event(n) for n in range(4)] + [replace(FULL, event_id="x")])

    def ids(**kwargs: datetime) -> list[str]:
        return store.event_lines(types=["detail-page-view"], **kwargs)["event_id"].to_list()

    assert ids() == ["e0", "e1", "e2", "e3"]
    assert ids(until=T0 + timedelta(minutes=2)) == ["e0", "e1"]
    assert ids(since=T0 + timedelta(minutes=2)) == ["e2", "e3"]
    assert store.event_lines(types=["search"]).height == 0
    assert store.event_lines(types=[]).schema == store.event_lines().schema


def test_an_empty_log(store: Store) -> None:
    assert store.event_lines().height == 0
    assert store.count_events() == {}
    assert store.count_visitors() == 0


def test_counting_and_erasing(store: Store) -> None:
    store.append_events([FULL, event(2), event(3), event(4, "w")])
    assert store.count_events() == {"detail-page-view": 3, "purchase-complete": 1}
    assert store.count_visitors() == 3
    assert store.delete_visitor("v") == 2
    assert store.delete_visitor("v") == 0
    assert store.visitor_events("v") == []
    assert store.count_events() == {"detail-page-view": 1, "purchase-complete": 1}
    assert store.count_visitors() == 2


@pytest.mark.parametrize("visitor", ["\x00", "\udfff", "", "x" * 5000])
def test_odd_visitors_have_no_events(store: Store, visitor: str) -> None:
    assert store.visitor_events(visitor) == []
    assert store.delete_visitor(visitor) == 0


@pytest.mark.parametrize(
    "bad",
    [
        replace(FULL, visitor_id=""),
        replace(FULL, event_id="a\x00"),
        replace(FULL, time=datetime(2026, 1, 1)),
        replace(FULL, query="\x00"),
        replace(FULL, lines=(EventLine("\ud800"),)),
    ],
)
def test_what_cannot_be_stored_is_refused(store: Store, bad: UserEvent) -> None:
    with pytest.raises(InvalidInput):
        store.append_events([event(1), bad])
    assert store.count_events() == {}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=9)
LINES = st.builds(
    EventLine,
    product_id=TEXT,
    quantity=st.integers(1, 3),
    price=st.none() | st.builds(Money, st.integers(0, 3), st.sampled_from(["USD", "CNY"])),
    variant_id=st.none() | TEXT,
    position=st.none() | st.integers(0, 3),
    propensity=st.none() | st.sampled_from([0.5, 1.0]),
    placement=st.none() | TEXT,
    sampling_rate=st.sampled_from([1.0, 0.1]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(LINES, max_size=4).map(tuple),
    kind=st.sampled_from(EVENT_TYPES),
    time=st.datetimes(timezones=st.just(UTC)),
    query=st.none() | TEXT,
    attributes=st.dictionaries(TEXT, st.lists(TEXT, max_size=2).map(tuple), max_size=2),
)
def test_any_event_comes_back(store: Store, **fields: object) -> None:
    stored = sum(store.count_events().values())
    fields["type"] = fields.pop("kind")
    made = UserEvent(event_id=f"e{stored}", visitor_id=f"v{stored}", **fields)  # type: ignore[arg-type]
    store.append_events([made])
    assert store.visitor_events(f"v{stored}") == [made]
    frame = store.event_lines().filter(pl.col("event_id") == made.event_id)
    assert frame["product_id"].to_list() == [line.product_id for line in made.lines] or [None]
