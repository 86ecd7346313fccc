"""The tokens of the house: one segmenter for index, query, spelling and gazetteers."""

import functools
import re
import unicodedata
from typing import Final

import rjieba

from daogou.text.normal import HAN, normalize
from daogou.text.stems import singular
from daogou.text.units import QUANTITY, SPELLED, quantity_of, unquote

MAX_TOKEN: Final = 64
"""Longer tokens are cut, alike in index and query."""

_WORD: Final = re.compile(
    rf"(?P<run>(?:(?!{SPELLED})[{HAN}])+)"
    r"|(?P<word>(?!pack of \d)[a-z][a-z0-9]*(?:[-&_'][a-z0-9]+)*)"
    rf"|{QUANTITY}"
    r"|(?P<decimal>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?![a-z0-9.,])"
    r"|(?P<code>[a-z0-9]+(?:[-&_'][a-z0-9]+)*)"
    r"|(?P<plus>(?:(?<=[a-z])|(?<=[a-z]\d)|(?<=[a-z]\d\d))\+(?![\w+]))"
    rf"|(?P<other>(?:(?![a-z0-9{HAN}])[^\W_])+)"
)
_QUANTITY_PART: Final = re.compile(QUANTITY)
_JOINT: Final = re.compile("[-&_]")
_RUNS: Final = re.compile("[a-z]+|[0-9]+")
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th)")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_LIGATURES: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
)
_STOP: Final = frozenset(("the", "of", "for", "and", "with", "an", *"的了吗呢吧啊"))
"""Words that say nothing of a product; they stand only where a text has no other word."""


def tokenize(s: str) -> list[str]:
    """Segment a text, Chinese and Latin mixed.

    Han runs are cut by jieba's search mode (a long word is followed by its parts:
    连衣裙 also gives 连衣 and 衣裙), Latin words lose their plural, a number joins its unit
    ("2 liter" is ``2l``), codes stay whole and, where they are a word and a number
    or hyphenated, are given in parts too: ``iPhone15`` also finds "iPhone 15", and
    ``USB-C`` finds "usbc" and "USB C".

    Returns
    -------
    list of str
        Lower-case tokens in the order of the text, none empty, none with white
        space, none longer than :data:`MAX_TOKEN`.
    """
    s = unquote(normalize(s))
    if not s.isascii():
        s = fold_accents(s)
    tokens: list[str] = []
    for match in _WORD.finditer(s):
        kind = match.lastgroup
        if kind == "word" or kind == "code":
            tokens += _latin(match[0])
        elif kind == "run":
            tokens += _han(match[0])
        elif kind == "plus":
            tokens.append("plus")
        elif kind in ("decimal", "other"):
            tokens.append(match[0].replace(",", "")[:MAX_TOKEN])
        else:
            tokens.append(quantity_of(match).token)
    told = [t for t in tokens if t not in _STOP]
    return told or tokens


def token_text(s: str) -> str:
    """The tokens with a space between them, for an index that splits at white space."""
    return " ".join(tokenize(s))


def fold_accents(s: str) -> str:
    """Normalised text without accents and ligatures: café is cafe, straße strasse."""
    s = _ACCENTS.sub("", unicodedata.normalize("NFD", s.translate(_LIGATURES)))
    return unicodedata.normalize("NFC", s)


@functools.lru_cache(maxsize=65_536)
def _han(run: str) -> tuple[str, ...]:
    return tuple(word[:MAX_TOKEN] for word in rjieba.cut_for_search(run))


@functools.lru_cache(maxsize=65_536)
def _latin(word: str) -> tuple[str, ...]:
    """A Latin word, code or hyphenated compound: the whole, then its parts."""
    parts = [p.removesuffix("'s").replace("'", "")[:MAX_TOKEN] for p in _JOINT.split(word)]
    if len(parts) == 1:
        return (_one(parts[0]), *_named_number(parts[0]))
    pieces = tuple(map(_one, parts))
    coded = any(c.isdigit() for c in word)
    sized = any(_QUANTITY_PART.fullmatch(part) for part in parts)
    if sized or not (coded or len(parts) <= 3):
        return pieces
    return (singular("".join(parts)[:MAX_TOKEN]), *pieces)


def _one(part: str) -> str:
    size = _QUANTITY_PART.fullmatch(part)
    if size:
        return quantity_of(size).token
    return singular(part) if part.isalpha() else part


def _named_number(code: str) -> tuple[str, ...]:
    """The parts of a name and a number written as one: iphone15pro, mate60; () for other codes."""
    runs = _RUNS.findall(code)
    named = all(len(r) >= 2 if r.isalpha() else len(r) <= 4 for r in runs)
    if not (2 <= len(runs) <= 3 and named):
        return ()
    if _ORDINAL.fullmatch(code) or _QUANTITY_PART.fullmatch(code):
        return ()
    return tuple(map(singular, runs))
