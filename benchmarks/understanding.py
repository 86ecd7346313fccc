"""How well Chinese shopping texts are understood, beside plain baselines.

    python -m benchmarks.understanding --data ../shared/data --json FILE

- ``zh-taobao-queries``: every query parsed, errors counted, and how many a second; the gazetteer
  has the brands and products that the training titles of zh-ecommerce-ner tag. The floor is the
  segmenter alone.
- ``zh-ecommerce-ner``: F1 of product, brand and model spans on dev, which is read once.
- ``chinese-ecom-qa``: see :mod:`benchmarks.understanding_questions`.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.reporting import document, save
from benchmarks.understanding_questions import answer_all
from benchmarks.understanding_titles import (
    Recogniser,
    Title,
    commonest_labels,
    f1,
    longest_match,
    read_titles,
    tuned,
)
from daogou.encoders import EncoderConfig, open_text_encoder
from daogou.text import tokenize
from daogou.understanding import Entry, Gazetteer, Parser, Understanding

Row = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.understanding", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--encoder", choices=("fast", "joined"), default="joined")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    titles = options.data / "zh-ecommerce-ner"
    train = read_titles(titles / "train.txt")
    rows = parse_queries(options.data / "zh-taobao-queries" / "train.query.txt", train)
    rows += recognise(train, read_titles(titles / "dev.txt"))
    encoder = open_text_encoder(EncoderConfig(model=options.encoder, cache=False), None)
    brands = frozenset(n for n, label in commonest_labels(train).items() if label == "brand")
    rows += answer_all(options.data / "chinese-ecom-qa" / "ChineseEcomQA.jsonl", encoder, brands)
    _print(rows)
    save(options.json, document("understanding", arguments, rows))


def parse_queries(path: Path, train: Sequence[Title]) -> list[Row]:
    """Errors, throughput, and what was found in real queries."""
    lines = path.read_text(encoding="utf-8").splitlines()
    queries = [line.split("\t", 1)[1] for line in lines if "\t" in line]
    start = time.perf_counter()
    gazetteer = gazetteer_of(train)
    built = time.perf_counter() - start
    parser = Parser(gazetteer, "CNY")
    errors = 0
    found: Counter[str] = Counter()

    def parse(query: str) -> None:
        nonlocal errors
        try:
            found.update(_told(parser.parse(query)))
        except Exception as error:  # any is counted and shown
            errors += 1
            print(f"{query!r}: {error!r}", file=sys.stderr)

    ours = {"name": "daogou parser, taobao queries", "names": len(gazetteer), "build_s": built}
    ours |= _timed(parse, queries)
    ours |= {"errors": errors} | {k: v / len(queries) for k, v in sorted(found.items())}
    return [ours, {"name": "the segmenter alone, taobao queries"} | _timed(tokenize, queries)]


def gazetteer_of(train: Sequence[Title]) -> Gazetteer:
    """The brands and products that the titles tag, as if they were a catalogue's."""
    fields = {"brand": "brand", "product": "categories"}
    counts = Counter(
        (fields[label], title.text[start:end])
        for title in train
        for start, end, label in title.spans
        if label in fields
    )
    entries = [Entry(field, name, (name,), n) for (field, name), n in counts.items()]
    return Gazetteer.from_entries(entries, len(train))


def _told(read: Understanding) -> set[str]:
    """What kinds of things a query said, and whether the spans are sound."""
    if not all(0 <= c.start < c.end <= len(read.text) for c in read.constraints):
        raise ValueError("a constraint has no place in its text")
    told = {c.field if c.strength == "must" else c.strength for c in read.constraints}
    return {f"share_with_{t}" for t in (*told, *(["sort"] if read.sort else []))}


def _timed(work: Callable[[str], object], texts: Sequence[str]) -> Row:
    taken = []
    for text in texts:
        start = time.perf_counter()
        work(text)
        taken.append(time.perf_counter() - start)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {
        "queries": len(texts),
        "per_second": len(taken) / sum(taken),
        "p50_us": 1e6 * cuts[49],
        "p99_us": 1e6 * cuts[98],
    }


def recognise(train: Sequence[Title], dev: Sequence[Title]) -> list[Row]:
    """F1 on dev of the baseline and of ours, which is tuned on a part of train."""
    recogniser = Recogniser(train, tuned(train))
    names = commonest_labels(train)
    contenders = {
        "longest match": [longest_match(title.text, names) for title in dev],
        "daogou recogniser": [recogniser.tag(title.text) for title in dev],
    }
    return [
        {"name": f"{name}, title spans", "titles": len(dev)}
        | {f"f1_{label}": score for label, score in f1(dev, spans).items()}
        for name, spans in contenders.items()
    ]


def _print(rows: Sequence[Row]) -> None:
    table = Table("", "found", title="Chinese shopping texts")
    for row in rows:
        cells = (f"{k} {_shown(v)}" for k, v in row.items() if k != "name")
        table.add_row(row["name"], ", ".join(cells))
    Console(width=150).print(table)


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:,.3f}"


if __name__ == "__main__":
    main(sys.argv[1:])
