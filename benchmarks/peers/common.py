"""What every contender's script shares: sequences in, JSON lines out. Needs numpy alone.

A script is run as ``python -m benchmarks.peers.NAME --data FILE --seconds S``, by a Python that has
its library. FILE is what :meth:`Sequences.write` writes.

It prints a line ``{"seconds", "cpu_s", "examples", "peak_mb", "ndcg@10"}`` after every so many
seconds of training, and at the end. Seconds are those of training; neither asking nor getting
ready is in them, the latter is in the first line, ``{"ready_s"}``. ``cpu_s`` are those that the
process was given, of all its threads. ``peak_mb`` is the largest that the process has ever been,
its library and its earlier questions counted in.

An example is one next item that was predicted and learned from, whatever a library calls so. Of a
visitor with n training items, a pass over the data has

- n - 1 with RecBole, which cuts the sequence into n - 1 beginnings, each an example of its own;
- n - 1 with RecTools and daogou's SASRec, which read the sequence once and predict at each place;
- n with daogou's towers, which foretell the first item too, from the start token;
- n with ALS, which foretells nothing: it solves for the visitors' and the items' vectors once in
  an iteration, by all n purchases.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
K = 10
WIDTH, HEADS, BLOCKS, LONGEST, DROPOUT, RATE = 64, 2, 2, 50, 0.5, 1e-3
"""SASRec as its authors set it up for Beauty (Kang and McAuley, ICDM 2018), for every library."""


@dataclass
class Sequences:
    """What was bought, of N visitors with 3 items or more.

    Attributes
    ----------
    items
        All visitors' items in one, each visitor's oldest first, [L].
    offsets
        Where each visitor's items begin, [N + 1].
    n_items
        Items are numbered below it.
    asked
        The visitors whose second last item is the question. Leave-one-out: the last one is
        the test's, and nobody looks at it.
    """

    items: Array
    offsets: Array
    n_items: int
    asked: Array

    def write(self, path: Path) -> None:
        """Write a file: an npz with the four."""
        np.savez(
            path, items=self.items, offsets=self.offsets, n_items=self.n_items, asked=self.asked
        )

    @classmethod
    def read(cls, path: Path) -> "Sequences":
        """Read a file."""
        with np.load(path) as file:
            return cls(file["items"], file["offsets"], int(file["n_items"]), file["asked"])

    def training(self) -> list[Array]:
        """What each visitor bought before the last two, N arrays."""
        ends = self.offsets[1:] - 2
        pairs = zip(self.offsets[:-1], ends, strict=True)
        return [self.items[start : max(start, end)] for start, end in pairs]

    def answers(self) -> Array:
        """The item in question of each asked visitor."""
        return np.asarray(self.items[self.offsets[self.asked + 1] - 2])


def ndcg(lists: Array, answers: Array) -> float:
    """Mean NDCG of one answer each, [Q], in lists of :data:`K` items, [Q, K]; -1 is no item."""
    place = np.argmax(lists == answers[:, None], axis=1)
    right = (lists == answers[:, None]).any(axis=1)
    return float(np.mean(np.where(right, 1 / np.log2(place + 2), 0.0)))


def best(scores: Array, seen: list[Array]) -> Array:
    """The :data:`K` best items of scores [Q, V], without those that each visitor has had."""
    for row, items in enumerate(seen):
        scores[row, items] = -np.inf
    found = np.argpartition(-scores, K, axis=1)[:, :K]
    order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1)
    return np.take_along_axis(found, order, axis=1)


def peak_mb() -> float:
    """How large this process, or a child of it, has ever been, in MB (of 10^6 bytes).

    Linux counts into ``ru_maxrss`` of a process how large the one was that started it, so that
    there the process's own figure is read from where a new program begins anew.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (
        resource.getrusage(who).ru_maxrss * unit / 1e6
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    status = Path("/proc/self/status")
    if status.is_file():
        told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        own = float(told["VmHWM"].split()[0]) * 1024 / 1e6
    return max(own, children)


class Over(Exception):
    """The time is over."""


class Clock:
    """Counts examples and seconds of training, and asks whenever it is time.

    Parameters
    ----------
    ask
        Gives the NDCG of the model as it is.
    seconds
        Training ends after so many.
    every
        Seconds from one question to the next.
    now, cpu
        The time, and that of the processor, in seconds.
    """

    def __init__(
        self,
        ask: Callable[[], float],
        seconds: float,
        every: float,
        now: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._ask, self._seconds, self._every = ask, seconds, every
        self._now, self._cpu = now, cpu
        self._trained = self._worked = self._asked = 0.0
        self._examples = 0
        self._since = now(), cpu()

    @property
    def share(self) -> float:
        """How much of the time is over, from 0 to 1."""
        return min(self._trained / self._seconds, 1.0)

    def step(self, examples: int) -> bool:
        """So many more examples were learnt; whether there is time for more."""
        self._trained += self._now() - self._since[0]
        self._worked += self._cpu() - self._since[1]
        self._examples += examples
        over = self._trained >= self._seconds
        if over or self._trained - self._asked >= self._every:
            self._asked = self._trained
            done = {"seconds": self._trained, "cpu_s": self._worked, "examples": self._examples}
            say(**done, peak_mb=peak_mb(), **{f"ndcg@{K}": self._ask()})
        self._since = self._now(), self._cpu()
        return not over

    def step_or_stop(self, examples: int) -> None:
        """As :meth:`step`, for a training that ends by an exception alone.

        Raises
        ------
        Over
            There is no time for more.
        """
        if not self.step(examples):
            raise Over


def say(**fields: float) -> None:
    """Print a line."""
    print(json.dumps(fields), flush=True)


def arguments(parser: argparse.ArgumentParser | None = None) -> argparse.Namespace:
    """``data``, ``seconds``, ``every``, ``threads`` and ``seed``, beside a parser's own."""
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()
