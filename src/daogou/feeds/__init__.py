"""Files and JSON that shops exchange: read, checked row by row, and written."""

from daogou.feeds.readers import (
    ARTICLE_FEEDS,
    FEED_KINDS,
    ArticleFeed,
    FeedKind,
    count_rows,
    feed_kind,
    read_articles,
    read_events,
    read_products,
)
from daogou.feeds.rows import RowError
from daogou.feeds.schemas import EVENT_SCHEMA, PRODUCT_SCHEMA
from daogou.feeds.writers import (
    write_articles_jsonl,
    write_events_jsonl,
    write_events_parquet,
    write_products_jsonl,
    write_products_parquet,
)

__all__ = [
    "ARTICLE_FEEDS",
    "EVENT_SCHEMA",
    "FEED_KINDS",
    "PRODUCT_SCHEMA",
    "ArticleFeed",
    "FeedKind",
    "RowError",
    "count_rows",
    "feed_kind",
    "read_articles",
    "read_events",
    "read_products",
    "write_articles_jsonl",
    "write_events_jsonl",
    "write_events_parquet",
    "write_products_jsonl",
    "write_products_parquet",
]
