"""Products in the words of UCP's catalogue."""

from typing import Final

import pytest

from daogou.server.ucp import detail_answer, lookup_answer, product_out, variants_of
from daogou.types import LocalizedText, Money, Product, Variant

SHIRT: Final = Product(
    "shirt",
    "Shirt",
    description="Of cotton.",
    brand="Loom",
    categories=("Tops > Shirts",),
    price=Money(2000, "USD"),
    original_price=Money(3000, "USD"),
    uri="https://shop.example/shirt",
    images=("https://shop.example/shirt.jpg", "local.jpg"),
    rating=4.5,
    rating_count=12,
    tags=("new",),
    localized={"zh": LocalizedText(title="衬衫", description="纯棉。")},
    variants=(
        Variant("s-red", {"size": "S", "color": "red"}, availability="OUT_OF_STOCK"),
        Variant("m-red", {"size": "M", "color": "red"}, price=Money(2500, "USD"), gtin="0123"),
        Variant("m-blue", {"size": "M", "color": "blue"}),
    ),
)


def test_a_product_in_ucps_words() -> None:
    told = product_out(SHIRT, "zh")
    assert told["title"] == "衬衫"
    assert told["description"] == {"plain": "纯棉。"}
    assert told["price_range"] == {
        "min": {"amount": 2000, "currency": "USD"},
        "max": {"amount": 2500, "currency": "USD"},
    }
    assert told["list_price_range"]["min"]["amount"] == 3000
    assert [v["id"] for v in told["variants"]] == ["m-red", "m-blue", "s-red"]
    assert told["variants"][0]["barcodes"] == [{"type": "GTIN", "value": "0123"}]
    assert told["variants"][2]["availability"] == {"available": False, "status": "out_of_stock"}
    assert told["media"] == [
        {"type": "image", "url": "https://shop.example/shirt.jpg", "alt_text": "衬衫"}
    ]
    assert told["rating"] == {"value": 4.5, "scale_max": 5, "count": 12}


@pytest.mark.parametrize(
    ("wanted", "preferences", "selected", "variants"),
    [
        ({}, [], {}, ["m-red", "m-blue", "s-red"]),
        ({"color": "red"}, [], {"color": "red"}, ["m-red", "s-red"]),
        ({"color": "blue", "size": "S"}, ["color", "size"], {"color": "blue"}, ["m-blue"]),
        ({"color": "blue", "size": "S"}, ["size", "color"], {"size": "S"}, ["s-red"]),
        ({"color": "green"}, [], {}, ["m-red", "m-blue", "s-red"]),
    ],
)
def test_options_are_given_up_from_the_least_wanted(
    wanted: dict[str, str], preferences: list[str], selected: dict[str, str], variants: list[str]
) -> None:
    told = detail_answer(SHIRT, "en", wanted, preferences)["product"]
    assert {o["name"]: o["label"] for o in told["selected"]} == selected
    assert [v["id"] for v in told["variants"]] == variants


def test_which_options_go_with_those_selected() -> None:
    told = detail_answer(SHIRT, "en", {"color": "blue"}, [])["product"]
    sizes = next(o["values"] for o in told["options"] if o["name"] == "size")
    assert sizes == [
        {"label": "S", "available": False, "exists": False},
        {"label": "M", "available": True, "exists": True},
    ]


def test_a_lookup_says_which_id_brought_what() -> None:
    told = lookup_answer(["shirt", "0123", "tea"], [SHIRT, Product("tea", "Tea")], "en")
    (shirt,) = told["products"]
    assert [(v["id"], v["inputs"]) for v in shirt["variants"]] == [
        ("m-red", [{"id": "shirt", "match": "featured"}, {"id": "0123", "match": "exact"}])
    ]
    # What has no price is no product of UCP's.
    assert told["messages"] == [{"type": "info", "code": "not_found", "content": "tea"}]
    assert [v.id for v in variants_of(Product("tea", "Tea"))] == ["tea"]
