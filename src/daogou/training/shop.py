"""The shop as training reads it: items, texts and events, out of the store."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from daogou.encoders import Centring, TextEncoder
from daogou.encoders.base import unit
from daogou.encoders.reduction import DIMS
from daogou.features import Codes, ItemTable, ShopLog
from daogou.features.attributes import AttributeCounter
from daogou.features.items import Float32, Int32
from daogou.retrieval.documents import LexicalDocument, item_texts, lexical_document
from daogou.retrieval.item_vectors import encode_products
from daogou.retrieval.photos import Pictured, narrowed
from daogou.store import Store
from daogou.text import detect_language
from daogou.training.pictures import Pictures
from daogou.training.queries import PATH, CatalogueWords
from daogou.types import Product

CLOCKS: Final = 86_400.0
"""Seconds by which the clocks that date events may run ahead of ours."""
Stage = Callable[[str, int, int], None]
"""Told of progress: the stage's name, how much of it is done, how much there is."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Catalogue and log as arrays.

    Attributes
    ----------
    revision
        Of the store's catalogue when it was read.
    words
        Titles, categories and brands, in all languages.
    documents
        What the lexical index holds of each item.
    texts
        Centred text vectors, float16 [V, T].
    category_names
        Centred text vectors of the categories' names, the mean over the languages,
        float32 [C, T]; zeros for code 0.
    centring
        What was taken from them, and is to be taken from queries.
    attributes, attribute_values
        Codes of each item's attribute values, int32 [V, A], 0 pads; and their vocabulary.
    images
        Image vectors, float16 [V, I]; I is 0 where the shop has none.
    pictured
        The same with what is needed to compare a photo with them; None where it has none.
    unread
        What of the log is not in ``log``, and why; without a stop at the end of the reason.
    """

    table: ItemTable
    revision: int
    words: CatalogueWords
    documents: Sequence[LexicalDocument]
    texts: npt.NDArray[np.float16]
    category_names: Float32
    centring: Centring
    log: ShopLog
    attributes: Int32
    attribute_values: Codes
    images: npt.NDArray[np.float16]
    pictured: Pictured | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, int]:
        """Counts for the report."""
        return {
            "products": len(self.table),
            "visitors": len(self.log.visitors),
            "history lines": len(self.log.lines),
            "exposures": len(self.log.exposures.item),
            "categories": len(self.table.categories) - 1,
            "brands": len(self.table.brands) - 1,
            "attribute values": len(self.attribute_values) - 1,
            "items with an image": int(self.images.any(axis=1).sum()),
        }


def latest() -> datetime:
    """From when on an event lies in the future."""
    return datetime.fromtimestamp(time.time() + CLOCKS, UTC)


def read_shop(
    store: Store,
    encoder: TextEncoder,
    stage: Stage,
    until: float | None = None,
    pictures: Pictures | None = None,
) -> Shop:
    """Read everything that training needs; events from ``until`` on (seconds) are left out.

    So are events that lie in the future: one of them would be the end of the log, and all
    that happened would seem to have happened long before it.
    """
    revision, total = store.revision(), store.count_products()
    end = latest() if until is None else min(latest(), datetime.fromtimestamp(until, UTC))
    unread: dict[str, str] = {}

    def log(table: ItemTable) -> ShopLog:
        stage("reading events", 0, 1)
        later = 0

        def parts() -> Iterator[pl.DataFrame]:
            nonlocal later
            stop = datetime.fromtimestamp(until, UTC) if until is not None else None
            for part in store.event_parts(stop):
                later += part.filter(pl.col("time") >= end)["seq"].n_unique()
                yield part.filter(pl.col("time") < end)

        found = ShopLog.from_parts(parts(), table.index, store.searches(end))
        if later:
            unread["events in the future"] = (
                f"{later:,} {'event is' if later == 1 else 'events are'} dated more than a day"
                " from now, and not looked at; mend their times where they come from"
            )
        return found

    shop = build_shop(store.iter_products(), total, revision, encoder, log, stage, pictures)
    return replace(shop, unread=unread)


def build_shop(
    products: Iterable[Product],
    total: int,
    revision: int,
    encoder: TextEncoder,
    log: Callable[[ItemTable], ShopLog],
    stage: Stage,
    pictures: Pictures | None = None,
) -> Shop:
    """A catalogue of ``total`` products as arrays, with its log.

    Titles are encoded once each, however many products share them; a category's
    name is encoded with the title.
    """
    bare, documents, attributes = [], [], AttributeCounter()
    titles: dict[str, list[str]] = {}
    paths: dict[str, dict[str, str]] = {}  # language -> path of the catalogue -> path in it
    texts: list[dict[str, str]] = []
    images: list[tuple[str, ...]] = []
    for number, product in enumerate(products):
        if number % 1000 == 0:
            stage("reading products", number, total)
        bare.append(_bare(product))
        documents.append(lexical_document(number, product))
        attributes.add(product)
        texts.append(item_texts(product))
        images.append(product.images)
        for language in sorted({product.language, *product.localized}):
            titles.setdefault(language, [""] * number).append(product.title_in(language))
            if product.categories:
                told = product.categories_in(language)[0]
                paths.setdefault(language, {}).setdefault(product.categories[0], told)
        for known in titles.values():
            known.extend([""] * (number + 1 - len(known)))
    table = ItemTable.from_products(bare)
    vectors, centring = encode_products(
        encoder, texts, progress=lambda done, all_: stage("encoding texts", done, all_)
    )
    words = _words(table, titles, paths)
    names = _category_names(words, len(table.categories), encoder, centring)
    values, codes = attributes.build()
    pictured = pictures(images) if pictures else None
    return Shop(
        table=table,
        revision=revision,
        words=words,
        documents=documents,
        texts=vectors.astype(np.float16),
        category_names=names,
        centring=centring,
        log=log(table),
        attributes=codes,
        attribute_values=values,
        images=_images(pictured, len(table)),
        pictured=pictured,
    )


def _images(pictured: Pictured | None, size: int) -> npt.NDArray[np.float16]:
    """What the item tower reads of the pictures of ``size`` products."""
    if pictured is None:
        return np.zeros((size, 0), np.float16)
    return narrowed(pictured.vectors, DIMS).astype(np.float16)


def _words(
    table: ItemTable,
    titles: Mapping[str, Sequence[str]],
    paths: Mapping[str, Mapping[str, str]],
) -> CatalogueWords:
    return CatalogueWords(
        titles=titles,
        paths={
            language: [known.get(path, path) for path in table.categories.words]
            for language, known in paths.items()
        },
        category=table.category,
        brands=[table.brands.words[code] for code in table.brand.tolist()],
    )


def _category_names(
    words: CatalogueWords, n_categories: int, encoder: TextEncoder, centring: Centring
) -> Float32:
    """The mean over the languages of the vectors of the categories' leaves, unit [C, T]."""
    total = np.zeros((n_categories, encoder.dim), np.float32)
    for paths in words.paths.values():
        leaves = [path.rsplit(PATH, 1)[-1] for path in paths]
        total += centring.apply(encoder.encode(leaves), [detect_language(leaf) for leaf in leaves])
    total[0] = 0
    return unit(total)


def _bare(product: Product) -> Product:
    """A product without its long texts, which a whole catalogue of would fill the memory."""
    return Product(
        id=product.id,
        title="",
        brand=product.brand,
        categories=product.categories[:1],
        price=product.price,
    )
