"""Products in the store, the same on both databases."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daogou.errors import InvalidInput
from daogou.store import PutResult, Store
from daogou.types import LocalizedText, Money, Product, Variant

COLA = Product(
    id="cola",
    title="Cola 2 L",
    description="Sweet; “fizzy” 🥤",
    brand="Fizz & Co",
    categories=("Grocery > Soft drinks", "Party"),
    price=Money(499, "USD"),
    original_price=Money(599, "USD"),
    availability="PREORDER",
    uri="https://shop.example/cola",
    images=("https://shop.example/1.jpg", "https://shop.example/2.jpg"),
    gtin="4006381333931",
    attributes={"size": ("2 L",), "flavour": ("cola", "cherry")},
    tags=("new",),
    rating=4.5,
    rating_count=12,
    published=datetime(2026, 1, 31, 18, 30, 0, 123456, tzinfo=UTC),
    localized={"zh": LocalizedText("可乐 2升", None, ("食品 > 饮料",))},
    variants=(
        Variant("cola-1", {"size": "1 L"}, Money(299, "USD"), "OUT_OF_STOCK", "123"),
        Variant("cola-2", {"size": "2 L"}),
    ),
)
TEA = Product(id="tea", title="Tea")


def test_what_is_put_is_what_is_read(store: Store) -> None:
    assert store.put_products([COLA, TEA]) == PutResult(added=2)
    assert store.product("cola") == COLA
    assert store.product("tea") == TEA
    assert store.product("nothing") is None
    assert list(store.products(["tea", "x", "cola", "tea"])) == ["tea", "cola"]
    assert store.count_products() == 2
    assert list(store.iter_products(batch_size=1)) == [COLA, TEA]


def test_the_same_again_changes_nothing(store: Store) -> None:
    store.put_products([COLA, TEA])
    revision = store.revision()
    again = replace(COLA, attributes={key: COLA.attributes[key] for key in ("flavour", "size")})
    assert store.put_products([again, TEA]) == PutResult(unchanged=2)
    assert store.revision() == revision
    assert store.changes_since(revision) == ([], [])


def test_changes_and_deletions_are_seen_once(store: Store) -> None:
    assert store.revision() == 0
    store.put_products([COLA, TEA])
    first = store.revision()
    cheaper = replace(TEA, price=Money(1, "USD"))
    assert store.put_products([COLA, cheaper]) == PutResult(changed=1, unchanged=1)
    second = store.revision()
    assert store.delete_products(["cola", "nothing", "cola"]) == 1
    third = store.revision()
    assert first < second < third
    assert store.changes_since(0) == ([cheaper], ["cola"])
    assert store.changes_since(first) == ([cheaper], ["cola"])
    assert store.changes_since(second) == ([], ["cola"])
    assert store.changes_since(third) == ([], [])
    assert store.delete_products(["cola"]) == 0
    assert store.revision() == third
    store.put_products([COLA])
    assert store.changes_since(third) == ([COLA], [])


def test_a_product_twice_in_one_call(store: Store) -> None:
    later = replace(TEA, title="Green tea")
    assert store.put_products([TEA, later, later]) == PutResult(added=1, changed=1, unchanged=1)
    assert store.product("tea") == later


def test_variants_and_images_of_a_product_are_replaced(store: Store) -> None:
    store.put_products([COLA])
    plain = replace(COLA, variants=(), images=())
    store.put_products([plain])
    assert store.product("cola") == plain


def test_tables_hold_what_sql_asks_for(store: Store, store_url: str) -> None:
    store.put_products([COLA])
    product = rows(store_url, "SELECT * FROM products")[0]
    assert product["brand"] == "Fizz & Co"
    assert (product["price_amount"], product["price_currency"]) == (499, "USD")
    assert product["published"] == 1_769_884_200_123_456
    variant = rows(store_url, "SELECT * FROM variants ORDER BY position")[0]
    assert (variant["id"], variant["availability"]) == ("cola-1", "OUT_OF_STOCK")
    assert variant["options"] == '{"size":"1 L"}'
    media = rows(store_url, "SELECT uri FROM media ORDER BY position")
    assert [row["uri"] for row in media] == list(COLA.images)
    store.delete_products(["cola"])
    for table in ("products", "variants", "media"):
        assert rows(store_url, f"SELECT * FROM {table}") == []  # noqa: S608


def rows(url: str, statement: str) -> list[dict[str, Any]]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(sa.text(statement)).mappings()]
    engine.dispose()
    return found


@pytest.mark.parametrize("identifier", ["\x00", "a\x00b", "\ud800", "x" * 5000, "", "'; --"])
def test_odd_ids_are_simply_not_there(store: Store, identifier: str) -> None:
    assert store.product(identifier) is None
    assert store.delete_products([identifier]) == 0


@pytest.mark.parametrize(
    "product",
    [
        Product(id="", title="x"),
        Product(id="a\x00", title="x"),
        Product(id="a", title="NUL\x00"),
        Product(id="a", title="half a pair \ud83d"),
    ],
)
def test_what_no_database_holds_is_refused_whole(store: Store, product: Product) -> None:
    with pytest.raises(InvalidInput):
        store.put_products([TEA, product])
    assert store.count_products() == 0
    assert store.revision() == 0


def test_a_written_out_escape_is_no_nul(store: Store) -> None:
    product = Product(id="a", title=r"\u0000 and \\u0000")
    store.put_products([product])
    assert store.product("a") == product


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
MONEY = st.builds(Money, st.integers(0, 10**15), st.sampled_from(["USD", "JPY", "KWD"]))
PRODUCTS = st.builds(
    Product,
    id=st.sampled_from(["a", "b", "c"]),
    title=TEXT,
    description=TEXT,
    brand=st.none() | TEXT,
    categories=st.lists(TEXT, max_size=2).map(tuple),
    price=st.none() | MONEY,
    attributes=st.dictionaries(TEXT, st.lists(TEXT, max_size=2).map(tuple), max_size=2),
    rating=st.none() | st.floats(0, 5),
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
    localized=st.dictionaries(TEXT, st.builds(LocalizedText, st.none() | TEXT), max_size=2),
    variants=st.lists(
        st.builds(Variant, id=TEXT, price=st.none() | MONEY), max_size=2, unique_by=lambda v: v.id
    ).map(tuple),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(products=st.lists(PRODUCTS, max_size=6))
def test_any_product_comes_back(store: Store, products: list[Product]) -> None:
    last = {product.id: product for product in products}
    store.put_products(products)
    assert store.products(last) == last
    assert store.put_products(last.values()) == PutResult(unchanged=len(last))
