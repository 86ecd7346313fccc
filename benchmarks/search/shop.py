"""Our own search over a catalogue that has no shopper yet, by the way that a merchant takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from benchmarks.search.contenders import Rows
from daogou.bundle import activate
from daogou.encoders import TextEncoder
from daogou.engine import Engine, SearchRequest
from daogou.engine.requests import MAX_PAGE
from daogou.store import Store
from daogou.training.config import TrainingConfig
from daogou.training.pipeline import train
from daogou.types import Product


class Daogou:
    """Import into a store, train what a catalogue alone can teach, and ask the engine."""

    def __init__(self, name: str, store: Store, engine: Engine, ids: Sequence[str]) -> None:
        self.name = name
        self._store = store
        self._engine = engine
        self._rows = {id_: row for row, id_ in enumerate(ids)}

    @classmethod
    def open(
        cls, name: str, products: Sequence[Product], encoder: TextEncoder, folder: Path
    ) -> Self:
        """Set the shop up in a new folder."""
        folder.mkdir(parents=True)
        store = Store.open(f"sqlite:///{folder / 'daogou.db'}")
        store.put_products(products)
        bundles = folder / "bundles"
        activate(bundles, train(store, bundles, encoder, TrainingConfig()).bundle)
        engine = Engine.open(store, bundles, encoder=encoder)
        return cls(name, store, engine, [product.id for product in products])

    def rank(self, query: str) -> Rows:
        """See :class:`~benchmarks.search.contenders.Contender`; the first thousand."""
        request = SearchRequest(query, page_size=MAX_PAGE, personalize=False)
        items = self._engine.search(request).slate.items
        return np.array([self._rows[item.product.id] for item in items], np.int64)

    def close(self) -> None:
        """Close the engine and the store."""
        self._engine.close()
        self._store.close()
