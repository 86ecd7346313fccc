import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.errors import BundleError
from daogou.features.items import Float32, Int32
from daogou.retrieval import (
    FieldWeights,
    LexicalDocument,
    LexicalRetriever,
    Request,
    build_lexical,
    lexical_document,
)
from daogou.retrieval.recent import Recent
from daogou.text import tokenize
from daogou.types import LocalizedText, Product, Variant

MILK, CHOCOLATE, DRESS, SHOES, SOAP, PHONE = range(6)
SHOP = [
    Product(
        "milk",
        "Whole Milk 1 gal",
        brand="Meadow",
        categories=("Food > Dairy",),
        localized={"zh": LocalizedText("全脂牛奶", None, ("食品 > 乳制品",))},
    ),
    Product("choc", "Chocolate Milk 500 ml", brand="Meadow", categories=("Food > Dairy",)),
    Product("d1", "Red Dress", localized={"zh": LocalizedText("红色连衣裙")}),
    Product(
        "shoes",
        "Running Shoes",
        gtin="0012345678905",
        attributes={"material": ("mesh",)},
        variants=(Variant("RS-42", {"size": "42"}),),
        localized={"zh": LocalizedText("男士跑鞋")},
    ),
    Product("soap", "Soap", description="smells of milk and honey"),
    Product("phone", "iPhone15 128GB", brand="Apple"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> LexicalRetriever:
    path = tmp_path_factory.mktemp("bundle") / "lexical"
    build_lexical(path, (lexical_document(n, p) for n, p in enumerate(SHOP)))
    return LexicalRetriever.open(path)


def find(retriever: LexicalRetriever, query: str, k: int = 10) -> list[int]:
    asked = Request(now=0.0, query_tokens=tuple(tokenize(query)))
    return [int(item) for item in retriever.retrieve(asked, k).items]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("chocolate milk", [CHOCOLATE, MILK, SOAP]),
        ("milk", [MILK, CHOCOLATE, SOAP]),
        ("牛奶", [MILK]),
        ("連衣裙", [DRESS]),
        ("dresses", [DRESS]),
        ("shoe", [SHOES]),
        ("iphone 15", [PHONE]),
        ("iPhone15", [PHONE]),
        ("0.5 liters", [CHOCOLATE]),
        ("0012345678905", [SHOES]),
        ("rs-42", [SHOES]),
        ("mesh", [SHOES]),
        ("meadow", [MILK, CHOCOLATE]),
        ("乳制品", [MILK]),
        ("honey", [SOAP]),
        ("unheard-of", []),
        ("", []),
    ],
)
def test_words_find_products(shop: LexicalRetriever, query: str, found: list[int]) -> None:
    assert find(shop, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [("chocolat", [CHOCOLATE]), ("runing", [SHOES]), ("chcolatee", [CHOCOLATE]), ("鞋", [SHOES])],
)
def test_an_unknown_word_finds_its_neighbours(
    shop: LexicalRetriever, query: str, found: list[int]
) -> None:
    assert find(shop, query) == found


def test_a_known_word_is_not_guessed_at(shop: LexicalRetriever) -> None:
    assert SOAP not in find(shop, "soup pots")[1:]
    assert find(shop, "soap") == [SOAP]


@pytest.mark.parametrize(
    "query",
    ['" OR *', "title:milk", "(((", "a AND NOT b", "/.*/", "[a TO z]", "\x00", "\ud800", "🎉"],
)
def test_a_query_language_is_not_spoken(shop: LexicalRetriever, query: str) -> None:
    assert MILK not in find(shop, query) or "milk" in query
    # Even tokens that did not come from the segmenter are only words.
    raw = Request(now=0.0, query_tokens=(query.replace("\ud800", ""), ".*", "", "milk*"))
    assert shop.retrieve(raw, 10).items.tolist() == []


@given(st.text())
def test_any_query_is_answered(shop: LexicalRetriever, query: str) -> None:
    found = shop.match(tokenize(query))
    assert len(found.items) == len(found.scores) <= len(SHOP)


def test_a_long_query_is_cut(shop: LexicalRetriever) -> None:
    assert MILK in find(shop, "milk " + " ".join(f"w{n}" for n in range(5000)))


def test_scores_are_bm25_in_the_index_and_over_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    words = [f"w{n}" for n in range(30)]
    titles = [tuple(rng.choice(words, rng.integers(1, 6)).tolist()) for _ in range(80)]
    # What is said in Chinese does not make the English text longer.
    chinese = [("鞋",) * (n % 7) for n in range(80)]
    documents = [
        LexicalDocument(n, title=t, brand=("acme",), description=chinese[n])
        for n, t in enumerate(titles)
    ]
    build_lexical(tmp_path / "index", documents)
    retriever = LexicalRetriever.open(tmp_path / "index")
    laid_over = retriever.changed(documents[::2])
    query = ("w3", "w7")

    # The formula, written out again.
    weights = FieldWeights()
    bags = [Counter({w: n * weights.title for w, n in Counter(t).items()}) for t in titles]
    for bag in bags:
        bag["acme"] += weights.brand
    mean = sum(bag.total() for bag in bags) / len(bags)
    expected = {}
    for n, bag in enumerate(bags):
        score = 0.0
        for word in query:
            having = sum(word in other for other in bags)
            idf = math.log(1 + (len(bags) - having + 0.5) / (having + 0.5))
            length = 1.2 * (0.25 + 0.75 * bag.total() / mean)
            score += idf * bag[word] * 2.2 / (bag[word] + length)
        if score:
            expected[n] = score

    for one in (retriever, laid_over):
        found = one.match(query)
        scores = dict(zip(found.items.tolist(), found.scores.tolist(), strict=True))
        assert scores == pytest.approx(expected, rel=1e-4)


def test_a_common_word_does_not_match_alone(tmp_path: Path) -> None:
    # 30 of "milk" (common among 200), 3 of them chocolate.
    documents = [
        LexicalDocument(n, title=("milk", *(("chocolate",) if n < 3 else ())) if n < 30 else ("x",))
        for n in range(200)
    ]
    build_lexical(tmp_path / "index", documents)
    retriever = LexicalRetriever.open(tmp_path / "index")
    assert sorted(retriever.match(("chocolate", "milk")).items.tolist()) == [0, 1, 2]
    assert len(retriever.match(("milk",)).items) == 30
    assert len(retriever.match(("x",)).items) == 170
    assert len(retriever.match(("x", "milk")).items) == 200  # no item has both


def test_what_changed_is_found_at_once(shop: LexicalRetriever) -> None:
    new = lexical_document(6, Product("oat", "Oat Drink", localized={"zh": LocalizedText("燕麦")}))
    renamed = lexical_document(DRESS, Product("d1", "Blue Gown"))
    later = shop.changed([new, renamed], removed=[CHOCOLATE])
    assert find(later, "燕麦") == [6]
    assert find(later, "gown") == [DRESS]
    assert find(later, "red dress") == []
    assert find(later, "milk") == [MILK, SOAP]
    # The one before is as it was, and the next builds on the one before.
    assert find(shop, "red dress") == [DRESS]
    last = later.changed([lexical_document(6, Product("oat", "Rye Bread"))], removed=[DRESS])
    assert find(last, "drinks") == find(last, "gown") == []
    assert find(last, "rye") == [6]
    assert find(later, "oat drinks") == [6]


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (["milk"], [MILK, CHOCOLATE, SOAP]),
        (["milk", "chocolate"], [CHOCOLATE]),
        (["milk", "milk"], [MILK, CHOCOLATE, SOAP]),
        (["milk", "dress"], []),
        (["mlik"], []),  # which a search guesses at
        (["鞋"], []),  # which is only a part of words
        ([], []),
    ],
)
def test_what_has_all_words(shop: LexicalRetriever, tokens: list[str], found: list[int]) -> None:
    assert shop.having(tokens).tolist() == found
    shop.match(tokens)
    assert shop.having(tokens).tolist() == found


def test_what_is_kept_is_forgotten_where_products_change(shop: LexicalRetriever) -> None:
    assert shop.having(["soap"]).tolist() == [SOAP]
    changed = shop.changed([lexical_document(MILK, Product("milk", "Soap bar"))], removed=[SOAP])
    assert changed.having(["soap"]).tolist() == [MILK]
    assert changed.match(["soap"]).items.tolist() == [MILK]
    assert shop.having(["soap"]).tolist() == [SOAP]


def test_answers_are_kept_up_to_a_size_and_cannot_be_changed() -> None:
    made: list[str] = []

    def answer(name: str, size: int) -> tuple[Int32, Float32]:
        made.append(name)
        return np.arange(size, dtype=np.int32), np.zeros(size, np.float32)

    recent = Recent(rows=10)
    for name, size in [("a", 4), ("b", 4), ("a", 4), ("c", 3), ("a", 4), ("b", 4), ("d", 50)]:
        items, _ = recent.get(name, lambda name=name, size=size: answer(name, size))  # type: ignore[misc]
        assert len(items) == size
        with pytest.raises(ValueError, match="read-only"):
            items[0] = 9
    assert made == ["a", "b", "c", "b", "d"]  # b was used longest ago when c came
    assert len(recent) == 0  # nothing beside what is longer than all that is kept


def test_title_match(shop: LexicalRetriever) -> None:
    items = np.array([CHOCOLATE, MILK, SOAP, 99], np.int32)
    tokens = tokenize("chocolate milk")
    np.testing.assert_allclose(shop.title_match(items, tokens), [1, 0.5, 0, 0])
    later = shop.changed([lexical_document(SOAP, Product("soap", "Milk"))], removed=[MILK])
    np.testing.assert_allclose(later.title_match(items, tokens), [1, 0, 0.5, 0])
    assert shop.title_match(items, []).tolist() == [0, 0, 0, 0]
    assert shop.title_match(items[:0], tokens).shape == (0,)


def test_items_that_are_left_out(tmp_path: Path) -> None:
    documents = [LexicalDocument(n, title=(f"t{n}",)) for n in (0, 3, 4)]
    build_lexical(tmp_path / "index", documents)
    retriever = LexicalRetriever.open(tmp_path / "index")
    every = np.arange(5, dtype=np.int32)
    assert retriever.title_match(every, ["t3", "t4"]).tolist() == [0, 0, 0, 0.5, 0.5]
    assert retriever.match(["t3"]).items.tolist() == [3]


def test_documents_have_to_rise(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Item 1 comes after 1"):
        build_lexical(tmp_path / "index", [LexicalDocument(1), LexicalDocument(1)])


@pytest.mark.parametrize("damage", ["missing", "version", "garbage", "words"])
def test_an_index_that_cannot_be_read_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "index"
    build_lexical(path, [LexicalDocument(0, title=("a",))])
    meta = path / "lexical.json"
    if damage == "missing":
        meta.unlink()
    elif damage == "version":
        meta.write_text(meta.read_text().replace('"format":1', '"format":99'))
    elif damage == "garbage":
        meta.write_text("{")
    else:
        (path / "words" / "meta.json").unlink()
    with pytest.raises(BundleError, match="daogou train"):
        LexicalRetriever.open(path)


def test_a_document_has_every_language_and_code() -> None:
    document = lexical_document(3, SHOP[SHOES])
    assert document.item == 3
    assert document.title == ("running", "shoe", "男士", "跑鞋")
    assert set(document.attributes) >= {"mesh", "42", "0012345678905", "rs42"}
    long = Product("x", "X", description="word " * 1000)
    assert len(lexical_document(0, long).description) == 200
