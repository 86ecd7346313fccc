"""A size is a filter: counted over all that matches, however many that is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daogou.assistant import Assistant
from daogou.engine import Engine, SearchRequest
from daogou.store import Store
from daogou.types import Money, Product, Variant

SHIRTS = 1300
"""More than the engine gives in one page."""


def shirt(number: int) -> Product:
    """Every second one has an XXL by one name or another; of every sixth it is sold out."""
    name, value = [("size", "XXL"), ("Size", "xxl"), ("尺码", "2XL")][number // 2 % 3]
    big = Variant(
        f"{number}-big",
        {name: value},
        availability="OUT_OF_STOCK" if number % 6 == 0 else "IN_STOCK",
    )
    sizes = (Variant(f"{number}-m", {"size": "M"}), *([big] if number % 2 == 0 else []))
    return Product(
        id=f"shirt-{number:04}",
        title=f"Shirt {number:04}",
        categories=("Clothing > Shirts",),
        price=Money(1000 + number, "USD"),
        variants=sizes,
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Store]]:
    home = tmp_path_factory.mktemp("sizes")
    with Store.open(f"sqlite:///{home / 'daogou.db'}") as store:
        store.put_products(shirt(n) for n in range(SHIRTS))
        with Engine.open(store, None) as engine:
            yield engine, store


def test_all_that_have_the_size_are_counted(shop: tuple[Engine, Store]) -> None:
    engine, store = shop
    assistant = Assistant(engine, store)
    begun = assistant.begin().conversation_id
    having = [n for n in range(SHIRTS) if n % 2 == 0 and n % 6]
    reply = assistant.say(begun, "shirts in size 2XL")
    assert f"{len(having)} " in reply.text
    dearest = assistant.say(begun, "the dearest")
    assert dearest.products[0].id == f"shirt-{having[-1]:04}"
    small = assistant.say(begun, "size 5XL")
    assert "none with all you asked" in small.text


def test_options_in_stock_are_a_field(shop: tuple[Engine, Store]) -> None:
    engine, _ = shop
    found = engine.search(SearchRequest("", filter='options.size: ANY("2xl")'))
    assert found.slate.total == sum(
        n % 2 == 0 and n % 6 != 0 and n // 2 % 3 != 2 for n in range(SHIRTS)
    )
    left = engine.search(SearchRequest("", excluded_ids=("shirt-0001", "shirt-0003", "gone")))
    assert left.slate.total == SHIRTS - 2


def test_a_shop_without_sizes(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}") as store:
        store.put_products([Product("mug", "Mug", price=Money(500, "USD"))])
        with Engine.open(store, None) as engine:
            assistant = Assistant(engine, store)
            reply = assistant.say(assistant.begin().conversation_id, "a mug in size M")
            assert "Without “size M”" in reply.text
            assert [card.id for card in reply.products] == ["mug"]
