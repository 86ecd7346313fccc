"""``data/rules.toml``, read once: the phrases and numbers of the parser."""

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from daogou.text import normalize

NEVER: Final = "(?!)"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of attribute that the lexicon speaks of: see ``[kinds]`` of the rules."""

    name: str
    keys: frozenset[str]
    confidence: float
    contains: bool


@functools.cache
def rules() -> Mapping[str, Any]:
    """The tables of the file."""
    path = files("daogou.understanding").joinpath("data", "rules.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """The kinds of attributes, by name."""
    return {
        name: Kind(name, frozenset(row["keys"]), row["confidence"], row["contains"])
        for name, row in rules()["kinds"].items()
    }


@functools.cache
def confidences() -> Mapping[str, float]:
    """How sure a value of the catalogue is, by what it names."""
    found: Mapping[str, float] = rules()["confidence"]
    return found


def any_of(phrases: Iterable[str]) -> str:
    """A regular expression for any of the phrases in normalised text, the longest first.

    A phrase that begins or ends with a Latin letter or a digit does so at a word's edge.
    """
    told = sorted({normalize(p) for p in phrases}, key=lambda p: (-len(p), p))
    if not told:
        return NEVER
    return "(?:" + "|".join(_bounded(phrase) for phrase in told) + ")"


def _bounded(phrase: str) -> str:
    before = "(?<![a-z0-9])" if re.match("[a-z0-9]", phrase) else ""
    after = "(?![a-z0-9])" if re.search("[a-z0-9]$", phrase) else ""
    return before + re.escape(phrase).replace(r"\ ", " ?" if not phrase.isascii() else " ") + after
