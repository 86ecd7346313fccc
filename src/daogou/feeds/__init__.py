"""Files and JSON that shops exchange: read, checked row by row, and written."""

from daogou.feeds.readers import (
    FEED_KINDS,
    FeedKind,
    count_rows,
    feed_kind,
    read_events,
    read_products,
)
from daogou.feeds.rows import RowError
from daogou.feeds.schemas import EVENT_SCHEMA, PRODUCT_SCHEMA
from daogou.feeds.writers import (
    write_events_jsonl,
    write_events_parquet,
    write_products_jsonl,
    write_products_parquet,
)

__all__ = [
    "EVENT_SCHEMA",
    "FEED_KINDS",
    "PRODUCT_SCHEMA",
    "FeedKind",
    "RowError",
    "count_rows",
    "feed_kind",
    "read_events",
    "read_products",
    "write_events_jsonl",
    "write_events_parquet",
    "write_products_jsonl",
    "write_products_parquet",
]
