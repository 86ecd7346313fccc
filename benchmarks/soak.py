"""Half an hour of shoppers, while the shop changes under them: nothing may fail, memory stays flat.

    python -m benchmarks.soak --minutes 30 --home .load/10000-100 --json FILE [--rate 10]

The home is one that ``benchmarks.serve`` has made; a copy of it is served. A client in a process of
its own asks for the whole time (the mix of :mod:`benchmarks.load.shoppers`, an open loop). Besides,
evenly over that time: 30 changes of prices over HTTP, 50 products each; 6 imports by
``daogou import products`` in a process of its own, 200 products each with other titles and 20 new
ones; and two swaps of the bundle, to a twin of it and back, each waited for in ``/readyz``.

``mb_per_hour`` is the slope of the server's resident memory after a warm-up of a fifth of the time,
by least squares over means of short stretches, with its 95% interval. Events and new products do
take memory: a slope that is not zero is to be held against what came in.
"""

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks.catalogue import Catalogue, database
from benchmarks.load.client import Answer, Plan, Result, percentile
from benchmarks.load.server import Server, served
from benchmarks.load.shoppers import CONFIRMED, Shoppers
from benchmarks.reporting import document, save, shown, spread
from daogou.bundle import Bundle, activate
from daogou.bundle.manifest import NAME
from daogou.cli.results import Row
from daogou.evaluation import Interval
from daogou.feeds import write_products_jsonl
from daogou.feeds.codec import product_to_json
from daogou.store import Store
from daogou.types import Money, Product

MEGABYTE: Final = 1 << 20
PRICES, IMPORTS, SWAPS = 30, 6, 2
CHANGES: Final = {"prices": PRICES, "imports": IMPORTS, "swaps": SWAPS}
REPRICED, RETITLED, ADDED = 50, 200, 20
WARM_UP: Final = 0.2
"""Share of the time that the slope does not look at."""
STRETCHES: Final = 20
"""Neighbouring samples of memory are alike, so the slope is that of the means of so many parts."""
FOLLOWED_WITHIN: Final = 60.0
MOST_QUERIES: Final = 100_000


@dataclass(slots=True)
class Watched:
    """What was seen of the server while it ran.

    Attributes
    ----------
    memory
        Seconds from the start, and bytes resident.
    done
        How often each kind of change was made.
    failed
        What went wrong with a change.
    followed
        Seconds from each swap until the server was with the other bundle; it is missing where
        that took longer than :data:`FOLLOWED_WITHIN`.
    """

    memory: list[tuple[float, int]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANGES, 0))
    failed: list[str] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)


class Shop:
    """Changes what is served, as a merchant would."""

    def __init__(self, home: Path, server: Server, watched: Watched, patience: float) -> None:
        self._patience = patience
        self._home = home
        self._server = server
        self._watched = watched
        with Store.open(database(home), create=False) as store:
            self._products = list(store.iter_products())
        self._rng = np.random.default_rng(7)
        current = Bundle.current(home / "bundles")
        self._bundles = [current, twin(current)] if current else []

    def change(self, kind: str) -> None:
        """Make one change, and note what became of it."""
        made = {"prices": self._prices, "imports": self._import, "swaps": self._swap}[kind]
        try:
            made()
            self._watched.done[kind] += 1
        except (OSError, SystemExit, subprocess.SubprocessError) as error:
            self._watched.failed.append(f"{kind}: {error}")

    def _some(self, number: int) -> list[Product]:
        rows = self._rng.choice(len(self._products), min(number, len(self._products)), False)
        return [self._products[row] for row in rows.tolist()]

    def _prices(self) -> None:
        now = [
            replace(p, price=Money(int(self._rng.integers(99, 9_999)), p.price.currency))
            for p in self._some(REPRICED)
            if p.price
        ]
        self._server.close()
        body = {"products": [product_to_json(product) for product in now]}
        self._server.send("PUT", "/v1/products", json.dumps(body).encode())

    def _import(self) -> None:
        mark = f"{self._watched.done['imports'] + 1}"
        some = self._some(RETITLED + ADDED)
        changed = [replace(p, title=f"{p.title} {mark}") for p in some[:RETITLED]]
        new = [replace(p, id=f"{p.id}-new-{mark}", gtin=None, variants=()) for p in some[RETITLED:]]
        feed = self._home / "feed.jsonl"
        write_products_jsonl(feed, [*changed, *new])
        command = [sys.executable, "-m", "daogou", "import", "products", str(feed)]
        subprocess.run(
            [*command, "--home", str(self._home)], check=True, capture_output=True, timeout=600
        )

    def _swap(self) -> None:
        if not self._bundles:
            raise OSError("the home has no bundle to swap")
        self._bundles.reverse()
        activate(self._home / "bundles", self._bundles[0])
        begun = time.monotonic()
        while time.monotonic() - begun < self._patience:
            self._server.close()
            if json.loads(self._server.get("/readyz"))["bundle"] == self._bundles[0].id:
                self._watched.followed.append(time.monotonic() - begun)
                return
            time.sleep(0.2)


def twin(bundle: Bundle) -> Bundle:
    """The same bundle under another id, beside it."""
    id_ = f"{bundle.id}-twin"
    folder = bundle.folder.with_name(id_)
    shutil.copytree(bundle.folder, folder)
    (folder / NAME).write_bytes(replace(bundle.manifest, id=id_).to_json())
    return Bundle.open(folder)


def main(arguments: list[str]) -> None:
    """Serve a copy of the home, watch it, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--home", type=Path, required=True, help="made by benchmarks.serve")
    parser.add_argument("--rate", type=float, default=10.0, help="requests due in a second")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if not (options.home / "daogou.db").exists():
        raise SystemExit(
            f"{options.home} has no shop; `python -m benchmarks.serve --quick` makes one"
        )
    with TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        shutil.copytree(options.home, home)
        result, watched = soak(home, 60 * options.minutes, options.rate)
    rows = found(result, watched, 60 * options.minutes)
    _print(rows)
    save(options.json, document("soak", arguments, rows))


def soak(home: Path, seconds: float, rate: float) -> tuple[Result, Watched]:
    """Serve a home for some seconds; it is changed."""
    watched = Watched()
    with Store.open(database(home), create=False) as store:
        products = tuple(store.iter_products())
        visitors = store.event_lines(types=[CONFIRMED])["visitor_id"].unique().sort().to_list()
    number = max(round(seconds * rate), 1)
    most = min(number, MOST_QUERIES)
    asked = Shoppers(Catalogue(products, len(products)), visitors, most).mix(number)
    with served(home) as server:
        shop = Shop(home, server, watched, min(FOLLOWED_WITHIN, seconds / 10))
        plan = Plan("127.0.0.1", server.port, rate, asked.calls, asked.talks)
        with _asking(plan, Path(home) / "answers.json") as finished:
            begun = time.monotonic()
            with _watching(server, watched, seconds):
                for due, kind in timetable(seconds):
                    time.sleep(max(due - (time.monotonic() - begun), 0))
                    shop.change(kind)
            result = finished()
    return result, watched


def timetable(seconds: float) -> list[tuple[float, str]]:
    """When which change is due, in order: those of a kind evenly over the time."""
    return sorted(
        (seconds * (n + 1) / (number + 1), kind)
        for kind, number in CHANGES.items()
        for n in range(number)
    )


@contextmanager
def _asking(plan: Plan, answers: Path) -> Iterator[Callable[[], Result]]:
    with (
        answers.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load.client"],
            stdin=subprocess.PIPE, stdout=out, text=True,
        ) as client,
    ):  # fmt: skip
        assert client.stdin is not None  # noqa: S101  # asked for above
        client.stdin.write(json.dumps(asdict(plan)))
        client.stdin.close()

        def finished() -> Result:
            if client.wait():
                raise SystemExit("the client failed")
            return Result.from_json(answers.read_text())

        try:
            yield finished
        finally:
            if client.poll() is None:
                client.terminate()


@contextmanager
def _watching(server: Server, watched: Watched, seconds: float) -> Iterator[None]:
    stopped, begun = threading.Event(), time.monotonic()

    def watch() -> None:
        while not stopped.wait(min(1.0, seconds / 100)):
            watched.memory.append((time.monotonic() - begun, server.resident()))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
        stopped.wait(max(seconds - (time.monotonic() - begun), 0))
    finally:
        stopped.set()
        thread.join()


def slope(samples: Sequence[tuple[float, int]], seconds: float) -> Interval:
    """Megabytes an hour after the warm-up, with the 95% interval of least squares."""
    late = np.array([s for s in samples if s[0] >= WARM_UP * seconds], float)  # [N, 2]
    means = np.array([part.mean(axis=0) for part in np.array_split(late, STRETCHES) if len(part)])
    line = stats.linregress(means[:, 0] / 3600, means[:, 1] / MEGABYTE)
    reach = float(stats.t.ppf(0.975, len(means) - 2) * line.stderr)
    rise = float(line.slope)
    return Interval(rise, rise - reach, rise + reach)


def found(result: Result, watched: Watched, seconds: float) -> list[Row]:
    """One row of the whole, and one for each minute."""
    row: Row = {"name": "soak", "minutes": seconds / 60}
    row |= _of(result.answers)
    row |= {"resident_mb": watched.memory[-1][1] / MEGABYTE}
    row |= spread("mb_per_hour", slope(watched.memory, seconds))
    row |= {"client_cpu": result.cpu / result.wall}
    row |= dict(watched.done)
    row |= {"changes_failed": len(watched.failed), "swaps_followed": len(watched.followed)}
    if watched.followed:
        row["swap_s"] = max(watched.followed)
    for place, why in enumerate(watched.failed):
        row[f"failed_{place}"] = why
    rows = [row]
    for minute in range(int(np.ceil(seconds / 60))):
        some = [a for a in result.answers if minute <= a.due / 60 < minute + 1]
        memory = [bytes_ for at, bytes_ in watched.memory if minute <= at / 60 < minute + 1]
        told: Row = {"name": f"minute {minute + 1}"}
        told |= _of(some)
        rows.append(told | {"resident_mb": float(np.mean(memory)) / MEGABYTE})
    return rows


def _of(answers: Sequence[Answer]) -> Row:
    good = [1e3 * answer.seconds for answer in answers if 200 <= answer.status < 300]
    row: Row = {"requests": len(answers), "errors": len(answers) - len(good)}
    row |= {"p50_ms": percentile(good, 0.5), "p95_ms": percentile(good, 0.95)}
    wrong = next((answer for answer in answers if answer.told), None)
    return row | ({"first_error": f"{wrong.kind}: {wrong.status} {wrong.told}"} if wrong else {})


def _print(rows: Sequence[Row]) -> None:
    table = Table("", "requests", "errors", "p50 ms", "p95 ms", "MB", title="The mix, going on")
    for row in rows:
        cells = [f"{float(row[c]):.1f}" for c in ("p50_ms", "p95_ms", "resident_mb")]
        table.add_row(str(row["name"]), str(row["requests"]), str(row["errors"]), *cells)
    console = Console(width=120)
    console.print(table)
    whole = rows[0]
    bounds = Interval(*(float(whole[f"mb_per_hour{end}"]) for end in ("", "_low", "_high")))
    console.print(f"Memory after the warm-up: {shown(bounds, 1)} MB an hour", markup=False)
    made = ", ".join(f"{whole[kind]} {kind}" for kind in CHANGES)
    console.print(f"{made}; {whole['swaps_followed']} swaps followed by the server")
    for name, told in whole.items():
        if name.startswith("failed_") or name == "first_error":
            console.print(str(told), markup=False)


if __name__ == "__main__":
    main(sys.argv[1:])
