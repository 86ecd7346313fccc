"""How good search is on a judged catalogue, beside what it is compared with.

    python -m benchmarks.search --data ../shared/data/icecat-chorus [--queries] [--json FILE]

DIR is any folder in the layout of icecat-chorus. NDCG@10 is read twice: with products that
nobody judged as 0, and on the judged products alone, which is fairer to what finds products
that the pool of the judgements did not have. Queries without a positive grade are left out.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measures import (
    Float64,
    difference,
    graded_ndcg_at,
    mean_with_interval,
    recall_of_possible_at,
    reciprocal_rank,
)
from benchmarks.reporting import document, save, shown, spread
from benchmarks.search.contenders import Bm25s, Contender, Fusion, Tantivy, Vectors
from benchmarks.search.judged import Judged, load
from benchmarks.search.shop import Daogou
from daogou.cli.results import Row
from daogou.encoders import EncoderConfig, open_text_encoder
from daogou.encoders.bundled import E5Encoder, FastEncoder
from daogou.encoders.cache import VectorCache
from daogou.encoders.cached import CachedEncoder
from daogou.evaluation import Interval

METRICS: Final = ("ndcg@10", "ndcg@10_judged", "recall@100", "mrr")
DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Scores:
    """What a contender reached: each metric for each query, [Q]."""

    name: str
    metrics: Mapping[str, Float64]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.search", description=__doc__)
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data / "icecat-chorus")
    parser.add_argument("--cache", type=Path, help="where text vectors are kept between runs")
    parser.add_argument("--queries", action="store_true", help="list every query")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    judged = load(options.data)
    with TemporaryDirectory() as scratch, ExitStack() as stack:
        contenders = _contenders(judged, options.cache, Path(scratch), stack)
        scores = [_score(contender, judged) for contender in contenders]
    rows = _rows(scores)
    title = f"{len(judged.products):,} products, {len(judged.queries)} queries"
    _print(rows, title)
    if options.queries:
        _print_queries(judged, scores)
    save(options.json, document("search", arguments, rows))


def _contenders(
    judged: Judged, cache_dir: Path | None, scratch: Path, stack: ExitStack
) -> list[Contender]:
    """All of them, daogou's last."""
    products = judged.products
    words = Tantivy(products)
    cache = VectorCache(cache_dir / "text-vectors.db") if cache_dir else None
    fast = CachedEncoder(FastEncoder(), cache, batch_size=256)
    e5 = CachedEncoder(E5Encoder(), cache, batch_size=256)
    use, small = Vectors("use", fast, products), Vectors("e5", e5, products)
    fused = Fusion((words, use, small), len(products))
    contenders: list[Contender] = [words, Bm25s(products), use, small, fused]
    models: tuple[Literal["fast", "joined"], ...] = ("fast", "joined")
    for model in models:
        encoder = open_text_encoder(EncoderConfig(model=model), cache_dir)
        shop = stack.enter_context(
            closing(Daogou.open(f"daogou search, {model}", products, encoder, scratch / model))
        )
        contenders.append(shop)
    return contenders


def _score(contender: Contender, judged: Judged) -> Scores:
    """Run all queries through a contender."""
    ids = [product.id for product in judged.products]
    rows = []
    for query, grades in judged.grades.items():
        ranked = [ids[row] for row in contender.rank(query).tolist()]
        among = [id_ for id_ in ranked if id_ in grades]
        rows.append(
            (
                graded_ndcg_at(ranked, grades),
                graded_ndcg_at(among, grades),
                recall_of_possible_at(ranked, grades, DEPTH),
                reciprocal_rank(ranked, grades),
            )
        )
    columns = np.array(rows, np.float64).reshape(len(rows), len(METRICS)).T
    return Scores(contender.name, dict(zip(METRICS, columns, strict=True)))


def _rows(all_scores: Sequence[Scores]) -> list[Row]:
    """Each contender, then the best daogou less each other one, query by query."""
    rows: list[Row] = []
    for scores in all_scores:
        row: Row = {"name": scores.name}
        for metric in METRICS:
            row |= spread(metric, mean_with_interval(scores.metrics[metric]))
        rows.append(row)
    *others, best = all_scores
    for other in others:
        row = {"name": f"{best.name} - {other.name}"}
        for metric in METRICS:
            pair = best.metrics[metric], other.metrics[metric]
            row |= spread(metric, difference(*pair))
            apart = pair[0] - pair[1]
            row[f"{metric}_wins"] = int((apart > 1e-9).sum())
            row[f"{metric}_losses"] = int((apart < -1e-9).sum())
            row[f"{metric}_ties"] = int((np.abs(apart) <= 1e-9).sum())
        rows.append(row)
    return rows


def _print(rows: Sequence[Row], title: str) -> None:
    table = Table("", *METRICS, "won, lost, tied", title=f"{title}, 95% intervals")
    for row in rows:
        cells = [_shown(row, metric) for metric in METRICS]
        ends = ("wins", "losses", "ties")
        counts = [str(row[f"ndcg@10_{end}"]) for end in ends if f"ndcg@10_{end}" in row]
        table.add_row(str(row["name"]), *cells, ", ".join(counts))
    Console(width=170).print(table)


def _shown(row: Row, metric: str) -> str:
    mean, low, high = (float(row[f"{metric}{end}"]) for end in ("", "_low", "_high"))
    return shown(Interval(mean, low, high))


def _print_queries(judged: Judged, all_scores: Sequence[Scores]) -> None:
    names = (scores.name for scores in all_scores)
    table = Table("query", *names, title="NDCG@10, unjudged as 0 / on judged products alone")
    for n, query in enumerate(judged.queries):
        pairs = ([s.metrics[metric][n] for metric in METRICS[:2]] for s in all_scores)
        table.add_row(query, *(f"{both:.2f} / {alone:.2f}" for both, alone in pairs))
    Console(width=170).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
