"""Does the assistant help to find a product? A simulated shopper, against plain search.

    python -m benchmarks.simulated_shopper --home .demo [--targets 500] [--seeds 3] [--json FILE]

A shopper (:mod:`benchmarks.shopper`) wants one product of the shop, in stock, drawn evenly. It
says a first sentence, answers what the assistant asks, turns down or asks for more, and gives up
after eight messages. It succeeds once the product, or one of the same title, brand and size, is
among the cards. *Search* gets the same first sentence and shows as many products as the assistant
has shown cards, the repeated ones counted, so that both cost the shopper as much to look at; *no
questions* is the assistant that only shows; to the shopper of *any brand* the brand does not
matter, neither in what it says nor in what it takes for its product. Each target is looked for in
both languages, and every seed draws targets and sentences of its own. Intervals are 95%, over
targets.

``--each`` prints every conversation that failed where search did not.
"""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.reporting import document, save, shown, spread
from benchmarks.shopper import MOST_TURNS, Shopper, same
from daogou.assistant import Assistant, AssistantConfig
from daogou.cli.results import Row
from daogou.engine import Engine, SearchRequest
from daogou.evaluation import Interval
from daogou.evaluation.intervals import Resampling
from daogou.store import Store
from daogou.types import Product

LANGUAGES: Final = ("en", "zh")
ARMS: Final = {
    "daogou assistant": (AssistantConfig(), True),
    "daogou assistant, no questions": (AssistantConfig(question_cost=99.0), True),
    "daogou assistant, any brand": (AssistantConfig(), False),
}
"""How the assistant is set, and whether the shopper wants a certain brand."""
SEARCH: Final = "plain search"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one shopper fared.

    Attributes
    ----------
    found, turns, cards
        Whether the product was shown, after how many messages, and how many cards were.
    asked
        How many questions were put.
    searched
        Whether as many results of a search for the first sentence have it.
    talk
        What was said.
    """

    arm: str
    language: str
    target: str
    found: bool
    turns: int
    cards: int
    asked: int
    searched: bool
    talk: tuple[str, ...]


def main(arguments: list[str]) -> None:
    """Let them shop, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.simulated_shopper", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--targets", type=int, default=500, help="over all seeds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="seeds run in so many processes")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    shares = [len(part) for part in np.array_split(np.arange(options.targets), options.seeds)]
    jobs = [(options.home, seed, share) for seed, share in enumerate(shares)]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        outcomes = [o for found in pool.map(_shop, jobs) for o in found]
    if options.each:
        for outcome in outcomes:
            if outcome.searched and not outcome.found:
                print(f"\n{outcome.arm}, {outcome.target}:", *outcome.talk, sep="\n  ")
    rows = [row for language in (*LANGUAGES, "both") for row in _rows(outcomes, language)]
    _print(rows)
    save(options.json, document("simulated_shopper", arguments, rows))


def _shop(job: tuple[Path, int, int]) -> list[Outcome]:
    """All conversations of a seed, over a copy of the shop."""
    home, seed, count = job
    with TemporaryDirectory() as scratch:
        _copy(home / "daogou.db", Path(scratch) / "daogou.db")
        with (
            Store.open(f"sqlite:///{Path(scratch) / 'daogou.db'}") as store,
            Engine.open(store, home / "bundles", cache_dir=home / "cache") as engine,
        ):
            return [
                _converse(engine, store, arm, target, language, seed * 10_000 + n)
                for n, target in enumerate(_targets(store, seed, count))
                for language in LANGUAGES
                for arm in ARMS
            ]


def _copy(database: Path, to: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def _targets(store: Store, seed: int, count: int) -> list[Product]:
    products = [p for p in store.iter_products() if _wanted(p)]
    rows = np.random.default_rng(seed).choice(len(products), count, replace=False)
    return [products[row] for row in rows.tolist()]


def _wanted(product: Product) -> bool:
    there = product.availability != "OUT_OF_STOCK" and product.price is not None
    return there and bool(product.categories)


def _converse(
    engine: Engine, store: Store, arm: str, target: Product, language: str, seed: int
) -> Outcome:
    config, brand = ARMS[arm]
    assistant = Assistant(engine, store, config, engine.knowledge)
    shopper = Shopper(target, language, np.random.default_rng(seed), brand)
    opening = message = shopper.opening()
    conversation = assistant.begin(language=language).conversation_id
    talk: list[str] = []
    cards, asked, turns, found = 0, 0, 0, False
    while not found and turns < MOST_TURNS:
        turns += 1
        reply = assistant.say(conversation, message)
        cards += len(reply.products)
        asked += reply.state.asked is not None
        talk += [f"> {message}", reply.text, "   " + " | ".join(c.title for c in reply.products)]
        records = store.products(card.id for card in reply.products)
        found = any(same(product, target, brand=brand) for product in records.values())
        message = shopper.answer(reply)
    slate = engine.search(SearchRequest(opening, page_size=max(cards, 1), language=language)).slate
    searched = any(same(item.product, target, brand=brand) for item in slate.items[:cards])
    told = f"{target.title} ({target.brand}, {target.price})"
    return Outcome(arm, language, told, found, turns, cards, asked, searched, tuple(talk))


def _rows(outcomes: Sequence[Outcome], language: str) -> list[Row]:
    rows: list[Row] = []
    for arm in ARMS:
        of_arm = [o for o in outcomes if o.arm == arm and language in (o.language, "both")]
        # A target comes once in each language: both are drawn together.
        names = {o.target: n for n, o in enumerate(of_arm)}
        draws = Resampling(np.array([names[o.target] for o in of_arm]))
        found = np.array([o.found for o in of_arm], float)
        searched = np.array([o.searched for o in of_arm], float)
        tries = {
            "success": draws.mean(found),
            "search_success": draws.mean(searched),
            "difference": draws.difference(found, searched),
            "turns": draws.mean(np.array([o.turns if o.found else np.nan for o in of_arm])),
            "cards": draws.mean(np.array([o.cards for o in of_arm], float)),
            "questions": draws.mean(np.array([o.asked for o in of_arm], float)),
        }
        row: Row = {"name": arm, "language": language, "conversations": len(of_arm)}
        for metric, interval in tries.items():
            row |= spread(metric, interval)
        rows.append(row)
    return rows


def _print(rows: Sequence[Row]) -> None:
    columns = ("success", "search_success", "difference", "turns", "cards", "questions")
    table = Table(
        "", "", "found", f"{SEARCH}, as many", "difference", "turns", "cards", "questions"
    )
    for row in rows:
        cells = [
            shown(Interval(*(float(row[m + e]) for e in ("", "_low", "_high")))) for m in columns
        ]
        table.add_row(str(row["name"]), str(row["language"]), *cells)
    Console(width=190).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
