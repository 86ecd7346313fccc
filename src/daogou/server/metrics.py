"""What ``/metrics`` tells, in Prometheus' words. One registry an application."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    Summary,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from daogou.assistant import LanguageModel
from daogou.store import EventWriter

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


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
    """Counters and histograms of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        self.stages = Summary(
            "daogou_stage_seconds",
            "Time spent in a stage of an answer",
            ["route", "stage"],
            registry=self.registry,
        )
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
        """Time a stage of an answer."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages.labels(route, stage).observe(time.perf_counter() - begun)

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
        return generate_latest(self.registry)
