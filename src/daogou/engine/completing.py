"""Suggestions while a shopper types: from the catalogue and from what others searched for."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from daogou.engine.catalogue import Catalogue
from daogou.engine.columns import PATH_SEPARATOR
from daogou.engine.filters import quote
from daogou.engine.view import View
from daogou.retrieval.suggest import Phrase, Suggester, Suggestion
from daogou.store import Store
from daogou.text import detect_language
from daogou.types import Product

QUERY_DAYS: Final = 90
MOST_QUERIES: Final = 20_000
LEAST_VISITORS: Final = 5
"""k of k-anonymity: a query is suggested once so many visitors have made it."""
STALE_SECONDS: Final = 600.0
"""Suggestions know of new products and new queries after so long."""


class Completer:
    """Suggestions of a shop; safe to share between threads.

    The first request builds the index, some seconds for 100,000 titles; later ones
    have it built anew in a thread once it is stale, and are answered from the old one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._suggester: Suggester | None = None
        self._built = (0.0, -1)  # when, and of which revision

    def suggest(self, view: View, text: str, language: str, limit: int) -> list[Suggestion]:
        """The best completions of what was typed."""
        suggester = self._suggester
        if suggester is None:
            with self._lock:
                suggester = self._suggester or self._build(view)
        elif self._is_stale(view.catalogue) and self._lock.acquire(blocking=False):
            threading.Thread(target=self._rebuild, args=(view,), daemon=True).start()
        return suggester.suggest(text, language, limit)

    def _is_stale(self, catalogue: Catalogue) -> bool:
        when, revision = self._built
        old = time.monotonic() - when > STALE_SECONDS
        return old or (revision != catalogue.revision and len(catalogue) < _SMALL)

    def _rebuild(self, view: View) -> None:
        """Build anew; the caller took the lock."""
        try:
            self._build(view)
        finally:
            self._lock.release()

    def _build(self, view: View) -> Suggester:
        self._built = (time.monotonic(), view.catalogue.revision)
        suggester = Suggester(phrases(self._store, view))
        self._suggester = suggester
        return suggester


_SMALL: Final = 5000
"""A shop of fewer products suggests a change at once: its index is built in a moment."""


def phrases(store: Store, view: View) -> Iterator[Phrase]:
    """Everything that can be suggested, by how much it is used."""
    since = datetime.now(UTC) - timedelta(days=QUERY_DAYS)
    for query in store.popular_queries(since, LEAST_VISITORS, MOST_QUERIES):
        yield Phrase("query", query.text, detect_language(query.text), float(query.visitors))
    yield from _values(view.catalogue)
    popularity = view.stats.popularity_slow
    index = view.catalogue.table.index
    for product in store.iter_products():
        row = index.get(product.id)
        if row is not None:
            yield from _titles(product, float(popularity[row]))


def _titles(product: Product, popularity: float) -> Iterator[Phrase]:
    yield Phrase("product", product.title, product.language, popularity, product.id)
    for language, text in product.localized.items():
        if text.title and text.title != product.title:
            yield Phrase("product", text.title, language, popularity, product.id)


def _values(catalogue: Catalogue) -> Iterator[Phrase]:
    """Brands, and categories by the name of their last level."""
    for field in ("categories", "brand"):
        postings = catalogue.texts[field]
        counts = postings.counts(catalogue.live)
        for code in np.flatnonzero(counts).tolist():
            value, weight = postings.vocabulary.words[code], float(counts[code])
            expression = f"{field}: ANY({quote(value)})"
            if field == "brand":
                yield Phrase("brand", value, "", weight, value, expression)
                continue
            for language in ("en", "zh"):
                label = postings.vocabulary.label(code, language).rsplit(PATH_SEPARATOR, 1)[-1]
                yield Phrase("category", label, language, weight, value, expression)
