"""What ``/metrics`` tells, in Prometheus' words. One registry an application."""

import platform
import time
from collections.abc import Callable, Iterator
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
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Scope

from daogou import __version__
from daogou.assistant import LanguageModel
from daogou.server.tracing import Tracing, tracing_from
from daogou.server.watching import Seen, place, tell_slow, watched, watching
from daogou.store import EventWriter

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_STAGE_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.5)


class _Watched(Collector):
    """The counts of a language model, read when they are asked for."""

    def __init__(self, llm: LanguageModel) -> None:
        self._llm = llm

    def collect(self) -> Iterator[CounterMetricFamily]:
        counts = self._llm.counts
        for name, told, label, values in (
            ("turns", "Turns that asked a language model, by what became of them", "outcome",
             counts.turns),
            ("sentences_cut", "Sentences of it that were cut, by what was wrong with them", "kind",
             counts.cut),
            ("tokens", "Tokens that it cost", "kind", counts.tokens),
        ):  # fmt: skip
            family = CounterMetricFamily(f"daogou_llm_{name}", told, labels=[label])
            for value, number in sorted(dict(values).items()):
                family.add_metric([value], number)
            yield family


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
        self._reads: list[Callable[[], None]] = []
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

    def watch_events(self, writer: EventWriter) -> None:
        """Tell how many events wait to be written, too."""
        waiting = Gauge(
            "daogou_events_waiting",
            "Events that are queued or being written",
            registry=self.registry,
        )
        waiting.set_function(lambda: writer.waiting)

    def watch(self, llm: LanguageModel) -> None:
        """Tell what became of the turns of a language model, too."""
        self.registry.register(_Watched(llm))

    def text(self) -> bytes:
        """The exposition format."""
        for read in self._reads:
            read()
        return generate_latest(self.registry)
