"""GA4 payloads and Segment calls as events of ours."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from daogou.errors import BadValue
from daogou.feeds import read_events
from daogou.feeds.codec import SentEvent, sent_events
from daogou.feeds.codec.ga4 import TYPES as GA4_TYPES
from daogou.feeds.codec.segment import TYPES as SEGMENT_TYPES
from daogou.types import EventLine, Money, UserEvent

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
# As Google's reference of the Measurement Protocol has it, with a shop's fields.
PURCHASE: dict[str, Any] = {
    "client_id": "123456.7654321",
    "user_id": "u-1",
    "timestamp_micros": 1769855400000000,
    "non_personalized_ads": False,
    "user_properties": {"tier": {"value": "gold"}},
    "events": [
        {
            "name": "purchase",
            "params": {
                "currency": "USD",
                "value": 35.02,
                "transaction_id": "T_12345",
                "session_id": 1769855399,
                "engagement_time_msec": 100,
                "coupon": "SUMMER_FUN",
                "items": [
                    {
                        "item_id": "SKU_1",
                        "item_name": "Tee",
                        "price": 10.01,
                        "quantity": 3,
                        "item_variant": "green",
                        "index": 0,
                    },
                    {"item_id": 42, "price": "4.99", "currency": "EUR", "quantity": "2"},
                ],
            },
        }
    ],
}
# As Segment's specification has it.
ADDED: dict[str, Any] = {
    "type": "track",
    "anonymousId": "23adfd82-aa0f-45a7-a756-24f2a7a4c895",
    "userId": "u-1",
    "messageId": "022bb90c-bbac-11e4-8dfc-aa07a5b093db",
    "timestamp": "2026-11-22T10:15:00.451Z",
    "event": "Product Added",
    "properties": {
        "cart_id": "skdjsidjsdkdj29j",
        "product_id": "507f1f77bcf86cd799439011",
        "sku": "G-32",
        "price": 18.99,
        "currency": "USD",
        "quantity": 1,
        "position": 3,
        "image_url": "https://shop.example/a.png",
    },
    "context": {"library": {"name": "analytics.js"}},
    "integrations": {"All": True},
}


def read(data: Any, received: datetime | None = NOW) -> list[UserEvent | str]:
    return [sent.read(received) for sent in sent_events(data)]


def one(data: Any) -> UserEvent:
    (event,) = read(data)
    assert isinstance(event, UserEvent)
    return event


def ga4(name: str, /, **params: Any) -> dict[str, Any]:
    return {"client_id": "c1", "events": [{"name": name, "params": params}]}


def track(event: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "anonymousId": "a1", "event": event, "properties": properties}


def test_a_purchase_of_ga4() -> None:
    event = one(PURCHASE)
    assert event.type == "purchase-complete"
    assert (event.visitor_id, event.user_id) == ("123456.7654321", "u-1")
    assert event.time == datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    assert event.lines == (
        EventLine("SKU_1", 3, Money(1001, "USD"), position=0),
        EventLine("42", 2, Money(499, "EUR")),
    )
    assert event.attributes == {"sessionId": ("1769855399",), "transactionId": ("T_12345",)}


def test_a_transaction_counts_once() -> None:
    """As in GA4: the same one sent again, by the page and by the server, is one purchase."""
    again = {**PURCHASE, "timestamp_micros": 1769855400999999}
    assert one(again).event_id == one(PURCHASE).event_id
    other = {**PURCHASE, "client_id": "another"}
    assert one(other).event_id != one(PURCHASE).event_id
    own = ga4("view_item", items=[{"item_id": "p"}], event_id="e-1")
    assert one(own).event_id == "e-1"


def test_a_call_of_segment() -> None:
    event = one(ADDED)
    assert event == UserEvent(
        event_id="022bb90c-bbac-11e4-8dfc-aa07a5b093db",
        type="add-to-cart",
        visitor_id="23adfd82-aa0f-45a7-a756-24f2a7a4c895",
        time=datetime(2026, 11, 22, 10, 15, 0, 451000, tzinfo=UTC),
        lines=(EventLine("507f1f77bcf86cd799439011", 1, Money(1899, "USD"), position=2),),
        user_id="u-1",
        attributes={"cartId": ("skdjsidjsdkdj29j",)},
    )


@pytest.mark.parametrize("name", GA4_TYPES)
def test_the_events_of_ga4(name: str) -> None:
    event = one(ga4(name, items=[{"item_id": "p1"}], search_term="tea", item_list_id="home"))
    assert event.type == GA4_TYPES[name]
    assert event.lines[0].placement == "home"
    assert event.query == ("tea" if event.type == "search" else None)


@pytest.mark.parametrize("name", SEGMENT_TYPES)
def test_the_events_of_segment(name: str) -> None:
    products = [{"product_id": "p1", "position": 1}, {"sku": "p2", "position": 2}]
    event = one(track(name, products=products, query="tea", list_id="home"))
    assert event.type == SEGMENT_TYPES[name]
    assert [(line.product_id, line.position) for line in event.lines] == [("p1", 0), ("p2", 1)]
    assert event.query == ("tea" if event.type == "search" else None)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (ga4("not_interested", items=[{"item_id": "p"}]), "not-interested"),
        (track("Not Interested", product_id="p"), "not-interested"),
        (track("coupon-redeemed"), "coupon-redeemed"),
        (ga4("page_view", page_location="https://shop.example/?utm=x"), "home-page-view"),
        ({"type": "page", "userId": "u", "properties": {"path": "/"}}, "home-page-view"),
        ({"type": "page", "userId": "u", "name": "Home"}, "home-page-view"),
        (track("Product List Viewed", category="Tea"), "category-page-view"),
    ],
)
def test_what_else_is_an_event(data: dict[str, Any], kind: str) -> None:
    assert one(data).type == kind


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (ga4("scroll"), "scroll"),
        (ga4("page_view", page_location="https://shop.example/tea"), "page_view"),
        (ga4("page_view", page_location="http://[broken"), "page_view"),
        (ga4("page_view"), "page_view"),
        ({"type": "identify", "userId": "u", "traits": {"name": "Li"}}, "identify"),
        ({"type": "page", "userId": "u", "name": "Docs"}, "Docs"),
        (track("Checkout Started", order_id="1"), "Checkout Started"),
    ],
)
def test_what_says_nothing_here(data: dict[str, Any], name: str) -> None:
    assert read(data) == [name]


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"events": [{"name": "add_to_cart", "params": {}}]}, "client_id", "is missing"),
        (ga4("add_to_cart"), "events[0].params.items", "a product for add-to-cart"),
        (ga4("add_to_cart", items=[{}]), "events[0].params.items[0].item_id", "is missing"),
        (
            ga4("add_to_cart", items=[{"item_id": "p", "quantity": "many"}]),
            "events[0].params.items[0].quantity",
            "a whole number",
        ),
        (
            ga4("add_to_cart", items=[{"item_id": "p", "price": "dear"}], currency="USD"),
            "events[0].params.items[0].price",
            "a price",
        ),
        (
            ga4("add_to_cart", items=[{"item_id": "p", "price": 1}], currency="dollars"),
            "events[0].params.currency",
            "three letters",
        ),
        ({"client_id": "c", "events": [{}]}, "events[0].name", "is missing"),
        ({"client_id": "c", "events": 3}, "events", "a list of objects"),
        ({"client_id": "c", "events": ["x"]}, "events[0]", "a JSON object"),
        (
            {**PURCHASE, "timestamp_micros": 1769855400},
            "timestamp_micros",
            "a time in microseconds since 1970",
        ),
        ({**PURCHASE, "timestamp_micros": 9 * 10**15}, "timestamp_micros", "not to come"),
        (track("Product Added"), "properties.product_id", "a product for add-to-cart"),
        ({**ADDED, "timestamp": "yesterday"}, "timestamp", "RFC 3339"),
        ({"batch": [{"type": "delete"}]}, "batch[0].type", "one of alias, group, identify"),
        ({"batch": [track("")]}, "batch[0].event", "a text"),
        ({"batch": {}}, "batch", "a list of objects"),
        ({"batch": [track("Cart Viewed")], "sentAt": 3}, "sentAt", "RFC 3339"),
        ({"type": "track", "event": "Cart Viewed"}, "userId", "is missing"),
    ],
)
def test_what_is_wrong_is_named(data: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        read(data)
    assert caught.value.field == field
    assert message in str(caught.value)


def test_a_time_is_needed_where_none_was_received() -> None:
    for data in (ga4("view_cart"), track("Cart Viewed")):
        assert one(data).time == NOW
        with pytest.raises(BadValue, match="is missing"):
            read(data, received=None)


def test_a_price_finer_than_the_currency_is_rounded() -> None:
    event = one(ga4("add_to_cart", items=[{"item_id": "p", "price": 6.666666}], currency="USD"))
    assert event.lines[0].price == Money(667, "USD")
    without = one(ga4("add_to_cart", items=[{"item_id": "p", "price": 6}]))
    assert without.lines[0].price is None


def test_retail_is_everything_else() -> None:
    for data in ({"eventType": "search"}, {"type": "purchase"}, {"type": ["track"]}, 3):
        assert list(sent_events(data)) == [SentEvent("retail", data)]


def test_a_file_of_all_three(tmp_path: Path) -> None:
    retail = {
        "eventType": "home-page-view",
        "visitorId": "v",
        "eventTime": "2026-01-31T18:30:00Z",
        "offset": 3,
    }
    batch = {"batch": [ADDED, {"type": "identify"}, {**ADDED, "messageId": "m2"}]}
    path = tmp_path / "events.jsonl"
    lines = (retail, PURCHASE, batch, {"events": 3}, ga4("view_cart"))
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    left_out: Counter[str] = Counter()
    found = list(read_events(path, left_out=left_out))
    types = [event.type for event in found if isinstance(event, UserEvent)]
    assert types == ["home-page-view", "purchase-complete", "add-to-cart", "add-to-cart"]
    bad = [(row.line, row.field) for row in found if not isinstance(row, UserEvent)]
    assert bad == [(4, "events"), (5, "timestamp_micros")]
    assert left_out == {"offset": 1, "the event identify": 1}
