"""What a query was probably meant to be, and what is left as it was typed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.retrieval import LexicalDocument, LexicalRetriever, build_lexical
from daogou.retrieval.edits import edit_cost
from daogou.retrieval.vocabulary import folded
from daogou.text import tokenize

TITLES = {
    "organic bread": 20,
    "chocolate milk": 30,
    "headphones": 12,
    "wireless headphones": 4,
    "shampoo for dry hair": 9,
    "red wine": 25,
    "baby wipe": 25,
    "ice cream": 8,
    "toothbrush": 15,
    "sause of a typing merchant": 1,
    "tomato sauce": 150,
    "gaming laptops": 10,
    "连衣裙": 9,
    "牛奶 巧克力": 20,
    "洗发水": 8,
    "蒸汽 拖把": 5,
    "RTX4090 graphics card": 3,
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> LexicalRetriever:
    path = tmp_path_factory.mktemp("bundle") / "lexical"
    titles = [title for title, count in TITLES.items() for _ in range(count)]
    documents = [LexicalDocument(n, title=tuple(tokenize(t))) for n, t in enumerate(titles)]
    build_lexical(path, documents)
    return LexicalRetriever.open(path)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chocolat milk", "chocolate milk"),
        ("Chocolaet Milk", "chocolate Milk"),
        ("orgnaic bread", "organic bread"),
        ("lapotps", "laptops"),  # in the plural that was typed
        ("red wipe", None),  # exists
        ("red wime", "red wine"),  # not "wipe": no wipe is red
        ("baby wime", "baby wipe"),
        ("head phones", "headphones"),
        ("icecream", "ice cream"),
        ("tooth brush", "toothbrush"),
        ("lianyiqun", "连衣裙"),
        ("niunai", "牛奶"),
        ("niu nai", "牛奶"),
        ("niunaiqiaokeli", "牛奶巧克力"),
        ("洗发谁", "洗发水"),
        ("联衣裙", "连衣裙"),
        ("買聯衣裙", "買连衣裙"),  # what needs no correction stays as it was typed
        ("蒸汽托把", "蒸汽拖把"),
        ("zengqi", None),
        ("增汽拖把", "蒸汽拖把"),  # zeng and zheng
        ("sause", "sauce"),  # the catalogue's own slip
    ],
)
def test_corrections(shop: LexicalRetriever, typed: str, meant: str | None) -> None:
    correction = shop.correct(typed)
    assert (correction.text if correction else None) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "chocolate milk",
        "rtx4080",  # a code
        "4091",
        "B07XYZ1234",
        "usb-c",
        "zyntharo",  # like nothing here
        "牛奶",
        "我想买牛奶",
        "的",
        "🎉",
        "\ud800",
        "w" * 10_000,
        "chocolat " * 100,  # no query
    ],
)
def test_what_is_left_alone(shop: LexicalRetriever, text: str) -> None:
    assert shop.correct(text) is None


def test_words_of_later_products_are_known(shop: LexicalRetriever) -> None:
    assert shop.correct("chocolatl") is not None
    later = shop.changed([LexicalDocument(9000, title=("chocolatl", *tokenize("洗发谁")))])
    assert later.correct("chocolatl") is None
    assert later.correct("洗发谁") is None


def test_a_change_says_where_and_how_surely(shop: LexicalRetriever) -> None:
    correction = shop.correct("buy  ＣＨＯＣＯＬＡＴ milk")
    assert correction is not None
    assert correction.text == "buy  chocolate milk"
    (change,) = correction.changes
    assert (change.start, change.end, change.typed) == (5, 13, "ＣＨＯＣＯＬＡＴ")
    assert 0.6 < correction.confidence == change.confidence <= 1
    doubted = shop.correct("sause")
    assert doubted is not None
    assert doubted.confidence == 0.5


@given(st.text(max_size=40))
def test_any_text_is_read(shop: LexicalRetriever, text: str) -> None:
    correction = shop.correct(text)
    if correction is not None:
        assert correction.changes
        assert 0 < correction.confidence <= 1
        for change in correction.changes:
            assert text[change.start : change.end] == change.typed != change.meant


@pytest.mark.parametrize(
    ("typed", "meant", "cost"),
    [
        ("wine", "wine", 0),
        ("", "", 0),
        ("wime", "wine", 4),  # m is beside n
        ("wixe", "wine", 5),
        ("wnie", "wine", 3.5),
        ("iwne", "wine", 5),  # the first letter is seldom wrong
        ("winne", "wine", 3),
        ("chese", "cheese", 3),
        ("wane", "wine", 4),
        ("ine", "wine", 6.5),
        ("winex", "wine", 5),
        ("wineabc", "wine", 15),
    ],
)
def test_edit_cost(typed: str, meant: str, cost: float) -> None:
    assert edit_cost(typed, meant) == pytest.approx(cost)


def test_sounds_that_are_not_told_apart() -> None:
    assert folded(("zheng", "qi", "shu", "lin")) == folded(("zen", "qi", "su", "ling"))
    assert folded(("ma",)) != folded(("mo",))


def test_an_index_without_words(tmp_path: Path) -> None:
    build_lexical(tmp_path / "index", [])
    empty = LexicalRetriever.open(tmp_path / "index")
    assert empty.correct("chocolat 洗发谁 niunai") is None
