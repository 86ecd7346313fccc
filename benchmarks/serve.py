"""How long the running shop takes to answer, over HTTP, one request at a time.

    daogou serve --home .demo &
    python -m benchmarks.serve --url http://127.0.0.1:8000 --home .demo --json FILE

Queries are words of product titles in both languages, visitors are those of the
shop's log; both are drawn with a fixed seed. The client is another process than
the server, keeps its connection, and waits for each answer.
"""

import argparse
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from rich.console import Console
from rich.table import Table

from daogou.store import Store

Request = tuple[str, dict[str, Any]]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.serve", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--requests", type=int, default=500, help="of each kind")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    with Store.open(f"sqlite:///{(options.home / 'daogou.db').resolve()}", create=False) as store:
        shop = _Shop(store, np.random.default_rng(0))
    kinds: dict[str, Callable[[], Request]] = {
        "daogou search": shop.search,
        "daogou search + facets": shop.search_with_facets,
        "daogou recommend home": lambda: shop.recommend("home"),
        "daogou recommend similar": lambda: shop.recommend("similar"),
        "daogou recommend goes-with": lambda: shop.recommend("goes-with"),
        "daogou recommend buy-again": lambda: shop.recommend("buy-again"),
        "daogou recommend cart": lambda: shop.recommend("cart"),
    }
    connection = http.client.HTTPConnection(urlsplit(options.url).netloc, timeout=30)
    rows = [_measure(connection, name, make, options.requests) for name, make in kinds.items()]
    table = Table("", "p50 ms", "p95 ms", "p99 ms", "a second", title="One client, over HTTP")
    for row in rows:
        figures = (f"{row[k]:.1f}" for k in ("p50_ms", "p95_ms", "p99_ms", "per_second"))
        table.add_row(row["name"], *figures)
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(_document(arguments, rows), indent=2) + "\n")


class _Shop:
    """Requests that a shopper of this shop might cause."""

    def __init__(self, store: Store, rng: np.random.Generator) -> None:
        self.rng = rng
        products = list(store.iter_products())
        self.ids = [product.id for product in products]
        titles = [t for p in products for t in (p.title_in("en"), p.title_in("zh"))]
        self.queries = [t.split(",")[0].split(" ")[0:3] for t in titles]
        lines = store.event_lines(types=["purchase-complete"])
        self.visitors = lines["visitor_id"].unique().sort().to_list()

    def _any(self, of: list[Any]) -> Any:
        return of[int(self.rng.integers(len(of)))]

    def search(self) -> Request:
        query = " ".join(self._any(self.queries))
        return "/v1/search", {"query": query, "visitorId": self._any(self.visitors)}

    def search_with_facets(self) -> Request:
        path, body = self.search()
        keys = ("categories", "brand", "price")
        return path, body | {"facetSpecs": [{"facetKey": {"key": key}} for key in keys]}

    def recommend(self, placement: str) -> Request:
        event: dict[str, Any] = {
            "eventType": "detail-page-view",
            "visitorId": self._any(self.visitors),
        }
        if placement not in ("home", "buy-again"):
            event["productDetails"] = [{"product": {"id": self._any(self.ids)}}]
        return "/v1/recommend", {"placement": placement, "userEvent": event}


def _measure(
    connection: http.client.HTTPConnection, name: str, make: Callable[[], Request], count: int
) -> dict[str, Any]:
    def times() -> Iterator[float]:
        for _ in range(count):
            path, body = make()
            payload = json.dumps(body)
            start = time.perf_counter()
            connection.request("POST", path, payload, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            yield time.perf_counter() - start
            if answer.status != 200:
                raise SystemExit(f"{path} answered {answer.status}: {content[:500]!r}")

    for _ in range(10):  # the first requests of a kind fill caches
        path, body = make()
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        connection.getresponse().read()
    taken = sorted(times())
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {
        "name": name,
        "p50_ms": 1e3 * cuts[49],
        "p95_ms": 1e3 * cuts[94],
        "p99_ms": 1e3 * cuts[98],
        "per_second": len(taken) / sum(taken),
    }


def _document(arguments: list[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "name": "serve",
        "command": " ".join(["python -m benchmarks.serve", *arguments]),
        "commit": commit.stdout.strip(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()},"
        f" Python {platform.python_version()}",
        "rows": rows,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
