"""Articles cut into sentences whose places are true."""

import pytest

from daogou.knowledge.passages import passages

TEXT = """Bread keeps 2.5 days, e.g. in a box. It dries out fast! Does it mold?
Not soon.

## In the freezer
- Slice it first.
- Wrap it well

---
1. Freeze it
"""


def test_sentences_are_whole_and_in_their_places() -> None:
    first, second = passages(TEXT)
    assert [TEXT[a:b] for a, b in first.sentences] == [
        "Bread keeps 2.5 days, e.g. in a box.",
        "It dries out fast!",
        "Does it mold?",
        "Not soon.",
    ]
    assert second.heading == "In the freezer"
    assert [TEXT[a:b] for a, b in second.sentences] == [
        "Slice it first.",
        "Wrap it well",
        "Freeze it",
    ]


def test_chinese_sentences() -> None:
    text = "面包放在纸袋里。能放多久？“两天左右。”不要冷藏"
    (passage,) = passages(text)
    told = [text[a:b] for a, b in passage.sentences]
    assert told == ["面包放在纸袋里。", "能放多久？", "“两天左右。”", "不要冷藏"]


def test_a_long_section_is_several_passages() -> None:
    text = "A sentence of some forty letters or more. " * 40
    found = passages(text)
    assert len(found) > 2
    assert all(b - a <= 520 for a, b in (p.span for p in found))
    assert sum(len(p.sentences) for p in found) == 40


@pytest.mark.parametrize("text", ["", "   \n\n", "# Only a heading", "---\n***\n"])
def test_nothing_to_say(text: str) -> None:
    assert passages(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "." * 60_000 + "x",
        "# " + "#" * 60_000 + "x",
        "a. " * 30_000,
        ". " + " " * 60_000,
        "-" * 60_000,
    ],
)
def test_strange_texts_take_no_longer_than_others(text: str) -> None:
    for passage in passages(text):
        for start, end in passage.sentences:
            assert text[start:end].strip() == text[start:end] != ""
