"""``python -m benchmarks.faults``."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

import benchmarks.faults
from benchmarks.faults.scenarios import full_disk, imports, kills, lost_database
from benchmarks.faults.shop import STORES, Shop, StoreKind, database
from benchmarks.reporting import document, save
from daogou.cli.results import Row

_SMALL_BODY = "[server]\nmax_body_bytes = 1048576\n"
_DISK = "32m"


def main(arguments: Sequence[str]) -> None:
    """Break things, print what was lost, and fail where anything was."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.faults",
        description=benchmarks.faults.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--store", choices=STORES, default="sqlite")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--imports", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    console = Console()
    rows = list(measured(options.store, options.kills, options.imports, console.print))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table("", *(str(row["name"]) for row in rows), title="Faults")
    for column in columns[1:]:
        table.add_row(column, *(_shown(row.get(column)) for row in rows))
    console.print(table)
    save(options.json, document("faults", arguments, rows))
    if any(broken(row) for row in rows):
        raise SystemExit(1)


def measured(
    store: StoreKind, killed: int, imported: int, tell: Callable[[str], None]
) -> Iterator[Row]:
    """A row for each kind of fault that can be made here."""
    with tempfile.TemporaryDirectory(prefix="daogou-faults-") as folder:
        root = Path(folder)
        with database(store, root) as (url, _):
            row = kills(Shop(root / "k", url), killed, tell)
            yield {"name": f"daogou kills {store}", **row}
        (root / "i").mkdir()
        with database(store, root / "i") as (url, _):
            row = imports(Shop(root / "i", url), imported, tell)
            yield {"name": f"daogou imports {store}", **row}
        if store == "postgres":
            with database(store, root) as (url, server):
                row = lost_database(Shop(root / "d", url), server, tell)
                yield {"name": "daogou database postgres", **row}
            return
        reason = why_no_disk()
        if reason:
            tell(f"disk: left out, {reason}")
            return
        with small_disk(root / "disk") as disk:
            shop = Shop(root / "f", f"sqlite:///{disk / 'daogou.db'}", _SMALL_BODY)
            yield {"name": "daogou disk sqlite", **full_disk(shop, disk, tell)}


def broken(row: Row) -> bool:
    """Whether a row tells of something that must not be."""
    good = ("intact", "turned", "searched", "healed")
    bad = ("lost", "duplicated", "failures", "tracebacks")
    return any(row.get(key) for key in bad) or any(row.get(key) is False for key in good)


def why_no_disk() -> str:
    """Why no small disk can be made here; empty where it can."""
    if sys.platform != "linux" or os.geteuid():
        return "a small tmpfs needs Linux and root"
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return "mounting is not allowed here"
        subprocess.run(["umount", folder], check=True)  # noqa: S607
    return ""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system in memory that is soon full."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)]
    subprocess.run(command, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
