"""What all commands have in common on the terminal: messages, progress, next steps."""

import functools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, ParamSpec, Self

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from daogou.errors import DaogouError

P = ParamSpec("P")
_PIPED_WIDTH: Final = 120
INTERRUPTED: Final = 130
"""Exit code of a command that was stopped with Ctrl-C, as shells have it."""


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # Rich takes a pipe for 80 columns wide, which would fold the tables of a log.
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, emoji=False)


out: Final = _console()
"""Results: what a caller may want to redirect."""
err: Final = _console(stderr=True)
"""Progress, warnings and errors."""


def one_blas_thread() -> None:
    """Hold BLAS to one thread; has to be said before numpy is imported.

    Idle threads of OpenBLAS spin: with two of them a query's text took 57 ms under load instead
    of 5.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """A command whose expected errors are one message and exit code 1, never a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except DaogouError as error:
            complain(str(error))
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            err.print("\nStopped.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # `daogou search ... | head` has read enough; Python must not flush into the pipe.
            sys.stderr.close()
            raise typer.Exit(0) from None

    return run


def complain(message: str) -> None:
    """Say what went wrong."""
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


def warn(message: str) -> None:
    """Say what might not be meant."""
    err.print(f"[yellow]Note:[/] {escape(message)}", soft_wrap=True)


def say(message: str) -> None:
    """Print a line of result, as it is."""
    out.print(escape(message), soft_wrap=True)


def what_next(*steps: tuple[str, str]) -> None:
    """Print commands to run next, each with what it does."""
    width = max(len(command) for command, _ in steps)
    out.print("\n[bold]Next[/]")
    for command, purpose in steps:
        padding = " " * (width - len(command))
        out.print(f"  [cyan]{escape(command)}[/]{padding}   {escape(purpose)}", soft_wrap=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something is going on whose length is not known."""
    with err.status(escape(what)):
        yield


class Stages:
    """Progress of stages that follow each other: a bar each, or a line each where none can move.

    Attributes
    ----------
    seconds
        What each stage took, by its name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            disable=not err.is_terminal,
        )
        self._name: str | None = None
        self._bar = TaskID(0)
        self._since = 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
        self._bars.stop()

    def stage(self, name: str, done: int, total: int) -> None:
        """Tell how much of a stage is done; another name than before begins the next stage.

        A stage whose ``total`` is 1 has no parts to count.
        """
        if name != self._name:
            self._finish()
            self._name, self._since = name, time.perf_counter()
            if self._bars.disable:
                err.print(f"{escape(name)} ...", soft_wrap=True)
            self._bar = self._bars.add_task(escape(_sentence(name)), total=None)
        if total > 1:
            self._bars.update(self._bar, completed=done, total=total)

    def within(self, name: str) -> Callable[[int, int], None]:
        """The progress callback of one stage."""
        return functools.partial(self.stage, name)

    def say(self, message: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(escape(message), soft_wrap=True)

    def _finish(self) -> None:
        if self._name is None:
            return
        spent = time.perf_counter() - self._since
        self.seconds[self._name] = self.seconds.get(self._name, 0.0) + spent
        if not self._bars.disable:
            total = self._bars.tasks[-1].total or 1
            self._bars.update(self._bar, completed=total, total=total)
        self._name = None


def _sentence(name: str) -> str:
    return name[:1].upper() + name[1:]


def seconds(value: float) -> str:
    """A time for people: ``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60:02} s"
