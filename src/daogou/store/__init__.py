"""Catalogue, events, controls and articles, in SQLite or PostgreSQL; the way from feeds there."""

from daogou.store.config import StoreConfig
from daogou.store.eventlog import AppendResult
from daogou.store.importing import ImportReport, import_events, import_knowledge, import_products
from daogou.store.putting import PutResult
from daogou.store.querylog import PopularQuery
from daogou.store.store import Store

__all__ = [
    "AppendResult",
    "ImportReport",
    "PopularQuery",
    "PutResult",
    "Store",
    "StoreConfig",
    "import_events",
    "import_knowledge",
    "import_products",
]
