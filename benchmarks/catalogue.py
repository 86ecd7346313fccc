"""A shop of any size out of real products, and the questions that its shoppers ask.

The products are those of the demo shop, then those of the data sets beside the project, as far
as they are there: electronics (icecat-chorus), fashion (fashion-9k), tools (amazon18-text-seq)
and Chinese titles (zh-ecommerce-ner). Where these are too few, they come again in another pack
and from another maker.
"""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.queries.grading import load_needs, queries_of
from benchmarks.search.judged import load
from daogou.bundle import Bundle, activate
from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.store import Store
from daogou.text import detect_language, tokenize
from daogou.types import Money, Product

CURRENCY: Final = "USD"
TRIES: Final = 20
"""For each query that is wanted; titles of a small catalogue are soon used up."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products to fill a shop with.

    Attributes
    ----------
    products
        Real ones, mixed, so that any beginning is a small shop of the same kind.
    size
        How many are wanted; more than there are come in varied copies.
    """

    products: tuple[Product, ...]
    size: int

    @property
    def copies(self) -> int:
        """How many of them are varied copies."""
        return max(self.size - len(self.products), 0)

    def __iter__(self) -> Iterator[Product]:
        for n in range(self.size):
            again, row = divmod(n, len(self.products))
            yield _varied(self.products[row], again) if again else self.products[row]


def real_catalogue(demo: Path, data: Path | None, size: int) -> Catalogue:
    """Real products of a built demo shop and of the data sets in ``data``, in a fixed mix."""
    with Store.open(database(demo), create=False) as store:
        products = list(store.iter_products())
    for source, read in _SOURCES.items():
        if data is not None and (data / source).exists():
            products.extend(read(data / source))
    order = np.random.default_rng(0).permutation(len(products))
    return Catalogue(tuple(products[row] for row in order.tolist()), size)


def database(home: Path) -> str:
    """The URL of a home's database."""
    return f"sqlite:///{(home / 'daogou.db').resolve()}"


def train_bundle(home: Path, demo: Path | None) -> Bundle:
    """Train on what a home has, and make that its current bundle; without events, on its content.

    Vectors that the demo shop has encoded already are taken from there, where it is given.
    """
    from daogou.training.config import TrainingConfig
    from daogou.training.pipeline import train

    known, cache = (demo or home) / "cache" / "text-vectors.db", home / "cache"
    if known.exists() and not cache.exists():
        cache.mkdir(parents=True)
        shutil.copy(known, cache)
    with Store.open(database(home), create=False) as store:
        trained = train(store, home / "bundles", encoder_at(home), TrainingConfig(threads=1))
    activate(home / "bundles", trained.bundle)
    return trained.bundle


def encoder_at(home: Path) -> TextEncoder:
    """The default encoder, with the cache of a home."""
    return open_text_encoder(EncoderConfig(), home / "cache")


def _icecat(folder: Path) -> Iterator[Product]:
    for product in load(folder).products:
        yield replace(product, id=f"icecat-{product.id}", images=())


def _fashion(folder: Path) -> Iterator[Product]:
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            levels = (row["masterCategory"], row["subCategory"], row["articleType"])
            kept = {"color": row["baseColour"], "season": row["season"], "gender": row["gender"]}
            yield Product(
                id=f"fashion-{row['id']}",
                title=row["productDisplayName"] or row["articleType"],
                categories=(" > ".join(level for level in levels if level),),
                price=_price(row["id"]),
                attributes={key: (value,) for key, value in kept.items() if value},
            )


def _tools(folder: Path) -> Iterator[Product]:
    for path in sorted(folder.glob("*.items.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            id_ = f"{path.name.partition('.')[0]}-{item['item_id']}"
            yield Product(
                id=id_,
                title=item["title"] or id_,
                description=item["description"].strip("[]'\""),
                brand=item["brand"] or None,
                price=_price(id_),
            )


def _titles(folder: Path) -> Iterator[Product]:
    """Titles in characters, one a line, each with its label; a blank line ends a title."""
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        for n, block in enumerate(text.strip().split("\n\n")):
            cells = [line.rsplit(" ", 1) for line in block.splitlines() if " " in line]
            title = "".join(cell[0] for cell in cells)
            brand = "".join(cell[0] for cell in cells if cell[1].endswith("HPPX"))
            id_ = f"title-{path.stem}-{n}"
            if title:
                yield Product(id_, title, language="zh", brand=brand or None, price=_price(id_))


_SOURCES: Final = {
    "icecat-chorus": _icecat,
    "fashion-9k": _fashion,
    "amazon18-text-seq": _tools,
    "zh-ecommerce-ner": _titles,
}


def _price(id_: str) -> Money:
    """A price for those that come without one: of no meaning, but always the same."""
    return Money(99 + sum(map(ord, id_)) * 7919 % 9900, CURRENCY)


def _varied(product: Product, again: int) -> Product:
    """The product in a pack of another size and from another maker."""
    pack = again + 1
    texts = {
        language: replace(text, title=f"{text.title} {pack}件装" if text.title else None)
        for language, text in product.localized.items()
    }
    sizes = {"size": (f"{pack}-pack",)}
    return replace(
        product,
        id=f"{product.id}-{pack}",
        title=f"{product.title}, {pack}-pack",
        brand=f"{product.brand or 'Maker'} {pack}",
        gtin=None,
        variants=(),
        attributes={**product.attributes, **sizes},
        localized=texts,
    )


def fill(home: Path, catalogue: Catalogue) -> None:
    """Put all products into the store of a home, which is made."""
    home.mkdir(parents=True, exist_ok=True)
    with Store.open(database(home)) as store:
        store.put_products(catalogue)


def shop_queries(catalogue: Catalogue, count: int) -> list[tuple[str, str]]:
    """Distinct queries with their language: the committed set, then words of titles, mixed.

    A small catalogue may have fewer of them than ``count``.
    """
    rng = np.random.default_rng(1)
    queries = {query.text: query.language for query in queries_of(load_needs())}
    for _ in range(TRIES * count):
        if len(queries) >= count:
            break
        product = catalogue.products[int(rng.integers(len(catalogue.products)))]
        language = ("en", "zh")[int(rng.integers(2))]
        words = _some_words(product.title_in(language), rng)
        if words:
            queries[words] = detect_language(words)
    listed = list(queries.items())[:count]
    return [listed[n] for n in rng.permutation(len(listed)).tolist()]


def _some_words(title: str, rng: np.random.Generator) -> str:
    """One to three words of a title that stand together."""
    han = detect_language(title) == "zh"
    words = tokenize(title) if han else title.replace(",", " ").split()
    start = int(rng.integers(max(len(words) - 1, 1)))
    return ("" if han else " ").join(words[start : start + int(rng.integers(1, 4))])
