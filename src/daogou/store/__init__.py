"""Catalogue, events, controls, articles, conversations and API keys, in SQLite or PostgreSQL."""

from daogou.store.config import StoreConfig
from daogou.store.conversations import Feedback, Rating, StoredConversation, StoredTurn
from daogou.store.eventlog import AppendResult
from daogou.store.importing import ImportReport, import_events, import_knowledge, import_products
from daogou.store.keyring import Keyring
from daogou.store.keys import ApiKey, Scope
from daogou.store.putting import PutResult
from daogou.store.querylog import PopularQuery
from daogou.store.store import Store
from daogou.store.writer import EventWriter

__all__ = [
    "ApiKey",
    "AppendResult",
    "EventWriter",
    "Feedback",
    "ImportReport",
    "Keyring",
    "PopularQuery",
    "PutResult",
    "Rating",
    "Scope",
    "Store",
    "StoreConfig",
    "StoredConversation",
    "StoredTurn",
    "import_events",
    "import_knowledge",
    "import_products",
]
