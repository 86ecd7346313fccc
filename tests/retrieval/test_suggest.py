"""Suggestions while typing, with planted answers and with anything typed."""

import random
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.retrieval.suggest import KINDS, Kind, Phrase, Suggester, Suggestion
from daogou.retrieval.suggest_index import KeyIndex
from daogou.retrieval.suggest_reading import MAX_UNITS, fold, match, read_units
from daogou.text import pinyin

PHRASES = (
    Phrase("query", "连衣裙", "zh", 50),
    Phrase("query", "红色连衣裙女夏", "zh", 20),
    Phrase("query", "绿色裙子", "zh", 2),
    Phrase("query", "red summer dress", "en", 30),
    Phrase("query", "headphones", "en", 10),
    Phrase("query", "refrigerator", "en", 3),
    Phrase(
        "category", "Dresses", "en", 500, "Women > Dresses", 'categories: ANY("Women > Dresses")'
    ),
    Phrase("category", "牛奶", "zh", 40, "Dairy > Milk"),
    Phrase("brand", "Nike", "", 300),
    Phrase("product", "Nike 运动鞋 男", "zh", 9, "p1"),
    Phrase("product", "Nike Running Shoes", "en", 9, "p1"),
    Phrase("product", "USB-C Cable, 2 m", "en", 5, "p2"),
    Phrase("product", "Café Crème", "en", 5, "p3"),
    Phrase("product", "银行卡包", "zh", 4, "p4"),
    Phrase("product", "iPhone手机壳", "zh", 4, "p5"),
    Phrase("product", "USB-C动力线", "zh", 1, "p7"),
    Phrase("product", "½ 升装 ﬁne ㎏ 茶", "zh", 1, "p6"),
)
SUGGESTER = Suggester(PHRASES)


def texts(found: Sequence[Suggestion]) -> list[str]:
    return [suggestion.phrase.text for suggestion in found]


def marked(typed: str, language: str = "") -> str | None:
    """The first suggestion, with what is highlighted in brackets."""
    found = SUGGESTER.suggest(typed, language, 1)
    if not found:
        return None
    text = found[0].phrase.text
    for start, end in reversed(found[0].highlight):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        # the start of any word, in any case and width
        ("red", "[red] summer dress"),
        ("SUM", "red [sum]mer dress"),
        ("ｎｉｋ", "[Nik]e"),
        ("cafe cr", "[Café] [Cr]ème"),
        # several words in their order
        ("red dr", "[red] summer [dr]ess"),
        ("nike shoe", "[Nike] Running [Shoe]s"),
        # signs do not count
        ("usbc", "[USB]-[C] Cable, 2 m"),
        ("usb c", "[USB]-[C] Cable, 2 m"),
        ("usb-c cable,", "[USB]-[C] [Cable], 2 m"),
        # Chinese at any character, traditional too
        ("连衣裙", "[连衣裙]"),
        ("連衣", "[连衣]裙"),
        ("裙子", "绿色[裙子]"),
        ("红色 女", "[红色]连衣裙[女]夏"),
        # pinyin in full, with the last syllable begun, by initials, and mixed
        ("lianyiqun", "[连衣裙]"),
        ("lianyiq", "[连衣裙]"),
        ("lianyi", "[连衣]裙"),
        ("lyq", "[连衣裙]"),
        ("ly", "[连衣]裙"),
        ("lian衣", "[连衣]裙"),
        ("连yi裙", "[连衣裙]"),
        ("lianyq", "[连衣裙]"),
        ("lyqun", "[连衣裙]"),
        ("nike xie", "[Nike] 运动[鞋] 男"),
        ("nike ydx", "[Nike] [运动鞋] 男"),
        ("iphonesjk", "[iPhone手机壳]"),
        ("iphone手ji", "[iPhone手机]壳"),
        ("cdong", "USB-[C动]力线"),
        # a character is read as in its word, and ü is v
        ("yinhang", "[银行]卡包"),
        ("lvse", "[绿色]裙子"),
        # characters that are several letters, and several that are one
        ("fin", "½ 升装 [ﬁne] ㎏ 茶"),
        ("cha", "½ 升装 ﬁne ㎏ [茶]"),
    ],
)
def test_what_can_be_typed(typed: str, first: str) -> None:
    assert marked(typed) == first


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("head phones", "headphones"),
        ("reddress", None),
        ("redsummer", "red summer dress"),
        ("莲衣裙", "连衣裙"),
        ("headpones", "headphones"),
        ("haedphones", "headphones"),
        ("headphonnes", "headphones"),
        ("headphpnes", "headphones"),
        ("refrigertaor", "refrigerator"),
        ("nike shoos", "Nike Running Shoes"),
        ("lianyiqum", "连衣裙"),
        ("niki", "Nike"),
    ],
)
def test_what_is_tried_where_nothing_matches(typed: str, first: str | None) -> None:
    found = SUGGESTER.suggest(typed)
    assert (found[0].phrase.text if found else None) == first


def test_nothing_is_guessed_where_something_matches() -> None:
    exact = Suggester([Phrase("query", "kate", "en", 1), Phrase("query", "cake", "en", 99)])
    assert texts(exact.suggest("kate")) == ["kate"]
    assert texts(exact.suggest("cakw")) == ["cake"]


@pytest.mark.parametrize("typed", ["zzz", "dress red", "ess", "裙连", "!!!", "😀", "\ud800"])
def test_what_matches_nothing(typed: str) -> None:
    assert SUGGESTER.suggest(typed) == []


def test_of_nothing_typed_the_most_used_of_each_kind() -> None:
    found = SUGGESTER.suggest("", "zh", 4)
    assert texts(found) == ["连衣裙", "Nike", "Nike 运动鞋 男", "牛奶"]
    assert all(suggestion.highlight == () for suggestion in found)
    assert texts(SUGGESTER.suggest("  ", "zh", 4)) == texts(found)


def test_the_shoppers_language_comes_first() -> None:
    assert texts(SUGGESTER.suggest("nike", "zh")) == [
        "Nike",
        "Nike 运动鞋 男",
        "Nike Running Shoes",
    ]
    assert texts(SUGGESTER.suggest("nike", "en")) == [
        "Nike",
        "Nike Running Shoes",
        "Nike 运动鞋 男",
    ]
    assert texts(SUGGESTER.suggest("nike", "fr"))[0] == "Nike"


def test_kinds_take_turns() -> None:
    many = [Phrase("product", f"milk {n}", "en", 1000 - n, f"p{n}") for n in range(500)]
    few: list[Phrase] = [Phrase("category", "Milk", "en", 2), Phrase("query", "milk tea", "en", 1)]
    # Below the heaviest of their kinds, so that it is not their own weight that lifts them.
    heavy = [Phrase("category", "Bread", "en", 1000), Phrase("query", "bread", "en", 1000)]
    kinds = [s.phrase.kind for s in Suggester(many + few + heavy).suggest("milk", "en", 10)]
    assert kinds[:3] == ["product", "product", "category"]
    assert sorted(kinds[3:]) == [*["product"] * 6, "query"]


def test_heavier_ones_come_first_and_whole_texts_before_all() -> None:
    weights = {"teapot": 5.0, "tea towel": 50.0, "tea": 20.0, "green tea": 500.0}
    suggester = Suggester(Phrase("query", text, "en", w) for text, w in weights.items())
    assert texts(suggester.suggest("tea")) == ["tea", "green tea", "tea towel", "teapot"]


def test_a_text_is_suggested_once() -> None:
    twice = [Phrase("query", "Milk", "en", 5), Phrase("category", "milk", "en", 9)]
    found = Suggester([*twice, Phrase("product", "ＭＩＬＫ", "en", 1, "p")]).suggest("mi")
    assert len(found) == 1


@pytest.mark.parametrize("limit", [0, -1, 1, 3, 1000])
def test_limits(limit: int) -> None:
    assert len(SUGGESTER.suggest("", "", limit)) == max(0, min(limit, len(PHRASES)))


def test_no_phrases() -> None:
    empty = Suggester()
    assert len(empty) == 0
    assert empty.suggest("a") == []
    assert empty.suggest("") == []
    assert texts(empty.with_phrases([PHRASES[0]]).suggest("ly")) == ["连衣裙"]
    assert len(Suggester([Phrase("query", "!!!"), Phrase("query", " ")])) == 0


# --- live changes


def test_live_changes() -> None:
    first = SUGGESTER.with_phrases([Phrase("product", "新款连衣裙", "zh", 3, "new")])
    assert "新款连衣裙" in texts(first.suggest("lyq", "zh"))
    assert "新款连衣裙" not in texts(SUGGESTER.suggest("lyq", "zh"))
    assert len(first) == len(SUGGESTER) + 1
    second = first.with_phrases([], {("product", "new"), ("query", "连衣裙")})
    assert texts(second.suggest("lyq", "zh")) == ["红色连衣裙女夏"]
    assert "新款连衣裙" in texts(first.suggest("lyq", "zh"))


def test_a_changed_product_is_replaced_in_all_languages() -> None:
    renamed = SUGGESTER.with_phrases([Phrase("product", "Nike Trail Shoes", "en", 9, "p1")])
    assert texts(renamed.suggest("nike", "en")) == ["Nike", "Nike Trail Shoes"]
    again = renamed.with_phrases([Phrase("product", "Nike Road Shoes", "en", 9, "p1")])
    assert texts(again.suggest("nike", "en")) == ["Nike", "Nike Road Shoes"]
    assert len(again) == len(renamed) == len(SUGGESTER) - 1


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=12), st.data())
def test_changed_bit_by_bit_is_as_built_at_once(
    steps: list[tuple[bool, int]], data: st.DataObject
) -> None:
    base = {n: Phrase("product", f"tea {n} 茶", "zh", 100.0 + n, f"p{n}") for n in range(4)}
    suggester, state = Suggester(base.values()), dict(base)
    for number, (put, n) in enumerate(steps):
        if put:
            weight = data.draw(st.integers(1, 90))
            state[n] = Phrase("product", f"tea {n} 茶 {number}", "zh", weight, f"p{n}")
            suggester = suggester.with_phrases([state[n]])
        else:
            state.pop(n, None)
            suggester = suggester.with_phrases(removed=[("product", f"p{n}")])
    found = suggester.suggest("te", "zh", 50)
    assert {s.phrase for s in found} == set(state.values())
    assert len(suggester) == len(state)
    weights = [s.phrase.weight for s in found]
    assert weights == sorted(weights, reverse=True)


# --- anything typed

TYPED = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [*"lyqnike连衣裙红 -", "usb", "dress", "ａ", "é", "㎏", "\u0301", "😀", "\ud83d"]
    ),
    max_size=12,
).map("".join)


@given(TYPED, st.sampled_from(["", "en", "zh", "xx"]), st.integers(0, 20))
def test_anything_typed(typed: str, language: str, limit: int) -> None:
    found = SUGGESTER.suggest(typed, language, limit)
    assert len(found) <= limit
    assert len({fold(text) for text in texts(found)}) == len(found)
    for suggestion in found:
        at = 0
        for start, end in suggestion.highlight:
            assert at <= start < end <= len(suggestion.phrase.text)
            at = end


@given(st.lists(st.text(max_size=20), max_size=6), st.text(max_size=6))
def test_any_phrases(phrases: list[str], typed: str) -> None:
    suggester = Suggester(Phrase("query", text, "en", n) for n, text in enumerate(phrases))
    for suggestion in suggester.suggest(typed):
        assert suggestion.phrase.text in phrases


HAN = "连衣裙红色运动鞋牛奶咖啡机手壳银行长重绿女包"
LATIN = ["nike", "iphone15", "usb-c", "milk", "tea", "500ml"]


@given(
    st.lists(st.text(HAN, min_size=1, max_size=5) | st.sampled_from(LATIN), min_size=1, max_size=4),
    st.sampled_from([" ", ""]),
    st.data(),
)
def test_every_way_to_type_a_phrase_finds_it(
    words: list[str], joint: str, data: st.DataObject
) -> None:
    """From any unit on, each by itself, by pinyin or by its initial, and the last one begun."""
    text = joint.join(words)
    units = read_units(text)
    begin = data.draw(st.integers(0, len(units) - 1))
    last = data.draw(st.integers(begin, min(len(units) - 1, begin + 5)))
    typed = ""
    way = data.draw(st.sampled_from(["form", "syllable", "initial", "mixed"]))
    for unit in units[begin : last + 1]:
        chosen = data.draw(st.sampled_from(["form", "syllable"])) if way == "mixed" else way
        spoken = {"form": unit.form, "syllable": unit.syllable, "initial": unit.syllable[:1]}
        typed += " " * (unit.spaced and bool(typed)) + (spoken[chosen] or unit.form)
    found = Suggester([Phrase("query", text)]).suggest(typed)
    assert texts(found) == [text]


def test_a_long_text_is_found_by_its_beginning() -> None:
    long = "连衣裙" * 100 + " nike"
    suggester = Suggester([Phrase("product", long, "zh", 1, "p")])
    assert len(suggester.suggest("lianyi")) == 1
    assert suggester.suggest("nike") == []
    assert len(read_units(long)) == MAX_UNITS
    assert len(suggester.suggest("连衣裙" * 40)) == 1


def test_hard_words_do_not_hang() -> None:
    """Syllables that are each other's beginnings branch at every letter."""
    suggester = Suggester([Phrase("query", "安" * 60 + "啊" * 60), Phrase("query", "a" * 64)])
    assert suggester.suggest("an" * 30 + "z") == []
    assert suggester.suggest("a" * 63 + "b") == []
    assert match(read_units("安" * 60), ["a" * 59 + "z"]) is None


# --- parts


def test_the_keys_are_as_sorted_strings() -> None:
    """Against the plain way: every suffix that can be typed, compared letter by letter."""
    generator = random.Random(7)
    phrases = [
        "".join(generator.choices([*HAN, "a", "b", "1", " "], k=generator.randint(1, 14)))
        for _ in range(200)
    ]
    units = [read_units(text) for text in phrases]
    index = KeyIndex(units)

    def suffixes(number: int) -> set[str]:
        here = units[number]
        found = set()
        chinese = any(unit.syllable for unit in here)
        for begin, first in enumerate(here):
            joined = begin + 1 < len(here) and not here[begin + 1].spaced
            for way in range(3 if chinese and (first.syllable or joined) else 1):
                parts = [
                    (" " if unit.spaced and n else "")
                    + (unit.form, unit.syllable or unit.form, unit.syllable[:1] or unit.form)[way]
                    for n, unit in enumerate(here[begin:])
                ]
                found.add("".join(parts))
        return found

    known = [suffixes(number) for number in range(len(phrases))]
    typed = {s[:n] for group in known for s in list(group)[:2] for n in range(1, 9)} | {"zz", "b1"}
    for letters in sorted(typed):
        expected = {n for n, group in enumerate(known) if any(s.startswith(letters) for s in group)}
        assert set(index.starting(letters).tolist()) == expected, letters
        part = index.known_part(letters + "xyz")
        assert index.count(part) > 0 or not part
    ascii_only = [letters for letters in typed if letters.isascii()]
    assert index.counts(ascii_only) == [index.count(letters) for letters in ascii_only]


def test_units_are_the_text() -> None:
    assert [unit.form for unit in read_units("USB-C 连衣, ½")] == ["usb", "c", "连", "衣", "12"]
    for unit in read_units("連衣裙 Café"):
        assert fold("連衣裙 Café"[unit.start : unit.end]) == unit.form
    assert [unit.syllable for unit in read_units("银行")] == list(pinyin("银行"))
    decomposed = read_units("Cafe\u0301s")
    assert [(unit.form, unit.start, unit.end) for unit in decomposed] == [("cafes", 0, 6)]


def test_keys_are_small() -> None:
    assert KeyIndex([read_units("连衣裙")]).nbytes == 20 * 9
    assert KeyIndex([]).starting("a").dtype == np.int32


def test_kinds_are_those_of_the_type() -> None:
    assert get_args(Kind) == KINDS
