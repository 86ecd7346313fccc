"""Writing feeds that the readers read back, products, events and articles unchanged."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
import polars as pl

from daogou.feeds.codec.articles import article_to_json
from daogou.feeds.codec.events import event_to_json
from daogou.feeds.codec.products import product_to_json
from daogou.feeds.schemas import EVENT_SCHEMA, PRODUCT_SCHEMA, row_from_json
from daogou.types import Article, Product, UserEvent

T = TypeVar("T")
_BATCH: Final = 20_000


def write_products_jsonl(path: Path, products: Iterable[Product]) -> int:
    """Write one JSON object a line; returns how many."""
    return _write_jsonl(path, map(product_to_json, products))


def write_events_jsonl(path: Path, events: Iterable[UserEvent]) -> int:
    """Write one JSON object a line; returns how many."""
    return _write_jsonl(path, map(event_to_json, events))


def write_articles_jsonl(path: Path, articles: Iterable[Article]) -> int:
    """Write one JSON object a line; returns how many."""
    return _write_jsonl(path, map(article_to_json, articles))


def write_products_parquet(path: Path, products: Iterable[Product]) -> int:
    """Write ``PRODUCT_SCHEMA``; returns how many."""
    return _write_parquet(path, products, _product_row, PRODUCT_SCHEMA)


def write_events_parquet(path: Path, events: Iterable[UserEvent]) -> int:
    """Write ``EVENT_SCHEMA``; returns how many."""
    return _write_parquet(path, events, _event_row, EVENT_SCHEMA)


def _write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def _write_parquet(
    path: Path,
    items: Iterable[T],
    row_of: Callable[[T], Mapping[str, Any]],
    schema: Mapping[str, pl.DataType],
) -> int:
    iterator = iter(items)
    frames = []
    while batch := [row_of(item) for item in islice(iterator, _BATCH)]:
        frames.append(pl.DataFrame(batch, schema=dict(schema)))
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=dict(schema))
    frame.write_parquet(path, row_group_size=_BATCH)
    return frame.height


def _product_row(product: Product) -> dict[str, Any]:
    row = row_from_json(product_to_json(product))
    row.pop("priceInfo", None)  # price and originalPrice say it exactly
    return {**row, "publishTime": product.published}


def _event_row(event: UserEvent) -> dict[str, Any]:
    row = row_from_json(event_to_json(event))
    for name in row.keys() - EVENT_SCHEMA.keys():
        # Retail's fields that we keep as attributes; the layout has no columns for them.
        value = row.pop(name)
        texts = [value] if isinstance(value, str) else value
        row.setdefault("attributes", []).append({"key": name, "value": texts})
    return {**row, "eventTime": event.time}
