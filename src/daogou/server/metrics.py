"""What ``/metrics`` tells, in Prometheus' words. One registry an application.

Where several workers serve, prometheus_client's multiprocess mode adds them up: each writes its
numbers into files of a folder that :data:`FOLDER` names, and whichever is asked reads all of them.
The variable has to be set before prometheus_client is imported.
"""

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import Scope

from daogou import __version__
from daogou.assistant import LanguageModel
from daogou.engine.following import OUTCOMES, Outcome
from daogou.server.tracing import Tracing, tracing_from
from daogou.server.watching import Seen, place, tell_slow, watched, watching
from daogou.store import EventWriter

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_STAGE_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.5)


FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder of a server's workers; prometheus_client's own."""


class Metrics:
    """Counters and histograms of one application, and its traces where those are asked for.

    Parameters
    ----------
    slow_seconds
        Requests that take longer are logged with their stages; 0 logs none.
    tracing
        By default what OpenTelemetry's variables say.
    """

    def __init__(self, slow_seconds: float = 0.0, tracing: Tracing | None = None) -> None:
        self.registry = CollectorRegistry()
        self._slow = slow_seconds
        self._tracing = tracing or tracing_from()
        self._shared = FOLDER in os.environ
        self._lock = threading.Lock()
        self._reads: list[Callable[[], None]] = []
        self._taken_up: list[Callable[[], None]] = []
        self._serving: str | None = None
        self.latency = Histogram(
            "daogou_http_request_seconds",
            "Time from the request's head to the end of the answer",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.requests = Counter(
            "daogou_http_requests",
            "Answered requests",
            ["method", "route", "code"],
            registry=self.registry,
        )
        self.stages = Histogram(
            "daogou_stage_seconds",
            "Time spent in a stage of an answer",
            ["route", "stage"],
            buckets=_STAGE_BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "daogou_http_requests_in_progress",
            "Requests that are being answered",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        build = Gauge(
            "daogou_build_info",
            "1, with the versions of Daogou and Python",
            ["version", "python"],
            registry=self.registry,
            multiprocess_mode="max",
        )
        build.labels(__version__, platform.python_version()).set(1)
        self.events = Counter(
            "daogou_events",
            "Events that were sent, by what became of them: accepted, duplicate, refused, ignored",
            ["outcome"],
            registry=self.registry,
        )
        self.bundles = Counter(
            "daogou_bundle_changes",
            "New bundles, by what became of them: swapped, refused, failed, unfetched",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in OUTCOMES:  # an alert wants to see it rise from 0
            self.bundles.labels(outcome)
        self._bundle = Gauge(
            "daogou_bundle_workers",
            "Workers that serve a bundle; 'none' without a model",
            ["bundle"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        if self._shared:
            memory = Gauge(
                "daogou_worker_resident_bytes",
                "Resident memory of each worker, shared pages included",
                registry=self.registry,
                multiprocess_mode="liveall",
            )
            self._taken_up.append(lambda: memory.set(_resident_bytes()))
        else:
            ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    @contextmanager
    def stage(self, route: str, stage: str) -> Iterator[None]:
        """Time a stage of an answer, and trace it."""
        span = self._tracing.stage(route, stage) if self._tracing else nullcontext()
        with span:
            begun = time.perf_counter()
            try:
                yield
            finally:
                seconds = time.perf_counter() - begun
                self.stages.labels(route, stage).observe(seconds)
                if seen := watched():
                    seen.spent(stage, seconds)

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Seen]:
        """Count, time and trace a request; whoever answers it says the status."""
        span = self._tracing.request(scope["method"], scope["headers"]) if self._tracing else None
        with (
            watching(scope) as seen,
            span or nullcontext() as traced,
            self.in_progress.track_inprogress(),
        ):
            if traced:
                seen.trace_id = traced[1]
            begun = time.perf_counter()
            try:
                yield seen
            finally:
                seconds = time.perf_counter() - begun
                method, route = place(scope)
                self.latency.labels(method, route).observe(seconds)
                self.requests.labels(method, route, str(seen.status)).inc()
                if self._tracing and traced:
                    self._tracing.ended(traced[0], method, route, seen.status)
                if 0 < self._slow < seconds:
                    tell_slow(seen, method, route, seconds)

    def before_telling(self, read: Callable[[], None]) -> None:
        """Have something brought up to date each time before the metrics are told."""
        self._reads.append(read)

    def bundle(self, outcome: Outcome) -> None:
        """Count what became of a new bundle."""
        self.bundles.labels(outcome).inc()

    def watch_bundle(self, serving: Callable[[], str | None]) -> None:
        """Tell which bundle is served, too; ``serving`` says its id, or None without one."""

        def take_up() -> None:
            now = serving() or "none"
            if self._serving not in (None, now):
                if self._shared:
                    self._bundle.labels(self._serving).set(0)  # files of workers keep what was
                else:
                    self._bundle.remove(self._serving)
            self._bundle.labels(now).set(1)
            self._serving = now

        self._taken_up.append(take_up)

    def watch_events(self, writer: EventWriter) -> None:
        """Tell how many events wait to be written, too."""
        waiting = Gauge(
            "daogou_events_waiting",
            "Events that are queued or being written",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._taken_up.append(lambda: waiting.set(writer.waiting))

    def watch(self, llm: LanguageModel) -> None:
        """Tell what became of the turns of a language model, too."""
        counts = llm.counts
        for name, told, label, values in (
            ("turns", "Turns that asked a language model, by what became of them", "outcome",
             counts.turns),
            ("sentences_cut", "Sentences of it that were cut, by what was wrong with them", "kind",
             counts.cut),
            ("tokens", "Tokens that it cost", "kind", counts.tokens),
        ):  # fmt: skip
            counter = Counter(f"daogou_llm_{name}", told, [label], registry=self.registry)
            self._taken_up.append(_difference(counter, values))

    def take_up(self) -> None:
        """Read what is watched; workers do so every second, for whichever of them is asked."""
        with self._lock:
            for read in self._taken_up:
                read()

    def text(self) -> bytes:
        """The exposition format."""
        for read in self._reads:
            read()
        self.take_up()
        if not self._shared:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        PlatformCollector(registry=everyone)
        return generate_latest(everyone)


def _difference(counter: Counter, values: Mapping[str, int]) -> Callable[[], None]:
    """Brings a counter to what somebody else has counted."""
    known: dict[str, int] = {}

    def take_up() -> None:
        for label, number in sorted(dict(values).items()):
            counter.labels(label).inc(number - known.get(label, 0))
            known[label] = number

    return take_up


def _resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
