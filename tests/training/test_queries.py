"""Queries derived from a catalogue, and how well products answer them."""

import numpy as np
import pytest

from daogou.features import Basket
from daogou.ranking import Scores
from daogou.training.queries import (
    CatalogueWords,
    DerivedQuery,
    derive_of_baskets,
    derive_of_products,
    held_out,
)
from daogou.training.replay import grade

WORDS = CatalogueWords(
    titles={
        "en": ["Cola zero, 2 L bottle", "Green tea, 20 bags", "Cola zero, 2 L bottle", "42"],
        "zh": ["无糖可乐 2升", "绿茶 20包", "无糖可乐 2升", "42"],
    },
    paths={
        "en": ["", "Drinks > Soft drinks", "Drinks > Tea"],
        "zh": ["", "饮料 > 汽水", "饮料 > 茶"],
    },
    category=np.array([1, 2, 1, 0], np.int32),
    brands=["Acme", "", "Bolt", ""],
)


def texts(count: int = 400) -> set[str]:
    items = np.array([0], np.int32)
    return {query.text for query in derive_of_products(WORDS, items, count, seed=1)}


@pytest.mark.parametrize(
    "text",
    [
        "Cola zero",  # neighbouring words
        "bottle Cola",  # in any order
        "Soft drinks",  # the category
        "Soft drinks Drinks",  # and its parent
        "Acme Soft drinks",  # brand and type
        "Soft drinks 2 l",  # type and size
        "Cola zero, 2 L bottle",  # the whole title
        "汽水",
        "无糖可乐 2升",
    ],
)
def test_a_product_is_asked_for_in_many_ways(text: str) -> None:
    assert text in texts()


def test_the_same_seed_draws_the_same_queries() -> None:
    items = np.arange(3, dtype=np.int32)
    first, again, other = (derive_of_products(WORDS, items, 50, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_small_categories_are_asked_for_too() -> None:
    many = CatalogueWords(
        titles={"en": ["apple"] * 99 + ["soap"]},
        paths={"en": ["", "Food", "Home"]},
        category=np.array([1] * 99 + [2], np.int32),
        brands=[""] * 100,
    )
    drawn = derive_of_products(many, np.arange(100, dtype=np.int32), 200, seed=0)
    assert sum(query.item == 99 for query in drawn) > 30


def test_products_without_words_or_category_are_not_asked_for() -> None:
    assert derive_of_products(WORDS, np.array([3], np.int32), 10, seed=0) == []
    empty = CatalogueWords({}, {}, np.zeros(0, np.int32), [])
    assert derive_of_products(empty, np.zeros(0, np.int32), 10, seed=0) == []
    assert derive_of_baskets(empty, [], 10, seed=0) == []


def test_a_query_of_a_basket_is_for_something_in_it() -> None:
    basket = Basket(visitor=0, end=0, time=0.0, items=np.array([1, 2], np.int32))
    drawn = derive_of_baskets(WORDS, [basket], 40, seed=0)
    assert {query.item for query in drawn} == {1, 2}
    assert all(query.basket is basket and query.tokens for query in drawn)


def test_products_of_one_title_are_held_out_together() -> None:
    sides = {tuple(held_out(WORDS, 0.5, seed).tolist()) for seed in range(30)}
    assert all(side[0] == side[2] for side in sides)
    assert {side[0] for side in sides} == {True, False}


def test_what_is_held_out_does_not_depend_on_the_order_of_the_languages() -> None:
    english = [f"thing {n}" for n in range(50)]
    chinese = [f"东西 {97 * n % 50}" for n in range(50)]
    category, brands = np.ones(50, np.int32), [""] * 50
    one, other = (
        held_out(CatalogueWords(titles, {}, category, brands), 0.5, seed=0)
        for titles in ({"en": english, "zh": chinese}, {"zh": chinese, "en": english})
    )
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize(
    ("tokens", "title", "expected"),
    [
        (("cola",), (1, 0, 1), [1.0, 0.0, 1.0]),
        (("soft", "drink"), (0, 0, 0), [1.0, 0.0, 1.0]),  # names the category
        (("zero", "bag"), (0.5, 1, 0.5), [1.0, 0.5, 0.4]),  # the known item, words, category
    ],
)
def test_grades(tokens: tuple[str, ...], title: tuple[float, ...], expected: list[float]) -> None:
    query = DerivedQuery(0, " ".join(tokens), tokens)
    items, share = np.arange(3, dtype=np.int32), np.array(title, np.float32)
    assert grade(query, items, share, WORDS).tolist() == pytest.approx(expected)


def test_a_blend_adds_up_logits() -> None:
    said = Scores(*(np.array(v, np.float32) for v in ([1, 2], [3, -1], [0.5, 0.5], [0.2, 0.8])))
    assert said.blend({"relevance": 1, "next": 0.5}).tolist() == pytest.approx([3.5, 0])
    assert said.blend({"purchase": 2}).tolist() == pytest.approx(
        [2 * np.log(0.25), 2 * np.log(4)], rel=1e-5
    )
    assert said.blend({"click": 3}).tolist() == pytest.approx([0, 0])
    assert said.blend({}).tolist() == [0, 0]
    sure = Scores.nothing(2).blend({"click": 1, "next": 1})
    assert np.isfinite(sure).all()
    assert sure[0] == sure[1]
