"""How long, and in how much memory, a shop of a size is imported, trained and served.

    python -m benchmarks.scale --products 100000 --visitors 1000000 --events 10000000 --json FILE

The products are those of :mod:`benchmarks.catalogue`: real texts in two languages, in varied
copies where there are not enough. Popularity is Zipf's, visitors differ in how much they do and
keep to a few categories; a visitor looks at products and puts some into the cart, and buys some of
those. Each step is a process of the command line; its peak resident memory is what the kernel
counted. Row ``growth`` is what a tenth of everything took, and by how much the whole took more.
"""

import argparse
import http.client
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from subprocess import run as run_process
from typing import Any, Final

import numpy as np
import orjson
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.catalogue import Catalogue, real_catalogue
from benchmarks.reporting import document, save
from daogou.cli.results import Row
from daogou.feeds import write_products_jsonl
from daogou.feeds.schemas import EVENT_SCHEMA

ZIPF: Final = 1.05
"""Exponent of the popularity of products."""
ACTIVITY: Final = 1.3
"""Shape of the Pareto distribution of how much a visitor does."""
TASTES: Final = 3
OFF_TASTE: Final = 0.2
KINDS: Final = ("detail-page-view", "add-to-cart", "purchase-complete")
SHARES: Final = (0.7, 0.15, 0.15)
DAYS: Final = 365
END: Final = 1_767_225_600  # 2026-01-01
CHUNK: Final = 500_000
PROGRAM: Final = (sys.executable, "-m", "daogou")
REQUESTS: Final = 300


# The kernel counts into a process's peak what its parent had in memory: so the parent is small.
_LAUNCHER: Final = """
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a shop is."""

    products: int
    visitors: int
    events: int

    @property
    def tenth(self) -> "Size":
        """A tenth of it."""
        return Size(
            max(self.products // 10, 1), max(self.visitors // 10, 1), max(self.events // 10, 1)
        )


@dataclass(frozen=True, slots=True)
class Took:
    """What a step took: seconds of the clock, and peak resident memory in MB."""

    seconds: float
    peak_mb: float


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--visitors", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--demo", type=Path, default=Path(".demo"), help="a built demo shop")
    parser.add_argument("--data", type=Path, help="more products: the data sets beside the project")
    parser.add_argument("--work", type=Path, default=Path(".scale"), help="emptied before")
    parser.add_argument("--format", choices=("parquet", "jsonl"), default="parquet")
    parser.add_argument("--no-growth", action="store_true", help="not the tenth")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    size = Size(options.products, options.visitors, options.events)
    rows: list[Row] = []
    whole = run(options, size)
    rows += [_row(f"daogou {step}", size, took) for step, took in whole.items()]
    if not options.no_growth:
        rows += _growth(whole, run(options, size.tenth))
    _show(rows, size)
    save(options.json, document("scale", arguments, rows))


def run(options: argparse.Namespace, size: Size) -> dict[str, Took]:
    """Make a shop of a size, and take it through its steps."""
    home, feeds = options.work / "home", options.work / "feeds"
    shutil.rmtree(options.work, ignore_errors=True)
    feeds.mkdir(parents=True)
    catalogue = real_catalogue(options.demo, options.data, size.products)
    write_products_jsonl(feeds / "products.jsonl", iter(catalogue))
    files = write_events(feeds, catalogue, size, options.format)
    where = ("--home", str(home))
    return {
        "import products": step("import", "products", feeds / "products.jsonl", *where),
        "import events": step("import", "events", *files, *where),
        "import events again": step("import", "events", *files, *where),
        "train": step("train", "--effort", "quick", *where),
        "backup": step("backup", options.work / "shop.tar", *where),
        "restore": step("restore", options.work / "shop.tar", "--home", options.work / "again"),
        **served(home, catalogue, size),
    }


def step(*words: object) -> Took:
    """Run a command to its end."""
    command = [*PROGRAM, *map(str, words)]
    begun = time.perf_counter()
    done = run_process([sys.executable, "-c", _LAUNCHER, *command], stdout=PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"daogou {' '.join(map(str, words))} failed.")
    return Took(time.perf_counter() - begun, int(done.stdout) / 1024)


def served(home: Path, catalogue: Catalogue, size: Size) -> dict[str, Took]:
    """Start a server, ask it, and see how much memory it has taken."""
    command = [*PROGRAM, "serve", "--home", str(home), "--port", "0"]
    begun = time.perf_counter()
    with Popen(command, stdout=PIPE, text=True) as process:
        try:
            address = _address(process)
            ready = time.perf_counter() - begun
            opened = _peak_mb(process.pid)
            begun = time.perf_counter()
            _ask(address, catalogue, size)
            answered = (time.perf_counter() - begun) / REQUESTS
            return {
                "serve: opening": Took(ready, opened),
                f"serve: one of {REQUESTS} requests": Took(answered, _peak_mb(process.pid)),
            }
        finally:
            process.terminate()
            process.communicate(timeout=60)


def write_events(folder: Path, catalogue: Catalogue, size: Size, kind: str) -> list[Path]:
    """Write feeds of events, half a million at most in each."""
    paths = []
    for number, frame in enumerate(event_frames(catalogue, size)):
        path = folder / f"events-{number:03}.{kind}"
        if kind == "parquet":
            frame.write_parquet(path)
        else:
            with path.open("wb") as file:
                for row in frame.iter_rows(named=True):
                    file.write(orjson.dumps(_without_nulls(row), option=orjson.OPT_APPEND_NEWLINE))
        paths.append(path)
    return paths


def event_frames(catalogue: Catalogue, size: Size) -> Iterator[pl.DataFrame]:
    """The events in order of time, in frames of :data:`CHUNK`."""
    rng = np.random.default_rng(0)
    ids = np.array([product.id for product in catalogue])
    groups = np.unique(
        [product.categories[0] if product.categories else "" for product in catalogue],
        return_inverse=True,
    )[1]
    popular = rng.permutation(len(ids))  # place in the hit parade to product
    by_group = [
        popular[np.isin(popular, np.flatnonzero(groups == g))] for g in range(groups.max() + 1)
    ]
    weight = rng.pareto(ACTIVITY, size.visitors) + 0.05
    cumulated = np.cumsum(weight) / weight.sum()
    taste = rng.integers(len(by_group), size=(size.visitors, TASTES))
    times = np.sort(rng.uniform(END - DAYS * 86_400, END, size.events))
    for start in range(0, size.events, CHUNK):
        count = min(CHUNK, size.events - start)
        visitor = np.searchsorted(cumulated, rng.random(count))
        chosen = taste[visitor, rng.integers(TASTES, size=count)]
        items = popular[_zipf(rng, np.full(count, len(ids)))]
        lengths = np.array([len(group) for group in by_group])[chosen]
        within, stays = _zipf(rng, lengths), rng.random(count) >= OFF_TASTE
        items[stays] = [
            by_group[g][n]
            for g, n in zip(chosen[stays].tolist(), within[stays].tolist(), strict=True)
        ]
        yield _frame(start, visitor, items, times[start : start + count], ids, rng)


def _zipf(rng: np.random.Generator, sizes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Places in hit parades of so many, from 0: the inverse of a continuous Zipf distribution."""
    power = 1 - ZIPF
    drawn = (1 + rng.random(len(sizes)) * ((sizes + 1.0) ** power - 1)) ** (1 / power)
    return np.asarray(np.minimum(drawn.astype(np.int64) - 1, sizes - 1))


def _frame(
    start: int,
    visitor: np.ndarray[Any, Any],
    items: np.ndarray[Any, Any],
    times: np.ndarray[Any, Any],
    ids: np.ndarray[Any, Any],
    rng: np.random.Generator,
) -> pl.DataFrame:
    count = len(visitor)
    kinds = rng.choice(len(KINDS), count, p=SHARES)
    # A basket has some of its neighbours too.
    lengths = np.where(kinds == 2, rng.integers(1, 4, count), 1)
    lines = [
        [{"product": {"id": ids[items[(n + k) % count]]}, "quantity": 1} for k in range(length)]
        for n, length in enumerate(lengths.tolist())
    ]
    return pl.DataFrame(
        {
            "eventType": [KINDS[kind] for kind in kinds.tolist()],
            "visitorId": [f"visitor-{v:08}" for v in visitor.tolist()],
            "eventId": [f"event-{start + n:010}" for n in range(count)],
            "eventTime": pl.Series((times * 1e6).astype(np.int64)).cast(pl.Datetime("us", "UTC")),
            "productDetails": pl.Series(lines, dtype=_lines_type()),
        }
    )


def _lines_type() -> pl.DataType:
    inner = EVENT_SCHEMA["productDetails"].inner  # type: ignore[attr-defined]
    kept = [field for field in inner.fields if field.name in ("product", "quantity")]
    return pl.List(pl.Struct(kept))


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def _address(process: "Popen[str]") -> str:
    for line in process.stdout or ():
        if " is open at " in line:
            return line.split("http://")[1].split()[0]
    raise SystemExit("The server did not start.")


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def _ask(address: str, catalogue: Catalogue, size: Size) -> None:
    with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        _ask_over(connection, catalogue, size)


def _ask_over(connection: http.client.HTTPConnection, catalogue: Catalogue, size: Size) -> None:
    rng = np.random.default_rng(1)
    for number in range(REQUESTS):
        visitor = f"visitor-{int(rng.integers(size.visitors)):08}"
        product = catalogue.products[int(rng.integers(min(size.products, len(catalogue.products))))]
        path, body = (
            "/v1/recommend",
            dict[str, Any](placement="home", userEvent={"visitorId": visitor}),
        )
        if number % 2:
            words = " ".join(product.title.split()[:2])
            path, body = "/v1/search", {"query": words, "visitorId": visitor}
        connection.request("POST", path, orjson.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {content[:300]!r}")


def _row(name: str, size: Size, took: Took) -> Row:
    row: Row = {"name": name, "seconds": round(took.seconds, 3), "peak_mb": round(took.peak_mb, 1)}
    if "events" in name:
        row["per_second"] = round(size.events / took.seconds)
    return row


def _growth(whole: dict[str, Took], tenth: dict[str, Took]) -> list[Row]:
    """How much more ten times as much took, step by step."""
    return [
        {
            "name": f"growth {name}",
            "seconds": round(tenth[name].seconds, 3),
            "peak_mb": round(tenth[name].peak_mb, 1),
            "seconds_growth": round(took.seconds / tenth[name].seconds, 2),
            "memory_growth": round(took.peak_mb / tenth[name].peak_mb, 2),
        }
        for name, took in whole.items()
    ]


def _show(rows: list[Row], size: Size) -> None:
    title = f"{size.products:,} products, {size.visitors:,} visitors, {size.events:,} events"
    table = Table("", "seconds", "peak MB", "a second", "x seconds", "x memory", title=title)
    keys = ("seconds", "peak_mb", "per_second", "seconds_growth", "memory_growth")
    for row in rows:
        table.add_row(str(row["name"]), *(str(row.get(key, "")) for key in keys))
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
