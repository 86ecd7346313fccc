"""The query set of the demo shop holds together, and finds products in the real catalogue."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from benchmarks.queries.grading import (
    DEMO,
    LANGUAGES,
    Amount,
    Need,
    Where,
    judge,
    load_needs,
    queries_of,
)
from daogou.demo.catalogue import catalogue_frame, iter_products
from daogou.demo.glossary import load_glossary
from daogou.demo.source import installed, load_source
from daogou.types import Money, Product

HAN = re.compile(r"[\u4e00-\u9fff]")
needs_data = pytest.mark.skipif(
    not installed(), reason="pip install 'daogou[demo]' for the data of the demo shop"
)


@cache
def catalogue() -> tuple[Product, ...]:
    data, glossary = load_source(), load_glossary()
    frame = catalogue_frame(data.products, data.transactions, data.coupons, glossary)
    return tuple(iter_products(frame, glossary))


def product(path: str, cents: int = 199, size: str = "", **more: str) -> Product:
    attributes = {"size": (size,)} if size else {}
    attributes |= {key: (value,) for key, value in more.items()}
    return Product(
        "1", "title", categories=(path,), price=Money(cents, "USD"), attributes=attributes
    )


def need(*rules: dict[str, object], path: Path) -> Need:
    line = {"need": 1, "kind": "k", "about": "a", "en": "e", "zh": "z", "grades": list(rules)}
    path.write_text(json.dumps(line), encoding="utf-8")
    return load_needs(path)[0]


def test_there_are_sixty_needs_in_both_languages_half_of_them_for_testing() -> None:
    needs = load_needs()
    assert [need.number for need in needs] == list(range(1, 61))
    assert Counter(need.split for need in needs) == {"tune": 30, "test": 30}
    queries = queries_of(needs)
    assert Counter(query.language for query in queries) == {"en": 60, "zh": 60}
    assert len({query.text for query in queries}) == len({query.id for query in queries}) == 120


def test_texts_are_in_their_language() -> None:
    for query in queries_of(load_needs()):
        pinyin = query.language == "zh" and query.need.kind == "misspelled"
        assert bool(HAN.search(query.text)) == (query.language == "zh") or pinyin, query.text


def test_the_kinds_of_both_splits_are_alike() -> None:
    needs = load_needs()
    kinds = {split: {n.kind for n in needs if n.split == split} for split in ("tune", "test")}
    assert kinds["tune"] == kinds["test"]


@needs_data
def test_every_query_has_products_of_grade_three() -> None:
    grades = judge(load_needs(), catalogue())
    poor = [number for number, of in grades.items() if list(of.values()).count(3) < 5]
    assert not poor


@needs_data
def test_no_rule_is_without_a_product() -> None:
    products = catalogue()
    paths = {path for item in products for path in item.categories}
    leaves = {path.rpartition(" > ")[2] for path in paths}
    for one in load_needs():
        seen = set(judge([one], products)[one.number].values())
        assert seen == {rule.grade for rule in one.rules}, one.about
        for rule in one.rules:
            assert set(rule.where.type) <= leaves, one.about
            for top in rule.where.under:
                assert any((p + " > ").startswith(top + " > ") for p in paths), top


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (Where(under=("Grocery > Soup",)), False),  # whole levels, not "Soups and broth"
        (Where(under=("Grocery > Soups and broth",)), True),
        (Where(type=("Ready Soup, can",)), True),
        (Where(type=("Soup",)), False),
        (Where(words=("ready soup",)), True),
        (Where(words=("soups",)), False),
        (Where(words=("soup",), without=("can",)), False),
        (Where(words=("soup",), without=("cannellini",)), True),
    ],
)
def test_conditions_on_the_path(where: Where, fits: bool) -> None:
    assert where.holds_for_path("Grocery > Soups and broth > Ready Soup, can") is fits


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (Where(price_max=199), True),
        (Where(price_max=198), False),
        (Where(price_min=199), True),
        (Where(price_min=200), False),
        (Where(size=("17.6 lb, 2-pack",)), True),
        (Where(size=("17.6 lb",)), False),
        (Where(amount=Amount("lb", 17.6)), True),
        (Where(amount=Amount("lb", 18)), False),
        (Where(amount=Amount("oz", 1)), False),
        (Where(brand_type="Store brand"), True),
        (Where(brand_type="National brand"), False),
        (Where(reduced=True), False),
    ],
)
def test_conditions_on_the_record(where: Where, fits: bool) -> None:
    item = product("A > B", size="17.6 lb, 2-pack", brand_type="Store brand")
    assert where.holds_for_record(item) is fits


def test_a_product_without_a_price_keeps_no_budget() -> None:
    assert not Where(price_max=199).holds_for_record(Product("1", "t"))
    assert not Where(price_min=0).holds_for_record(Product("1", "t"))


def test_the_first_rule_that_holds_gives_the_grade(tmp_path: Path) -> None:
    one = need(
        {"grade": 3, "where": {"type": ["Milk"], "size": ["1 gal"]}},
        {"grade": 1, "where": {"under": ["Dairy"]}},
        {"grade": 2, "where": {"type": ["Milk"]}},
        path=tmp_path / "set.jsonl",
    )
    for grade, item in (
        (3, product("Dairy > Milk", size="1 gal")),
        (1, product("Dairy > Milk", size="1 pt")),
        (2, product("Other > Milk", size="1 pt")),
        (None, product("Other > Tea")),
        (None, Product("1", "a product without a category")),
    ):
        assert judge([one], [item])[1].get("1") == grade


@pytest.mark.parametrize(
    "rule",
    [
        {"grade": 3, "where": {"colour": ["red"]}},
        {"grade": 3, "where": {}},
        {"grade": 4, "where": {"type": ["Milk"]}},
        {"grade": 3},
        {"grade": 3, "where": {"amount": {"unit": "lb"}}},
    ],
)
def test_a_line_that_cannot_be_read_is_named(rule: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"set\.jsonl, line 1"):
        need(rule, path=tmp_path / "set.jsonl")


def test_the_page_beside_the_set_describes_every_field_and_kind() -> None:
    page = DEMO.with_name("README.md").read_text(encoding="utf-8")
    for name in (*Where.__dataclass_fields__, *{need.kind for need in load_needs()}):
        assert f"`{name}`" in page, name
    assert LANGUAGES == ("en", "zh")
