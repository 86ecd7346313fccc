"""The rule for variants: rows in any order and batch make the same product."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from daogou.store import PutResult, Store
from daogou.types import EventLine, Money, Product, UserEvent, Variant

SHIRT = Product(id="shirt", title="Shirt", price=Money(2000, "USD"), images=("/shirt.jpg",))
RED = Product(
    id="shirt-red",
    title="Red shirt",
    group_id="shirt",
    price=Money(2000, "USD"),
    attributes={"color": ("red",), "fabric": ("wool",)},
    images=("/red.jpg",),
    gtin="1",
)
BLUE = replace(
    RED,
    id="shirt-blue",
    title="Blue shirt",
    price=Money(1500, "USD"),
    availability="OUT_OF_STOCK",
    attributes={"color": ("blue",), "size": ("M", "L")},
    images=("/blue.jpg",),
    gtin="2",
)
RED_VARIANT = Variant("shirt-red", {"color": "red"}, None, "IN_STOCK", "1")
BLUE_VARIANT = Variant(
    "shirt-blue", {"color": "blue", "size": "M / L"}, Money(1500, "USD"), "OUT_OF_STOCK", "2"
)


@pytest.mark.parametrize("order", list(permutations([SHIRT, RED, BLUE])))
@pytest.mark.parametrize("at_once", [True, False])
def test_any_order_and_batch(store: Store, order: tuple[Product, ...], at_once: bool) -> None:
    calls = [order] if at_once else [(row,) for row in order]
    assert sum((store.put_products(call) for call in calls), PutResult()) == PutResult(added=3)
    shirt = store.product("shirt")
    assert shirt is not None
    assert replace(shirt, variants=()) == SHIRT
    assert sorted(shirt.variants, key=lambda variant: variant.id) == [BLUE_VARIANT, RED_VARIANT]
    assert store.count_products() == 1
    revision = store.revision()
    assert store.put_products(order) == PutResult(unchanged=3)
    assert store.revision() == revision


def test_a_group_without_a_product_of_its_own(store: Store) -> None:
    assert store.put_products([BLUE, RED]) == PutResult(added=2)
    shirt = store.product("shirt")
    assert shirt is not None
    assert shirt.title == "Blue shirt"  # the row that came first
    assert shirt.price == Money(1500, "USD")  # the lowest
    assert shirt.availability == "IN_STOCK"  # the best
    assert shirt.images == ("/blue.jpg", "/red.jpg")
    assert shirt.attributes == {"color": ("blue", "red"), "size": ("M", "L"), "fabric": ("wool",)}
    assert shirt.group_id is None
    assert [v.id for v in shirt.variants] == ["shirt-blue", "shirt-red"]
    assert shirt.variants[0].price is None
    assert shirt.variants[1].price == Money(2000, "USD")
    assert store.put_products([BLUE, RED]) == PutResult(unchanged=2)
    store.put_products([replace(BLUE, title="Navy shirt")])
    shirt = store.product("shirt")
    assert shirt is not None
    assert shirt.title == "Navy shirt"


def test_a_changed_row_changes_its_variant(store: Store) -> None:
    store.put_products([SHIRT, RED, BLUE])
    revision = store.revision()
    sold_out = replace(RED, availability="OUT_OF_STOCK")
    assert store.put_products([SHIRT, sold_out, BLUE]) == PutResult(changed=1, unchanged=2)
    changed, _ = store.changes_since(revision)
    assert [product.id for product in changed] == ["shirt"]
    assert changed[0].variants[0].availability == "OUT_OF_STOCK"


def test_the_last_word_holds(store: Store) -> None:
    listing = replace(SHIRT, variants=(Variant("shirt-red", {"color": "crimson"}),))
    store.put_products([listing])
    store.put_products([RED])
    shirt = store.product("shirt")
    assert shirt is not None
    assert shirt.variants == (RED_VARIANT,)
    assert store.put_products([listing]) == PutResult(changed=1)
    assert store.product("shirt") == listing
    assert store.put_products([replace(SHIRT, title="Other")]) == PutResult(changed=1)
    shirt = store.product("shirt")
    assert shirt is not None
    assert shirt.variants == ()


def test_variant_rows_outlive_an_update_of_their_product(store: Store) -> None:
    store.put_products([SHIRT, RED])
    store.put_products([replace(SHIRT, title="Fine shirt")])
    shirt = store.product("shirt")
    assert shirt is not None
    assert (shirt.title, shirt.variants) == ("Fine shirt", (RED_VARIANT,))


def test_deleting_variants_and_their_product(store: Store) -> None:
    store.put_products([RED, BLUE])
    revision = store.revision()
    assert store.delete_products(["shirt-blue"]) == 1
    shirt = store.product("shirt")
    assert shirt is not None
    assert [v.id for v in shirt.variants] == ["shirt-red"]
    assert store.delete_products(["shirt-red"]) == 1
    assert store.product("shirt") is None
    assert store.changes_since(revision) == ([], ["shirt"])
    store.put_products([SHIRT, RED, BLUE])
    assert store.delete_products(["shirt", "shirt-red"]) == 2
    assert store.count_products() == 0
    store.put_products([SHIRT])
    assert store.product("shirt") == SHIRT


def test_an_id_has_one_row(store: Store) -> None:
    store.put_products([RED, BLUE])
    moved = replace(RED, group_id="blouse")
    assert store.put_products([moved]) == PutResult(changed=1)
    shirt, blouse = store.product("shirt"), store.product("blouse")
    assert shirt is not None
    assert blouse is not None
    assert [v.id for v in shirt.variants] == ["shirt-blue"]
    assert [v.id for v in blouse.variants] == ["shirt-red"]
    alone = replace(RED, group_id=None)
    assert store.put_products([alone]) == PutResult(changed=1)
    assert store.product("blouse") is None
    assert store.product("shirt-red") == alone
    assert store.put_products([RED]) == PutResult(changed=1)
    assert store.product("shirt-red") is None
    shirt = store.product("shirt")
    assert shirt is not None
    assert [v.id for v in shirt.variants] == ["shirt-blue", "shirt-red"]
    assert store.put_products([RED, BLUE]) == PutResult(unchanged=2)


def test_a_group_named_like_its_only_product_is_that_product(store: Store) -> None:
    store.put_products([replace(SHIRT, group_id="shirt")])
    shirt = store.product("shirt")
    assert shirt is not None
    assert shirt.variants == ()


def test_an_event_on_a_variant_counts_for_its_product(store: Store) -> None:
    lines = (EventLine("shirt-red", 2), EventLine("tea"))
    event = UserEvent("e1", "purchase-complete", "v1", datetime(2026, 1, 1, tzinfo=UTC), lines)
    store.append_events([event])
    assert store.visitor_events("v1") == [event]
    store.put_products([SHIRT, RED])
    expected = (EventLine("shirt", 2, variant_id="shirt-red"), EventLine("tea"))
    assert store.visitor_events("v1") == [replace(event, lines=expected)]
    assert store.event_lines()["product_id"].to_list() == ["shirt", "tea"]
    store.delete_products(["shirt-red"])
    assert store.visitor_events("v1") == [event]
