"""What the types allow comes back from JSON, JSONL and Parquet; no JSON breaks the codec."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.errors import BadValue
from daogou.feeds import (
    read_events,
    read_products,
    write_events_jsonl,
    write_events_parquet,
    write_products_jsonl,
    write_products_parquet,
)
from daogou.feeds.codec import (
    event_from_json,
    event_to_json,
    product_from_json,
    product_to_json,
)
from daogou.types import EventLine, LocalizedText, Money, Product, UserEvent, Variant

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
NAME = TEXT.filter(lambda text: bool(text.strip()))
ID = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
MONEY = st.builds(Money, st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
ATTRIBUTES = st.dictionaries(NAME, st.lists(TEXT, min_size=1, max_size=2).map(tuple), max_size=3)
LINK = st.sampled_from(["https://shop.example/茶?a=1", "/p/1.jpg"])
TIME = st.datetimes(datetime(1970, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))
VARIANT = st.builds(
    Variant,
    id=ID,
    options=st.dictionaries(NAME, NAME, max_size=2),
    price=st.none() | MONEY,
    gtin=st.none() | TEXT,
)
PRODUCT = st.builds(
    Product,
    id=ID,
    title=NAME,
    language=st.sampled_from(["en", "zh", "ja"]),
    description=TEXT,
    brand=st.none() | TEXT,
    categories=TEXTS,
    price=st.none() | MONEY,
    original_price=st.none() | MONEY,
    availability=st.sampled_from(["IN_STOCK", "OUT_OF_STOCK", "PREORDER", "BACKORDER"]),
    uri=st.none() | LINK,
    images=st.lists(LINK, max_size=2).map(tuple),
    gtin=st.none() | TEXT,
    group_id=st.none() | ID.map(lambda text: f"{text}-group-of-others"),
    attributes=ATTRIBUTES,
    tags=TEXTS,
    rating=st.none() | st.floats(0, 5),
    rating_count=st.integers(0, 2**31 - 1),
    published=st.none() | TIME,
    localized=st.dictionaries(
        st.sampled_from(["zh", "fr"]),
        st.builds(LocalizedText, TEXT, st.none() | TEXT, TEXTS),
        max_size=2,
    ),
    variants=st.lists(VARIANT, max_size=2, unique_by=lambda variant: variant.id).map(tuple),
)
LINE = st.builds(
    EventLine,
    product_id=ID,
    quantity=st.integers(1, 2**31 - 1),
    price=st.none() | MONEY,
    variant_id=st.none() | ID,
    position=st.none() | st.integers(0, 2**31 - 1),
    propensity=st.none() | st.floats(1e-9, 1),
    placement=st.none() | TEXT,
    sampling_rate=st.floats(1e-9, 1),
)
EVENT = st.builds(
    UserEvent,
    event_id=ID,
    type=st.sampled_from(["purchase-complete", "impression", "search"]),
    visitor_id=ID,
    time=TIME,
    lines=st.lists(LINE, min_size=1, max_size=3).map(tuple),
    query=st.none() | TEXT,
    user_id=st.none() | TEXT,
    recommendation_id=st.none() | TEXT,
    policy_id=st.none() | TEXT,
    attributes=ATTRIBUTES,
)


@settings(max_examples=60, deadline=None)
@given(product=PRODUCT)
def test_any_product_comes_back(product: Product) -> None:
    assert product_from_json(product_to_json(product)) == product


@settings(max_examples=60, deadline=None)
@given(event=EVENT)
def test_any_event_comes_back(event: UserEvent) -> None:
    assert event_from_json(event_to_json(event)) == event


VIEW = UserEvent(
    "e1", "detail-page-view", "v1", datetime(2026, 1, 31, tzinfo=UTC), (EventLine("tea"),)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
PRODUCT_FIELDS = sorted(
    product_to_json(Product("a", "b")).keys()
    | {
        "priceInfo",
        "price",
        "images",
        "attributes",
        "rating",
        "localized",
        "variants",
        "colorInfo",
        "sizes",
        "audience",
        "publishTime",
        "brands",
        "uri",
        "tags",
        "primaryProductId",
    }
)
EVENT_FIELDS = sorted(
    {*event_to_json(VIEW), "userInfo", "attributes", "searchQuery", "pageCategories", "uri"}
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(PRODUCT_FIELDS), JSON, max_size=3))
def test_any_json_is_a_product_or_a_bad_value(change: dict[str, Any]) -> None:
    try:
        product_from_json({"id": "tea", "title": "Tea", **change})
    except BadValue as error:
        assert error.field  # noqa: PT017


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(EVENT_FIELDS), JSON, max_size=3))
def test_any_json_is_an_event_or_a_bad_value(change: dict[str, Any]) -> None:
    try:
        event_from_json({**event_to_json(VIEW), **change})
    except BadValue as error:
        assert error.field  # noqa: PT017


Write = Callable[[Path, Any], int]


@settings(max_examples=25, deadline=None)
@given(products=st.lists(PRODUCT, max_size=4, unique_by=lambda product: product.id))
@pytest.mark.parametrize(
    ("name", "write"),
    [("p.jsonl", write_products_jsonl), ("p.parquet", write_products_parquet)],
)
def test_any_products_come_back_from_a_file(
    name: str, write: Write, products: list[Product]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        assert write(path, products) == len(products)
        assert list(read_products(path)) == products


@settings(max_examples=25, deadline=None)
@given(events=st.lists(EVENT, max_size=4))
@pytest.mark.parametrize(
    ("name", "write"),
    [("e.jsonl", write_events_jsonl), ("e.parquet", write_events_parquet)],
)
def test_any_events_come_back_from_a_file(name: str, write: Write, events: list[UserEvent]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        assert write(path, events) == len(events)
        assert list(read_events(path)) == events
