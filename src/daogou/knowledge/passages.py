"""An article cut into passages and sentences, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from daogou.text.normal import HAN

PASSAGE: Final = 480
"""Letters of a passage, about; an encoder reads little more."""
_HAN_WORTH: Final = 3
"""A Han character says as much as so many letters."""

_HEADING: Final = re.compile(r"[ ]{0,3}#{1,6}[ \t]+(.*)")
_MARKER: Final = re.compile(r"[ \t]*(?:[-*+•]|\d{1,2}[.)、])[ \t]+")
_RULE: Final = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|`{3,}\w*|~{3,})[ \t]*")
# A sentence ends at a full stop that a blank and a new beginning follow, or at a Chinese one. A run
# of stops is looked at once, from its beginning: of a text of stops alone it is linear.
_SENTENCE_END: Final = re.compile(
    r"[。！？；…]++[”』」）\"']*+|(?<![.!?])[.!?]++[\"'”’)]*+(?=\s++[^a-z\s]|$)"
)
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|approx|vs|Mr|Mrs|Dr|St|No|oz|lb|fl|min|max|ca|incl)\.$"
)
_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A few paragraphs under one heading.

    Attributes
    ----------
    heading
        Empty before the first one.
    sentences
        Start and end of each in the article's text; list items are sentences.
    """

    heading: str
    sentences: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """Start and end of the whole in the article's text."""
        return self.sentences[0][0], self.sentences[-1][1]


def weight(text: str) -> int:
    """The length of a text in letters, a Han character counting as a few of them."""
    if text.isascii():
        return len(text)
    return len(text) + (_HAN_WORTH - 1) * len(_HAN_CHARACTER.findall(text))


def passages(text: str) -> list[Passage]:
    """The passages of an article, in order; headings and ruled lines are in none."""
    found: list[Passage] = []
    for heading, paragraphs in _sections(text):
        held: list[Span] = []
        size = 0
        for sentences in paragraphs:
            added = sum(weight(text[a:b]) for a, b in sentences)
            if held and size + added > PASSAGE:
                found.append(Passage(heading, tuple(held)))
                held, size = [], 0
            for span in sentences:
                length = weight(text[span[0] : span[1]])
                if held and size + length > PASSAGE:
                    found.append(Passage(heading, tuple(held)))
                    held, size = [], 0
                held.append(span)
                size += length
        if held:
            found.append(Passage(heading, tuple(held)))
    return found


def _sections(text: str) -> Iterator[tuple[str, list[list[Span]]]]:
    """The headings, each with the sentences of its paragraphs."""
    heading, paragraphs = "", list[list[Span]]()
    begun: Span | None = None

    def close() -> None:
        nonlocal begun
        if begun is not None:
            paragraphs.append(list(_sentences(text, *begun)))
            begun = None

    for start, end in _lines(text):
        line = text[start:end]
        marker = _MARKER.match(line)
        if match := _HEADING.fullmatch(line):
            close()
            if paragraphs:
                yield heading, paragraphs
            heading, paragraphs = match[1].strip(" \t#"), []
        elif not line.strip() or _RULE.fullmatch(line):
            close()
        elif marker:
            close()
            begun = (start + marker.end(), end)
        else:
            begun = (start if begun is None else begun[0], end)
    close()
    if paragraphs:
        yield heading, paragraphs


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of a paragraph, without the blanks around them."""
    paragraph = text[start:end]
    begun = 0
    for match in _SENTENCE_END.finditer(paragraph):
        if _ABBREVIATION.search(paragraph[max(0, match.end() - 8) : match.end()]):
            continue
        yield from _trimmed(paragraph, begun, match.end(), start)
        begun = match.end()
    yield from _trimmed(paragraph, begun, len(paragraph), start)


def _trimmed(paragraph: str, begun: int, end: int, offset: int) -> Iterator[Span]:
    piece = paragraph[begun:end]
    if piece.strip():
        left = len(piece) - len(piece.lstrip())
        right = len(piece.rstrip())
        yield offset + begun + left, offset + begun + right
