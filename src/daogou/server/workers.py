"""Several processes on one listening socket, and the one that keeps them going.

Not uvicorn's own supervisor: it gives a worker no other settings than an import string, starts
one that cannot start again and again without a pause, waits without a limit for those that do not
stop, and its workers go on, holding the port, where it is killed. The workers are started anew
(spawn), not forked: the threads and locks of polars, onnxruntime and the database driver do not
survive a fork. What they read of a bundle is mapped from its files, which they share.
"""

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Final

from prometheus_client.multiprocess import mark_process_dead

from daogou.errors import ConfigError
from daogou.server.metrics import FOLDER

CANNOT_START: Final = 3
"""Exit code of a worker that has said why it cannot start."""
UP: Final = "up"
_LOOK_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 20.0
"""Requests under way have ten; then a worker is killed."""
_SOON: Final = 5.0
"""One that ended within so many seconds is started again after a pause."""
_LONGEST_PAUSE: Final = 30.0

Target = Callable[..., None]


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    since: float


class Workers:
    """Starts workers, starts those again that end, and stops all of them with itself.

    Parameters
    ----------
    count
        How many there are to be.
    target
        A function of a module, which a worker runs as ``target(number, listener, pipe, *args)``;
        it sends :data:`UP` and whatever it wants to tell through ``pipe`` once it answers, ends
        on SIGTERM, and calls :func:`end_with_parent`.
    listener
        The socket that all of them listen on.
    """

    def __init__(self, count: int, target: Target, listener: socket.socket, *args: object) -> None:
        self._count = count
        self._target = target
        self._listener = listener
        self._args = args
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, float] = {}
        self._pauses: dict[int, float] = {}
        self._stop = threading.Event()
        self._ever_up = False

    def run(self, started: Callable[[Any], None], died: Callable[[str], None]) -> None:
        """Keep them going until SIGINT or SIGTERM.

        Parameters
        ----------
        started
            Called once, with what the first worker that answers has told.
        died
            Told of each worker that ended by itself.

        Raises
        ------
        ConfigError
            No worker could start; each has said why.
        """
        with tempfile.TemporaryDirectory(prefix="daogou-metrics-") as folder, self._signals():
            os.environ[FOLDER] = folder
            try:
                self._due = dict.fromkeys(range(self._count), 0.0)
                while not self._stop.is_set():
                    self._start_due()
                    self._listen(started)
                    self._bury(folder, died)
            finally:
                self._end()
                del os.environ[FOLDER]

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [n for n, due in self._due.items() if due <= now]:
            del self._due[number]
            mine, theirs = self._context.Pipe()
            process = self._context.Process(
                target=self._target,
                args=(number, self._listener, theirs, *self._args),
                name=f"daogou-worker-{number}",
            )
            process.start()
            theirs.close()
            self._workers[number] = _Worker(process, mine, now)

    def _listen(self, started: Callable[[Any], None]) -> None:
        """Wait a moment for a worker that answers, or ends."""
        pipes = {w.pipe: n for n, w in self._workers.items() if not w.pipe.closed}
        ends = [worker.process.sentinel for worker in self._workers.values()]
        for ready in wait([*pipes, *ends], timeout=_LOOK_SECONDS):
            if not isinstance(ready, Connection):
                continue
            try:
                word, told = ready.recv()
            except (EOFError, OSError):
                ready.close()
                continue
            if word == UP:
                self._pauses.pop(pipes[ready], None)
                if not self._ever_up:
                    self._ever_up = True
                    started(told)

    def _bury(self, folder: str, died: Callable[[str], None]) -> None:
        for number, worker in list(self._workers.items()):
            code = worker.process.exitcode
            if code is None or self._stop.is_set():
                continue
            del self._workers[number]
            worker.process.join()
            worker.pipe.close()
            # What it told of its present state; what it counted stays counted.
            mark_process_dead(worker.process.pid, folder)  # type: ignore[no-untyped-call]
            if code == CANNOT_START and not self._ever_up:
                raise ConfigError("No worker could start: see above for the reason.")
            pause = 0.0
            if time.monotonic() < worker.since + _SOON or code == CANNOT_START:
                pause = min(max(1.0, 2 * self._pauses.get(number, 0.0)), _LONGEST_PAUSE)
            self._pauses[number] = pause
            self._due[number] = time.monotonic() + pause
            died(f"worker {number} ended with code {code}; it is started again.")

    def _end(self) -> None:
        """Have all of them finish what is under way, and end."""
        for worker in self._workers.values():
            worker.process.terminate()
        until = time.monotonic() + _STOP_SECONDS
        for worker in self._workers.values():
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stop.set()

        before = {kind: signal.signal(kind, stop) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)


def end_with_parent(pipe: Connection) -> None:
    """Have this worker stop in order when the process that started it is gone, however it went."""

    def watch() -> None:
        try:
            pipe.recv()  # nothing is ever sent: it ends with the other end
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
