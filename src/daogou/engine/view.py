"""The shop as a request sees it: catalogue, indexes and model at one revision of the store."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from daogou.engine.catalogue import Catalogue
from daogou.engine.changes import apply_changes
from daogou.engine.grounds import CategoryRows, bestsellers
from daogou.engine.matching import Bools
from daogou.engine.model import Loaded, Model
from daogou.features import ItemStats, ItemTable, Neighbours, ShopLog, item_stats
from daogou.features.items import Int32
from daogou.features.stats import DAY
from daogou.retrieval import (
    Candidates,
    LexicalDocument,
    LexicalRetriever,
    build_lexical,
    lexical_document,
)
from daogou.store import Store
from daogou.types import Product

RECENT_DAYS: Final = 90
"""Without a bundle, purchases of so many days say what is popular."""
EMBEDDED_AT_ONCE: Final = 32
"""Texts that a request encodes itself; of more, a thread makes the vectors meanwhile."""
SEEN_AT_ONCE: Final = 4
"""The same where pictures are read too: one takes some 30 ms."""


@dataclass(frozen=True)
class View:
    """Everything that an answer is made of. Immutable.

    Attributes
    ----------
    stats
        Counters for all V rows.
    order
        All rows, the most popular first; what never sold follows, newest first. int32 [V].
    bestsellers
        See :class:`~daogou.engine.grounds.Grounds`.
    model
        None without a bundle.
    n_trained
        Rows from this one on came after the bundle.
    """

    catalogue: Catalogue
    lexical: LexicalRetriever
    stats: ItemStats
    order: Int32
    bestsellers: Int32
    model: Model | None
    n_trained: int

    @cached_property
    def by_category(self) -> CategoryRows:
        """The rows of each category, grouped at the first call."""
        return CategoryRows.from_codes(self.catalogue.table.category)

    def popular(self, mask: Bools, k: int) -> Candidates:
        """The first ``k`` rows of :attr:`order` that pass, with their counters as scores."""
        rows = self.order[mask[self.order]][:k]
        return Candidates(rows, self.stats.popularity_fast[rows], "popular")


class LiveView:
    """The newest view of a store; safe to share between threads.

    Parameters
    ----------
    store
        The shop.
    loaded
        The bundle, whose numbering and codes are kept; None without one.
    scratch
        A folder for the lexical index of a shop without a bundle.
    now
        Seconds since 1970: without a bundle, what sold recently is counted up to here.
    """

    def __init__(self, store: Store, loaded: Loaded | None, scratch: Path, now: float) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._unembedded: list[Product] = []
        revision = store.revision()
        catalogue = apply_changes(
            Catalogue.empty(loaded.table if loaded else None),
            store.iter_products(),
            (),
            revision,
        )
        if loaded:
            lexical, stats, model = loaded.lexical, loaded.stats, loaded.model
        else:
            build_lexical(scratch / "lexical", _documents(store, catalogue))
            lexical = LexicalRetriever.open(scratch / "lexical")
            stats, model = recent_stats(store, catalogue.table, now), None
        stats = stats.grown(len(catalogue))
        self._newest = View(
            catalogue=catalogue,
            lexical=lexical,
            stats=stats,
            order=_by_popularity(catalogue, stats),
            bestsellers=bestsellers(catalogue, stats),
            model=model,
            n_trained=len(loaded.table) if loaded else 0,
        )
        if model:
            self._learn(self._newest, store.changes_since(model.revision)[0])

    def newest(self) -> View:
        """The view as of now: one small query when nothing has changed."""
        if self._store.revision() > self._newest.catalogue.revision:
            with self._lock:
                # Read before the changes are: what comes in between is then read again.
                revision = self._store.revision()
                if revision > self._newest.catalogue.revision:
                    self._refresh(revision)
        return self._newest

    def settle(self) -> None:
        """Make the vectors that are still missing now, however long that takes."""
        self._embed_rest()

    def retire(self) -> None:
        """Leave the vectors that are still missing unmade: another view has taken over."""
        with self._lock:
            self._unembedded.clear()

    def _refresh(self, revision: int) -> None:
        old = self._newest
        products, deleted = self._store.changes_since(old.catalogue.revision)
        catalogue = apply_changes(old.catalogue, products, deleted, revision)
        new = replace(old, catalogue=catalogue)
        if len(catalogue) > len(old.catalogue):
            stats = old.stats.grown(len(catalogue))
            new = replace(new, stats=stats, order=_with_arrivals(old, len(catalogue)))
        if not np.array_equal(catalogue.live[: len(old.catalogue)], old.catalogue.live):
            new = replace(new, bestsellers=bestsellers(catalogue, new.stats))
        self._learn(new, [p for p in products if _is_retold(p, old.catalogue, catalogue)])

    def _learn(self, view: View, products: Sequence[Product]) -> None:
        """Make ``view`` the newest one, with new words and, soon, new vectors of ``products``."""
        index = view.catalogue.table.index
        documents = [lexical_document(index[p.id], p) for p in products]
        self._newest = replace(view, lexical=view.lexical.changed(documents))
        if view.model is None or not products:
            return
        if len(products) <= _at_once(view.model) and not self._unembedded:
            self._embed(products)
        else:
            idle = not self._unembedded
            self._unembedded.extend(products)
            if idle:
                threading.Thread(target=self._embed_rest, daemon=True).start()

    def _embed(self, products: Sequence[Product]) -> None:
        view = self._newest
        if view.model is not None:
            table = view.catalogue.table
            model = view.model.with_products(products, table, view.n_trained)
            self._newest = replace(view, model=model)

    def _embed_rest(self) -> None:
        """Encode what many changes left over, a batch at a time, while requests go on."""
        while True:
            with self._lock:
                model = self._newest.model
                batch = self._unembedded[: _at_once(model)] if model else []
                if not batch:
                    return
                del self._unembedded[: len(batch)]
                self._embed(batch)


def _at_once(model: Model) -> int:
    """How many products are encoded while a request waits."""
    sees = model.photos is not None and model.photos.reads_products
    return SEEN_AT_ONCE if sees else EMBEDDED_AT_ONCE


def _is_retold(product: Product, before: Catalogue, after: Catalogue) -> bool:
    """Whether a product is new or its texts or picture changed, as opposed to price or stock."""
    row = after.table.index[product.id]
    return row >= len(before) or bool(before.fingerprints[row] != after.fingerprints[row])


def _documents(store: Store, catalogue: Catalogue) -> Iterator[LexicalDocument]:
    """Documents of the catalogue's products, in the order of their rows."""
    for product in store.iter_products():
        row = catalogue.table.index.get(product.id)
        if row is not None:  # else it came after the catalogue was read, and will be overlaid
            yield lexical_document(row, product)


def recent_stats(store: Store, table: ItemTable, now: float) -> ItemStats:
    """What sold lately, counted from the log: for a shop that has no bundle yet.

    What goes with what is left to training.
    """
    if not len(table):
        return ItemStats.nothing(0, now)
    since = datetime.fromtimestamp(now - RECENT_DAYS * DAY, tz=UTC)
    frame = store.event_lines(since=since, types=["purchase-complete"])
    visitors, items, times = ShopLog.from_frame(frame, table.index).purchases()
    none = Neighbours.none(len(table))
    return item_stats(visitors, items, times, category=table.category, as_of=now, neighbours=none)


def _by_popularity(catalogue: Catalogue, stats: ItemStats) -> Int32:
    published = np.nan_to_num(catalogue.numbers["published"], nan=-np.inf)
    rows = np.arange(len(catalogue), dtype=np.int32)
    return rows[np.lexsort((rows, -published, -stats.popularity_fast))]


def _with_arrivals(old: View, size: int) -> Int32:
    """The order with new rows ahead of what never sold."""
    sold = int(np.count_nonzero(old.stats.popularity_fast > 0))
    arrivals = np.arange(len(old.catalogue), size, dtype=np.int32)
    return np.concatenate([old.order[:sold], arrivals, old.order[sold:]])
