"""Fit one model to one data set and ask it all cases, in a process of its own."""

import re
import resource
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import Progress

from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.datasets import read_datasets
from daogou.evaluation import Contender, Metric, View, evaluate, metric_name
from daogou.features import Basket
from daogou.features.items import Float64

METRICS: Final[tuple[Metric, ...]] = ("ndcg", "recall", "hr", "mrr")
MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the table to be.

    Attributes
    ----------
    name
        Ours begin with ``daogou``.
    fit
        Fits to ``dataset.final_until`` (or to ``dataset.until`` where it chooses on the
        validation) with a seed. A function of a module: it is run in another process.
    seeded
        Whether another seed gives another model; otherwise it is fitted once.
    suits
        Whether it can work with a data set: one that reads texts wants some.
    """

    name: str
    fit: Callable[[Dataset, int], Contender]
    seeded: bool = False
    suits: Callable[[Dataset], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is told.

    Attributes
    ----------
    folder, dataset
        Where the data are, and which set of them.
    fit
        See :class:`Model`.
    validation
        Ask the validation's cases, not the test's.
    cases
        So many of them alone, drawn once for all models; None for all.
    """

    folder: Path
    dataset: str
    fit: Callable[[Dataset, int], Contender]
    seed: int = 0
    k: int = 10
    validation: bool = False
    cases: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What one fit reached and took.

    Attributes
    ----------
    values
        Metric to its value of each case, [N]; see :func:`cell` for the names.
    coverage
        Share of the catalogue that was recommended to anybody.
    fit_s, query_ms
        Seconds of fitting, and the median time of one case's lists.
    peak_mb
        The most memory of the process, over what it had with the data alone; NaN where it
        was no process of its own.
    """

    values: Mapping[str, Float64]
    coverage: float
    fit_s: float
    query_ms: float
    peak_mb: float


def cases_of(dataset: Dataset, job: Job) -> tuple[Basket, ...]:
    """The cases that a job asks, in the set's order."""
    cases = dataset.validation if job.validation else dataset.test
    if job.cases is None or job.cases >= len(cases):
        return cases
    drawn = np.random.default_rng(0).choice(len(cases), job.cases, replace=False)
    return tuple(cases[row] for row in np.sort(drawn).tolist())


def cell(metric: Metric, k: int, view: View, views: tuple[View, ...]) -> str:
    """A metric's name in a row: ``ndcg@10`` in the view that counts, ``ndcg@10_explore`` beside."""
    return metric_name(metric, k, "all" if view == views[0] else view)


def measure(job: Job, progress: Callable[[int, int], None] = lambda *_: None) -> Measured:
    """Do it in this process."""
    dataset = _read(job.folder, job.dataset)
    start = time.perf_counter()
    contender = job.fit(dataset, job.seed)
    fitted = time.perf_counter() - start
    (result,) = evaluate(
        [contender],
        dataset.log,
        cases_of(dataset, job),
        dataset.n_items,
        k=job.k,
        views=dataset.views,
        metrics=METRICS,
        longest=dataset.longest,
        progress=progress,
    )
    values = {
        cell(metric, job.k, view, dataset.views): result.values[metric_name(metric, job.k, view)]
        for view in dataset.views
        for metric in METRICS
    }
    asked = float(np.median(result.seconds)) * 1e3 if len(result.seconds) else float("nan")
    return Measured(values, result.coverage, fitted, asked, float("nan"))


def measure_apart(job: Job) -> Measured | str:
    """Do it in a new process, whose memory is its own; the reason where it does not come to an end.

    One model that fails, or is killed for the memory it takes, leaves the others their rows.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_measure_with_memory, job).result()
        except BrokenProcessPool:
            return "its process was killed, most likely for want of memory"
        except Exception as error:
            return f"{type(error).__name__}: {error}"


def _measure_with_memory(job: Job) -> Measured:
    _read(job.folder, job.dataset)
    _forget_peak()
    before = _peak()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(job.dataset, total=None)
        found = measure(job, lambda done, total: bar.update(task, completed=done, total=total))
    megabytes = (_peak() - before) / MEGABYTE
    return Measured(found.values, found.coverage, found.fit_s, found.query_ms, megabytes)


def _forget_peak() -> None:
    """Let the peak begin anew, so that what reading took is not in it; where Linux allows."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The most bytes that this process has had."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
        if found:
            return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


@lru_cache(maxsize=1)
def _read(folder: Path, name: str) -> Dataset:
    return next(dataset for dataset in read_datasets(folder) if dataset.name == name)
