"""Readings of planted catalogues: what each text must give."""

from typing import Any, Final

import pytest

from daogou.understanding import SURE, Constraint, Entry, Gazetteer, Parser, Understanding


def entries(field: str, *values: str | tuple[str, ...], count: int = 20) -> list[Entry]:
    """Values of a field; a tuple is a value and its further names."""
    told = [(v,) if isinstance(v, str) else v for v in values]
    return [Entry(field, v[0], (v[0].split(" > ")[-1], *v[1:]), count) for v in told]


SHOP: Final = [
    *entries("attributes.color", "Red", "Dark Red", "White", "Black", "Blue"),
    *entries("attributes.material", "Silk", "Cotton", "Wool"),
    *entries("attributes.condition", "New", "Refurbished"),
    *entries("attributes.capacity", "1 TB", "1000 GB", "500 GB"),
    *entries("attributes.interface", "NVMe", "SATA"),
    *entries("attributes.resolution", "4K"),
    *entries("attributes.screen", '27"', "68.6 cm", "24 inch"),
    *entries("attributes.package", "2 L", "2000 ml", "500 ml"),
    *entries("attributes.size", "9", "10", "XL", "W32 L34"),
    *entries("attributes.feature", "Sugar free"),
    *entries("brand", "Apple", "Samsung", "Sony", "Nike", "Under Armour", "7up", "WD-40"),
    *entries("brand", "Not Your Mother's", "No.5", "Dove"),
    *entries(
        "categories",
        ("Shoes > Running shoes", "跑鞋"),
        ("Clothes > Dresses", "连衣裙"),
        ("Grocery > Milk", "牛奶"),
        ("Electronics > Headphones", "耳机"),
        ("Care > Shampoo", "洗发水"),
        ("Grocery > Bread and buns", "面包"),
    ),
]
PARSER: Final = Parser(Gazetteer.from_entries(SHOP, 100), "USD")


def said(read: Understanding) -> set[Any]:
    """The constraints, each as the smallest thing that tells it apart."""
    return {_told(c, read.text) for c in read.constraints}


def _told(c: Constraint, text: str) -> Any:
    if c.relative is not None:
        return ("cheaper than", c.relative)
    if c.low is not None or c.high is not None:
        return (c.field, c.low, c.high)
    mark = {"must": "+", "must-not": "-", "prefer": "?"}[c.strength]
    assert text[c.start : c.end]
    return (mark + c.field, c.values)


RED: Final = ("+attributes.color", ("Red", "Dark Red"))
DRESS: Final = ("+categories", ("Clothes > Dresses",))
PHONES: Final = ("+categories", ("Electronics > Headphones",))
RUNNERS: Final = ("+categories", ("Shoes > Running shoes",))
MILK: Final = ("+categories", ("Grocery > Milk",))
NOT_WHITE: Final = ("-attributes.color", ("White",))
NOT_APPLE: Final = ("-brand", ("Apple",))


@pytest.mark.parametrize(
    ("text", "constraints", "wanted"),
    [
        (
            "red dress under $50, not silk",
            {RED, DRESS, ("price", None, 5000), ("-attributes.material", ("Silk",))},
            "red dress",
        ),
        (
            "200元以下 适合宽脚的跑鞋 不要白色",
            {("price", None, 20000), RUNNERS, NOT_WHITE},
            "宽脚的跑鞋",
        ),
        (
            "ssd 1tb samsung nvme",
            {
                ("+attributes.capacity", ("1 TB", "1000 GB")),
                ("+brand", ("Samsung",)),
                ("+attributes.interface", ("NVMe",)),
            },
            "ssd 1tb samsung nvme",
        ),
        (
            "便宜一点的 4k 显示器 27寸",
            {("+attributes.resolution", ("4K",)), ("+attributes.screen", ('27"', "68.6 cm"))},
            "4k 显示器 27寸",
        ),
        (
            "iphone 15 under 800 but not refurbished",
            {("price", None, 80000), ("-attributes.condition", ("Refurbished",))},
            "iphone 15",
        ),
        (
            "20到50块的洗发水",
            {("price", 2000, 5000), ("+categories", ("Care > Shampoo",))},
            "洗发水",
        ),
        (
            "牛奶 两升 无糖",
            {
                MILK,
                ("+attributes.package", ("2 L", "2000 ml")),
                ("+attributes.feature", ("Sugar free",)),
            },
            "牛奶 两升 无糖",
        ),
        ("cheaper than the Sony WH-1000XM4", {("cheaper than", "Sony WH-1000XM4")}, ""),
        ("around $30 headphones", {("price", 2400, 3600), PHONES}, "headphones"),
        (
            "size 9 running shoes",
            {("+attributes.size", ("9",)), RUNNERS},
            "size 9 running shoes",
        ),
        ("milk -organic", {MILK, ("-text", ("organic", "有机"))}, "milk"),
        (
            "不超过三百的蓝牙耳机，不要苹果",
            {("price", None, 30000), PHONES, NOT_APPLE},
            "蓝牙耳机",
        ),
        ("dress under fifty dollars", {DRESS, ("price", None, 5000)}, "dress"),
    ],
)
def test_the_examples_of_the_house(text: str, constraints: set[Any], wanted: str) -> None:
    read = PARSER.parse(text)
    assert said(read) == constraints
    assert read.wanted == wanted


def test_what_is_said_outright_is_sure_and_a_plain_word_is_not() -> None:
    sure = {
        c.field: c.confidence >= SURE for c in PARSER.parse("red sony dress under $50").constraints
    }
    assert sure == {"attributes.color": True, "brand": True, "categories": False, "price": True}
