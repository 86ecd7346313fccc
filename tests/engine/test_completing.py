"""Suggestions of the planted shop, and how soon they know what changed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from daogou.engine import Engine
from daogou.engine.completing import LEAST_VISITORS
from daogou.types import Money, Product
from tests.engine.conftest import PRODUCTS, Shop, event


@pytest.fixture
def engine(trained: Shop, open_engine: Callable[[Shop], Engine]) -> Engine:
    return open_engine(trained)


def texts(engine: Engine, typed: str, language: str = "en") -> list[str]:
    return [s.phrase.text for s in engine.complete(typed, language)]


def test_both_languages_and_pinyin_complete(engine: Engine) -> None:
    assert "Green tea, 20 bags" in texts(engine, "gre")
    assert "绿茶 20包" in texts(engine, "绿", "zh")
    assert "绿茶 20包" in texts(engine, "lvcha", "zh")
    assert "绿茶 20包" in texts(engine, "lc", "zh")


def test_categories_and_brands_carry_their_filter(engine: Engine) -> None:
    by_text = {s.phrase.text: s.phrase for s in engine.complete("so", "en")}
    assert by_text["Soda"].filter == 'categories: ANY("Drinks > Soda")'
    (brand,) = [s.phrase for s in engine.complete("acm", "en")]
    assert (brand.kind, brand.filter) == ("brand", 'brand: ANY("Acme")')


def test_a_changed_product_is_suggested_at_once(engine: Engine, trained: Shop) -> None:
    assert texts(engine, "zebra") == []
    trained.store.put_products([Product(id="z", title="Zebra mug", price=Money(1, "USD"))])
    assert texts(engine, "zebra") == ["Zebra mug"]
    trained.store.put_products([Product(id="z", title="Gnu mug", price=Money(1, "USD"))])
    assert texts(engine, "zebra") == []
    assert texts(engine, "gnu") == ["Gnu mug"]
    trained.store.delete_products(["z"])
    assert texts(engine, "gnu") == []


def test_a_query_is_suggested_once_enough_visitors_made_it(
    trained: Shop, open_engine: Callable[[Shop], Engine]
) -> None:
    def typed(query: str, visitors: int) -> None:
        trained.store.append_events(
            replace(event("search", f"{query}-{n}", [], 1.0), query=query) for n in range(visitors)
        )

    typed("picnic things", LEAST_VISITORS)
    typed("picnic for two", LEAST_VISITORS - 1)
    with open_engine(trained) as engine:
        assert texts(engine, "picnic") == ["picnic things"]


def test_there_is_something_to_complete(engine: Engine) -> None:
    assert len(PRODUCTS) == 10
    assert len(engine.complete("", "en", 3)) == 3
