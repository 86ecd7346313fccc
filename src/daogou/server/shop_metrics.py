"""Metrics of the shop itself: the age of its bundle and of its newest event, its size."""

import logging

from prometheus_client import Gauge

from daogou.bundle import created_at
from daogou.engine import Engine
from daogou.errors import StoreError
from daogou.server.metrics import Metrics
from daogou.store import Store

log = logging.getLogger("daogou.server")


def watch_shop(metrics: Metrics, engine: Engine, store: Store) -> None:
    """Tell how the shop is, read whenever the metrics are asked for.

    While the database is away these say what they said last: ``/readyz`` tells of that, and the
    other metrics are wanted then more than ever.
    """

    def gauge(name: str, told: str) -> Gauge:
        # Every worker reads the same.
        return Gauge(name, told, registry=metrics.registry, multiprocess_mode="mostrecent")

    trained = gauge(
        "daogou_bundle_created_timestamp_seconds",
        "When the bundle at work was trained, in seconds since 1970; 0 without one",
    )
    products = gauge("daogou_products", "Products in the catalogue")
    newest = gauge(
        "daogou_last_event_timestamp_seconds",
        "When the event happened that was stored last, in seconds since 1970; 0 without events",
    )
    size = gauge("daogou_store_bytes", "Size of the database; on SQLite with its write-ahead log")

    def read() -> None:
        trained.set(created_at(engine.bundle_id) if engine.bundle_id else 0)
        try:
            vitals = store.vitals()
        except StoreError as error:
            log.warning("The metrics of the store are old: %s", error)
            return
        products.set(vitals.products)
        newest.set(vitals.last_event)
        size.set(vitals.bytes)

    metrics.before_telling(read)
