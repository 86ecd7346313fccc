"""How a suggestion can be typed: its words, its characters, their pinyin; and where it matches."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import rjieba

from daogou.text import normalize
from daogou.text.normal import HAN
from daogou.text.pinyin import pinyin

_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")
MAX_TYPED: Final = 64
"""What is typed beyond so many characters is not read."""
MAX_PIECES: Final = 8
MAX_UNITS: Final = 64
"""What follows in a longer text is shown, and not found."""

LITERAL: Final = 1.0
SYLLABLE: Final = 0.9
INITIAL: Final = 0.6
"""How well a character is matched by itself, by its pinyin, by the first letter of it."""
INSIDE: Final = 0.7
"""A match at a later word than the first counts so much of one at the first."""
UNFINISHED: Final = 0.9
"""So does one where a word before the last is typed in part ("re dress")."""
WHOLE: Final = 2.0
"""So does one where the whole text was typed."""


def has_han(text: str) -> bool:
    """Whether the text has a character of Han."""
    return not text.isascii() and _HAN_CHARACTER.search(text) is not None


class Unit(NamedTuple):
    """A word, or one character of Han, of a text.

    Attributes
    ----------
    form
        Folded: see :func:`fold`.
    syllable
        The pinyin of a character of Han; empty for a word.
    start, end
        Its place in the text, in code points.
    spaced
        Whether a blank stands before it.
    """

    form: str
    syllable: str
    start: int
    end: int
    spaced: bool


def fold(text: str) -> str:
    """A text as it is compared: normalised, without accents, its blanks alike.

    Signs fold to nothing, so that "usb-c", "usbc" and "USB C" find each other.
    """
    return "".join(map(_fold, text))


@functools.lru_cache(maxsize=65_536)
def _fold(character: str) -> str:
    if character.isspace():
        return " "
    decomposed = unicodedata.normalize("NFD", normalize(character))
    kept = "".join(c for c in decomposed if c.isalnum())
    return unicodedata.normalize("NFC", kept)


class _OneToOne(dict[int, str]):
    """What each character folds to where that is one character, for ``str.translate``."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        told = folded or (_MARK if unicodedata.combining(chr(code)) else _SIGN)
        self[code] = told if len(told) == 1 else _MARK
        return self[code]


_SIGN: Final = "\0"
_MARK: Final = "\1"
"""Stands for what folds to nothing within a word, or to several characters."""
_TABLE: Final = _OneToOne()
_RUN: Final = re.compile(rf"(?P<han>[{HAN}]+)|[^\0 {HAN}]+")


def typed_pieces(prefix: str) -> tuple[str, ...]:
    """What was typed, folded and cut at blanks."""
    return tuple(fold(prefix[:MAX_TYPED]).split()[:MAX_PIECES])


def read_units(text: str) -> list[Unit]:
    """The units of a text, from left to right."""
    folded = text.translate(_TABLE)
    origin: Sequence[int] | None = None
    if _MARK in folded:
        folded, origin = _folded_with_origin(text)
    units: list[Unit] = []
    before = 0
    for run in _RUN.finditer(folded):
        start, end = run.span()
        spaced = before < start and " " in folded[before:start]
        before = end
        if run["han"] is None:
            units.append(Unit(run[0], "", start, end, spaced))
        else:
            for n, (form, syllable) in enumerate(zip(run[0], syllables(run[0]), strict=True)):
                units.append(Unit(form, syllable, start + n, start + n + 1, spaced and n == 0))
        if len(units) >= MAX_UNITS:
            break
    if origin is not None:
        units = [
            unit._replace(start=origin[unit.start], end=origin[unit.end - 1] + 1) for unit in units
        ]
    return units[:MAX_UNITS]


def _folded_with_origin(text: str) -> tuple[str, list[int]]:
    """The folded text with its signs, and the place in the text of each of its characters."""
    folded: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        told = _fold(character)
        if not told and not unicodedata.combining(character):
            told = _SIGN
        folded.append(told)
        origin += [at] * len(told)
    return "".join(folded), origin


def syllables(run: str) -> list[str]:
    """The pinyin of a run of Han, one for each character."""
    told: list[str] = []
    for word in rjieba.cut(run):
        told += _syllables_of_word(word)
    return told


@functools.lru_cache(maxsize=131_072)
def _syllables_of_word(word: str) -> tuple[str, ...]:
    told = pinyin(word)
    if len(told) == len(word):
        return told
    # A character without a reading was not told apart from its neighbours.
    return tuple(next(iter(pinyin(c)), c) for c in word)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a text has what was typed, and how well: rising ``spans``, ``quality`` up to 2."""

    spans: tuple[tuple[int, int], ...]
    quality: float


def match(units: Sequence[Unit], pieces: Sequence[str], *, across: bool = False) -> Match | None:
    """Find the pieces in a text, each at the start of a unit, in their order.

    Parameters
    ----------
    across
        Let one piece go on over a blank of the text ("reddress").
    """
    spans: list[tuple[int, int]] = []
    quality = LITERAL
    at = first = 0
    finished = True
    for number, piece in enumerate(pieces):
        found: _Walked | None = None
        while at < len(units) and found is None:
            form, syllable = units[at][:2]
            # Most units are ruled out by their first letter, and this is most of the time.
            if piece[0] == form[0] or (syllable and piece[0] == syllable[0]):
                found = _Walk(units, piece, at, across).walk(at, 0)
            at += 1
        if found is None:
            return None
        if number == 0:
            first = at - 1
        elif not finished:
            quality *= UNFINISHED
        at = found.stop
        finished = found.finished
        quality = quality * min(found.quality, 1.0)
        spans += found.spans[::-1]
    if first == 0 and at == len(units) and finished and len(units) == _covered(units, spans):
        quality *= WHOLE
    elif first > 0:
        quality *= INSIDE
    return Match(_merged(spans), quality)


def _covered(units: Sequence[Unit], spans: Sequence[tuple[int, int]]) -> int:
    starts = {start for start, _ in spans}
    return sum(unit.start in starts for unit in units)


@dataclass(slots=True)
class _Walked:
    """The end of a walk: its last unit's successor; spans from the last to the first."""

    stop: int
    finished: bool
    quality: float
    spans: list[tuple[int, int]]


class _Walk:
    """One piece laid over the units from a place on; takes each (unit, letter) once."""

    __slots__ = ("across", "begin", "dead", "piece", "units")

    def __init__(self, units: Sequence[Unit], piece: str, begin: int, across: bool) -> None:
        self.units = units
        self.piece = piece
        self.begin = begin
        self.across = across
        self.dead: set[tuple[int, int]] = set()

    def walk(self, at: int, letter: int) -> _Walked | None:
        """The rest of the piece, from ``letter`` on, over the units from ``at`` on."""
        if letter == len(self.piece):
            return _Walked(at, True, LITERAL, [])
        if at == len(self.units) or (at, letter) in self.dead:
            return None
        unit = self.units[at]
        if unit.spaced and at > self.begin and not self.across:
            return None
        for length, finished, quality in self._steps(unit, letter):
            found = self.walk(at + 1, letter + length)
            if found is not None:
                found.spans.append(_span(unit, length, whole=finished or bool(unit.syllable)))
                found.finished = found.finished and finished
                found.quality = min(found.quality, quality)
                return found
        self.dead.add((at, letter))
        return None

    def _steps(self, unit: Unit, letter: int) -> list[tuple[int, bool, float]]:
        """How the unit can take some of the letters: (how many, to its end, quality)."""
        piece, form, syllable = self.piece, unit.form, unit.syllable
        left = len(piece) - letter
        if not syllable:
            if piece.startswith(form, letter):
                return [(len(form), True, LITERAL)]
            if left < len(form) and form.startswith(piece[letter:]):
                return [(left, False, LITERAL)]
            return []
        if piece[letter] == form:
            return [(1, True, LITERAL)]
        steps = []
        if piece.startswith(syllable, letter):
            steps.append((len(syllable), True, SYLLABLE))
        elif 1 < left < len(syllable) and syllable.startswith(piece[letter:]):
            steps.append((left, False, SYLLABLE))
        if len(syllable) > 1 and piece[letter] == syllable[0]:
            # The only letter typed may well be the beginning of a syllable.
            steps.append((1, True, SYLLABLE if len(piece) == 1 else INITIAL))
        return steps


def _span(unit: Unit, length: int, *, whole: bool) -> tuple[int, int]:
    """The place of the first letters of a unit; the whole where letters are not characters."""
    if whole or len(unit.form) != unit.end - unit.start:
        return unit.start, unit.end
    return unit.start, unit.start + length


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
