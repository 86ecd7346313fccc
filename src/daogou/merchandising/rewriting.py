"""Terms of a query replaced or left out, in the text as it was typed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from daogou.text import normalize, tokenize
from daogou.text.normal import HAN

MAX_PIECES: Final = 128
"""What follows in a longer text is not rewritten."""
MAX_SPAN: Final = 32
"""So many pieces long a term is at most: characters of Han, or words."""
_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")
_PIECE: Final = re.compile(rf"[{HAN}]|[^\s{HAN},;:!?()/|，。；：！？（）、]+")


@dataclass(frozen=True, slots=True)
class Edit:
    """The words that a phrase's tokens came from become ``instead``, or nothing.

    ``by`` is the number of the control that says so; the smaller one goes first.
    """

    phrase: tuple[str, ...]
    instead: str
    by: int


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text, and the numbers of the controls that changed it."""

    text: str
    applied: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    edit: Edit


def rewrite(text: str, edits: Sequence[Edit]) -> Rewritten:
    """Apply edits to a text in one pass from left to right.

    At one place the longest term wins, then the first control. What was put in is
    not looked at again, so no two replacements can chase each other. Terms are
    only left out where something else remains: a query of nothing but such terms
    would list the whole shop.
    """
    changes = _places(text, edits)
    if changes and not tokenize(_carried_out(text, changes)):
        changes = [change for change in changes if change.edit.instead]
    if not changes:
        return Rewritten(text, ())
    applied = tuple(sorted({change.edit.by for change in changes}))
    return Rewritten(_carried_out(text, changes), applied)


def _places(text: str, edits: Sequence[Edit]) -> list[_Change]:
    """Where the edits apply; no two places overlap."""
    by_phrase: dict[tuple[str, ...], Edit] = {}
    for edit in edits:
        known = by_phrase.get(edit.phrase)
        if known is None or edit.by < known.by:
            by_phrase[edit.phrase] = edit
    initials = {phrase[0][0] for phrase in by_phrase}
    longest = max((_span(phrase) for phrase in by_phrase), default=0)
    changes: list[_Change] = []
    free = 0
    pieces = [match.span() for match in _PIECE.finditer(text)][:MAX_PIECES]
    for number, (start, _) in enumerate(pieces):
        if start < free or _initial(text[start]) not in initials:
            continue
        change = _longest(text, start, pieces[number : number + longest], by_phrase)
        if change is not None:
            changes.append(change)
            free = change.end
    return changes


def _longest(
    text: str,
    start: int,
    pieces: Sequence[tuple[int, int]],
    by_phrase: Mapping[tuple[str, ...], Edit],
) -> _Change | None:
    """The edit of the longest phrase that begins here, over no more text than makes the phrase.

    "tee and" has the tokens of "tee" too, and the "and" is to stay.
    """
    best: _Change | None = None
    for _, end in pieces:
        found = by_phrase.get(tuple(tokenize(text[start:end])))
        if found and (best is None or len(found.phrase) > len(best.edit.phrase)):
            best = _Change(start, end, found)
    return best


def _span(phrase: tuple[str, ...]) -> int:
    """How many pieces of a text can have made these tokens: a character of Han each, or a word.

    One more, since a number and its unit make one token.
    """
    most = sum(len(token) if _HAN_CHARACTER.match(token) else 1 for token in phrase) + 1
    return min(most, MAX_SPAN)


def _initial(character: str) -> str:
    """The first letter of the token that begins here: lower case, simplified, without accent."""
    folded = unicodedata.normalize("NFD", normalize(character))
    return folded[:1]


def _carried_out(text: str, changes: Sequence[_Change]) -> str:
    parts: list[str] = []
    at = 0
    for change in changes:
        parts += [text[at : change.start], change.edit.instead]
        at = change.end
    parts.append(text[at:])
    return " ".join("".join(_spaced(parts)).split())


def _spaced(parts: Sequence[str]) -> Iterator[str]:
    """The parts, with a blank where two words would otherwise run together."""
    last = ""
    for part in parts:
        if not part:
            continue
        if last and last.isascii() and last.isalnum() and part[0].isascii() and part[0].isalnum():
            yield " "
        yield part
        last = part[-1]
