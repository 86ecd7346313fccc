"""The shop as training reads it: items, texts and events, out of the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from daogou.encoders import Centring, TextEncoder
from daogou.features import ItemTable, ShopLog
from daogou.retrieval.documents import LexicalDocument, item_text, lexical_document
from daogou.store import Store
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
    titles
        Language to the titles of all items, in item order.
    documents
        What the lexical index holds of each item.
    texts
        Centred text vectors, float16 [V, T].
    centring
        What was taken from them, and is to be taken from queries.
    """

    table: ItemTable
    revision: int
    titles: Mapping[str, Sequence[str]]
    documents: Sequence[LexicalDocument]
    texts: npt.NDArray[np.float16]
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
    texts, languages = [], []
    for number, product in enumerate(store.iter_products()):
        if number % 1000 == 0:
            stage("reading products", number, total)
        products.append(_bare(product))
        documents.append(lexical_document(number, product))
        texts.append(item_text(product))
        languages.append(product.language)
        for language in {product.language, *product.localized}:
            titles.setdefault(language, [""] * number).append(product.title_in(language))
        for known in titles.values():
            known.extend([""] * (number + 1 - len(known)))
    table = ItemTable.from_products(products)
    vectors = encoder.encode(texts, progress=lambda done, all_: stage("encoding texts", done, all_))
    centring = Centring.fit(vectors, languages, encoder.blocks)
    stage("reading events", 0, 1)
    end = datetime.fromtimestamp(until, UTC) if until is not None else None
    log = ShopLog.from_frame(store.event_lines(until=end), table.index)
    return Shop(
        table=table,
        revision=revision,
        titles=titles,
        documents=documents,
        texts=centring.apply(vectors, languages).astype(np.float16),
        centring=centring,
        log=log,
    )


def _bare(product: Product) -> Product:
    """A product without its long texts, which a whole catalogue of would fill the memory."""
    return Product(
        id=product.id,
        title="",
        brand=product.brand,
        categories=product.categories[:1],
        price=product.price,
    )
