"""Events of many callers in one commit."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daogou.errors import Overloaded, StoreError, StoreUnavailable
from daogou.store import AppendResult, EventWriter, Store
from daogou.store.eventlog import EventRow
from daogou.types import EventLine, UserEvent

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def rows(*numbers: int) -> list[EventRow]:
    return [
        EventWriter.row(UserEvent(f"e{n}", "detail-page-view", "v", T0, (EventLine(f"p{n}"),)))
        for n in numbers
    ]


class Slow(Store):
    """A store whose disk is slow until it is let go, and that counts its commits."""

    def prepare(self) -> None:
        self.commits: list[int] = []
        self.go = threading.Event()

    def append_rows(self, rows: Sequence[EventRow]) -> set[str]:
        self.go.wait(30)
        new = super().append_rows(rows)
        self.commits.append(len(rows))
        return new


@pytest.fixture
def slow(store_url: str) -> Slow:
    store = Slow.open(store_url)
    store.prepare()
    return store


def settled(future: "Future[AppendResult]") -> AppendResult:
    return future.result(timeout=30)


def test_those_who_wait_share_a_commit(slow: Slow) -> None:
    with slow:
        writer = EventWriter(slow)
        first = writer.append(rows(0))
        until(lambda: len(writer._queue) == 0)
        others = [writer.append(rows(n, n + 100)) for n in range(1, 21)]
        assert not any(future.done() for future in (first, *others))
        assert writer.waiting == 41
        slow.go.set()
        assert settled(first) == AppendResult(1)
        assert [settled(future) for future in others] == [AppendResult(2)] * 20
        assert slow.commits == [1, 40]
        assert slow.count_events() == {"detail-page-view": 41}
        until(lambda: writer.waiting == 0)


def until(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that within 30 s")


def test_each_is_told_of_its_own_events(slow: Slow) -> None:
    """Two send the same event at the same moment: to one it is new, to the other a repeat."""
    with slow:
        writer = EventWriter(slow)
        held = writer.append(rows(0))
        until(lambda: len(writer._queue) == 0)
        once, twice = writer.append(rows(1, 2)), writer.append(rows(2, 3, 0, 3))
        slow.go.set()
        assert settled(held) == AppendResult(1)
        assert settled(once) == AppendResult(2)
        assert settled(twice) == AppendResult(1, 3)
        assert sorted(e.event_id for e in slow.visitor_events("v")) == ["e0", "e1", "e2", "e3"]


def test_a_bad_request_fails_alone(slow: Slow) -> None:
    """A row that only the database can refuse: a text where NULL is not allowed."""
    with slow:
        writer = EventWriter(slow)
        held = writer.append(rows(0))
        until(lambda: len(writer._queue) == 0)
        bad = [{**rows(9)[0], "visitor_id": None}]
        futures = [writer.append(rows(1)), writer.append(bad), writer.append(rows(2))]
        slow.go.set()
        assert settled(held).accepted == 1
        assert settled(futures[0]).accepted == 1
        assert settled(futures[2]).accepted == 1
        with pytest.raises(StoreError) as caught:
            settled(futures[1])
        assert not isinstance(caught.value, StoreUnavailable)
        writer.check()
        assert {e.event_id for e in slow.visitor_events("v")} == {"e0", "e1", "e2"}


def test_what_nobody_waits_for_is_not_written(slow: Slow) -> None:
    with slow:
        writer = EventWriter(slow)
        held = writer.append(rows(0))
        until(lambda: len(writer._queue) == 0)
        gone, there = writer.append(rows(1)), writer.append(rows(2))
        assert gone.cancel()
        slow.go.set()
        assert settled(held).accepted == settled(there).accepted == 1
        assert {e.event_id for e in slow.visitor_events("v")} == {"e0", "e2"}


def test_more_than_may_wait_is_refused_before_it_is_read(slow: Slow) -> None:
    with slow:
        writer = EventWriter(slow, max_events=3, max_bytes=1000)
        with writer.admit() as first:
            first.grow_to(600)
            first.grow_to(500)  # what is held is not given back before the end
            with pytest.raises(Overloaded, match="eventId"), writer.admit() as second:
                second.grow_to(401)
            with writer.admit() as third:
                third.grow_to(400)
        future = writer.append(rows(1, 2, 3))
        with pytest.raises(Overloaded, match="3 events"), writer.admit() as fourth:
            fourth.grow_to(1)
        slow.go.set()
        assert settled(future).accepted == 3
        until(lambda: writer.waiting == 0)
        with writer.admit() as fifth:
            fifth.grow_to(1000)


def test_a_database_that_is_away_is_told_and_forgotten_when_it_is_back(tmp_path: Path) -> None:
    path, moved = tmp_path / "daogou.db", tmp_path / "moved.db"
    with Store.open(f"sqlite:///{path}") as store:
        writer = EventWriter(store)
        assert settled(writer.append(rows(1))).accepted == 1
        path.rename(moved)
        with pytest.raises(StoreUnavailable):
            settled(writer.append(rows(2)))
        with pytest.raises(StoreUnavailable):
            writer.check()
        assert not path.exists()
        moved.rename(path)
        writer.check()
        assert settled(writer.append(rows(1, 2))) == AppendResult(1, 1)


def test_a_read_only_database_takes_nothing(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}") as store:
        store.check_writable()
        with (
            closing(sqlite3.connect(tmp_path / "daogou.db", isolation_level=None)) as other,
            ThreadPoolExecutor(1) as pool,
        ):
            other.execute("BEGIN IMMEDIATE")
            waiting = pool.submit(store.check_writable)
            time.sleep(0.2)
            assert not waiting.done()  # another process writes: it waits for that
            other.execute("ROLLBACK")
            waiting.result(timeout=30)


def test_the_thread_ends_and_begins_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daogou.store.writer._IDLE_SECONDS", 0.05)
    writer = EventWriter(store)
    for number in range(3):
        assert settled(writer.append(rows(number))).accepted == 1
        until(lambda: writer._thread is None)
    assert store.count_events() == {"detail-page-view": 3}


def test_many_threads_and_two_processes_worth_of_writers(store_url: str) -> None:
    """Every event comes twice, by two stores on one database; each counts once."""
    with Store.open(store_url) as one, Store.open(store_url) as other:
        writers = [EventWriter(one), EventWriter(other)]

        def send(number: int) -> int:
            mine = rows(number // 2, 1000 + number // 2)
            return settled(writers[number % 2].append(mine)).accepted

        with ThreadPoolExecutor(16) as pool:
            accepted = sum(pool.map(send, range(100)))
        assert accepted == 100
        assert one.count_events() == {"detail-page-view": 100}


def test_an_event_that_cannot_be_stored_is_refused_before_it_waits() -> None:
    event = UserEvent("e", "search", "v\ud800", T0)
    with pytest.raises(Exception, match="visitorId"):
        EventWriter.row(event)
    assert EventWriter.row(replace(event, visitor_id="v"))["visitor_id"] == "v"
