"""The shop as training reads it: items, texts and events, out of the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from daogou.encoders import Centring, TextEncoder
from daogou.encoders.base import unit
from daogou.features import ItemTable, ShopLog
from daogou.features.items import Float32
from daogou.retrieval.documents import LexicalDocument, item_texts, lexical_document
from daogou.retrieval.item_vectors import encode_products
from daogou.store import Store
from daogou.text import detect_language
from daogou.training.queries import PATH, CatalogueWords
from daogou.types import Product

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
    """

    table: ItemTable
    revision: int
    words: CatalogueWords
    documents: Sequence[LexicalDocument]
    texts: npt.NDArray[np.float16]
    category_names: Float32
    centring: Centring
    log: ShopLog

    def summary(self) -> dict[str, int]:
        """Counts for the report."""
        return {
            "products": len(self.table),
            "visitors": len(self.log.visitors),
            "history lines": len(self.log.lines),
            "exposures": len(self.log.exposures.item),
            "categories": len(self.table.categories) - 1,
            "brands": len(self.table.brands) - 1,
        }


def read_shop(store: Store, encoder: TextEncoder, stage: Stage, until: float | None = None) -> Shop:
    """Read everything that training needs.

    Titles are encoded once each, however many products share them; a category's
    name is encoded with the title. Events from ``until`` on (seconds) are left out.
    """
    revision, total = store.revision(), store.count_products()
    products, documents = [], []
    titles: dict[str, list[str]] = {}
    paths: dict[str, dict[str, str]] = {}  # language -> path of the catalogue -> path in it
    texts: list[dict[str, str]] = []
    for number, product in enumerate(store.iter_products()):
        if number % 1000 == 0:
            stage("reading products", number, total)
        products.append(_bare(product))
        documents.append(lexical_document(number, product))
        texts.append(item_texts(product))
        for language in sorted({product.language, *product.localized}):
            titles.setdefault(language, [""] * number).append(product.title_in(language))
            if product.categories:
                told = product.categories_in(language)[0]
                paths.setdefault(language, {}).setdefault(product.categories[0], told)
        for known in titles.values():
            known.extend([""] * (number + 1 - len(known)))
    table = ItemTable.from_products(products)
    vectors, centring = encode_products(
        encoder, texts, progress=lambda done, all_: stage("encoding texts", done, all_)
    )
    words = _words(table, titles, paths)
    names = _category_names(words, len(table.categories), encoder, centring)
    stage("reading events", 0, 1)
    end = datetime.fromtimestamp(until, UTC) if until is not None else None
    log = ShopLog.from_frame(store.event_lines(until=end), table.index, store.searches(end))
    return Shop(
        table=table,
        revision=revision,
        words=words,
        documents=documents,
        texts=vectors.astype(np.float16),
        category_names=names,
        centring=centring,
        log=log,
    )


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
