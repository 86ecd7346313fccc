"""Parquet in batches; every row goes through the codec, but for the events that need not."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from daogou.errors import BadValue, FeedError
from daogou.feeds.codec.events import event_from_json
from daogou.feeds.codec.products import product_from_json
from daogou.feeds.columns import events_by_column
from daogou.feeds.rows import RowError
from daogou.feeds.schemas import json_from_row
from daogou.types import Product, UserEvent

_BATCH: Final = 4_000  # rows; larger ones only keep the garbage collector busy


def read_product_parquet(
    path: Path, detect: Callable[[str], str], left_out: Counter[str]
) -> Iterator[tuple[int, Product] | RowError]:
    """The products of a file with their row numbers, or what is wrong with a row."""
    for first, frame in _batches(path, ("id", "title")):
        for line, row in enumerate(frame.iter_rows(named=True), first):
            try:
                data = json_from_row(row)
                yield line, product_from_json(data, detect=detect, left_out=left_out)
            except BadValue as error:
                yield RowError.of(path, line, error)


def read_event_parquet(path: Path, left_out: Counter[str]) -> Iterator[UserEvent | RowError]:
    """The events of a file, or what is wrong with a row."""
    for first, frame in _batches(path, ("eventType", "visitorId")):
        for index, event in enumerate(events_by_column(frame)):
            if event is None:
                row = frame.row(index, named=True)
                yield _event(path, first + index, row, left_out)
            else:
                yield event


def parquet_height(path: Path) -> int:
    """How many rows a file has.

    Raises
    ------
    FeedError
        It is not Parquet.
    """
    return int(_scan(path).select(pl.len()).collect().item())


def _scan(path: Path) -> pl.LazyFrame:
    try:
        scan = pl.scan_parquet(path, glob=False)
        scan.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FeedError(f"{path} cannot be read as Parquet: {error}.") from error
    return scan


def _batches(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, pl.DataFrame]]:
    """The frames of a file, each with the 1-based number of its first row."""
    scan = _scan(path)
    names = scan.collect_schema().names()
    missing = [name for name in needed if name not in names]
    if missing:
        raise FeedError(
            f"{path} has the columns {', '.join(names)}; {' and '.join(missing)} is missing."
            " Name the columns as in docs/feeds.md."
        )
    first = 1
    try:
        for frame in scan.collect_batches(chunk_size=_BATCH):
            yield first, frame
            first += frame.height
    except pl.exceptions.PolarsError as error:
        raise FeedError(f"{path} breaks off at row {first}: {error}. Write it again.") from error


def _event(
    path: Path, line: int, row: dict[str, Any], left_out: Counter[str]
) -> UserEvent | RowError:
    try:
        return event_from_json(json_from_row(row), left_out=left_out)
    except BadValue as error:
        return RowError.of(path, line, error)
