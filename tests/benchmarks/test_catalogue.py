"""A shop of any size: real products first, then copies that differ, and distinct questions."""

import json
from pathlib import Path

import pytest

from benchmarks.catalogue import Catalogue, database, fill, real_catalogue, shop_queries
from benchmarks.queries.grading import load_needs, queries_of
from daogou.store import Store
from daogou.types import LocalizedText, Product

TEA = Product(
    "tea",
    "Green tea, 40 ct",
    brand="Alto",
    categories=("Drinks > Tea",),
    gtin="4006381333931",
    localized={"zh": LocalizedText(title="绿茶 40件装")},
)
MILK = Product("milk", "Milk, 1 gal", localized={"zh": LocalizedText(title="牛奶 1加仑")})


def test_real_products_come_first_and_copies_are_other_products() -> None:
    catalogue = Catalogue((TEA, MILK), 5)
    listed = list(catalogue)
    assert listed[:2] == [TEA, MILK]
    assert catalogue.copies == 3
    assert len({product.id for product in listed}) == 5
    assert [product.title for product in listed[2:]] == [
        "Green tea, 40 ct, 2-pack",
        "Milk, 1 gal, 2-pack",
        "Green tea, 40 ct, 3-pack",
    ]
    copy = listed[2]
    assert (copy.brand, copy.gtin, copy.title_in("zh")) == ("Alto 2", None, "绿茶 40件装 2件装")
    assert copy.categories == TEA.categories


def test_fewer_than_there_are_is_a_beginning() -> None:
    catalogue = Catalogue((TEA, MILK), 1)
    assert (list(catalogue), catalogue.copies) == ([TEA], 0)


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    home = tmp_path / "demo"
    fill(home, Catalogue((TEA, MILK), 2))
    return home


def test_every_source_that_is_there_is_read(demo: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    fashion, tools, titles = (
        data / name for name in ("fashion-9k", "amazon18-text-seq", "zh-ecommerce-ner")
    )
    for folder in (fashion, tools, titles):
        folder.mkdir(parents=True)
    (fashion / "products.csv").write_text(
        "id,gender,masterCategory,subCategory,articleType,baseColour,season,productDisplayName\n"
        "7,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,Check Shirt\n"
    )
    item = {"item_id": 0, "title": "Relay", "description": "['Hard start']", "brand": "Sealed"}
    (tools / "Industrial.items.jsonl").write_text(json.dumps(item) + "\n")
    (titles / "train.txt").write_text("韩 O\n艾 B-HPPX\n熙 I-HPPX\n鞋 B-HCCX\n\n茶 O\n")
    products = {p.id: p for p in real_catalogue(demo, data, 10).products}
    assert set(products) == {
        "tea", "milk", "fashion-7", "Industrial-0", "title-train-0", "title-train-1",
    }  # fmt: skip
    assert products["fashion-7"].categories == ("Apparel > Topwear > Shirts",)
    assert products["fashion-7"].attributes["color"] == ("Navy Blue",)
    assert products["Industrial-0"].description == "Hard start"
    shoe = products["title-train-0"]
    assert (shoe.title, shoe.brand, shoe.language) == ("韩艾熙鞋", "艾熙", "zh")
    assert all(p.price for id_, p in products.items() if "-" in id_)


def test_the_mix_is_always_the_same(demo: Path) -> None:
    first, again = (real_catalogue(demo, None, 5) for _ in range(2))
    assert first == again
    assert {product.id for product in first.products} == {"tea", "milk"}


def test_a_filled_shop_has_all_products(tmp_path: Path) -> None:
    fill(tmp_path / "home", Catalogue((TEA, MILK), 5))
    with Store.open(database(tmp_path / "home"), create=False) as store:
        assert store.count_products() == 5


def test_no_question_is_asked_twice() -> None:
    many = tuple(
        Product(
            str(n), f"Item{n} of kind{n % 7}", localized={"zh": LocalizedText(title=f"第{n}件")}
        )
        for n in range(300)
    )
    queries = shop_queries(Catalogue(many, 300), 200)
    assert len({text for text, _ in queries}) == len(queries) == 200
    committed = {query.text for query in queries_of(load_needs())}
    assert committed < {text for text, _ in queries}
    assert {language for _, language in queries} == {"en", "zh"}
