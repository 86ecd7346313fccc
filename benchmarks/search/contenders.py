"""What search is compared with: each ranks all products for a query, as far as it finds them."""

from collections.abc import Sequence
from typing import Final, Protocol

import bm25s
import numpy as np
import numpy.typing as npt
import tantivy

from daogou.encoders import TextEncoder
from daogou.retrieval.documents import item_text
from daogou.retrieval.fusion import SMOOTHING
from daogou.text import singular
from daogou.types import Product

Rows = npt.NDArray[np.int64]

TITLE_BOOST: Final = 2.0
FUSED_DEPTH: Final = 1000
"""So many of each list take part in a fusion."""


class Contender(Protocol):
    """A search engine over a catalogue."""

    name: str

    def rank(self, query: str) -> Rows:
        """Numbers of the products that it finds, best first."""
        ...


class Tantivy:
    """BM25 as a competent engineer sets it up.

    English stemmer, a field each for title, brand and description, the title boosted; any
    word of the query matches.
    """

    name = "tantivy bm25"

    def __init__(self, products: Sequence[Product]) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", fast=True)
        self._fields = ["title", "brand", "description"]
        for field in self._fields:
            builder.add_text_field(field, tokenizer_name="en_stem")
        self._index = tantivy.Index(builder.build())
        writer = self._index.writer(heap_size=64_000_000, num_threads=1)
        for row, product in enumerate(products):
            document = tantivy.Document()
            document.add_unsigned("row", row)
            document.add_text("title", product.title)
            document.add_text("brand", product.brand or "")
            document.add_text("description", product.description)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._size = len(products)

    def rank(self, query: str) -> Rows:
        """See :class:`Contender`."""
        parsed, _ = self._index.parse_query_lenient(
            query, self._fields, field_boosts={"title": TITLE_BOOST}
        )
        searcher = self._index.searcher()
        hits = searcher.search(parsed, limit=self._size, count=False).hits
        rows = searcher.fast_field_values("row", [address for _, address in hits])
        return np.array(rows, np.int64)


class Bm25s:
    """bm25s over title (twice), brand and description, plurals removed, with its stop words."""

    name = "bm25s"

    def __init__(self, products: Sequence[Product]) -> None:
        texts = [f"{p.title} {p.title} {p.brand or ''} {p.description}" for p in products]
        self._model = bm25s.BM25(k1=1.2, b=0.75)
        self._model.index(self._tokens(texts), show_progress=False)

    def rank(self, query: str) -> Rows:
        """See :class:`Contender`."""
        (tokens,) = self._tokens([query])
        known = [token for token in tokens if token in self._model.vocab_dict]
        if not known:
            return np.zeros(0, np.int64)
        scores = self._model.get_scores(known)
        order = np.argsort(-scores, kind="stable")
        return np.asarray(order[scores[order] > 0], np.int64)

    @staticmethod
    def _tokens(texts: list[str]) -> list[list[str]]:
        cut = bm25s.tokenize(
            texts,
            stopwords="en",
            stemmer=lambda words: [singular(word) for word in words],
            return_ids=False,
            show_progress=False,
        )
        return [list(words) for words in cut]


class Vectors:
    """One encoder alone: the cosine of the query and what our item text says of a product."""

    def __init__(self, name: str, encoder: TextEncoder, products: Sequence[Product]) -> None:
        self.name = name
        self._encoder = encoder
        self._vectors = encoder.encode([item_text(product) for product in products])

    def rank(self, query: str) -> Rows:
        """See :class:`Contender`."""
        scores = self._vectors @ self._encoder.encode([query], "query")[0]
        return np.argsort(-scores, kind="stable").astype(np.int64)


class Fusion:
    """Reciprocal rank fusion of other contenders (Cormack, Clarke and Buettcher, SIGIR 2009)."""

    def __init__(self, parts: Sequence[Contender], size: int) -> None:
        self.name = "rrf of " + ", ".join(part.name for part in parts)
        self._parts = parts
        self._size = size

    def rank(self, query: str) -> Rows:
        """See :class:`Contender`."""
        scores = np.zeros(self._size)
        for part in self._parts:
            rows = part.rank(query)[:FUSED_DEPTH]
            scores[rows] += 1 / (SMOOTHING + 1 + np.arange(len(rows)))
        order = np.argsort(-scores, kind="stable")
        return order[scores[order] > 0].astype(np.int64)
