"""Catalogue and event log, in SQLite or PostgreSQL."""

from daogou.store.eventlog import AppendResult
from daogou.store.putting import PutResult
from daogou.store.store import Store

__all__ = ["AppendResult", "PutResult", "Store"]
