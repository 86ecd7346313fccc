"""Whatever is typed can be read: fuzzing.

Cases in a run: 4 x 500 texts made by hypothesis, each read with and without its chips.
"""

import json
import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.understanding import Entry, Gazetteer, Parser, Understanding

CASES: Final = 500
WORDS: Final = [
    *(
        "under",
        "$50",
        "不要",
        "白色",
        "-",
        "not",
        "red",
        "除了",
        "以外",
        "20到50",
        "块",
        "的",
        "cheapest",
    ),
    *(
        "cheaper than",
        "the",
        "Sony",
        "size",
        "9",
        "27寸",
        "两升",
        "4 stars",
        "和",
        "or",
        ",",
        "，",
        '"',
    ),
    *(
        "\ud800",
        "\x00",
        "🎉",
        "e\u0301",
        "㎏",
        "½",
        "連衣裙",
        "\u200b",
        "'",
        "1,000",
        "万",
        "5折",
        "比",
        "便宜",
    ),
    *(
        "Under Armour",
        "no.5",
        "best-rated",
        "(",
        "\\",
        "ß",
        "İ",
        "Σ",
        "ﬁ",
        "\t\n",
        "9" * 40,
        "一" * 20,
    ),
]
anything: Final = st.text(st.characters(), max_size=80)
pieces: Final = st.lists(st.sampled_from(WORDS) | anything, max_size=12)
texts: Final = pieces.map("".join) | pieces.map(" ".join)
NAMES: Final = [
    ("brand", ["Sony", "Under Armour", "No.5", "-", "的"]),
    ("categories", ["Clothes > 连衣裙", "A > B and C"]),
    ("attributes.color", ["Red", "White", "白色", ""]),
    ("attributes.size", ["9", "XL", "27 in", "2 L"]),
    ("attributes.🎉", ["\ud800", "½", "x" * 300]),
]
PARSER: Final = Parser(
    Gazetteer.from_entries(
        [Entry(f, v, (v.split(" > ")[-1],), 9) for f, values in NAMES for v in values], 20
    ),
    "USD",
)


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


def is_subsequence(part: str, whole: str) -> bool:
    at = iter(whole)
    return all(c in at for c in part)


def check(read: Understanding, text: str) -> None:
    assert read.text == text
    ids = [c.id for c in read.constraints]
    for c in read.constraints:
        assert 0 <= c.start < c.end <= len(text)
        assert 0 <= c.confidence <= 1
        assert c.values or c.low is not None or c.high is not None or c.relative
        assert not (c.values and (c.low is not None or c.high is not None))
        assert c.low is None or c.high is None or c.low <= c.high
        assert all(c.values)
    assert read.sort is None or 0 <= read.sort.start < read.sort.end <= len(text)
    for words in (read.wanted, read.residual):
        assert is_subsequence(letters(words), letters(text))
        words.encode()
    assert is_subsequence(letters(read.residual), letters(read.wanted))
    assert sorted(ids) == sorted(set(ids))


@settings(max_examples=CASES, deadline=None)
@given(texts)
def test_every_text_is_read_soundly(text: str) -> None:
    check(PARSER.parse(text), text)


@settings(max_examples=CASES, deadline=None)
@given(anything)
def test_every_string_of_characters_is_read_soundly(text: str) -> None:
    check(PARSER.parse(text), text)


@settings(max_examples=CASES, deadline=None)
@given(texts, st.data())
def test_chips_can_be_taken_away_in_any_order(text: str, data: st.DataObject) -> None:
    read = PARSER.parse(text)
    ids = [c.id for c in read.constraints] + ([read.sort.id] if read.sort else [])
    gone = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    less = PARSER.parse(text, removed=gone)
    check(less, text)
    assert less == read.without(gone)
    assert less.wanted == read.wanted
    stepwise = read
    for one in reversed(gone):
        stepwise = stepwise.without([one])
    assert stepwise == less
    assert {c.id for c in less.constraints} == {c.id for c in read.constraints} - set(gone)


@settings(max_examples=CASES, deadline=None)
@given(st.lists(st.tuples(anything, anything), max_size=8), texts)
def test_every_catalogue_gives_a_parser(values: list[tuple[str, str]], text: str) -> None:
    fields = ("brand", "categories", "attributes.color", "attributes.size", "attributes.x")
    entries = [
        Entry(fields[i % len(fields)], value or "x", (name,), i)
        for i, (value, name) in enumerate(values)
    ]
    check(Parser(Gazetteer.from_entries(entries, len(values)), None).parse(text), text)


@pytest.mark.parametrize(
    "unit",
    [
        *"连9$🎉一x不比-'\"",
        "under 50 ",
        "不要白色 ",
        "not ",
        "20-",
        "-a ",
        "5 stars ",
        "红色或",
        "a, ",
        " ",
        "\x00",
    ],
)
def test_ten_thousand_characters_take_no_long_time(unit: str) -> None:
    """A pattern that backtracks would not come back at all."""
    text = (unit * 10_000)[:10_000]
    check(PARSER.parse(text), text)


def test_what_is_beyond_ten_thousand_characters_stays_words() -> None:
    text = "dress " * 2000 + "under $50"
    read = PARSER.parse(text)
    assert not [c for c in read.constraints if c.field == "price"]
    assert read.wanted.endswith("under $50")
    json.dumps(read.wanted)
