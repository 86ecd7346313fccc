"""``python -m benchmarks.faults``."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

import benchmarks.faults
from benchmarks.faults.builds import SETTINGS, product_imports, swaps, trainings
from benchmarks.faults.scenarios import full_disk, imports, kills, lost_database
from benchmarks.faults.shop import STORES, Shop, StoreKind, database
from benchmarks.reporting import document, save
from daogou.cli.results import Row

_SMALL_BODY = "[server]\nmax_body_bytes = 1048576\n"
_DISK = "32m"
NOT_MEASURED = "not measured"


def main(arguments: Sequence[str]) -> None:
    """Break things, print what was lost, and fail where anything was."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.faults",
        description=benchmarks.faults.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--store", choices=(*STORES, "both"), default="both")
    parser.add_argument("--kills", type=int, default=100, help="of the server")
    parser.add_argument("--builds", type=int, default=20, help="of imports, trainings, swaps each")
    parser.add_argument("--quick", action="store_true", help="3 kills of the server, 2 of the rest")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if options.quick:
        options.kills, options.builds = 3, 2
    console = Console()
    rows: list[Row] = []
    for store in STORES if options.store == "both" else (options.store,):
        rows.extend(measured(store, options.kills, options.builds, console.print))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table("", *(str(row["name"]) for row in rows), title="Faults")
    for column in columns[1:]:
        table.add_row(column, *(_shown(row.get(column)) for row in rows))
    console.print(table)
    save(options.json, document("faults", arguments, rows))
    if any(broken(row) for row in rows):
        raise SystemExit(1)


def measured(
    store: StoreKind, killed: int, built: int, tell: Callable[[str], None]
) -> Iterator[Row]:
    """A row for each kind of fault, and how many seconds it took."""

    def row(name: str, work: Callable[[], Row]) -> Row:
        begun = time.monotonic()
        found = work()
        return {"name": f"daogou {name} {store}", **found, "seconds": time.monotonic() - begun}

    with tempfile.TemporaryDirectory(prefix="daogou-faults-") as folder:
        root = Path(folder)
        with database(store, root) as (url, _):
            yield row("kills", lambda: kills(Shop(root / "kills", url), killed, tell))
        (root / "imports").mkdir()
        with database(store, root / "imports") as (url, _):
            shop = Shop(root / "imports", url)
            yield row("imports events", lambda: imports(shop, built, tell))
            yield row("imports products", lambda: product_imports(shop, built, tell))
        (root / "built").mkdir()
        with database(store, root / "built") as (url, _):
            shop = Shop(root / "built", url, SETTINGS)
            yield row("trainings", lambda: trainings(shop, built, tell))
            yield row("swaps", lambda: swaps(shop, built, tell))
        if store == "postgres":
            with database(store, root) as (url, server):
                shop = Shop(root / "away", url)
                yield row("database", lambda: lost_database(shop, server, tell))
        elif reason := why_no_disk():
            yield {"name": f"daogou disk {store}", NOT_MEASURED: reason}
        else:
            with small_disk(root / "disk") as disk:
                shop = Shop(root / "full", f"sqlite:///{disk / 'daogou.db'}", _SMALL_BODY)
                yield row("disk", lambda: full_disk(shop, disk, tell))


def broken(row: Row) -> bool:
    """Whether a row tells of something that must not be."""
    good = ("intact", "turned", "searched", "healed")
    bad = ("lost", "duplicated", "failures", "corrupt", "left", "tracebacks")
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
    if isinstance(value, float):
        return f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
