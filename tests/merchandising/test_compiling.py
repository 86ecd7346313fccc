"""What controls make of a query."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.merchandising import Applied, Control, ControlSet, Expansion, control_from_json
from daogou.merchandising.compiling import MAX_TOKENS
from daogou.text import tokenize

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
ACME = 'brand: ANY("Acme")'


def control(id_: str, action: str, /, terms: Any = (), **rest: Any) -> Control:
    """A control with one action: ``terms`` are partial, or ``{"value", "fullMatch"}``."""
    kinds = ("activeTimeRange", "pageCategories")
    condition: dict[str, Any] = {kind: rest.pop(kind) for kind in kinds if kind in rest}
    condition["queryTerms"] = [t if isinstance(t, dict) else {"value": t} for t in terms]
    rule = {"condition": condition, action: rest}
    return control_from_json({"id": id_, "displayName": id_, "rule": rule})


def boost(id_: str, *terms: Any, by: float = 0.5, **rest: Any) -> Control:
    return control(id_, "boostAction", terms, boost=by, productsFilter=ACME, **rest)


def synonyms(id_: str, *words: str) -> Control:
    return control(id_, "twowaySynonymsAction", synonyms=list(words))


def replacement(id_: str, old: str, new: str) -> Control:
    return control(id_, "replacementAction", queryTerms=[old], replacementTerm=new)


def ignore(id_: str, *words: str) -> Control:
    return control(id_, "ignoreAction", ignoreTerms=list(words))


def pin(id_: str, *terms: str, **pins: str) -> Control:
    where = {position.lstrip("p"): product for position, product in pins.items()}
    return control(id_, "pinAction", terms, pinMap=where)


def compiled(text: str, *controls: Control, **rest: Any) -> Applied:
    return ControlSet(controls).compile(text, tokenize(text), rest.pop("now", NOW), **rest)


def test_without_controls_the_query_stays_as_it_is() -> None:
    assert compiled("  Red  Dress ") == Applied("  Red  Dress ", ("red", "dress"))
    assert compiled("milk", boost("b", "rice")) == Applied("milk", ("milk",))


# --- conditions


@pytest.mark.parametrize(
    ("term", "query"),
    [
        ("dress", "red dress"),
        ("dress", "Dresses"),
        ("red dress", "a long RED DRESS with sleeves"),
        ("连衣裙", "红色连衣裙"),
        ("連衣裙", "连衣裙女"),
        ("ｎｉｋｅ", "nike 鞋"),
        ("USB-C", "usb c cable"),
        ("usb c", "USB-C cable"),
        ("t-shirt", "tshirt men"),
        ("iphone", "iPhone15 case"),
        ("2 liter", "cola 2l"),
        ("1000 ml", "cola 1 L"),
        ("café", "cafe table"),
    ],
)
def test_a_query_that_contains_a_term(term: str, query: str) -> None:
    assert compiled(query, boost("b", term)).control_ids == ("b",)


@pytest.mark.parametrize(
    ("term", "query"),
    [
        ("dress", "dresser"),
        ("red dress", "dress red"),
        ("red dress", "red summer dress"),
        ("裙子", "连衣裙"),
        ("dress", ""),
        ("usb c cable", "usb c"),
    ],
)
def test_a_query_that_does_not(term: str, query: str) -> None:
    assert compiled(query, boost("b", term)).control_ids == ()


@pytest.mark.parametrize(
    ("term", "query", "fits"),
    [
        ("red dress", "Red Dresses", True),
        ("red dress", "red dress long", False),
        ("连衣裙", "連衣裙", True),
        ("连衣裙", "红色连衣裙", False),
        ("usb-c", "usb c", True),
        ("usb c", "USB-C", True),
        ("t-shirt", "tshirt", True),
        ("milk", "", False),
    ],
)
def test_a_query_that_is_a_term(term: str, query: str, fits: bool) -> None:
    whole = boost("b", {"value": term, "fullMatch": True})
    assert bool(compiled(query, whole).control_ids) == fits


def test_one_term_of_several_is_enough_and_none_is_always() -> None:
    assert compiled("rice", boost("b", "milk", "rice")).boosts == ((ACME, 0.5),)
    assert compiled("", boost("b")).boosts == ((ACME, 0.5),)


@pytest.mark.parametrize(
    ("ranges", "active"),
    [
        ([{"startTime": "2026-11-22T12:00:00Z"}], True),
        ([{"endTime": "2026-11-22T12:00:00Z"}], True),
        ([{"startTime": "2026-11-22T12:00:01Z"}], False),
        ([{"endTime": "2026-11-22T11:59:59Z"}], False),
        (
            [{"startTime": "2026-11-22T19:59:00+08:00", "endTime": "2026-11-22T20:01:00+08:00"}],
            True,
        ),
        ([{"endTime": "2025-01-01T00:00:00Z"}, {"startTime": "2026-01-01T00:00:00Z"}], True),
    ],
)
def test_periods(ranges: list[dict[str, str]], active: bool) -> None:
    always = boost("b", activeTimeRange=ranges)
    asked = boost("b", "milk", activeTimeRange=ranges)
    for one in (always, asked):
        assert bool(compiled("milk", one).control_ids) == active


def test_categories_of_the_page() -> None:
    dresses = boost("b", pageCategories=["Women > Dresses", "女装 > 连衣裙"])
    assert compiled("", dresses, categories=["women > dresses"]).control_ids == ("b",)
    assert compiled("red", dresses, categories=["Men", "女裝 > 連衣裙"]).control_ids == ("b",)
    assert compiled("", dresses, categories=["Women"]).control_ids == ()
    assert compiled("", dresses).control_ids == ()


def test_all_kinds_of_conditions_have_to_fit() -> None:
    every = boost(
        "b", "milk", pageCategories=["Dairy"], activeTimeRange=[{"endTime": "2027-01-01T00:00:00Z"}]
    )
    assert compiled("milk", every, categories=["Dairy"]).control_ids == ("b",)
    assert compiled("milk", every, categories=["Pantry"]).control_ids == ()
    assert compiled("rice", every, categories=["Dairy"]).control_ids == ()
    assert compiled("milk", every, categories=["Dairy"], now=2e9).control_ids == ()


def test_conditions_look_at_the_query_as_it_was_typed() -> None:
    applied = compiled("tee", replacement("a", "tee", "t-shirt"), boost("b", "t-shirt"))
    assert (applied.text, applied.control_ids) == ("t-shirt", ("a",))
    applied = compiled("tee", replacement("a", "tee", "t-shirt"), boost("b", "tee"))
    assert applied.control_ids == ("a", "b")


# --- actions


def test_boosts_add_up() -> None:
    applied = compiled("milk", boost("a", "milk"), boost("b", by=0.25), boost("c", by=-1))
    assert applied.boosts == ((ACME, -0.25),)
    assert applied.control_ids == ("a", "b", "c")
    assert compiled("milk", boost("a", by=0)) == Applied("milk", ("milk",))


def test_filters_are_all_told_once() -> None:
    filters = [
        control(id_, "filterAction", filter=text)
        for id_, text in (("b", "price < 3"), ("a", ACME), ("c", ACME))
    ]
    assert compiled("milk", *filters).filters == (ACME, "price < 3")


def test_the_first_redirect_wins() -> None:
    both = [control(id_, "redirectAction", ["milk"], redirectUri=f"/{id_}") for id_ in ("b", "a")]
    applied = compiled("milk", *both)
    assert (applied.redirect_uri, applied.control_ids) == ("/a", ("a",))


def test_the_first_pin_of_a_place_and_of_a_product_wins() -> None:
    applied = compiled(
        "milk",
        pin("c", p1="z"),
        pin("b", p1="y", p2="x", p3="w"),
        pin("a", p1="x", p7="v"),
    )
    assert applied.pins == ((1, "x"), (3, "w"), (7, "v"))
    assert applied.control_ids == ("a", "b")


# --- synonyms


def test_twoway_synonyms() -> None:
    soda = synonyms("s", "soda", "soft drink", "汽水")
    assert compiled("diet soft drinks", soda).expansions == (
        Expansion(("soft", "drink"), (("soda",), ("汽水",)), 1),
    )
    assert compiled("汽水", soda).expansions == (
        Expansion(("汽水",), (("soda",), ("soft", "drink")), 0),
    )
    assert compiled("soft", soda).expansions == ()


def test_oneway_synonyms() -> None:
    sneakers = control("s", "onewaySynonymsAction", queryTerms=["sneakers"], synonyms=["shoes"])
    assert compiled("red sneaker", sneakers).expansions == (
        Expansion(("sneaker",), (("shoe",),), 1),
    )
    assert compiled("red shoes", sneakers).expansions == ()


def test_synonyms_of_several_controls_are_joined() -> None:
    applied = compiled("soda", synonyms("a", "soda", "cola"), synonyms("b", "soda", "cola", "pop"))
    assert applied.expansions == (Expansion(("soda",), (("cola",), ("pop",)), 0),)


def test_synonyms_of_synonyms_are_not_followed() -> None:
    ring = [synonyms("a", "a1", "b1"), synonyms("b", "b1", "c1"), synonyms("c", "c1", "a1")]
    assert compiled("a1", *ring).expansions == (Expansion(("a1",), (("b1",), ("c1",)), 0),)


def test_a_synonym_that_is_the_same_after_all_does_nothing() -> None:
    assert compiled("dress", synonyms("a", "dress", "Dresses")) == Applied("dress", ("dress",))


def test_synonyms_are_those_of_the_rewritten_query() -> None:
    applied = compiled("coke", replacement("a", "coke", "cola"), synonyms("b", "cola", "soda"))
    assert applied.expansions == (Expansion(("cola",), (("soda",),), 0),)


def test_do_not_associate() -> None:
    apart = control(
        "a", "doNotAssociateAction", queryTerms=["gshoe"], doNotAssociateTerms=["cheap", "shoe"]
    )
    applied = compiled("gshoe", apart, synonyms("s", "gshoe", "shoe", "sneaker"))
    assert applied.apart == (("cheap",), ("shoe",))
    assert applied.expansions == (Expansion(("gshoe",), (("sneaker",),), 0),)
    assert applied.control_ids == ("a", "s")
    assert compiled("cheap gshoe", apart).apart == (("shoe",),)
    assert compiled("shoe", apart).apart == ()


# --- rewriting


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("tee", "t-shirt"),
        ("Red TEES under $20", "Red t-shirt under $20"),
        ("tee and jeans", "t-shirt and jeans"),
        ("tee,tee", "t-shirt,t-shirt"),
        ("steel", "steel"),
        ("我要红色tee", "我要红色t-shirt"),
    ],
)
def test_replacement(query: str, text: str) -> None:
    applied = compiled(query, replacement("a", "tee", "t-shirt"))
    assert applied.text == text
    assert applied.tokens == tuple(tokenize(text))
    assert applied.control_ids == (("a",) if text != query else ())


def test_replacement_in_chinese() -> None:
    applied = compiled("便宜的红色連衣裙 200元以下", replacement("a", "连衣裙", "裙子"))
    assert applied.text == "便宜的红色裙子 200元以下"


def test_words_that_meet_are_kept_apart() -> None:
    applied = compiled("裙dress", replacement("a", "裙", "skirt"))
    assert applied.text == "skirt dress"


def test_ignored_terms() -> None:
    noise = ignore("a", "cheap", "free shipping", "便宜的")
    assert compiled("cheap red dress, free shipping", noise).text == "red dress,"
    assert compiled("便宜的连衣裙", noise).tokens == tuple(tokenize("连衣裙"))


def test_a_query_of_ignored_terms_alone_is_searched_as_it_is() -> None:
    applied = compiled("cheap free", ignore("a", "cheap", "free"))
    assert applied == Applied("cheap free", ("cheap", "free"))


def test_replacements_do_not_chase_each_other() -> None:
    ring = [replacement("a", "x1", "y1"), replacement("b", "y1", "x1 y1")]
    applied = compiled("x1 y1", *ring)
    assert applied.text == "y1 x1 y1"
    assert applied.control_ids == ("a", "b")


def test_the_longest_term_and_then_the_first_control_win() -> None:
    three = [
        replacement("c", "soft drink", "soda"),
        replacement("b", "soft", "smooth"),
        replacement("a", "drink", "beverage"),
        replacement("z", "soft drink", "pop"),
    ]
    applied = compiled("soft drink", *three)
    assert (applied.text, applied.control_ids) == ("soda", ("c",))


def test_a_rewriting_has_its_condition_too() -> None:
    only = control("a", "replacementAction", ["red"], queryTerms=["tee"], replacementTerm="t-shirt")
    assert compiled("red tee", only).text == "red t-shirt"
    assert compiled("blue tee", only).text == "blue tee"


# --- any query


WORDS = [
    "red",
    "dress",
    "usb-c",
    "连衣裙",
    "便宜的",
    "2 liter",
    "soda",
    "café",
    "😀",
    "$20",
    "dresses",
]
QUERIES = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join) | st.text(max_size=60)
MANY = [
    boost("b1", "red dress"),
    boost("b2", {"value": "连衣裙", "fullMatch": True}),
    synonyms("s1", "dress", "连衣裙", "gown"),
    synonyms("s2", "red", "红色"),
    replacement("r1", "usb-c", "type c"),
    replacement("r2", "dress", "dress dress"),
    ignore("i1", "便宜的", "red"),
    pin("p1", "soda", p1="cola"),
    control("d1", "doNotAssociateAction", queryTerms=["dress"], doNotAssociateTerms=["gown"]),
]


@given(QUERIES)
def test_any_query(text: str) -> None:
    tokens = tokenize(text)
    applied = ControlSet(MANY).compile(text, tokens, NOW)
    shuffled = random.Random(text).sample(MANY, len(MANY))
    assert ControlSet(shuffled).compile(text, tokens, NOW) == applied
    assert applied.tokens == tuple(tokenize(applied.text))
    assert bool(applied.tokens) == bool(tokens)
    assert len(applied.text) <= 3 * len(text) + 20
    for expansion in applied.expansions:
        end = expansion.start + len(expansion.phrase)
        assert applied.tokens[expansion.start : end] == expansion.phrase
        assert expansion.phrase not in expansion.alternatives
        assert not set(expansion.alternatives) & set(applied.apart)
    if not applied.control_ids:
        assert applied == Applied(text, tuple(tokens))


def test_a_long_query_is_looked_at_in_part() -> None:
    filler = [f"w{n}" for n in range(MAX_TOKENS)]
    applied = compiled(" ".join([*filler, "red"]), synonyms("s", "red", "crimson"))
    assert applied.expansions == ()
    applied = compiled(" ".join(["red", *filler]), synonyms("s", "red", "crimson"))
    assert len(applied.expansions) == 1
