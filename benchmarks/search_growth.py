"""How indexes grow: time to build, size on disk, memory and time of a query, by products.

    python -m benchmarks.search_growth --products 10000 100000 1000000 [--json FILE]

Three things are built at each size: the index of words, the graph of text vectors, and the whole
bundle of a shop without events (up to ``--bundles`` products; encoding each text is most of it).
Each is built in a process of its own with one thread, then opened and asked in a new one.

Products are the real ones of ``benchmarks.catalogue``, then varied copies. A copy's vector is that
of its original turned a little at random, so that 110,000 texts are encoded and not a million.
The exponent is that of growth from one size to the next: 1 is in proportion. Below
``DenseConfig.exact_below`` distinct vectors there is no graph, so that from there it says nothing.
Where the machine has other work, trust ``build_cpu_s``, the time on the processor.
"""

import argparse
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import faiss
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.catalogue import (
    Catalogue,
    database,
    encoder_at,
    fill,
    real_catalogue,
    shop_queries,
    train_bundle,
)
from benchmarks.reporting import document, save
from daogou.cli.results import Row
from daogou.encoders.base import unit
from daogou.engine import Engine, SearchRequest
from daogou.features.items import Float32
from daogou.retrieval import DenseRetriever, LexicalRetriever, lexical_document
from daogou.retrieval.base import Request
from daogou.retrieval.dense import build_dense
from daogou.retrieval.documents import item_text
from daogou.retrieval.lexical_index import build_lexical
from daogou.store import Store
from daogou.text import tokenize

QUERIES: Final = 300
DEPTH: Final = 200
TURN: Final = 0.3
"""Length of the random step that makes a copy's vector, before it is scaled to 1 again."""
MEGABYTE: Final = 1 << 20
GROWING: Final = (
    "build_s",
    "build_cpu_s",
    "disk_mb",
    "build_peak_mb",
    "resident_mb",
    "query_p50_ms",
)


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is told: how many products, from where, and a folder for what it builds."""

    size: int
    demo: Path
    data: Path | None
    work: Path

    @property
    def path(self) -> Path:
        """What is built at this size."""
        return self.work / str(self.size)

    def catalogue(self) -> Catalogue:
        """The products."""
        return real_catalogue(self.demo, self.data, self.size)

    def vectors(self) -> Float32:
        """Text vectors of all products, float32 [V, D]."""
        known = np.load(self.work / "vectors.npy")
        made = np.empty((self.size, known.shape[1]), np.float32)
        rng = np.random.default_rng(4)
        for start in range(0, self.size, len(known)):
            part = known[: self.size - start].astype(np.float32)
            if start:
                step = rng.standard_normal(part.shape, np.float32)
                part = unit(part + TURN / math.sqrt(part.shape[1]) * step)
            made[start : start + len(part)] = part
        return made


def build_words(job: Job) -> Row:
    """Build the index of words."""
    catalogue = job.catalogue()
    begun = Begun()
    build_lexical(job.path / "words", (lexical_document(n, p) for n, p in enumerate(catalogue)))
    return _built(job.path / "words", begun)


def ask_words(job: Job) -> Row:
    """Ask it."""
    queries = [tokenize(text) for text, _ in shop_queries(job.catalogue(), QUERIES)]
    before = resident()
    words = LexicalRetriever.open(job.path / "words")
    return _asked([partial(words.match, tokens) for tokens in queries], before)


def build_graph(job: Job) -> Row:
    """Build the graph of text vectors."""
    faiss.omp_set_num_threads(1)
    vectors = job.vectors().astype(np.float16)
    begun = Begun()
    build_dense(job.path / "graph", vectors)
    row = _built(job.path / "graph", begun)
    np.save(job.path / "graph" / "vectors.npy", vectors)
    return row | {"disk_mb": disk(job.path / "graph") / MEGABYTE}


def ask_graph(job: Job) -> Row:
    """Ask it."""
    faiss.omp_set_num_threads(1)
    texts = [text for text, _ in shop_queries(job.catalogue(), QUERIES)]
    asked = encoder_at(job.work).encode(texts, "query")
    before = resident()
    vectors = np.load(job.path / "graph" / "vectors.npy", mmap_mode="r")
    graph = DenseRetriever.open(job.path / "graph", "meaning", "query_vector", vectors)
    requests = [Request(now=0.0, query_vector=vector) for vector in asked]
    return _asked([partial(graph.retrieve, request, DEPTH) for request in requests], before)


def build_bundle(job: Job) -> Row:
    """Fill a store, and build the bundle of its content; every text is encoded."""
    faiss.omp_set_num_threads(1)
    fill(job.path / "shop", job.catalogue())
    begun = Begun()
    bundle = train_bundle(job.path / "shop", None)
    return _built(bundle.folder, begun)


def ask_bundle(job: Job) -> Row:
    """Search the shop, in this process."""
    home = job.path / "shop"
    queries = shop_queries(job.catalogue(), QUERIES)
    before = resident()
    with (
        Store.open(database(home), create=False) as store,
        Engine.open(store, home / "bundles", cache_dir=None) as engine,
    ):
        requests = [SearchRequest(text, language=language) for text, language in queries]
        return _asked([partial(engine.search, request) for request in requests], before)


STEPS: Final[dict[str, tuple[Callable[[Job], Row], Callable[[Job], Row]]]] = {
    "words": (build_words, ask_words),
    "graph of vectors": (build_graph, ask_graph),
    "bundle": (build_bundle, ask_bundle),
}


@dataclass(frozen=True, slots=True)
class Begun:
    """How things stood before something was built."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    memory: int = field(default_factory=lambda: resident())


def _built(path: Path, begun: Begun) -> Row:
    """What building took; the memory is the most of it, over what the process had before."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - begun.memory
    return {
        "build_s": time.perf_counter() - begun.wall,
        "build_cpu_s": time.process_time() - begun.cpu,
        "disk_mb": disk(path) / MEGABYTE,
        "build_peak_mb": max(peak, 0) / MEGABYTE,
    }


def _asked(questions: Sequence[Callable[[], object]], before: int) -> Row:
    """Times of all questions, and the memory that opening and asking took."""
    seconds = []
    for ask in questions:
        start = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - start)
    half, most = np.percentile(seconds[len(seconds) // 10 :], [50, 95]) * 1e3
    return {
        "resident_mb": (resident() - before) / MEGABYTE,
        "query_p50_ms": float(half),
        "query_p95_ms": float(most),
    }


def disk(path: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def exponents(rows: Sequence[Row]) -> list[Row]:
    """How each figure grows from a size to the next: d log(figure) / d log(products)."""
    found: list[Row] = []
    for name in dict.fromkeys(row["name"] for row in rows):
        series = [row for row in rows if row["name"] == name]
        for less, more in pairwise(series):
            times = float(more["products"]) / float(less["products"])
            row: Row = {"name": f"{name}, exponent", "products": more["products"]}
            for figure in GROWING:
                pair = float(less[figure]), float(more[figure])
                if min(pair) > 0:
                    row[figure] = math.log(pair[1] / pair[0]) / math.log(times)
            found.append(row)
    return found


def main(arguments: list[str]) -> None:
    """Build and ask, one process after the other, then print."""
    parser = argparse.ArgumentParser(prog="benchmarks.search_growth", description=__doc__)
    parser.add_argument("--products", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--steps", nargs="+", choices=list(STEPS), default=list(STEPS))
    parser.add_argument("--bundles", type=int, default=100_000, help="no larger whole bundles")
    parser.add_argument("--demo", type=Path, default=Path(".demo"), help="a built demo shop")
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    with TemporaryDirectory() as scratch:
        job = Job(0, options.demo, options.data, Path(scratch))
        if "graph of vectors" in options.steps:
            _apart(_encode, replace(job, size=max(options.products)))
        for size in sorted(options.products):
            for name in options.steps:
                if name == "bundle" and size > options.bundles:
                    continue
                row: Row = {"name": name, "products": size}
                for step in STEPS[name]:
                    row |= _apart(step, replace(job, size=size))
                rows.append(row)
                Console(stderr=True).print(row)
    _print([*rows, *exponents(rows)])
    save(options.json, document("search_growth", arguments, [*rows, *exponents(rows)]))


def _encode(job: Job) -> Row:
    """Encode the real products that are needed, once for all sizes."""
    products = job.catalogue().products[: job.size]
    vectors = encoder_at(job.work).encode([item_text(product) for product in products])
    np.save(job.work / "vectors.npy", vectors.astype(np.float16))
    return {}


def _apart(step: Callable[[Job], Row], job: Job) -> Row:
    """Run a step in a new process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(step, job).result()


def _print(rows: Sequence[Row]) -> None:
    columns = (*GROWING, "query_p95_ms")
    table = Table("", "products", *columns, title="Growth, one thread")
    for row in rows:
        cells = [f"{float(row[c]):,.2f}" if c in row else "" for c in columns]
        table.add_row(str(row["name"]), f"{int(row['products']):,}", *cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
