"""Parquet of our own and of other hands, with every kind of bad row."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from daogou.errors import FeedError
from daogou.feeds import (
    EVENT_SCHEMA,
    count_rows,
    read_events,
    read_products,
)
from daogou.feeds.columns import events_by_column
from daogou.types import EventLine, Money, Product, UserEvent
from tests.feeds.rows import VIEW, only_error


def test_parquet_of_another_hand(tmp_path: Path) -> None:
    """Only some columns, Retail's own prices, 32-bit numbers, structs of nulls."""
    path = tmp_path / "p.parquet"
    info = pl.Struct({"currencyCode": pl.String, "price": pl.Float32, "originalPrice": pl.Float32})
    pl.DataFrame(
        {
            "id": ["a", "b", None],
            "title": ["Tea", "Cup", "?"],
            "priceInfo": [
                {"currencyCode": "USD", "price": 12.99, "originalPrice": None},
                {"currencyCode": None, "price": None, "originalPrice": None},
                None,
            ],
            "attributes": [[{"key": "size", "value": {"text": ["L"], "numbers": None}}], [], None],
            "ttl": ["1s", None, None],
        },
        schema_overrides={"priceInfo": info},
    ).write_parquet(path)
    left_out: Counter[str] = Counter()
    found = list(read_products(path, left_out=left_out))
    tea = Product("a", "Tea", price=Money(1299, "USD"), attributes={"size": ("L",)})
    assert found[:2] == [tea, Product("b", "Cup")]
    error = only_error(found)
    assert (error.line, error.field) == (3, "id")
    assert left_out == {"ttl": 1}
    assert count_rows(path) == 3


def event_file(path: Path, *changes: dict[str, Any]) -> Path:
    rows = [{**VIEW, "eventId": f"e{n}", **change} for n, change in enumerate(changes)]
    pl.DataFrame(rows, schema=EVENT_SCHEMA).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"eventType": "detail-view"}, "eventType"),
        ({"eventType": None}, "eventType"),
        ({"visitorId": None}, "visitorId"),
        ({"visitorId": " "}, "visitorId"),
        ({"eventId": "a\n"}, "eventId"),
        ({"eventTime": None}, "eventTime"),
        ({"eventTime": datetime(2999, 1, 1, tzinfo=UTC)}, "eventTime"),
        ({"productDetails": None}, "productDetails"),
        ({"productDetails": []}, "productDetails"),
        ({"productDetails": [None]}, "productDetails[0]"),
        ({"productDetails": [{"product": None}]}, "productDetails[0].product"),
        ({"searchQuery": "\x00"}, "searchQuery"),
        ({"userInfo": {"userId": "\x00"}}, "userInfo.userId"),
        ({"attributes": [{"key": "\x00", "value": ["x"]}]}, "attributes"),
        ({"attributes": [{"key": "a", "value": ["\x00"]}]}, "attributes.a"),
        *(
            ({"productDetails": [{"product": {"id": "a"}}, {"product": {"id": "b"}, **line}]}, name)
            for line, name in (
                ({"product": {"id": "\x00"}}, "productDetails[1].product.id"),
                ({"quantity": 0}, "productDetails[1].quantity"),
                ({"quantity": 2**31}, "productDetails[1].quantity"),
                ({"position": -1}, "productDetails[1].position"),
                ({"propensity": float("nan")}, "productDetails[1].propensity"),
                ({"samplingRate": 0.0}, "productDetails[1].samplingRate"),
                ({"placement": "\x00"}, "productDetails[1].placement"),
                ({"variantId": " "}, "productDetails[1].variantId"),
                ({"price": {"amount": -1, "currency": "USD"}}, "productDetails[1].price.amount"),
                ({"price": {"amount": 1, "currency": None}}, "productDetails[1].price.currency"),
            )
        ),
    ],
)
def test_a_bad_parquet_event(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    found = list(read_events(event_file(tmp_path / "e.parquet", {}, change, {})))
    assert [row.event_id for row in found if isinstance(row, UserEvent)] == ["e0", "e2"]
    error = only_error(found)
    assert (error.line, error.field) == (2, field)


def test_by_column_and_row_by_row_say_the_same(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"eventType": "search", "productDetails": None, "searchQuery": "茶"},
        {"visitorId": "张三"},
        {"eventId": None},
        {"userInfo": {"userId": "u"}, "attributionToken": "r", "policyId": "p"},
        {"attributes": [{"key": "a", "value": ["1", "2"]}, {"key": "b", "value": []}]},
        {"attributes": [{"key": "a", "value": ["1", "2"]}]},
        {
            "productDetails": [
                {"product": {"id": "a"}, "price": {"amount": 5, "currency": "JPY"}, "quantity": 3},
                {"product": {"id": "b"}, "position": 0, "placement": "x", "propensity": 0.5},
                {"product": {"id": "c"}, "samplingRate": 0.1, "variantId": "c1"},
            ]
        },
    ]
    path = event_file(tmp_path / "e.parquet", *changes)
    frame = pl.read_parquet(path)
    quick = events_by_column(frame)
    assert [event is None for event in quick] == [
        False,
        False,
        True,
        True,
        False,
        True,
        False,
        False,
    ]
    # A time as text is not the quick layout, so that the codec reads every row.
    text = pl.col("eventTime").dt.to_string("iso:strict")
    slow_frame = frame.with_columns(text)
    assert events_by_column(slow_frame) == [None] * len(changes)
    slow_frame.write_parquet(tmp_path / "slow.parquet")
    quickly = list(read_events(path))
    assert quickly == list(read_events(tmp_path / "slow.parquet"))
    assert [event for event in quick if event] == [
        event for event, known in zip(quickly, quick, strict=True) if known
    ]


def test_a_time_without_zone_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    frame = pl.DataFrame([VIEW], schema=EVENT_SCHEMA)
    frame.with_columns(pl.col("eventTime").dt.replace_time_zone(None)).write_parquet(path)
    error = only_error(list(read_events(path)))
    assert error.field == "eventTime"
    assert "Zones are not guessed" in error.remedy


def test_other_zones_units_and_small_integers_are_quick_too() -> None:
    event = UserEvent(
        "e1", "impression", "v1", datetime(2026, 1, 1, tzinfo=UTC), (EventLine("a", 2),)
    )
    frame = pl.DataFrame(
        {
            "eventType": ["impression"],
            "visitorId": ["v1"],
            "eventId": ["e1"],
            "eventTime": [event.time],
            "productDetails": [[{"product": {"id": "a"}, "quantity": 2}]],
        },
        schema_overrides={
            "eventTime": pl.Datetime("ms", "Asia/Shanghai"),
            "productDetails": pl.List(
                pl.Struct({"product": pl.Struct({"id": pl.String}), "quantity": pl.Int8})
            ),
        },
    )
    assert list(events_by_column(frame)) == [event]


def test_an_unknown_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    pl.DataFrame([VIEW], schema=EVENT_SCHEMA).with_columns(evntTime=pl.lit("x")).write_parquet(path)
    error = only_error(list(read_events(path)))
    assert error.field == "evntTime"
    assert "Did you mean 'eventTime'?" in error.remedy


def test_needed_columns(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    pl.DataFrame({"id": ["a"]}).write_parquet(path)
    with pytest.raises(FeedError, match="title is missing"):
        list(read_products(path))
    with pytest.raises(FeedError, match="eventType and visitorId is missing"):
        list(read_events(path))
