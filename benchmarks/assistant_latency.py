"""How long the assistant takes for a turn in a shop of real texts, by kind of turn, without an LLM.

    python -m benchmarks.assistant_latency [--products 100000] [--demo .demo] [--json FILE]

The shop is that of :mod:`benchmarks.search_latency`; with ``--no-model`` it has no bundle, so that
words and popularity alone find and order. Conversations go through the kinds in turn: a find (words
of the committed queries or of a title), a refine (a budget, a colour or an answer to what was
asked), a question about a product, a comparison, a how-to, the cart. Each turn is what
``Assistant.say`` takes, the reading and writing of the conversation included.

``cpu_*`` are seconds of this process, which what else the machine does touches least; ``p50_ms``
and ``p95_ms`` are what a shopper waits. ``--profile`` prints where the time goes.
"""

import argparse
import cProfile
import os
import pstats
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.catalogue import Catalogue, database, fill, real_catalogue, shop_queries
from benchmarks.reporting import document, save
from benchmarks.search_latency import make_shop
from daogou.assistant import Assistant, Reply
from daogou.cli.results import Row
from daogou.engine import Engine
from daogou.store import Store

WARM_UP: Final = 5
SENTENCES: Final = {
    "en": {
        "refine": ("under $20", "in black", "over $5", "not red"),
        "question": ("how much is the first one?", "is the first one in stock?"),
        "compare": ("compare the first two",),
        "how-to": ("how do I wash wool?", "how long does milk keep?", "how do I choose a melon?"),
        "cart": ("add the first one to my cart", "what's in my cart?"),
    },
    "zh": {
        "refine": ("150以内", "要黑色的", "20以上的", "不要红色"),
        "question": ("第一个多少钱", "第一个有货吗"),
        "compare": ("前两个比较一下",),
        "how-to": ("羊毛怎么洗", "牛奶能放多久", "怎么挑西瓜"),
        "cart": ("把第一个加入购物车", "购物车里有什么"),
    },
}
KINDS: Final = ("find", "refine", "question", "compare", "how-to", "cart")


@dataclass(slots=True)
class Kind:
    """One kind of turn, and what was measured of it, in seconds."""

    name: str
    waited: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def row(self) -> Row:
        """What is published."""
        row: Row = {"name": self.name, "turns": len(self.waited)}
        for name, seconds in (("", self.waited), ("cpu_", self.worked)):
            p50, p95, top = (np.percentile(seconds, [50, 95, 100]) * 1e3).tolist()
            row |= {f"{name}p50_ms": p50, f"{name}p95_ms": p95, f"{name}max_ms": top}
        return row


def main(arguments: list[str]) -> None:
    """Make the shop, talk, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.assistant_latency", description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--demo", type=Path, default=Path(".demo"), help="a built demo shop")
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--behaviour", action="store_true", help="train on the visitors too")
    parser.add_argument("--no-model", action="store_true", help="serve without a bundle")
    parser.add_argument("--work", type=Path, help="keep the shop here; one that is there is used")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as scratch:
        home: Path = options.work or Path(scratch)
        catalogue = real_catalogue(options.demo, options.data, options.products)
        _make(home, options.demo, catalogue, model=not options.no_model, seen=options.behaviour)
        kinds = measure(home, catalogue, options.conversations, profile=options.profile)
    rows = [kind.row() for kind in kinds]
    told = "no bundle" if options.no_model else "its bundle"
    rows.append({"name": "shop", "products": catalogue.size, "model": told})
    _print(rows, f"{catalogue.size:,} products, {told}")
    save(options.json, document("assistant_latency", arguments, rows))


def _make(home: Path, demo: Path, catalogue: Catalogue, *, model: bool, seen: bool) -> None:
    if model and not (home / "bundles" / "current").exists():
        make_shop(home, demo, catalogue, behaviour=seen)
    elif not (home / "daogou.db").exists():
        fill(home, catalogue)
    with (
        Store.open(database(demo), create=False) as source,
        Store.open(database(home)) as store,
    ):
        store.put_articles(source.articles())


def measure(
    home: Path, catalogue: Catalogue, conversations: int, *, profile: bool = False
) -> list[Kind]:
    """All kinds in turn, one conversation after the other."""
    kinds = {name: Kind(name) for name in KINDS}
    everything = Kind("all")
    queries = shop_queries(catalogue, conversations + WARM_UP)
    profiler = cProfile.Profile() if profile else None
    with (
        Store.open(database(home), create=False) as store,
        Engine.open(store, home / "bundles", cache_dir=home / "cache") as engine,
    ):
        engine.warm_up()
        assistant = Assistant(engine, store, knowledge=engine.knowledge)
        for number, (query, language) in enumerate(queries):
            counted = number >= WARM_UP
            if profiler and counted:
                profiler.enable()
            for name, waited, worked in _talk(assistant, query, language, number):
                if counted:
                    for kind in (kinds[name], everything):
                        kind.waited.append(waited)
                        kind.worked.append(worked)
            if profiler:
                profiler.disable()
    if profiler:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
    return [*kinds.values(), everything]


def _talk(
    assistant: Assistant, query: str, language: str, number: int
) -> Iterator[tuple[str, float, float]]:
    """A conversation: the kind of each turn, and the seconds it took, by the clock and of CPU."""
    said = SENTENCES["zh" if language == "zh" else "en"]
    conversation = assistant.begin(language=language).conversation_id
    reply: Reply | None = None
    for name in KINDS:
        message = query if name == "find" else said[name][number % len(said[name])]
        if name == "refine" and reply is not None and reply.state.asked and number % 2:
            message = reply.quick_replies[0].payload
        start, cpu = time.perf_counter(), time.process_time()
        reply = assistant.say(conversation, message)
        yield name, time.perf_counter() - start, time.process_time() - cpu


def _print(rows: Sequence[Row], title: str) -> None:
    table = Table("", "turns", "p50 ms", "p95 ms", "CPU p50", "CPU p95", "CPU max", title=title)
    for row in rows:
        if "turns" not in row:
            continue
        columns = ("p50_ms", "p95_ms", "cpu_p50_ms", "cpu_p95_ms", "cpu_max_ms")
        cells = [f"{float(row[c]):.1f}" for c in columns]
        table.add_row(str(row["name"]), str(row["turns"]), *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
