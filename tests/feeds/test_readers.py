"""Feeds of text with every kind of bad row: each costs only itself and is reported."""

from pathlib import Path

import orjson
import pytest

from daogou.errors import FeedError
from daogou.feeds import (
    RowError,
    count_rows,
    feed_kind,
    read_events,
    read_products,
    write_products_jsonl,
)
from daogou.feeds.lines import MAX_LINE
from daogou.types import Money, Product, UserEvent
from tests.feeds.rows import GOOD, LAST, VIEW, only_error


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


def test_a_jsonl_feed_is_readable_by_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    write_products_jsonl(path, [Product("a", "Tea", price=Money(1299, "USD"))])
    assert orjson.loads(path.read_bytes())["priceInfo"] == {"currencyCode": "USD", "price": 12.99}
