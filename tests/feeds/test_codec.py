"""JSON to products and events and back; every bad field is named, with its remedy."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daogou.errors import BadValue
from daogou.feeds.codec import (
    event_from_json,
    event_to_json,
    product_from_json,
    product_to_json,
)
from daogou.types import EventLine, LocalizedText, Money, Product

TEA: dict[str, Any] = {"id": "tea", "title": "Tea"}
VIEW: dict[str, Any] = {
    "eventType": "detail-page-view",
    "visitorId": "v1",
    "eventId": "e1",
    "eventTime": "2026-01-31T18:30:00Z",
    "productDetails": [{"product": {"id": "tea"}}],
}


def test_a_product_of_google_retail() -> None:
    left_out: Counter[str] = Counter()
    product = product_from_json(
        {
            "name": "projects/1/catalogs/x",
            "id": "p1",
            "type": "PRIMARY",
            "primaryProductId": "p1",
            "title": "Running shoe",
            "brands": ["Swift", "Swift Kids"],
            "categories": ["Shoes > Running"],
            "priceInfo": {"currencyCode": "USD", "price": 12.99, "originalPrice": 15, "cost": 3},
            "availability": "BACKORDER",
            "languageCode": "en-US",
            "images": [{"uri": "https://x.example/1.jpg", "height": 100}],
            "attributes": {
                "vendor": {"text": ["v123", "v456"], "indexable": True},
                "lengths_cm": {"numbers": [2.3, 15.0]},
                "plain": "yes",
            },
            "colorInfo": {"colorFamilies": ["Red"], "colors": ["Crimson"]},
            "sizes": ["42", "43"],
            "audience": {"genders": ["female"], "ageGroups": ["adult"]},
            "rating": {"averageRating": 4.5, "ratingCount": 7, "ratingHistogram": [1]},
            "publishTime": "2026-01-31T18:30:00+08:00",
            "fulfillmentInfo": [{"type": "pickup-in-store"}],
            "description": None,
        },
        left_out=left_out,
    )
    assert product == Product(
        id="p1",
        title="Running shoe",
        brand="Swift",
        categories=("Shoes > Running",),
        price=Money(1299, "USD"),
        original_price=Money(1500, "USD"),
        availability="BACKORDER",
        images=("https://x.example/1.jpg",),
        attributes={
            "vendor": ("v123", "v456"),
            "lengths_cm": ("2.3", "15"),
            "plain": ("yes",),
            "color": ("Crimson",),
            "size": ("42", "43"),
            "gender": ("female",),
            "age_group": ("adult",),
            "other_brands": ("Swift Kids",),
        },
        rating=4.5,
        rating_count=7,
        published=datetime(2026, 1, 31, 10, 30, tzinfo=UTC),
    )
    assert left_out == {
        "name": 1,
        "fulfillmentInfo": 1,
        "images[].height": 1,
        "rating.ratingHistogram": 1,
    }


def test_a_variant_row_keeps_its_primary() -> None:
    row = product_from_json({**TEA, "type": "VARIANT", "primaryProductId": "drinks"})
    assert row.group_id == "drinks"
    assert product_to_json(row)["type"] == "VARIANT"
    assert product_to_json(row)["primaryProductId"] == "drinks"


def test_one_language() -> None:
    product = Product(
        "tea", "Tea", description="Hot", localized={"zh": LocalizedText("茶", None, ("饮料",))}
    )
    chinese = product_to_json(product, "zh")
    assert (chinese["title"], chinese["languageCode"]) == ("茶", "zh")
    assert (chinese["categories"], chinese["description"]) == (["饮料"], "Hot")
    assert "localized" not in chinese
    german = product_to_json(product, "de")
    assert (german["title"], german["languageCode"]) == ("Tea", "en")


def test_the_title_tells_the_language_where_the_row_does_not() -> None:
    def detect(title: str) -> str:
        return "zh" if title == "茶" else "en"

    assert product_from_json({"id": "1", "title": "茶"}, detect=detect).language == "zh"
    stated = {"id": "1", "title": "茶", "languageCode": "ja-JP"}
    assert product_from_json(stated, detect=detect).language == "ja"


def test_prices_in_both_ways() -> None:
    both = {
        **TEA,
        "price": {"amount": 499, "currency": "JPY"},
        "priceInfo": {"currencyCode": "JPY", "price": 499},
    }
    assert product_from_json(both).price == Money(499, "JPY")
    out = product_to_json(product_from_json(both))
    assert out["priceInfo"] == {"currencyCode": "JPY", "price": 499.0}
    assert out["price"] == {"amount": 499, "currency": "JPY"}
    both["priceInfo"]["price"] = 4.99
    with pytest.raises(BadValue, match=r"priceInfo\.price is 4\.99.*whole minor units of JPY"):
        product_from_json(both)
    both["priceInfo"]["price"] = 5
    with pytest.raises(BadValue, match=r"price is .*499.*expected the 5 minor units"):
        product_from_json(both)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"id": None}, "id", "is missing"),
        ({"id": ""}, "id", "is missing"),
        ({"id": " a"}, "id", "without blanks around"),
        ({"id": "a\nb"}, "id", "printable"),
        ({"id": "x" * 257}, "id", "at most 256"),
        ({"id": 1.5}, "id", "a text"),
        ({"id": {}}, "id", "a text"),
        ({"title": None}, "title", "is missing"),
        ({"title": "  "}, "title", "a text"),
        ({"title": ["a"]}, "title", "a text"),
        ({"title": "NUL\x00"}, "title", "without NUL"),
        ({"title": "茶\x00"}, "title", "without NUL"),
        ({"title": "half \ud83d"}, "title", "surrogate"),
        ({"titel": "Tea"}, "titel", "Did you mean 'title'?"),
        ({"availability": "in_stock"}, "availability", "Did you mean 'IN_STOCK'?"),
        ({"type": "COLLECTION"}, "type", "PRIMARY or VARIANT"),
        ({"type": "VARIANT"}, "primaryProductId", "is missing"),
        ({"type": "VARIANT", "primaryProductId": "tea"}, "primaryProductId", "variant of"),
        ({"type": "PRIMARY", "primaryProductId": "x"}, "primaryProductId", "no other product"),
        ({"price": 4.99}, "price", "a JSON object"),
        ({"price": {"amount": 4.5, "currency": "USD"}}, "price.amount", "4.99 USD"),
        ({"price": {"amount": -1, "currency": "USD"}}, "price.amount", "0 or more"),
        ({"price": {"amount": True, "currency": "USD"}}, "price.amount", "0 or more"),
        ({"price": {"amount": 10**16, "currency": "USD"}}, "price.amount", "0 or more"),
        ({"price": {"amount": 1}}, "price.currency", "three letters"),
        ({"price": {"amount": 1, "currency": "US$"}}, "price.currency", "three letters"),
        ({"price": {"amount": 1, "curency": "USD"}}, "price.curency", "'currency'"),
        ({"priceInfo": {"price": 1}}, "priceInfo.currencyCode", "three letters"),
        ({"priceInfo": {"currencyCode": "USD", "price": "x"}}, "priceInfo.price", "12.99"),
        ({"priceInfo": {"currencyCode": "USD", "price": -1}}, "priceInfo.price", "zero or more"),
        ({"priceInfo": {"currencyCode": "USD", "price": [1]}}, "priceInfo.price", "12.99"),
        ({"priceInfo": {"currencyCode": "USD", "price": "NaN"}}, "priceInfo.price", "finite"),
        ({"priceInfo": {"currencyCode": "USD", "price": float("inf")}}, "priceInfo.price", "fin"),
        ({"priceInfo": {"currencyCode": "USD", "price": 1e99}}, "priceInfo.price", "below"),
        ({"priceInfo": {"currencyCode": "USD", "price": 1.005}}, "priceInfo.price", "round"),
        ({"uri": "javascript:alert(1)"}, "uri", "web address"),
        ({"images": [{"uri": "data:text/html,x"}]}, "images[0].uri", "web address"),
        ({"images": ["a.jpg"]}, "images[0]", "a JSON object"),
        ({"images": [{}]}, "images[0].uri", "is missing"),
        ({"images": "a.jpg"}, "images", "list of objects"),
        ({"categories": [1]}, "categories[0]", "a text"),
        ({"categories": {"a": 1}}, "categories", "list of texts"),
        ({"attributes": []}, "attributes", "a JSON object"),
        ({"attributes": {"a": {"texts": []}}}, "attributes.a.texts", "'text'"),
        ({"attributes": {"a": [True]}}, "attributes.a", "texts or numbers"),
        ({"attributes": {"a": [float("nan")]}}, "attributes.a", "finite"),
        ({"attributes": {" ": ["x"]}}, "attributes", "not blank"),
        ({"rating": {"averageRating": 5.5}}, "rating.averageRating", "from 0 to 5"),
        ({"rating": {"averageRating": float("nan")}}, "rating.averageRating", "from 0 to 5"),
        ({"rating": {"averageRating": "5"}}, "rating.averageRating", "without quotes"),
        ({"rating": {"ratingCount": -1}}, "rating.ratingCount", "whole number"),
        ({"rating": {"ratingCount": 1.5}}, "rating.ratingCount", "whole number"),
        ({"languageCode": "english!"}, "languageCode", "zh-CN"),
        ({"localized": {"z": {"title": "x"}}}, "localized.z", "language code"),
        ({"localized": {"zh": {"name": "x"}}}, "localized.zh.name", "known"),
        ({"publishTime": "2026-01-31"}, "publishTime", "zone"),
        ({"publishTime": 1}, "publishTime", "RFC 3339"),
        ({"variants": [{"id": "a"}, {"id": "a"}]}, "variants[1].id", "no other variant"),
        ({"variants": [{"id": "a", "options": {"size": 1}}]}, "variants[0].options.size", "text"),
    ],
)
def test_a_bad_product_names_its_field(change: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(BadValue) as caught:
        product_from_json({**TEA, **change})
    assert caught.value.field == field
    assert words in str(caught.value)
    assert caught.value.remedy
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("data", [None, 1, "x", [], [TEA]])
def test_what_is_no_object(data: Any) -> None:
    for decode in (product_from_json, event_from_json):
        with pytest.raises(BadValue, match="expected a JSON object"):
            decode(data)


def test_an_event_of_google_retail() -> None:
    left_out: Counter[str] = Counter()
    event = event_from_json(
        {
            "eventType": "purchase-complete",
            "visitorId": "v1",
            "eventTime": "2026-01-31T18:30:00.123456789+08:00",
            "attributionToken": "r1",
            "productDetails": [{"product": {"id": "p1"}, "quantity": 3}],
            "searchQuery": "tea",
            "pageCategories": ["Drinks > Tea"],
            "uri": "https://shop.example/",
            "userInfo": {"userId": "u1", "ipAddress": "10.0.0.1"},
            "attributes": {"week": {"numbers": [7]}},
            "purchaseTransaction": {"revenue": 3},
        },
        left_out=left_out,
    )
    assert event.event_id.startswith("auto-")
    assert (event.type, event.visitor_id, event.user_id) == ("purchase-complete", "v1", "u1")
    assert event.time == datetime(2026, 1, 31, 10, 30, 0, 123456, tzinfo=UTC)
    assert event.lines == (EventLine("p1", 3),)
    assert (event.query, event.recommendation_id) == ("tea", "r1")
    assert event.attributes == {
        "week": ("7",),
        "pageCategories": ("Drinks > Tea",),
        "uri": ("https://shop.example/",),
    }
    assert left_out == {"purchaseTransaction": 1, "userInfo.ipAddress": 1}
    assert event_from_json(event_to_json(event)) == event


def test_our_own_fields_of_an_event() -> None:
    line = {
        "product": {"id": "p1"},
        "quantity": 1,
        "variantId": "p1-red",
        "price": {"amount": 499, "currency": "USD"},
        "position": 0,
        "propensity": 0.25,
        "placement": "display:9",
        "samplingRate": 0.5,
    }
    data = {**VIEW, "eventType": "impression", "policyId": "joint", "productDetails": [line]}
    event = event_from_json(data)
    expected = EventLine("p1", 1, Money(499, "USD"), "p1-red", 0, 0.25, "display:9", 0.5)
    assert event.lines == (expected,)
    assert event.policy_id == "joint"
    assert event_to_json(event) == data


def test_an_event_without_an_id_gets_the_same_one_again() -> None:
    bare = {key: value for key, value in VIEW.items() if key != "eventId"}
    first = event_from_json(bare)
    same = event_from_json({**bare, "eventTime": "2026-02-01T02:30:00+08:00"})
    other = event_from_json({**bare, "visitorId": "v2"})
    assert first.event_id == same.event_id != other.event_id


def test_an_event_without_a_time_happened_when_it_arrived() -> None:
    bare = {key: value for key, value in VIEW.items() if key != "eventTime"}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert event_from_json(bare, received=now).time == now
    with pytest.raises(BadValue, match="eventTime is missing"):
        event_from_json(bare)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"eventType": None}, "eventType", "is missing"),
        ({"eventType": "purchase"}, "eventType", "Did you mean 'purchase-complete'?"),
        ({"visitorId": None}, "visitorId", "is missing"),
        ({"visitorId": "\n"}, "visitorId", "printable"),
        ({"eventId": ""}, "eventId", "is missing"),
        ({"eventTime": "2026-01-31T18:30:00"}, "eventTime", "Zones are not guessed"),
        ({"eventTime": "yesterday"}, "eventTime", "RFC 3339"),
        ({"eventTime": "0001-01-01T00:00:00+14:00"}, "eventTime", "calendar"),
        ({"eventTime": 1_700_000_000}, "eventTime", "RFC 3339"),
        ({"eventTime": "2999-01-01T00:00:00Z"}, "eventTime", "Check the clock"),
        ({"productDetails": None}, "productDetails", "a product for detail-page-view"),
        ({"productDetails": []}, "productDetails", "a product for detail-page-view"),
        ({"productDetails": {}}, "productDetails", "list of objects"),
        ({"productDetails": ["p1"]}, "productDetails[0]", "JSON object"),
        ({"productDetails": [{}]}, "productDetails[0].product", "is missing"),
        ({"productDetails": [{"product": {}}]}, "productDetails[0].product.id", "is missing"),
        ({"productDetails": [{"id": "p1"}]}, "productDetails[0].id", "is known"),
        ({"uesrInfo": {}}, "uesrInfo", "Did you mean 'userInfo'?"),
        ({"userInfo": "u1"}, "userInfo", "JSON object"),
        ({"searchQuery": 7}, "searchQuery", "a text"),
        ({"attributes": {"a": {"text": [None]}}}, "attributes.a", "texts or numbers"),
    ],
)
def test_a_bad_event_names_its_field(change: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(BadValue) as caught:
        event_from_json({**VIEW, **change})
    assert caught.value.field == field
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 1.5),
        ("quantity", 2**31),
        ("quantity", "2"),
        ("quantity", True),
        ("position", -1),
        ("propensity", 0),
        ("propensity", 1.1),
        ("propensity", float("nan")),
        ("samplingRate", 0.0),
        ("samplingRate", "1"),
        ("variantId", ""),
        ("placement", 9),
    ],
)
def test_a_bad_line_names_its_field(name: str, value: object) -> None:
    line = {"product": {"id": "p1"}, name: value}
    with pytest.raises(BadValue) as caught:
        event_from_json({**VIEW, "productDetails": [{"product": {"id": "p1"}}, line]})
    assert caught.value.field == f"productDetails[1].{name}"


def test_a_clock_that_is_an_hour_fast_is_no_error() -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert event_from_json({**VIEW, "eventTime": soon}).event_id == "e1"
