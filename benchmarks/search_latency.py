"""How long search takes in a shop of real texts, over HTTP, beside the least it could take.

    python -m benchmarks.search_latency --products 100000 [--demo .demo] [--data DIR] [--json FILE]

A shop of that many products is made (in ``--work``, and kept there if that is given), with a
bundle of its content (with ``--behaviour``, one that was trained on the visitors too), and with
the demo shop's visitors and what they bought. ``daogou serve`` runs in a process of its own; one
client asks and waits, over one connection. No query is asked twice, so each is encoded once, as
of a shopper who is the first to ask.

The floor is a tantivy index and a faiss graph of the same products and one encoding of the query,
without HTTP, filters, facets or products in the answer. Blocks of requests take turns, so that what
else the machine does slows all of them alike. Requests a second of one core are by the server's CPU
time, which the client's share of the machine does not touch (on Linux; missing elsewhere).
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import faiss
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.catalogue import (
    Catalogue,
    database,
    fill,
    real_catalogue,
    shop_queries,
    train_bundle,
)
from benchmarks.demo_search import Words
from benchmarks.load.server import Server, served
from benchmarks.reporting import document, save
from daogou.bundle import Bundle
from daogou.cli.results import Row
from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.retrieval.dense import GRAPH
from daogou.store import Store, import_events

faiss_parameters: Any = faiss  # its stubs do not know HNSW's
BLOCK: Final = 20
DEPTH: Final = 100
SEARCH_DEPTH: Final = 100
FACETS: Final = ("categories", "brand", "price", "attributes.size")

Ask = Callable[[str, str], object]
"""Runs one query of a language."""


@dataclass(slots=True)
class Kind:
    """One kind of request, and what was measured of it.

    Attributes
    ----------
    cpu
        Reads the CPU seconds that the side which does the work has used; None where unknown.
    stages
        Reads seconds so far by stage.
    """

    name: str
    ask: Ask
    cpu: Callable[[], float | None]
    stages: Callable[[], dict[str, float]] = dict
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float | None = 0.0
    by_stage: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def run(self, queries: Sequence[tuple[str, str]]) -> None:
        """Measure a block."""
        stages, before = self.stages(), self.cpu()
        for query, language in queries:
            start = time.perf_counter()
            self.ask(query, language)
            self.seconds.append(time.perf_counter() - start)
        after = self.cpu()
        for stage, total in self.stages().items():
            self.by_stage[stage] += total - stages.get(stage, 0.0)
        if self.cpu_seconds is None or before is None or after is None:
            self.cpu_seconds = None
        else:
            self.cpu_seconds += after - before

    def row(self) -> Row:
        """What is published."""
        cuts = np.percentile(self.seconds, [50, 95, 99]) * 1e3
        names = ("p50_ms", "p95_ms", "p99_ms")
        row: Row = {"name": self.name, "requests": len(self.seconds)}
        row |= dict(zip(names, cuts.tolist(), strict=True))
        if self.cpu_seconds:
            row["per_second_per_core"] = len(self.seconds) / self.cpu_seconds
        for stage, total in self.by_stage.items():
            row[f"stage_{stage}_ms"] = 1e3 * total / len(self.seconds)
        return row


def main(arguments: list[str]) -> None:
    """Make the shop, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.search_latency", description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=300, help="of each kind")
    parser.add_argument("--demo", type=Path, default=Path(".demo"), help="a built demo shop")
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data)
    told = "train on the visitors too, so that every head of the model is asked (minutes more)"
    parser.add_argument("--behaviour", action="store_true", help=told)
    parser.add_argument("--work", type=Path, help="keep the shop here; one that is there is used")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as scratch:
        home: Path = options.work or Path(scratch)
        catalogue = real_catalogue(options.demo, options.data, options.products)
        if not (home / "bundles" / "current").exists():
            make_shop(home, options.demo, catalogue, behaviour=options.behaviour)
        kinds = measure(home, catalogue, options.requests)
    rows = [kind.row() for kind in kinds]
    rows.append({"name": "shop", "products": catalogue.size, "varied copies": catalogue.copies})
    _print(rows, f"{catalogue.size:,} products, {catalogue.copies:,} of them varied copies")
    save(options.json, document("search_latency", arguments, rows))


def make_shop(home: Path, demo: Path, catalogue: Catalogue, *, behaviour: bool) -> None:
    """Products, the visitors of the demo shop, and a bundle, trained before they come or after."""
    fill(home, catalogue)
    if not behaviour:
        train_bundle(home, demo)
    with Store.open(database(home)) as store:
        import_events(store, demo / "feeds" / "events.parquet")
    if behaviour:
        train_bundle(home, demo)


def measure(home: Path, catalogue: Catalogue, requests: int) -> list[Kind]:
    """All kinds, block by block in turn."""
    with Store.open(database(home), create=False) as store:
        visitors = store.event_lines(types=["purchase-complete"])["visitor_id"].unique().sort()
    encoder = open_text_encoder(EncoderConfig(cache=False), None)
    floor = _Floor(home, catalogue, encoder)
    with served(home) as server:
        kinds = [*_server_kinds(server, visitors.to_list()), *floor.kinds()]
        queries = iter(shop_queries(catalogue, (requests + BLOCK) * len(kinds)))
        for kind in kinds:  # the first requests of a kind fill caches
            for _ in range(BLOCK):
                kind.ask(*next(queries))
        for _ in range(requests // BLOCK):
            for kind in kinds:
                kind.run([next(queries) for _ in range(BLOCK)])
    return kinds


def _server_kinds(server: Server, visitors: Sequence[str]) -> list[Kind]:
    rng = np.random.default_rng(2)
    facets = [{"facetKey": {"key": key}} for key in FACETS]

    def plain(query: str, language: str) -> dict[str, Any]:
        return {"query": query, "languageCode": language}

    def known(query: str, language: str) -> dict[str, Any]:
        visitor = visitors[int(rng.integers(len(visitors)))]
        return plain(query, language) | {"visitorId": visitor}

    def asking(make: Callable[[str, str], dict[str, Any]], more: dict[str, Any]) -> Ask:
        return lambda query, language: server.post("/v1/search", make(query, language) | more)

    asks = {
        "daogou search": asking(plain, {}),
        "daogou search + facets": asking(plain, {"facetSpecs": facets}),
        "daogou search + facets + visitor": asking(known, {"facetSpecs": facets}),
    }
    searched = partial(server.stages, "search")
    kinds = [Kind(name, ask, server.cpu, searched) for name, ask in asks.items()]
    return [*kinds, Kind("floor: HTTP alone", lambda *_: server.get("/healthz"), server.cpu)]


class _Floor:
    """Encoding, tantivy and faiss in this process."""

    def __init__(self, home: Path, catalogue: Catalogue, encoder: TextEncoder) -> None:
        bundle = Bundle.current(home / "bundles")
        assert bundle is not None  # noqa: S101  # made above
        self._encoder = encoder
        self._words = Words(catalogue)
        self._graph = faiss.read_index(str(bundle.path("dense_text") / GRAPH))
        self._depth = faiss_parameters.SearchParametersHNSW(efSearch=SEARCH_DEPTH)

    def kinds(self) -> list[Kind]:
        """Each part alone, and all together."""
        parts: dict[str, Ask] = {
            "floor: encoding": lambda query, _: self._encoder.encode([query], "query"),
            "floor: tantivy": lambda query, _: self._words.ids(query),
            "floor: encoding + tantivy + faiss": self._all,
        }
        return [Kind(name, ask, time.process_time) for name, ask in parts.items()]

    def _all(self, query: str, _: str) -> None:
        self._words.ids(query)
        vector = self._encoder.encode([query], "query")
        self._graph.search(vector, DEPTH, params=self._depth)


def _print(rows: Sequence[Row], title: str) -> None:
    columns = ("p50_ms", "p95_ms", "p99_ms", "per_second_per_core")
    table = Table(
        "", "p50 ms", "p95 ms", "p99 ms", "a second, a core", "mean ms by stage", title=title
    )
    for row in rows:
        if "p50_ms" not in row:
            continue
        cells = [f"{float(row[c]):.1f}" if c in row else "" for c in columns]
        stages = {k[6:-3]: float(v) for k, v in row.items() if k.startswith("stage_")}
        told = ", ".join(f"{stage} {value:.1f}" for stage, value in stages.items())
        table.add_row(str(row["name"]), *cells, told)
    Console(width=150).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
