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
NO_BUDGETS: Final = (
    "iphone 15|50 cent|7up|WD-40|4k|5g手机|100% cotton|3 in 1|under armour|under desk fan|no.5"
    "|size 9 and up|under 5 lbs|under 5 years|women over 50 multivitamin|20-50|27寸以下|100元宝"
    "|3块装肥皂|0-6个月|at least 10 people tent|windows 11 pro|within reach|10件以上|18岁以上"
    "|几十个|三百多人"
)
NO_NEGATIONS: Final = (
    "Non-stick pan|不粘锅|不锈钢|无线|非洲|除湿机|no.5|no 7 serum|别克|无糖 饮料|sugar free gum"
    "|no sugar added jam|not your mother's|no show socks|USB-C|WD-40|T-shirt|特别|非常好|不错的耳机"
    "|要不要 耳机|除甲醛|除油漆 清洗剂|－次性|-zj 403450p|-20 ice pack|电话 0-9"
)
NO_MONEY: Final = "折叠门 三折|二折叠床|2折叠倒车镜|内六角螺丝|三角裤|一刀切|半圆木枕|304圆芯"
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


def budget(text: str) -> tuple[float | None, float | None, str] | None:
    """The one budget of a text in major units, and its words."""
    found = [c for c in PARSER.parse(text).constraints if c.field == "price"]
    assert len(found) <= 1
    if not found:
        return None
    low, high = (None if bound is None else bound / 100 for bound in (found[0].low, found[0].high))
    return low, high, text[found[0].start : found[0].end]


@pytest.mark.parametrize(
    ("text", "low", "high", "words"),
    [
        ("headphones below $99.99", None, 99.99, "below $99.99"),
        ("no more than 50 dollars", None, 50, "no more than 50 dollars"),
        ("headphones, $1,299.99 or less", None, 1299.99, "$1,299.99 or less"),
        ("two hundred dollars or less", None, 200, "two hundred dollars or less"),
        ("budget: 300 headphones", None, 300, "budget: 300"),
        ("gloves under 50 cents", None, 0.5, "under 50 cents"),
        ("headphones cheaper than $50", None, 50, "cheaper than $50"),
        ("price under 80", None, 80, "price under 80"),
        ("under 2k laptop", None, 2000, "under 2k"),
        ("at least 20 dollars", 20, None, "at least 20 dollars"),
        ("over $100 headphones", 100, None, "over $100"),
        ("$50+ gifts", 50, None, "$50+"),
        ("between 20 and 50 dollars", 20, 50, "between 20 and 50 dollars"),
        ("from $50 to $20", 20, 50, "from $50 to $20"),
        ("$20-50 shampoo", 20, 50, "$20-50"),
        ("about 50 bucks", 40, 60, "about 50 bucks"),
        ("耳机 300以内", None, 300, "300以内"),
        ("千元以内的耳机", None, 1000, "千元以内的"),
        ("1万2以下的", None, 12000, "1万2以下的"),
        ("预算三百 耳机", None, 300, "预算三百"),
        ("不要超过五十块", None, 50, "不要超过五十块"),
        ("100元起", 100, None, "100元起"),
        ("两百块以上的耳机", 200, None, "两百块以上的"),
        ("一百到两百的耳机", 100, 200, "一百到两百的"),
        ("2-3千的显示器", 2000, 3000, "2-3千的"),
        ("价格在100左右", 80, 120, "价格在100左右"),
        ("五块五以下", None, 5.5, "五块五以下"),
        ("最贵不超过200的耳机", None, 200, "最贵不超过200的"),
        ("几十块的耳机", 20, 100, "几十块的"),
        ("两三百的耳机", 200, 300, "两三百的"),
        ("300多块的耳机", 300, 400, "300多块的"),
        ("一千多的耳机", 1000, 2000, "一千多的"),
        ("２００元以下", None, 200, "２００元以下"),
    ],
)
def test_budgets(text: str, low: float | None, high: float | None, words: str) -> None:
    assert budget(text) == (low, high, words)


@pytest.mark.parametrize("text", NO_BUDGETS.split("|"))
def test_what_only_looks_like_a_budget(text: str) -> None:
    assert budget(text) is None


@pytest.mark.parametrize("text", NO_NEGATIONS.split("|"))
def test_what_only_looks_like_a_negation(text: str) -> None:
    read = PARSER.parse(text)
    assert [c for c in read.constraints if c.strength == "must-not"] == []
    assert read.wanted == text


@pytest.mark.parametrize(
    ("text", "excluded", "wanted"),
    [
        ("shoes, not nike or under armour", ["Nike", "Under Armour"], "shoes"),
        ("running shoes -nike", ["Nike"], "running shoes"),
        ("不要白色和黑色 跑鞋", ["White", "Black"], "跑鞋"),
        ("跑鞋 不要白色 不要黑色", ["White", "Black"], "跑鞋"),
        ("除了白色以外的跑鞋", ["White"], "跑鞋"),
        ("跑鞋 白色除外", ["White"], "跑鞋"),
        ("跑鞋 白色不要", ["White"], "跑鞋"),
        ("非苹果 耳机", ["Apple"], "耳机"),
        ("anything but red dress", ["Red", "Dark Red"], "dress"),
        ("not made of wool", ["Wool"], ""),
        ("cookies without nuts", ["nuts"], "cookies"),
        ("no peanut butter", ["peanut"], "butter"),
        ("cookies, no peanut butter", ["peanut butter"], "cookies"),
        ("no sugar cereal", ["sugar"], "cereal"),
        ("牛奶 不含乳糖", ["乳糖"], "牛奶"),
        ("headphones -noise-cancelling", ["noise-cancelling"], "headphones"),
    ],
)
def test_negations(text: str, excluded: list[str], wanted: str) -> None:
    read = PARSER.parse(text)
    gone = [c for c in read.constraints if c.strength == "must-not"]
    found = [v for c in gone for v in (c.values[:1] if c.field == "text" else c.values)]
    assert found == excluded
    assert read.wanted == wanted
    assert all(c.confidence >= SURE for c in gone)


@pytest.mark.parametrize("text", NO_MONEY.split("|"))
def test_words_that_only_sound_of_money(text: str) -> None:
    read = PARSER.parse(text)
    assert (read.constraints, read.wanted) == ((), text)


@pytest.mark.parametrize("text", ["折扣店", "促销架", "清仓价标签"])
def test_a_discount_that_may_be_a_product_does_not_filter(text: str) -> None:
    read = PARSER.parse(text)
    assert [(c.field, c.confidence < SURE) for c in read.constraints] == [("discount", True)]
    assert read.wanted == text


@pytest.mark.parametrize(
    ("text", "order", "wanted"),
    [
        ("cheapest headphones", "price", "headphones"),
        ("最便宜的耳机", "price", "耳机"),
        ("不要太贵的耳机", "price", "耳机"),
        ("the most expensive dress", "price desc", "dress"),
        ("价格从高到低 耳机", "price desc", "耳机"),
        ("best-rated headphones", "rating desc", "headphones"),
        ("most reviewed headphones", "ratingCount desc", "headphones"),
        ("newest dress", "published desc", "dress"),
        ("连衣裙 新款", "published desc", "连衣裙 新款"),
        ("耳机 折扣最大", "discount desc", "耳机"),
    ],
)
def test_orders(text: str, order: str, wanted: str) -> None:
    read = PARSER.parse(text)
    assert read.sort is not None
    assert (read.sort.order_by, read.wanted) == (order, wanted)


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("4 stars and up", ("rating", 4, None)),
        ("四星以上 耳机", ("rating", 4, None)),
        ("评分4.5以上的耳机", ("rating", 4.5, None)),
        ("rated at least 4 stars", ("rating", 4, None)),
        ("打折的牛奶", ("discount", 1, None)),
        ("milk on sale", ("discount", 1, None)),
        ("8折 洗发水", ("discount", 1, None)),
        ("20% off milk", ("discount", 1, None)),
        ("耳机 有没有现货", ("+availability", ("IN_STOCK",))),
        ("in stock headphones", ("+availability", ("IN_STOCK",))),
        ("preferably black headphones", ("?attributes.color", ("Black",))),
        ("最好是黑色的耳机", ("?attributes.color", ("Black",))),
        ("9码跑鞋", ("+attributes.size", ("9",))),
        ("XL cotton dress", ("+attributes.size", ("XL",))),
        ("W32 L34 jeans", ("+attributes.size", ("W32 L34",))),
        ("white or black shoes", ("+attributes.color", ("White", "Black"))),
        ("红色或白色的裙子", ("+attributes.color", ("Red", "Dark Red", "White"))),
        ("比索尼便宜的耳机", ("cheaper than", "索尼")),
        ("三星 手机", ("+brand", ("Samsung",))),
        ("68.6cm monitor", ("+attributes.screen", ('27"', "68.6 cm"))),
        ("under armour shoes", ("+brand", ("Under Armour",))),
        ("not your mother's shampoo", ("+brand", ("Not Your Mother's",))),
    ],
)
def test_other_wishes(text: str, constraint: Any) -> None:
    assert constraint in said(PARSER.parse(text))


def test_a_rating_alone_may_be_a_name_and_stays_in_the_words() -> None:
    read = PARSER.parse("5 star hotel towels")
    assert [(c.field, c.confidence >= SURE) for c in read.constraints] == [("rating", False)]
    assert read.wanted == "5 star hotel towels"


def test_two_places_for_one_field_are_not_sure() -> None:
    read = PARSER.parse("black shoes white sole")
    assert [c.confidence < SURE for c in read.constraints] == [True, True]


def test_two_sizes_side_by_side_are_two_wishes() -> None:
    read = PARSER.parse("milk 500 ml 2 L")
    sizes = [c for c in read.constraints if c.field == "attributes.package"]
    assert [(c.values, c.confidence >= SURE) for c in sizes] == [
        (("500 ml",), False),
        (("2 L", "2000 ml"), False),
    ]


def test_a_budget_in_another_currency_is_not_sure() -> None:
    (there,) = PARSER.parse("under €50").constraints
    assert there.confidence < SURE
    (here,) = Parser(PARSER.gazetteer, "EUR").parse("under €50").constraints
    assert here.confidence >= SURE


def test_prices_are_in_the_minor_units_of_the_currency() -> None:
    (yen,) = Parser(PARSER.gazetteer, "JPY").parse("under 5000 yen").constraints
    assert yen.high == 5000


def test_a_chip_taken_away_leaves_words_or_nothing() -> None:
    text = "red dress under $50, not silk, cheapest"
    read = PARSER.parse(text)
    ids = {c.field: c.id for c in read.constraints}
    assert ids["price"] == "price:10-19"
    plain = PARSER.parse(text, removed=[ids["attributes.color"]])
    assert (plain.residual, plain.wanted) == ("red", "red dress")
    assert read.sort is not None
    bare = read.without([ids["price"], ids["attributes.material"], read.sort.id])
    assert [c.field for c in bare.constraints] == ["attributes.color", "categories"]
    assert bare.sort is None
    assert (bare.residual, bare.wanted) == ("", "red dress")
    assert read.without(["price:0-1", "nothing"]) == read


def test_spans_are_those_of_the_text_as_typed() -> None:
    text = "🎉 ＲＥＤ　dress\u200b ㎏ 不要\ud800白色"
    read = PARSER.parse(text)
    assert [text[c.start : c.end] for c in read.constraints] == ["ＲＥＤ", "dress", "白色"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("巧克力味牛奶", "巧克力 牛奶"),
        ("草莓口味的牛奶", "草莓 牛奶"),
        ("红色款跑鞋", "红色 跑鞋"),
        ("chocolate flavoured milk", "chocolate milk"),
        ("vanilla-flavor milk", "vanilla milk"),
        ("flavour, milk", "flavour, milk"),
        ("味精", "味精"),
    ],
)
def test_what_only_closes_the_word_before_it_is_not_looked_for(text: str, wanted: str) -> None:
    assert PARSER.parse(text).wanted == wanted
