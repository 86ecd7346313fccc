"""Feeds with every kind of bad row: each costs only itself and is reported."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from daogou.errors import FeedError
from daogou.feeds import (
    EVENT_SCHEMA,
    RowError,
    count_rows,
    feed_kind,
    read_events,
    read_products,
    write_products_jsonl,
)
from daogou.feeds.columns import events_by_column
from daogou.feeds.lines import MAX_LINE
from daogou.types import EventLine, Money, Product, UserEvent

GOOD = b'{"id": "good", "title": "Good"}'
LAST = b'{"id": "last", "title": "Last"}'
VIEW = {
    "eventType": "detail-page-view",
    "visitorId": "v1",
    "eventId": "e1",
    "eventTime": datetime(2026, 1, 31, tzinfo=UTC),
    "productDetails": [{"product": {"id": "tea"}}],
}


def only_error(found: list[Any]) -> RowError:
    errors = [row for row in found if isinstance(row, RowError)]
    assert len(errors) == 1
    return errors[0]


@pytest.mark.parametrize(
    ("line", "field", "value", "words"),
    [
        (b'{"id": "x", "title": "T', None, '{"id": "x", "title": "T', "not JSON"),
        (b"[1, 2]", None, "[1, 2]", "expected a JSON object"),
        (b'"text"', None, "text", "expected a JSON object"),
        (b'{"id": "x"}', "title", "", "title is missing"),
        (b'{"title": "x"}', "id", "", "id is missing"),
        (b'{"id": "x", "title": "\xff"}', None, r'{"id": "x", "title": "\xff"}', "Byte 23"),
        (b'{"id": "x", "title": "\\ud800"}', None, r'{"id": "x", "title": "\ud800"}', "not JSON"),
        (b'{"id": "x", "title": NaN}', None, '{"id": "x", "title": NaN}', "not JSON"),
        (b'{"id": "good", "title": "Twice"}', "id", "good", "which line 1 has too"),
        (b" " * (MAX_LINE + 100), None, " " * 100, "more than 16,777,216 bytes"),
    ],
)
def test_a_bad_json_line(
    tmp_path: Path, line: bytes, field: str | None, value: str, words: str
) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD + b"\r\n\n" + line + b"\n" + LAST)
    found = list(read_products(path))
    assert [row.id for row in found if isinstance(row, Product)] == ["good", "last"]
    error = only_error(found)
    assert (error.file, error.line, error.field, error.value) == ("feed.jsonl", 3, field, value)
    assert words in error.message
    assert error.remedy
    assert str(error).startswith("feed.jsonl:3: ")
    assert isinstance(found[1], RowError)


def test_a_json_array_is_not_a_feed(tmp_path: Path) -> None:
    path = tmp_path / "feed.json"
    path.write_bytes(b"[\n" + GOOD + b"\n]")
    with pytest.raises(FeedError, match="jq -c"):
        list(read_products(path))


def test_a_bad_json_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    good = {**VIEW, "eventTime": "2026-01-31T00:00:00Z"}
    bad = {**good, "eventTime": "2026-01-31T00:00:00"}
    path.write_bytes(b"\n".join(map(orjson.dumps, [good, bad, {**good, "eventId": "e2"}])) + b"\n{")
    found = list(read_events(path))
    assert [row.event_id for row in found if isinstance(row, UserEvent)] == ["e1", "e2"]
    errors = [row for row in found if isinstance(row, RowError)]
    assert [(error.line, error.field) for error in errors] == [(2, "eventTime"), (4, None)]
    assert count_rows(path) == 3


HEADER = [
    "id", "title", "description", "link", "image_link", "additional_image_link", "availability",
    "price", "sale_price", "sale_price_effective_date", "brand", "gtin", "product_type",
    "google_product_category", "item_group_id", "color", "size", "mpn",
]  # fmt: skip
SHOE = {
    "id": "shoe-42",
    "title": "Running shoe",
    "description": "Light, fast",
    "link": "https://shop.example/shoe",
    "image_link": "https://shop.example/1.jpg",
    "additional_image_link": "https://shop.example/2.jpg, https://shop.example/3.jpg",
    "availability": "in stock",
    "price": "59.90 USD",
    "brand": "Swift",
    "gtin": "4006381333931",
    "product_type": "Shoes>Running > Light",
    "google_product_category": "187",
    "item_group_id": "shoe",
    "color": "red",
    "size": "42",
    "mpn": "SW-1",
}


def merchant_file(path: Path, *rows: dict[str, str]) -> Path:
    lines = [HEADER, *([row.get(name, "") for name in HEADER] for row in rows)]
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n", encoding="utf-8")
    return path


def test_google_merchant(tmp_path: Path) -> None:
    sale = {**SHOE, "id": "b", "item_group_id": "b", "sale_price": "49.90 USD"}
    past = {**sale, "id": "c", "sale_price_effective_date": "2020-01-01T00:00Z/2020-02-01T00:00Z"}
    now = {**sale, "id": "d", "sale_price_effective_date": "2020-01-01T00:00Z/2999-02-01T00:00Z"}
    path = merchant_file(tmp_path / "feed.tsv", SHOE, sale, past, now)
    shoe, reduced, over, still = read_products(path)
    assert shoe == Product(
        id="shoe-42",
        title="Running shoe",
        description="Light, fast",
        brand="Swift",
        categories=("Shoes > Running > Light",),
        price=Money(5990, "USD"),
        uri="https://shop.example/shoe",
        images=tuple(f"https://shop.example/{n}.jpg" for n in (1, 2, 3)),
        gtin="4006381333931",
        group_id="shoe",
        attributes={
            "color": ("red",),
            "size": ("42",),
            "mpn": ("SW-1",),
            "google_product_category": ("187",),
        },
    )
    for product, prices in ((reduced, (4990, 5990)), (over, (5990, None)), (still, (4990, 5990))):
        assert isinstance(product, Product)
        price, original = prices
        assert product.price == Money(price, "USD")
        assert product.original_price == (Money(original, "USD") if original else None)
    assert isinstance(reduced, Product)
    assert reduced.group_id is None


def test_merchant_headers_and_quotes_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "feed.txt"
    path.write_text('ID\tTitle\tProduct Type\n1\t"Tea\t""fine"""\tA "fine" tea\n', encoding="utf-8")
    (tea,) = read_products(path)
    assert isinstance(tea, Product)
    assert (tea.title, tea.categories) == ('Tea\t"fine"', ('A "fine" tea',))


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"id": ""}, "id", "is missing"),
        ({"title": " "}, "title", "is missing"),
        ({"price": "12,99 USD"}, "price", "with a point"),
        ({"price": "twelve USD"}, "price", "12.99"),
        ({"price": "12.99"}, "price", "12.99 USD"),
        ({"price": "-1 USD"}, "price", "zero or more"),
        ({"price": "NaN USD"}, "price", "finite"),
        ({"price": "1.5 JPY"}, "price", "JPY has 0 decimal digits"),
        ({"sale_price": "1 EUR"}, "sale_price", "a price in USD"),
        (
            {"sale_price": "1 USD", "sale_price_effective_date": "2026-01-01"},
            "sale_price_effective_date",
            "a slash between",
        ),
        ({"availability": "maybe"}, "availability", "in_stock"),
        ({"link": "javascript:alert(1)"}, "link", "web address"),
        ({"image_link": "1.jpg"}, "image_link", "web address"),
        ({"additional_image_link": "/ok.jpg,ftp://x"}, "additional_image_link", "web address"),
        ({"item_group_id": "x" * 300}, "item_group_id", "at most 256"),
        ({"id": "good"}, "id", "which line 2 has too"),
        ({"color": "red\ttight"}, None, "19 fields; expected 18"),
        ({"color": '"red'}, None, "fields; expected 18"),
        ({"description": "two\nlines"}, None, "fields; expected 18"),
    ],
)
def test_a_bad_merchant_row(
    tmp_path: Path, change: dict[str, str], field: str | None, words: str
) -> None:
    good = {**SHOE, "id": "good"}
    path = merchant_file(tmp_path / "f.tsv", good, {**SHOE, **change}, {**SHOE, "id": "last"})
    found = list(read_products(path))
    assert [row.id for row in found if isinstance(row, Product)] == ["good", "last"]
    errors = [row for row in found if isinstance(row, RowError)]
    assert errors[0].line == 3
    assert errors[0].field == field
    assert words in f"{errors[0].message} {errors[0].remedy}"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.tsv", b"", "is empty"),
        ("a.tsv", b"id,title\n1,Tea\n", "with tabs between"),
        ("a.tsv", b"id\tid\ttitle\n", "twice"),
        ("a.tsv", b"\xff\xfei\x00d\x00", "no header that can be read"),
        ("a.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("a.csv", b"x", "'.csv'; expected one of .tsv"),
    ],
)
def test_a_file_that_is_no_feed(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FeedError) as caught:
        list(read_products(path))
    assert words in str(caught.value)


def test_no_file_and_no_kind(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="does not exist"):
        read_products(tmp_path / "nothing.tsv")
    with pytest.raises(FeedError, match="is a folder"):
        read_events(tmp_path)
    path = tmp_path / "feed.data"
    path.write_bytes(GOOD)
    assert feed_kind(path, "jsonl") == "jsonl"
    with pytest.raises(FeedError, match="Did you mean 'jsonl'"):
        feed_kind(path, "json1")
    with pytest.raises(FeedError, match="is a product feed"):
        read_events(path, "google-tsv")


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


def test_a_jsonl_feed_is_readable_by_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    write_products_jsonl(path, [Product("a", "Tea", price=Money(1299, "USD"))])
    assert orjson.loads(path.read_bytes())["priceInfo"] == {"currencyCode": "USD", "price": 12.99}
