"""Events of many callers in one commit.

A commit waits for the disk, some milliseconds, however much is in it. So whoever has events to
append queues here; one thread takes all that waits, writes it in one transaction, and only then
tells each of them. While it waits for the disk, the next ones gather.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from daogou.errors import Overloaded, StoreError, StoreUnavailable
from daogou.store.eventlog import AppendResult, EventRow, event_row
from daogou.store.store import Store
from daogou.types import UserEvent

_log = logging.getLogger(__name__)

GROUP: Final = 10_000
"""Events in a transaction, unless one caller brings more."""
_IDLE_SECONDS: Final = 5.0  # then the thread ends, until there is work again


@dataclass(slots=True)
class _Waiting:
    rows: Sequence[EventRow]
    done: "Future[AppendResult]" = field(default_factory=Future)


class EventWriter:
    """Appends events for any number of threads, as few commits as the disk allows.

    Everything that one call appends is in one transaction. What fails for the sake of its content
    is written again call by call, so that none fails for another's.

    Parameters
    ----------
    max_events, max_bytes
        How much may wait at once: events queued, and bytes admitted by :meth:`admit`.
    """

    def __init__(
        self, store: Store, *, max_events: int = 100_000, max_bytes: int = 64 * 2**20
    ) -> None:
        self._store = store
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lock = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        self._events = self._bytes = 0
        self._thread: threading.Thread | None = None
        self._trouble: StoreUnavailable | None = None

    @property
    def waiting(self) -> int:
        """Events that are queued or being written."""
        return self._events

    @staticmethod
    def row(event: UserEvent) -> EventRow:
        """The event as :meth:`append` takes it.

        Raises
        ------
        InvalidInput
            It cannot be stored.
        """
        return event_row(event)

    @contextmanager
    def admit(self) -> Iterator["Admission"]:
        """Room for what a caller is about to read; given back when the block is left."""
        admission = Admission(self)
        try:
            yield admission
        finally:
            self.take(-admission.size)

    def take(self, size: int) -> None:
        """Hold ``size`` more bytes, or give them back where it is below 0.

        Raises
        ------
        Overloaded
            There would be more than may be, or more events than may be are waiting.
        """
        with self._lock:
            if size > 0 and (
                self._bytes + size > self._max_bytes or self._events >= self._max_events
            ):
                raise Overloaded(
                    f"{self._events:,} events in {self._bytes:,} bytes are waiting to be written,"
                    " which is as many as may. Send these again; a repeat with the same eventId"
                    " is harmless."
                )
            self._bytes += size

    def append(self, rows: Sequence[EventRow]) -> "Future[AppendResult]":
        """Queue events; the future has its result when they are on the disk.

        It raises :class:`~daogou.errors.StoreError` where the database refuses them. Whether
        they are in the log is then not known: send them again, with the same ids.
        """
        waiting = _Waiting(rows)
        with self._lock:
            self._queue.append(waiting)
            self._events += len(rows)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            self._lock.notify()
        return waiting.done

    def check(self) -> None:
        """See that events can be written, where they could not be the last time.

        Raises
        ------
        StoreUnavailable
            They cannot be.
        """
        if self._trouble is not None:
            self._store.check_writable()
            self._trouble = None

    def _run(self) -> None:
        while group := self._next():
            try:
                self._write(group)
            finally:
                with self._lock:
                    self._events -= sum(len(waiting.rows) for waiting in group)

    def _next(self) -> list[_Waiting]:
        """What is written next; empty when there was nothing for a while, and the thread ends."""
        with self._lock:
            if not self._lock.wait_for(lambda: self._queue, _IDLE_SECONDS):
                self._thread = None
                return []
            group = [self._queue.popleft()]
            size = len(group[0].rows)
            while self._queue and size + len(self._queue[0].rows) <= GROUP:
                group.append(self._queue.popleft())
                size += len(group[-1].rows)
        return group

    def _write(self, group: list[_Waiting]) -> None:
        # Who has gone away need not be told, and was promised nothing.
        asked = [waiting for waiting in group if waiting.done.set_running_or_notify_cancel()]
        try:
            self._together(asked)
        except StoreUnavailable as error:
            self._trouble = error
            _fail(asked, error)
        except StoreError as error:
            if len(asked) > 1:
                self._one_by_one(asked)
            else:
                _fail(asked, error)
        except BaseException as error:
            _log.exception("Events could not be written")
            _fail(asked, error)

    def _together(self, asked: list[_Waiting]) -> None:
        new = self._store.append_rows([row for waiting in asked for row in waiting.rows])
        self._trouble = None
        for waiting in asked:
            accepted = 0
            for row in waiting.rows:
                if row["event_id"] in new:
                    new.remove(row["event_id"])
                    accepted += 1
            waiting.done.set_result(AppendResult(accepted, len(waiting.rows) - accepted))

    def _one_by_one(self, asked: list[_Waiting]) -> None:
        for number, waiting in enumerate(asked):
            try:
                self._together([waiting])
            except StoreUnavailable as error:
                self._trouble = error
                _fail(asked[number:], error)
                return
            except StoreError as error:
                _fail([waiting], error)


class Admission:
    """Bytes that one caller holds."""

    def __init__(self, writer: EventWriter) -> None:
        self._writer = writer
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Hold so many bytes in all.

        Raises
        ------
        Overloaded
            There is no room for them.
        """
        if size > self.size:
            self._writer.take(size - self.size)
            self.size = size


def _fail(asked: list[_Waiting], error: BaseException) -> None:
    for waiting in asked:
        if not waiting.done.done():
            waiting.done.set_exception(error)
