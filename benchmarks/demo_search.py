"""How good search is in the demo shop, in English and Chinese.

    python -m benchmarks.demo_search --home .demo [--split both] [--json FILE]

The queries and their grades are those of ``benchmarks/queries``. Personalisation is off. By
default the ``tune`` half alone is shown, which search may be developed on; ``--split both`` is for
publishing. ``--each`` lists every query with the first results of daogou.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import tantivy
from rich.console import Console
from rich.table import Table

from benchmarks.measures import (
    Float64,
    difference,
    graded_ndcg_at,
    mean_with_interval,
    ratio_of_means,
    recall_of_possible_at,
    reciprocal_rank,
)
from benchmarks.queries.grading import LANGUAGES, Query, Split, judge, load_needs, queries_of
from benchmarks.reporting import document, save, shown, spread
from daogou.bundle import Bundle
from daogou.cli.results import Row
from daogou.engine import Engine, SearchRequest
from daogou.engine.model import load_model
from daogou.evaluation import Interval
from daogou.store import Store
from daogou.text import tokenize
from daogou.types import Product

DEPTH: Final = 100
METRICS: Final = ("ndcg@10", "recall@100", "mrr")
WANTED: Final = 2
"""Recall counts products of this grade or more."""
EXACT: Final = 3
"""The reciprocal rank is that of the first product of this grade."""


class Contender(Protocol):
    """A search engine over the shop's products."""

    name: str

    def search(self, query: Query) -> list[str]:
        """Ids of the best products, best first, :data:`DEPTH` at most."""
        ...


class Words:
    """tantivy's BM25 over the titles of both languages, cut into our tokens; any word matches."""

    name = "tantivy BM25"

    def __init__(self, products: Iterable[Product]) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw")
        builder.add_text_field("title", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        index = tantivy.Index(self._schema)
        writer = index.writer(heap_size=64_000_000, num_threads=1)
        for product in products:
            titles = dict.fromkeys(product.title_in(language) for language in LANGUAGES)
            tokens = " ".join(token for title in titles for token in tokenize(title))
            writer.add_document(tantivy.Document(id=product.id, title=tokens))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def search(self, query: Query) -> list[str]:
        """See :class:`Contender`."""
        return self.ids(query.text)

    def ids(self, text: str) -> list[str]:
        """The same of any text."""
        words = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "title", token))
            for token in tokenize(text)
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(words), DEPTH).hits
        return [self._searcher.doc(address)["id"][0] for _, address in hits]


class Meaning:
    """The bundle's text vectors alone, every product compared with the query."""

    def __init__(self, bundles: Path, cache: Path) -> None:
        bundle = Bundle.current(bundles)
        if bundle is None:
            raise SystemExit(f"{bundles} has no bundle. Run `daogou train` first.")
        loaded = load_model(bundle, None, cache)
        self.name = f"vectors of {loaded.model.encoder.name}"
        self._model, self._ids = loaded.model, loaded.table.ids
        self._vectors = bundle.array("text_vectors").astype(np.float32)  # [V, D]

    def search(self, query: Query) -> list[str]:
        """See :class:`Contender`."""
        scores = self._vectors @ self._model.query_vector(query.text)
        return [self._ids[row] for row in np.argsort(-scores, kind="stable")[:DEPTH].tolist()]


class Daogou:
    """The shop's own search, as a visitor gets it who asks not to be known."""

    name = "daogou search"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search(self, query: Query) -> list[str]:
        """See :class:`Contender`."""
        request = SearchRequest(
            query.text, page_size=DEPTH, language=query.language, personalize=False
        )
        return [item.product.id for item in self._engine.search(request).slate.items]


@dataclass(frozen=True, slots=True)
class Scores:
    """What one contender reached: each metric for each query, [Q], and its first results."""

    name: str
    metrics: Mapping[str, Float64]
    first: Mapping[str, Sequence[str]]


def score(
    contender: Contender, queries: Sequence[Query], grades: Mapping[int, Mapping[str, int]]
) -> Scores:
    """Run all queries through a contender."""
    ranked = {query.id: contender.search(query) for query in queries}
    rows = [
        (
            graded_ndcg_at(ranked[query.id], of),
            recall_of_possible_at(ranked[query.id], of, DEPTH, WANTED),
            reciprocal_rank(ranked[query.id], of, EXACT),
        )
        for query in queries
        for of in (grades[query.need.number],)
    ]
    columns = np.array(rows, np.float64).reshape(len(queries), len(METRICS)).T
    return Scores(contender.name, dict(zip(METRICS, columns, strict=True)), ranked)


def rows_of(all_scores: Sequence[Scores], queries: Sequence[Query], split: Split) -> list[Row]:
    """Each contender in each language, daogou less each other, and Chinese over English."""
    part = {
        language: np.array([q.need.split == split and q.language == language for q in queries])
        for language in LANGUAGES
    }
    rows: list[Row] = []
    for scores in all_scores:
        for language, chosen in part.items():
            row: Row = {"name": f"{scores.name}, {language}, {split}"}
            for metric in METRICS:
                row |= spread(metric, mean_with_interval(scores.metrics[metric][chosen]))
            rows.append(row)
    *others, ours = all_scores
    for other in others:
        for language, chosen in part.items():
            row = {"name": f"{ours.name} - {other.name}, {language}, {split}"}
            for metric in METRICS:
                pair = ours.metrics[metric][chosen], other.metrics[metric][chosen]
                row |= spread(metric, difference(*pair))
            rows.append(row)
    for scores in all_scores:
        row = {"name": f"{scores.name}, zh / en, {split}"}
        for metric in METRICS:
            pair = (scores.metrics[metric][part["zh"]], scores.metrics[metric][part["en"]])
            row |= spread(metric, ratio_of_means(*pair))
        rows.append(row)
    return rows


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.demo_search", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--split", choices=("tune", "test", "both"), default="tune")
    parser.add_argument("--each", action="store_true", help="list every query")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    splits: tuple[Split, ...] = ("tune", "test") if options.split == "both" else (options.split,)
    needs = [need for need in load_needs() if need.split in splits]
    queries = queries_of(needs)
    bundles, cache = options.home / "bundles", options.home / "cache"
    with ExitStack() as stack:
        url = f"sqlite:///{(options.home / 'daogou.db').resolve()}"
        store = stack.enter_context(Store.open(url, create=False))
        engine = stack.enter_context(Engine.open(store, bundles, cache_dir=cache))
        products = list(store.iter_products())
        grades = judge(needs, products)
        contenders = (Words(products), Meaning(bundles, cache), Daogou(engine))
        all_scores = [score(contender, queries, grades) for contender in contenders]
    rows = [row for split in splits for row in rows_of(all_scores, queries, split)]
    _print(rows)
    if options.each:
        _print_each(all_scores, queries, grades, {p.id: p for p in products})
    save(options.json, document("demo_search", arguments, rows))


def _print(rows: Sequence[Row]) -> None:
    table = Table("", *METRICS, title="The demo shop's queries, 95% intervals")
    for row in rows:
        table.add_row(str(row["name"]), *(_shown(row, metric) for metric in METRICS))
    Console(width=140).print(table)


def _shown(row: Row, metric: str) -> str:
    """A cell of the table: the mean and its interval."""
    mean, low, high = (float(row[f"{metric}{end}"]) for end in ("", "_low", "_high"))
    return shown(Interval(mean, low, high))


def _print_each(
    all_scores: Sequence[Scores],
    queries: Sequence[Query],
    grades: Mapping[int, Mapping[str, int]],
    products: Mapping[str, Product],
) -> None:
    table = Table(
        "query", *(scores.name for scores in all_scores), "daogou's first", title="NDCG@10"
    )
    for n, query in enumerate(queries):
        found = all_scores[-1].first[query.id]
        first = dict.fromkeys(
            f"{grades[query.need.number].get(id_, 0)} {products[id_].title_in(query.language)}"
            for id_ in found[:10]
        )
        values = (f"{scores.metrics['ndcg@10'][n]:.2f}" for scores in all_scores)
        table.add_row(f"{query.id} {query.text}", *values, "; ".join(list(first)[:3]))
    Console(width=200).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
