"""Suggestions while a shopper types: from the catalogue and from what others searched for."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
"""Queries, categories and popularity are counted anew after so long."""
MOST_CHANGES: Final = 1000
"""More products that changed at once wait for the next count."""


class Completer:
    """Suggestions of a shop; safe to share between threads.

    The first request builds the index, some seconds for 100,000 titles. A product that
    changes is taken up by the next request; popularity, categories and other shoppers' queries
    are counted anew after :data:`STALE_SECONDS`, in a thread, while the old index answers.

    Parameters
    ----------
    clock
        Tells the time, in seconds since 1970.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._built: _Built | None = None

    def suggest(self, view: View, text: str, language: str, limit: int) -> list[Suggestion]:
        """The best completions of what was typed."""
        built = self._built
        if built is None:
            with self._lock:
                built = self._built or self._build(view)
        elif self._clock() - built.when > STALE_SECONDS and self._lock.acquire(blocking=False):
            threading.Thread(target=self._rebuild, args=(view,), daemon=True).start()
        elif built.revision < view.catalogue.revision and self._lock.acquire(blocking=False):
            try:
                built = self._take_up(built, view)
            finally:
                self._lock.release()
        return built.suggester.suggest(text, language, limit)

    def _rebuild(self, view: View) -> None:
        """Build anew; the caller took the lock."""
        try:
            self._build(view)
        finally:
            self._lock.release()

    def _build(self, view: View) -> "_Built":
        revision, when = view.catalogue.revision, self._clock()
        suggester = Suggester(phrases(self._store, view, when))
        self._built = _Built(suggester, when, revision)
        return self._built

    def _take_up(self, built: "_Built", view: View) -> "_Built":
        """The products that have changed since, unless there are so many that it has to wait."""
        changed, deleted = self._store.changes_since(built.revision)
        if len(changed) + len(deleted) > MOST_CHANGES:
            return built
        popularity, index = view.stats.popularity_slow, view.catalogue.table.index
        added = [
            phrase
            for product in changed
            if product.id in index
            for phrase in _titles(product, float(popularity[index[product.id]]))
        ]
        suggester = built.suggester.with_phrases(added, [("product", id_) for id_ in deleted])
        self._built = replace(built, suggester=suggester, revision=view.catalogue.revision)
        return self._built


@dataclass(frozen=True, slots=True)
class _Built:
    """An index of suggestions, when it was built, and of which revision of the catalogue."""

    suggester: Suggester
    when: float
    revision: int


def phrases(store: Store, view: View, now: float) -> Iterator[Phrase]:
    """Everything that can be suggested, by how much it is used; ``now`` in seconds since 1970."""
    since = datetime.fromtimestamp(now, UTC) - timedelta(days=QUERY_DAYS)
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
