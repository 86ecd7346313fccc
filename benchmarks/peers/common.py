"""What every peer script shares: sequences in, JSON lines out. Needs numpy alone.

A script is run as ``python -m benchmarks.peers.NAME --data FILE --seconds S``, by a Python that has
its library. FILE is what :meth:`Sequences.write` writes.

It prints a line ``{"seconds", "cpu_s", "examples", "ndcg@10"}`` after every so many seconds of
training, and at the end. An example is one next item that was predicted: an epoch has as many
whether a library cuts a sequence into its beginnings or learns it at once. Seconds are those of
training; neither asking nor getting ready is in them, the latter is in the first line,
``{"ready_s"}``. ``cpu_s`` are those that the process was given, of all its threads.
"""

import argparse
import json
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

    def step(self, examples: int) -> bool:
        """So many more examples were learnt; whether there is time for more."""
        self._trained += self._now() - self._since[0]
        self._worked += self._cpu() - self._since[1]
        self._examples += examples
        over = self._trained >= self._seconds
        if over or self._trained - self._asked >= self._every:
            self._asked = self._trained
            done = {"seconds": self._trained, "cpu_s": self._worked, "examples": self._examples}
            say(**done, **{f"ndcg@{K}": self._ask()})
        self._since = self._now(), self._cpu()
        return not over


def say(**fields: float) -> None:
    """Print a line."""
    print(json.dumps(fields), flush=True)


def arguments() -> argparse.Namespace:
    """``data``, ``seconds``, ``every``, ``threads`` and ``seed``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()
