"""How fast a sequence model learns, beside other libraries on the same sequences.

    python -m benchmarks.recommend_speed --data DIR [--json FILE] [--only WORD ...]
        [--python recbole=PATH --python rectools=PATH --python implicit=PATH]

Each contender is trained for as long as the others, one after the other, with as many threads, in a
process of its own, and asked from time to time for the validation's NDCG@10 (leave-one-out, all
items ranked but those that the visitor has had). Then they are trained for a moment on sequences
made of the real ones, of 10,000 to a million events: what a pass over all of them would take, and
how that grows (the exponent: 1 is in proportion). Ratios within one run are what to read; where the
machine has other work, read those of the seconds on the processor, with one thread.

Daogou's rows are its SASRec, of the sizes, the dropout and the learning rate that the other
libraries have; the same with the dropout and the rate that a shop trains with; the towers of the
joint model in their first stage; and ALS, whose iterations are implicit's. They know the
sequences alone, as the others do.

An example is one next item that was predicted and learned from, for all SASRecs alike: RecBole cuts
a sequence into all its beginnings, each an example with one prediction; the others read a sequence
once and predict at each of its places. The towers foretell the first item too, and ALS foretells
nothing: of it, each event counts once in an iteration. So the examples per second of a SASRec are
to be compared with another's, and those of ALS with ALS. ``peak_mb`` is the most that a process
ever held, in MB, its library and its earlier questions counted in.

The other libraries want older versions than daogou's own, so that each has an environment of its
own, given by ``--python``; without it this Python is tried, and a row says what is missing::

    python3 -m venv recbole
    recbole/bin/pip install torch==2.13.0 recbole==1.2.1 "numpy<2" "pandas<3" "setuptools<81"
    recbole/bin/pip install implicit==0.7.3 "numpy<2"
    python3 -m venv rectools
    rectools/bin/pip install torch==2.13.0 "rectools[torch]==0.19.0"
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.peers.common import Sequences
from benchmarks.recommend.dataset import Dataset, joined, offsets_of
from benchmarks.recommend.datasets import read_datasets
from benchmarks.reporting import document, save
from daogou.cli.results import Row
from daogou.errors import FeedError

ROOT: Final = Path(__file__).parents[1]
CHANGED: Final = 0.1
"""Such a share of the items of a copied sequence is drawn anew, so that no two are the same."""
FIGURES: Final = (
    "examples_per_s",
    "examples_per_cpu_s",
    "pass_s",
    "pass_cpu_s",
    "ready_s",
    "peak_mb",
    "goal_s",
    "goal_cpu_s",
    "ndcg@10",
)
TOLD: Final = ("seconds", "cpu_s", "examples", "peak_mb", "ndcg@10")
"""What a script's line tells, in the order of a :class:`Step`."""
GROWING: Final = ("pass_s", "pass_cpu_s", "ready_s")
_CONSOLE: Final = Console(stderr=True)


class Unavailable(Exception):
    """A contender cannot run here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a contender has come.

    Attributes
    ----------
    seconds, cpu_s
        Of training; and those of them that the processor gave it, of all threads.
    examples
        Next items that were predicted.
    peak_mb
        The most that the process has held so far, in MB.
    ndcg
        NDCG@10 on the validation.
    """

    seconds: float
    cpu_s: float
    examples: int
    peak_mb: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What everybody gets: ``seconds`` of training, a question ``every`` so many, ``threads``."""

    seconds: float
    every: float
    threads: int = 1
    seed: int = 0


class Learner(Protocol):
    """A contender.

    Attributes
    ----------
    name
        Ours begin with ``daogou``.
    """

    @property
    def name(self) -> str:
        """Its row."""
        ...

    def learn(self, sequences: Sequences, budget: Budget) -> Iterator[Step]:
        """Train from nothing, and tell of every step; the first one has 0 examples.

        The first step's seconds are those of getting ready, which are not of the training.

        Raises
        ------
        Unavailable
            It cannot run here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """A script of ``benchmarks.peers`` in a process and, if need be, an environment of its own."""

    name: str
    module: str
    python: str = sys.executable
    options: tuple[str, ...] = ()

    def learn(self, sequences: Sequences, budget: Budget) -> Iterator[Step]:
        """See :class:`Learner`."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "sequences.npz"
            sequences.write(path)
            command = [
                self.python, "-m", self.module, "--data", str(path),
                "--seconds", str(budget.seconds), "--every", str(budget.every),
                "--threads", str(budget.threads), "--seed", str(budget.seed),
                *self.options,
            ]  # fmt: skip
            try:
                done = subprocess.run(
                    command, cwd=folder, env=_environment(budget.threads), capture_output=True,
                    text=True, check=False, timeout=20 * budget.seconds + 600,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired) as error:
                raise Unavailable(str(error)) from error
        if done.returncode:
            *_, last = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise Unavailable(last)
        for line in done.stdout.splitlines():
            if line.startswith("{"):  # libraries print too
                told = json.loads(line)
                ready = told.get("ready_s")
                yield (
                    Step(*(told[key] for key in TOLD))
                    if ready is None
                    else Step(ready, math.nan, 0, math.nan, math.nan)
                )


def _environment(threads: int) -> dict[str, str]:
    """Ours, with so many threads and no warnings; BLAS keeps to one, as implicit asks for."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": "1",
    }


OURS: Final[Sequence[Learner]] = (
    Peer("daogou sasrec", "benchmarks.peers.daogou_sasrec"),
    Peer("daogou sasrec, a shop's", "benchmarks.peers.daogou_sasrec", options=("--own",)),
    Peer("daogou towers", "benchmarks.peers.daogou_towers"),
    Peer("daogou als", "benchmarks.peers.daogou_als"),
)
"""Daogou's own contenders; they come first."""


def peers(pythons: Mapping[str, str]) -> list[Learner]:
    """The other libraries, each with the Python that was given for it."""
    return [
        Peer(f"{library} {kind}", f"benchmarks.peers.{library}_{kind}", pythons[library])
        if library in pythons
        else Peer(f"{library} {kind}", f"benchmarks.peers.{library}_{kind}")
        for library, kind in (("recbole", "sasrec"), ("rectools", "sasrec"), ("implicit", "als"))
    ]


def sequences_of(dataset: Dataset, asked: int) -> Sequences:
    """A data set's sequences of three and more items; ``asked`` visitors are drawn."""
    log = dataset.log
    kept = np.flatnonzero(np.diff(log.offsets) >= 3)
    parts = [log.lines.items[log.offsets[v] : log.offsets[v + 1]] for v in kept]
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(kept), min(asked, len(kept)), replace=False)
    lengths = [len(part) for part in parts]
    return Sequences(joined(parts), offsets_of(lengths), dataset.n_items, np.sort(chosen))


def grown(real: Sequences, events: int, seed: int = 0) -> Sequences:
    """Sequences of about so many events: real ones drawn again and again, and changed a little.

    The share :data:`CHANGED` of their items gives way to items drawn by Zipf's law over the
    popularity of the real ones, so that the long tail and the order of most pairs stay.
    """
    rng = np.random.default_rng(seed)
    lengths = np.diff(real.offsets)
    drawn = rng.integers(len(lengths), size=int(events / lengths.mean()) + 1)
    parts = [real.items[real.offsets[v] : real.offsets[v + 1]] for v in drawn]
    items = joined(parts)
    popular = np.argsort(-np.bincount(real.items, minlength=real.n_items), kind="stable")
    chances = 1 / np.arange(1, len(popular) + 1)
    new = rng.random(len(items)) < CHANGED
    items[new] = popular[rng.choice(len(popular), int(new.sum()), p=chances / chances.sum())]
    asked = np.sort(rng.choice(len(drawn), min(len(drawn), len(real.asked)), replace=False))
    return Sequences(items, offsets_of(lengths[drawn].tolist()), real.n_items, asked)


def learn(learner: Learner, sequences: Sequences, budget: Budget, goal: float) -> Row:
    """A contender's row.

    ``pass_s`` is what as many examples as there are training events would take, ``goal_s`` when
    the validation's NDCG first reached the goal, as far as it was asked; that is missing where it
    never came so far. With ``cpu`` in it, a figure counts the seconds on the processor.
    """
    row: Row = {"name": learner.name, "events": len(sequences.items)}
    try:
        steps = list(learner.learn(sequences, budget))
    except Unavailable as reason:
        return row | {"failed": str(reason)}
    if len(steps) < 2:
        return row | {"failed": "it told of no step within the time"}
    row["ready_s"] = steps.pop(0).seconds
    last = steps[-1]
    speed = last.examples / last.seconds
    training = len(sequences.items) - 2 * (len(sequences.offsets) - 1)
    row |= {
        "examples_per_s": speed,
        "examples_per_cpu_s": last.examples / last.cpu_s,
        "pass_s": training / speed,
        "pass_cpu_s": training * last.cpu_s / last.examples,
        "peak_mb": max(step.peak_mb for step in steps),
    }
    row["ndcg@10"] = max(step.ndcg for step in steps)
    reached = next((step for step in steps if step.ndcg >= goal), None)
    if reached is not None:
        row |= {"goal_s": reached.seconds, "goal_cpu_s": reached.cpu_s}
    return row


def exponents(rows: Sequence[Row]) -> list[Row]:
    """How the time of a pass grows from a size to the next: d log(seconds) / d log(events)."""
    found: list[Row] = []
    for name in dict.fromkeys(row["name"] for row in rows):
        series = [row for row in rows if row["name"] == name and "pass_s" in row]
        for less, more in pairwise(series):
            times = math.log(float(more["events"]) / float(less["events"]))
            row: Row = {"name": f"{name}, exponent", "events": more["events"]}
            for figure in GROWING:
                row[figure] = math.log(float(more[figure]) / float(less[figure])) / times
            found.append(row)
    return found


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.recommend_speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data / "amazon14-seq-s3rec")
    parser.add_argument("--set", help="of the folder; the first one without it")
    parser.add_argument("--seconds", type=float, default=600.0, help="of training, each")
    parser.add_argument("--every", type=float, default=30.0, help="seconds between questions")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--goal", type=float, default=0.02, help="the NDCG@10 to be timed")
    parser.add_argument("--asked", type=int, default=2000, help="visitors of the validation")
    parser.add_argument("--events", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--growth-seconds", type=float, default=60.0, help="at each size, each")
    parser.add_argument("--only", nargs="*", metavar="WORD", help="of the contenders' names")
    parser.add_argument("--python", action="append", default=[], metavar="LIBRARY=PATH")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    pythons = dict(pair.split("=", 1) for pair in given.python if "=" in pair)
    sequences = sequences_of(_dataset(given.data, given.set), given.asked)
    learners = [
        learner
        for learner in [*OURS, *peers(pythons)]
        if given.only is None or any(word in learner.name for word in given.only)
    ]
    budget = Budget(given.seconds, given.every, given.threads)
    rows = []
    for learner in learners:
        rows.append(learn(learner, sequences, budget, given.goal))
        _CONSOLE.print(rows[-1], soft_wrap=True)
    moment = Budget(given.growth_seconds, given.growth_seconds, given.threads)
    rows += _grow(learners, sequences, given.events, moment)
    print_table(rows, given.goal)
    save(given.json, document("recommend_speed", arguments, rows))


def _dataset(folder: Path, name: str | None) -> Dataset:
    try:
        datasets = {dataset.name: dataset for dataset in read_datasets(folder)}
    except FeedError as error:
        raise SystemExit(str(error)) from error
    if name is not None and name not in datasets:
        raise SystemExit(f"{folder} has no set named {name}; it has {', '.join(datasets)}.")
    return datasets[name] if name is not None else next(iter(datasets.values()))


def _grow(
    learners: Sequence[Learner],
    real: Sequences,
    sizes: Sequence[int],
    budget: Budget,
) -> list[Row]:
    rows: list[Row] = []
    for size in sorted(sizes):
        sequences = grown(real, size)
        for learner in learners:
            row = learn(learner, sequences, budget, math.inf)
            # How well a copy of a copy is foretold says nothing.
            row.pop("ndcg@10", None)
            rows.append(row | {"name": f"{learner.name}, grown"})
            _CONSOLE.print(rows[-1], soft_wrap=True)
    return [*rows, *exponents(rows)]


def print_table(rows: Sequence[Row], goal: float, console: Console | None = None) -> None:
    """All rows; ``goal_s`` is headed by the goal."""
    goals = {"goal_s": f"s to {goal:g}", "goal_cpu_s": f"cpu_s to {goal:g}"}
    heads = [goals.get(figure, figure) for figure in FIGURES]
    table = Table("", "events", *heads, title="Learning, the same time and threads for each")
    for row in rows:
        cells = [_cell(row, figure) for figure in FIGURES]
        told = [str(row["failed"])] if "failed" in row else cells
        table.add_row(str(row["name"]), f"{int(row['events']):,}", *told)
    (console or Console(width=180)).print(table)


def _cell(row: Row, figure: str) -> str:
    digits = 4 if figure.startswith("ndcg") else 2
    return f"{float(row[figure]):,.{digits}f}" if figure in row else ""


if __name__ == "__main__":
    main(sys.argv[1:])
