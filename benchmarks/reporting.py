"""One shape for what a benchmark found."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daogou.cli.results import Row, commit, machine, write_json
from daogou.evaluation import Interval


def document(name: str, arguments: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    """``{"name", "command", "commit", "machine", "rows"}``, as ``daogou evaluate`` writes it."""
    return {
        "name": name,
        "command": shlex.join(["python", "-m", f"benchmarks.{name}", *arguments]),
        "commit": commit(),
        "machine": machine(),
        "rows": list(rows),
    }


def save(path: Path | None, found: dict[str, Any]) -> None:
    """Write it where a path was given."""
    if path is not None:
        write_json(path, found)


def spread(metric: str, interval: Interval) -> Row:
    """A mean and its bounds as three cells of a row."""
    return {metric: interval.mean, f"{metric}_low": interval.low, f"{metric}_high": interval.high}


def shown(interval: Interval, digits: int = 3) -> str:
    """A mean and its bounds for reading."""
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
