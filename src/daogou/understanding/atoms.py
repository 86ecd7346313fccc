"""A text cut into its smallest parts, each with its place: what gazetteers are matched on.

The search tokens of :func:`daogou.text.tokenize` overlap and have no places; these do not
overlap. A Latin word, a number, a number with its unit and each Han character is one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import rjieba

from daogou.text import Quantity, normalize, singular
from daogou.text.normal import HAN
from daogou.text.segment import fold_accents
from daogou.text.units import QUANTITY, SPELLED, quantity_of

Kind = Literal["word", "number", "quantity", "han"]

_ATOM: Final = re.compile(
    rf"(?P<run>(?:(?!{SPELLED})[{HAN}])+)"
    rf"|{QUANTITY}"
    r"|(?P<figure>\d+(?:[.,]\d+)*(?![a-z\d]))"
    r"|(?P<named>(?:[a-z]{2,}\d{1,4}(?:[a-z]{2,})?)(?![a-z0-9']))"
    r"|(?P<word>[a-z0-9]+(?:'[a-z0-9]+)*)"
    rf"|(?P<other>(?:(?![a-z0-9{HAN}])[^\W_])+)"
)
_RUNS: Final = re.compile("[a-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Atom:
    """A part of a normalised text.

    ``key`` is what is compared: a word without plural and accents, a quantity's token.
    ``opens`` and ``closes`` tell whether a word of the text begins and ends with it.
    """

    key: str
    start: int
    end: int
    kind: Kind
    opens: bool = True
    closes: bool = True
    quantity: Quantity | None = None


def atoms_of(text: str) -> list[Atom]:
    """The atoms of a normalised text, in order."""
    atoms: list[Atom] = []
    for match in _ATOM.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        if kind == "run":
            atoms += _han(match[0], start)
        elif kind == "figure":
            atoms.append(Atom(match[0].replace(",", ""), start, end, "number"))
        elif kind == "named":
            atoms += _named(match[0], start)
        elif kind == "word" or kind == "other":
            atoms.append(Atom(_key(match[0]), start, end, "word"))
        else:
            quantity = quantity_of(match)
            atoms.append(Atom(quantity.token, start, end, "quantity", quantity=quantity))
    return atoms


def split_words(text: str) -> list[str]:
    """The words of a text, normalised, in order; Chinese cut where the segmenter sees words."""
    text = normalize(text)
    words: list[str] = []
    begin = 0
    for atom in atoms_of(text):
        begin = atom.start if atom.opens else begin
        if atom.closes:
            words.append(text[begin : atom.end])
    return words


def keys_of(text: str) -> list[str]:
    """The keys of :func:`atoms_of` alone, without a word of segmentation: for the gazetteer."""
    keys: list[str] = []
    for match in _ATOM.finditer(text):
        kind = match.lastgroup
        if kind == "run":
            keys += match[0]
        elif kind == "figure":
            keys.append(match[0].replace(",", ""))
        elif kind == "named":
            keys += (_key(part) for part in _RUNS.findall(match[0]))
        elif kind == "word" or kind == "other":
            keys.append(_key(match[0]))
        else:
            keys.append(quantity_of(match).token)
    return keys


def _key(word: str) -> str:
    if not word.isascii():
        word = fold_accents(word)
    if "'" in word:
        word = word.removesuffix("'s").replace("'", "")
    return singular(word) if word.isalpha() else word


def _named(code: str, start: int) -> Iterator[Atom]:
    """iphone15 in two: "iphone 15" names the same."""
    for part in _RUNS.finditer(code):
        kind: Kind = "number" if part[0].isdigit() else "word"
        at = start + part.start()
        yield Atom(_key(part[0]), at, start + part.end(), kind)


def _han(run: str, start: int) -> Iterator[Atom]:
    at = start
    for word in rjieba.cut(run):
        last = at + len(word) - 1
        for i, c in enumerate(word, start=at):
            yield Atom(c, i, i + 1, "han", i == at, i == last)
        at += len(word)
