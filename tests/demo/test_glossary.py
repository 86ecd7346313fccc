"""The tables of words: complete, tidy, and read as they say."""

import csv
import re
from importlib.resources import files

import pytest

from daogou.demo.glossary import Names, bare_name, load_glossary
from daogou.demo.sizes import readable_size

TABLES = ("departments.tsv", "categories.tsv", "types.tsv")
CONJUNCTIONS = re.compile(r"\b(W/|N/|LSS|EX:|INCL)\b|[A-Z]{4,}")
CAPITALS = {"CoverGirl", "L'Oreal", "OK"}


def rows(table: str) -> list[dict[str, str]]:
    text = (files("daogou.demo") / "data" / table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("table", TABLES)
def test_english_is_in_sentence_case_without_the_tills_abbreviations(table: str) -> None:
    for row in rows(table):
        name = row["en"]
        assert name == name.strip(), row
        assert name[0].isupper() or name[0] in "@1", row
        assert not CONJUNCTIONS.search(name), row


@pytest.mark.parametrize("table", TABLES)
def test_chinese_has_no_latin_word_of_more_than_three_letters(table: str) -> None:
    for row in rows(table):
        spoken = row["zh"].replace("@", "类")
        assert re.search(r"[\u4e00-\u9fff]", spoken), row
        assert not re.search(r"[A-Za-z]{4,}", spoken), row


def test_both_languages_put_the_size_in_the_same_place() -> None:
    for row in rows("types.tsv"):
        assert row["en"].count("{") == row["zh"].count("{") <= 1, row
        default = re.search(r"\{([^}]+)\}", row["en"])
        if default:
            assert readable_size(default[1].upper()) == (
                default[1],
                row["zh"].partition("{")[2].partition("}")[0],
            ), row


def test_no_code_stands_twice() -> None:
    types = [(row["type"], row["category"]) for row in rows("types.tsv")]
    categories = [row["category"] for row in rows("categories.tsv")]
    assert len(set(types)) == len(types)
    assert len(set(categories)) == len(categories)


def test_every_category_of_a_type_is_in_the_table_of_categories() -> None:
    glossary = load_glossary()
    assert {category for _, category in glossary.types} <= glossary.categories.keys()
    assert all(category.emoji for category in glossary.categories.values())


@pytest.mark.parametrize(
    ("category", "product_type", "size", "english", "chinese"),
    [
        (
            "SOFT DRINKS",
            "SFT DRNK 2 LITER BTL CARB INCL",
            "2 L",
            "Carbonated soft drink, 2 L bottle",
            "碳酸软饮料 2升瓶装",
        ),
        (
            "SOFT DRINKS",
            "SFT DRNK 2 LITER BTL CARB INCL",
            None,
            "Carbonated soft drink, 2 L bottle",
            "碳酸软饮料 2升瓶装",
        ),
        (
            "SOFT DRINKS",
            "SFT DRNK SNGL SRV BTL CARB (EX",
            None,
            "Carbonated soft drink, single-serve bottle",
            "碳酸软饮料 单人瓶装",
        ),
        (
            "FRZN ICE",
            "ICE - CRUSHED/CUBED",
            "22 LB",
            "Ice, crushed or cubed, 22 lb",
            "碎冰或冰块 22磅（10公斤）",
        ),
        (
            "CONDIMENTS/SAUCES",
            "HOT MUSTARD/SPECIALTY MUSTAR",
            "8 OZ",
            "Specialty mustard, 8 oz",
            "特色芥末酱 8盎司",
        ),
        ("BREAD", "BREAD:ITALIAN/FRENCH", None, "Italian or French bread", "意式法式面包"),
        (
            "SPICES & EXTRACTS",
            "TABLE SALT POPCORN SALTICE C",
            "26 OZ",
            "Salt, 26 oz",
            "食盐 26盎司",
        ),
        ("COLD AND FLU", "COLD AND FLU - DXM", None, "Cold and cough relief", "止咳感冒药"),
        (
            "BREAKFAST SWEETS",
            "SW GDS: SW ROLLS/DAN",
            None,
            "Sweet rolls and danishes",
            "甜面包卷与丹麦酥",
        ),
        (
            "PAPER HOUSEWARES",
            "PLSTC CTLRYTBLCLTHSTTHPKSST",
            "24 CT",
            "Plastic cutlery, tablecloths and toothpicks, 24 ct",
            "塑料刀叉桌布与牙签 24件装",
        ),
        (
            "ICE CREAM/MILK/SHERBTS",
            "PREMIUM",
            "56 OZ",
            "Premium ice cream, 56 oz",
            "优质冰淇淋 56盎司",
        ),
        ("BACON", "PREMIUM", "16 OZ", "Premium bacon, 16 oz", "优质培根 16盎司"),
        ("PORK", "MARINATED", None, "Marinated pork", "腌制猪肉"),
        (
            "SEAFOOD - FROZEN",
            "SEAFOOD-FRZ-IQF RAW SHRIMP RW",
            "2 LB",
            "Frozen shrimp, raw, 2 lb",
            "冷冻生虾 2磅（907克）",
        ),
        (
            "DOMESTIC WINE",
            "POPULAR 750ML WINES",
            "750 ML",
            "Popular wine, 750 ml bottle",
            "大众葡萄酒 750毫升瓶装",
        ),
    ],
)
def test_the_notorious_codes(
    category: str, product_type: str, size: str | None, english: str, chinese: str
) -> None:
    title = load_glossary().title(category, product_type, readable_size(size))
    assert title == Names(english, chinese)


def test_a_name_without_its_size() -> None:
    assert bare_name("Carbonated soft drink, {2 L} bottle") == "Carbonated soft drink, bottle"
    assert bare_name("碳酸软饮料 {2升}瓶装") == "碳酸软饮料 瓶装"
    assert bare_name("Balloon, {18 in}") == "Balloon"
    assert bare_name("Bananas") == "Bananas"


def test_an_unknown_code_is_not_passed_over() -> None:
    with pytest.raises(KeyError, match="NO SUCH TYPE"):
        load_glossary().title("BEEF", "NO SUCH TYPE", None)
