"""How a running shop keeps up with its shoppers, over HTTP, beside the least it could take.

    python -m benchmarks.serve --products 100000 --json FILE [--quick] [--rate 10] [--saturate]

A shop of that many real products is made (in ``--work``, and kept there), trained quickly on a
sample of the demo shop's visitors (:mod:`benchmarks.load.shop`), and served by ``daogou serve`` in
a process of its own. A second process asks (:mod:`benchmarks.load.client`), in an open loop:
requests leave when they are due, ``--rate`` of them a second on average, and their latency counts
from then, so that waiting for others is part of it. No query is asked twice.

The floor is raw tantivy, raw faiss and one ONNX call on the same words, vectors and ranker, behind
the same HTTP server (:mod:`benchmarks.load.floor`), asked the same requests at the same times. All
kinds take turns in ``--rounds``, so that what else the machine does slows all of them alike.

``per_second`` is what was answered; ``cpu_ms`` the server's CPU time for a request; ``client_cpu``
the share of a core that the client took, ``late_p99_ms`` how late it sent: both small, or it was
the client that was measured. ``stage_*_ms`` are means, ``rest`` is what is neither engine nor
answer: HTTP, reading the body, waiting for others. ``--saturate`` looks for the highest rate at
which p95 is within the budget (``most_per_second``).

The rows of events and of freshness are those of :mod:`benchmarks.serve_events`, on databases of
their own.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.catalogue import database
from benchmarks.faults.shop import STORES
from benchmarks.load.client import Plan, Result, percentile
from benchmarks.load.server import Server, served
from benchmarks.load.shop import LoadShop, ShopSettings, make_load_shop
from benchmarks.load.shoppers import CONFIRMED, Asked, Shoppers
from benchmarks.reporting import document, save
from benchmarks.serve_events import EventLoad, event_rows
from daogou.cli.results import Row
from daogou.store import Store

MEGABYTE: Final = 1 << 20
WARM_UP: Final = 40
FASTER: Final = 1.5
"""By how much ``--saturate`` raises the rate while the budget holds."""
HALVINGS: Final = 3
"""How often it then looks half way between what held and what did not."""
MOST_QUERIES: Final = 30_000

Ask = Callable[[int], Asked]
"""Makes so many requests."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table.

    Attributes
    ----------
    route
        Under which ``/metrics`` has its stages; empty where there are many, or none.
    budget_ms
        What p95 may be.
    floor
        Name of the row that is asked the same of the floor.
    """

    name: str
    ask: Ask
    route: str
    budget_ms: float
    floor: str = ""


@dataclass(slots=True)
class Measured:
    """What was found of one kind on one server, over all rounds."""

    name: str
    rate: float
    results: list[Result] = field(default_factory=list)
    cpu: float | None = 0.0
    resident: int = 0
    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    most: float | None = None

    def run(self, server: Server, asked: Asked, route: str, seed: int) -> None:
        """Ask, and read before and after what the server has used."""
        stages, before = server.stages(route) if route else {}, server.cpu()
        self.results.append(ask(server.port, asked, self.rate, seed))
        after = server.cpu()
        for stage, total in (server.stages(route) if route else {}).items():
            self.stages[stage] += total - stages.get(stage, 0.0)
        known = None not in (before, after, self.cpu)
        self.cpu = (self.cpu or 0.0) + (after or 0.0) - (before or 0.0) if known else None
        self.resident = server.resident()

    def row(self) -> Row:
        """What is published."""
        answers = [answer for result in self.results for answer in result.answers]
        good = [answer for answer in answers if 200 <= answer.status < 300]
        taken = [1e3 * answer.seconds for answer in good]
        wall = sum(result.wall for result in self.results)
        row: Row = {
            "name": self.name,
            "requests": len(answers),
            "errors": len(answers) - len(good),
            "offered_per_second": self.rate,
            "per_second": len(good) / wall,
        }
        for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
            row[name] = percentile(taken, share)
        row["max_ms"] = max(taken, default=float("nan"))
        if self.most is not None:
            row["most_per_second"] = self.most
        if self.cpu is not None:
            row["cpu_ms"] = 1e3 * self.cpu / len(answers)
        if self.resident:
            row["resident_mb"] = self.resident / MEGABYTE
        row["client_cpu"] = sum(result.cpu for result in self.results) / wall
        row["late_p99_ms"] = percentile([1e3 * answer.late for answer in answers], 0.99)
        row["connections"] = max(result.connections for result in self.results)
        row |= self._stages(sum(taken), len(good))
        kinds = dict.fromkeys(answer.kind for answer in good)
        for kind in kinds if len(kinds) > 1 else ():
            of_kind = [1e3 * answer.seconds for answer in good if answer.kind == kind]
            row[f"{kind}_p95_ms"] = percentile(of_kind, 0.95)
        wrong = next((answer for answer in answers if answer.told), None)
        if wrong is not None:
            row["first_error"] = f"{wrong.kind}: {wrong.status} {wrong.told}"
        return row

    def _stages(self, taken_ms: float, number: int) -> Row:
        if not (self.stages and number):
            return {}
        row: Row = {f"stage_{name}_ms": 1e3 * s / number for name, s in self.stages.items()}
        told = 1e3 * sum(self.stages[outer] for outer in ("engine", "answer"))
        row["stage_rest_ms"] = (taken_ms - told) / number
        return row


def main(arguments: list[str]) -> None:
    """Make the shop, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.serve", description=__doc__)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="the same rows, within five minutes")
    parser.add_argument("--rate", type=float, default=10.0, help="requests due in a second")
    parser.add_argument("--seconds", type=float, help="of each kind; 60, or 8 with --quick")
    parser.add_argument("--rounds", type=int, help="3, or 2 with --quick")
    parser.add_argument("--saturate", action="store_true", help="look for the highest rate, too")
    parser.add_argument("--visitors", type=int, help="of the demo shop; 100, or 20 with --quick")
    parser.add_argument("--untrained", action="store_true", help="serve without a bundle")
    parser.add_argument("--demo", type=Path, default=Path(".demo"), help="a built demo shop")
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--work", type=Path, default=Path(".load"), help="shops are kept here")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    seconds = options.seconds or (8 if options.quick else 60)
    rounds = options.rounds or (2 if options.quick else 3)
    visitors = options.visitors or (20 if options.quick else 100)
    settings = ShopSettings(options.products, visitors, model=not options.untrained)
    shop = make_load_shop(options.work, settings, options.demo, options.data)
    number = max(round(options.rate * seconds / rounds), 1)
    rows = measure(shop, number, rounds, options.rate, saturate=options.saturate)
    load = EventLoad(seconds=3, fresh=50, one_visitor=0) if options.quick else EventLoad()
    rows += event_rows(STORES, load)
    told: Row = {"name": "shop", "products": options.products, "visitors": visitors}
    told |= {"varied copies": shop.catalogue.copies}
    told |= {f"made_{step}_s": value for step, value in shop.seconds.items()}
    rows.append(told)
    _print(rows, f"{options.products:,} products, an open loop of {options.rate:g} a second")
    save(options.json, document("serve", arguments, rows))


def measure(
    shop: LoadShop, number: int, rounds: int, rate: float, *, saturate: bool = False
) -> list[Row]:
    """All rows: ``number`` requests of each kind in each round."""
    kinds = _kinds(shop)
    with ExitStack() as stack:
        ours = stack.enter_context(served(shop.home))
        trained = (shop.home / "bundles" / "current").exists()
        floor = stack.enter_context(served(shop.home, "benchmarks.load.floor")) if trained else None
        found = {kind.name: Measured(kind.name, rate) for kind in kinds}
        least = {kind.floor: Measured(kind.floor, rate) for kind in kinds if kind.floor and floor}
        for kind in kinds:
            warm = kind.ask(WARM_UP)  # the first requests of a kind fill caches
            ask(ours.port, warm, rate * FASTER, 0)
            if floor and kind.floor:
                ask(floor.port, warm, rate * FASTER, 0)
        for seed in range(rounds):
            for kind in kinds:
                asked = kind.ask(number)
                found[kind.name].run(ours, asked, kind.route, seed)
                if floor and kind.floor:
                    least[kind.floor].run(floor, asked, "", seed)
        for kind in kinds if saturate else ():
            found[kind.name].most = highest_rate(ours, kind, rate)
            if floor and kind.floor:
                least[kind.floor].most = highest_rate(floor, kind, rate)
    return [measured.row() for measured in (*found.values(), *least.values())]


def _kinds(shop: LoadShop) -> list[Kind]:
    with Store.open(database(shop.home), create=False) as store:
        visitors = store.event_lines(types=[CONFIRMED])["visitor_id"].unique().sort().to_list()
    shoppers = Shoppers(shop.catalogue, visitors, MOST_QUERIES)
    return [
        Kind("daogou search", shoppers.searches, "search", 30, "floor search"),
        Kind("daogou recommend", shoppers.recommendations, "recommend", 20, "floor recommend"),
        Kind("daogou chat", shoppers.talks, "conversation", 100),
        Kind("daogou mix", shoppers.mix, "", 100),
    ]


def ask(port: int, asked: Asked, rate: float, seed: int) -> Result:
    """Run the client in a process of its own."""
    plan = Plan("127.0.0.1", port, rate, asked.calls, asked.talks, seed=seed)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.client"],
        input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the client failed:\n{done.stderr}")
    return Result.from_json(done.stdout)


def highest_rate(server: Server, kind: Kind, start: float, seconds: float = 8) -> float:
    """The highest rate tried at which p95 is within the budget and nothing fails; 0 of none."""

    def holds(rate: float) -> bool:
        asked = kind.ask(max(round(rate * seconds), WARM_UP))
        answers = ask(server.port, asked, rate, 0).answers
        taken = [1e3 * answer.seconds for answer in answers]
        good = all(200 <= answer.status < 300 for answer in answers)
        return good and percentile(taken, 0.95) <= kind.budget_ms

    held, failed = 0.0, start
    while holds(failed):
        held, failed = failed, failed * FASTER
    for _ in range(HALVINGS):
        between = (held + failed) / 2
        held, failed = (between, failed) if holds(between) else (held, between)
    return held


def _print(rows: Sequence[Row], title: str) -> None:
    columns = {
        "p50_ms": "p50 ms", "p95_ms": "p95 ms", "p99_ms": "p99 ms", "per_second": "a second",
        "most_per_second": "most", "errors": "errors", "cpu_ms": "CPU ms", "resident_mb": "MB",
        "client_cpu": "client", "late_p99_ms": "late ms",
    }  # fmt: skip
    shown = {c: told for c, told in columns.items() if any(c in row for row in rows)}
    table = Table("", *shown.values(), "mean ms by stage", title=title)
    for row in rows:
        if "p50_ms" not in row:
            continue
        cells = [f"{float(row[c]):.{2 if c == 'client_cpu' else 1}f}" if c in row else ""
                 for c in shown]  # fmt: skip
        stages = {k[6:-3]: float(v) for k, v in row.items() if k.startswith("stage_")}
        told = ", ".join(f"{stage} {value:.1f}" for stage, value in stages.items())
        table.add_row(str(row["name"]), *cells, told)
    console = Console(width=180)
    console.print(table)
    for row in rows:
        if "first_error" in row:
            console.print(f"{row['name']}: {row['first_error']}", markup=False)


if __name__ == "__main__":
    main(sys.argv[1:])
