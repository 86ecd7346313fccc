"""Search by photo beside a colour histogram and chance.

    python -m benchmarks.image_search --data ../shared/data/fashion-9k [--cache DIR] [--json FILE]

DIR is any folder in the layout of fashion-9k. Two questions. What looks alike: a tenth of the
products are held out, and their photos are to find products of the same category, article type,
and type and colour among the others. The same thing: photos of products in the catalogue are
turned, cropped and lit otherwise, and are to find the product that they were taken of; products
with the very same file are one. Nothing is tuned on either.
"""

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from benchmarks.image_search.contenders import (
    Chance,
    Contender,
    Daogou,
    Encoded,
    Histogram,
    Rows,
    Unreduced,
    opened,
)
from benchmarks.image_search.photos import ALTERED, Photo, altered, load
from benchmarks.measures import Float64, graded_ndcg_at, mean_with_interval
from benchmarks.reporting import document, save, shown, spread
from daogou.cli.results import Row
from daogou.encoders import ImageReduction, PhotoEncoder, VectorCache
from daogou.encoders.product_images import CACHE_FILE
from daogou.evaluation import Interval
from daogou.models import prepare_image_graph
from daogou.retrieval.photos import PHOTO_DIMS

Texts = npt.NDArray[np.str_]
K: Final = 10
ALIKE: Final = ("recall@10_category", "recall@10_type", "recall@10_type_colour", "ndcg@10")
SAME: Final = ("recall@1", "recall@10")
HELD_OUT: Final = 0.1


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.image_search", description=__doc__)
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data / "fashion-9k")
    parser.add_argument("--cache", type=Path, help="where image vectors are kept between runs")
    parser.add_argument("--products", type=int, help="take so many products alone, drawn by chance")
    parser.add_argument("--altered", type=int, default=300, help="of so many products")
    parser.add_argument(
        "--scale", type=int, default=100_000, help="vectors to time; 0 leaves it out"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    photos = load(options.data)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(photos))[: options.products]
    held = max(int(HELD_OUT * len(order)), 1)
    asked, catalogue = ([photos[n] for n in part] for part in (order[:held], order[held:]))
    with TemporaryDirectory() as scratch:
        cache_dir = options.cache or Path(scratch) / "cache"
        graph = prepare_image_graph(cache_dir)
        encoded = Encoded(PhotoEncoder(graph, 1), VectorCache(cache_dir / CACHE_FILE))
        contenders: list[Contender] = [
            Chance(0), Histogram(), Unreduced(encoded), Daogou(encoded, graph, Path(scratch)),
        ]  # fmt: skip
        contents = [photo.path.read_bytes() for photo in catalogue]
        for contender in contenders:
            contender.index(contents)
        rows = [_alike(c, asked, catalogue) for c in contenders]
        rows += _same(contenders, catalogue, contents, options.altered)
        if options.scale:
            rows += _timed(encoded, contents, graph, Path(scratch), options.scale)
    title = f"{len(catalogue):,} products, {len(asked):,} held out"
    _print(rows, title)
    save(options.json, document("image_search", arguments, rows))


def _alike(contender: Contender, asked: Sequence[Photo], catalogue: Sequence[Photo]) -> Row:
    """What looks alike, over the photos of held-out products."""
    ranked = contender.rank([photo.path.read_bytes() for photo in asked], K)
    labels = Labels.of(catalogue)
    told = np.array([labels.judge(photo, row) for photo, row in zip(asked, ranked, strict=True)])
    row: Row = {"name": contender.name, "question": "what looks alike", "photos": len(asked)}
    for name, values in zip(ALIKE, told.T, strict=True):
        row |= spread(name, mean_with_interval(values[~np.isnan(values)]))
    return row


@dataclass(frozen=True, slots=True)
class Labels:
    """What the catalogue's photos are of, an array of [V] each."""

    categories: Texts
    types: Texts
    colours: Texts
    genders: Texts

    @classmethod
    def of(cls, catalogue: Sequence[Photo]) -> "Labels":
        """Of products in their order."""
        rows = [(p.category, p.type, p.colour, p.gender) for p in catalogue]
        return cls(*(np.array(column) for column in zip(*rows, strict=True)))

    def judge(self, photo: Photo, ranked: Rows) -> list[float]:
        """The metrics of :data:`ALIKE` for one photo; NaN where the catalogue has nothing of it.

        Grades: 1 for the article type, 2 where the colour is the same too, 3 where it also is for
        the same people.
        """
        ranked = ranked[ranked >= 0]
        kind = self.types == photo.type
        both = kind & (self.colours == photo.colour)
        grades = kind.astype(int) + both + (both & (self.genders == photo.gender))
        recalls = []
        for relevant in (self.categories == photo.category, kind, both):
            possible = min(int(relevant.sum()), K)
            recalls.append(float(relevant[ranked].sum()) / possible if possible else float("nan"))
        best = np.argsort(-grades, kind="stable")[:K]  # all that an ideal page needs
        told = {str(row): int(grades[row]) for row in {*best.tolist(), *ranked.tolist()}}
        return [*recalls, graded_ndcg_at([str(row) for row in ranked.tolist()], told, K)]


def _same(
    contenders: Sequence[Contender], catalogue: Sequence[Photo], contents: Sequence[bytes], n: int
) -> list[Row]:
    """The same thing photographed anew, alteration by alteration."""
    rng = np.random.default_rng(1)
    drawn = rng.choice(len(catalogue), min(n, len(catalogue)), replace=False)
    files = np.array([hashlib.sha256(content).hexdigest() for content in contents])
    rows: list[Row] = []
    for name, alter in ALTERED.items():
        asked = [altered(catalogue[place], alter, rng) for place in drawn]
        for contender in contenders:
            right = files[contender.rank(asked, K)] == files[drawn][:, None]  # [Q, K]
            row: Row = {"name": contender.name, "question": name, "photos": len(asked)}
            for metric, first in zip(SAME, (1, K), strict=True):
                hits: Float64 = right[:, :first].any(axis=1).astype(np.float64)
                row |= spread(metric, mean_with_interval(hits))
            rows.append(row)
    return rows


def _timed(
    encoded: Encoded, contents: Sequence[bytes], graph: Path, scratch: Path, size: int
) -> list[Row]:
    """The index with so many vectors: the catalogue's with noise, searched and scanned in turn."""
    rng = np.random.default_rng(2)
    vectors = encoded.vectors(contents)
    reduction = ImageReduction.fit(vectors, PHOTO_DIMS)
    known = reduction.apply(vectors)
    many = known[rng.integers(0, len(known), size)]
    many = many + rng.normal(0, 0.3 / np.sqrt(many.shape[1]), many.shape).astype(np.float32)
    many = (many / np.linalg.norm(many, axis=1, keepdims=True)).astype(np.float16)
    begun = time.perf_counter()
    index = opened(many, reduction, encoded.encoder, graph, scratch)
    built = time.perf_counter() - begun
    whole = many.astype(np.float32)
    asked = known[rng.integers(0, len(known), 200)]
    searched, scanned, found = [], [], []
    for vector in asked:
        begun = time.perf_counter()
        near = index.near(vector, None, K, least=-1.0).items
        searched.append(1000 * (time.perf_counter() - begun))
        begun = time.perf_counter()
        exact = np.argpartition(-(whole @ vector), K)[:K]
        scanned.append(1000 * (time.perf_counter() - begun))
        found.append(len(set(near.tolist()) & set(exact.tolist())) / K)
    seen = []
    for content in contents[:50]:
        begun = time.perf_counter()
        encoded.encoder.encode([content])
        seen.append(1000 * (time.perf_counter() - begun))
    return [
        {
            "name": "daogou photo", "question": f"{size:,} vectors",
            "recall@10_of_exact": float(np.mean(found)),
            "search_p50_ms": float(np.median(searched)), "scan_p50_ms": float(np.median(scanned)),
            "encode_p50_ms": float(np.median(seen)),
            "build_seconds": built, "bytes_a_product": many.shape[1] * 2,
        }
    ]  # fmt: skip


def _print(rows: Sequence[Row], title: str) -> None:
    console = Console(width=170)
    table = Table("", *ALIKE, title=f"What looks alike: {title}, 95% intervals")
    for row in rows:
        if ALIKE[0] in row:
            table.add_row(str(row["name"]), *(_shown(row, metric) for metric in ALIKE))
    console.print(table)
    table = Table("", "photo", *SAME, title="The same thing photographed anew")
    for row in rows:
        if SAME[0] in row:
            cells = [_shown(row, metric) for metric in SAME]
            table.add_row(str(row["name"]), str(row["question"]), *cells)
    console.print(table)
    for row in rows:
        if "recall@10_of_exact" in row:
            told = {key: value for key, value in row.items() if key not in ("name", "question")}
            console.print(f"{row['question']}: {told}")


def _shown(row: Row, metric: str) -> str:
    mean, low, high = (float(row[f"{metric}{end}"]) for end in ("", "_low", "_high"))
    return shown(Interval(mean, low, high))


if __name__ == "__main__":
    main(sys.argv[1:])
