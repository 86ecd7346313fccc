"""Sizes of clothes and shoes: XL, 2XL, size M, 42码, US 9, W32 L34."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from daogou.text.aligned import Aligned
from daogou.text.normal import normalize
from daogou.text.tables import rows

System = Literal["letter", "number", "waist", "inseam"]

_WORDS: Final = {row["word"]: row["size"] for row in rows("sizes")}
_LETTER: Final = r"(?:[2-9]xs|[2-9]xl|x{0,4}s|m|x{0,5}l)"
_NUMBER: Final = r"\d{1,3}(?:\.5)?"
_SIZE: Final = re.compile(
    r"(?<![a-z0-9])(?:sizes?[ :]|size(?!s(?![a-z0-9]))|尺码|码数)[ :]?"
    rf"(?P<named>{_LETTER}|{_NUMBER})(?![a-z0-9.%])"
    rf"|(?<![a-z0-9])(?:us|uk|eu|eur) ?(?P<shoe>{_NUMBER})(?![a-z0-9.,%])"
    rf"|(?<![a-z0-9.])(?P<han>{_LETTER}|{_NUMBER}) ?码"
    rf"|(?<![a-z0-9.])(?P<letter>{_LETTER}) ?号"
    rf"|(?<![a-z0-9])(?P<alone>[2-9]xs|[2-9]xl|x{{1,4}}s|x{{1,5}}l)(?![a-z0-9])"
    r"|(?<![a-z0-9])w(?P<waist>\d\d)(?!\d|[a-km-z])"
    r"|(?:(?<=w\d\d )|(?<=w\d\d))l(?P<inseam>\d\d)(?![a-z0-9])"
)
_VALUE: Final = re.compile(
    rf"(?:(?:us|uk|eu|eur|size|w)[ :]?)?(?P<size>{_LETTER}|{_NUMBER})"
    r"(?: ?(?:us|uk|eu|eur|码|号|w))?"
)


@dataclass(frozen=True, slots=True)
class GarmentSize:
    """A size as a label has it; ``value`` is its one spelling ("2xl" for XXL, "42", "9.5")."""

    start: int
    end: int
    system: System
    value: str


def parse_garment_sizes(s: str) -> Iterator[GarmentSize]:
    """Every garment or shoe size in a text, in order.

    A letter or number alone ("M", "42") is no size unless something says so: "size M",
    42码, M号. XL and its like stand alone.
    """
    aligned = Aligned(s)
    for size in garments_in(aligned.text):
        yield GarmentSize(*aligned.span(size.start, size.end), size.system, size.value)


def garments_in(text: str) -> Iterator[GarmentSize]:
    """As :func:`parse_garment_sizes`, of a text that is normalised."""
    for match in _SIZE.finditer(text):
        kind = str(match.lastgroup)
        spelled = match[kind]
        if kind == "waist":
            system: System = "waist"
        elif kind == "inseam":
            system = "inseam"
        else:
            system = "number" if spelled[0].isdigit() and spelled[-1].isdigit() else "letter"
        yield GarmentSize(match.start(), match.end(), system, _one_spelling(spelled))


def garment_size(value: str) -> str | None:
    """The one spelling of a size that a catalogue states as an attribute, None where it is none.

    "XXL", "2XL" and "Double XL" are ``"2xl"``; "US 9", "9" and "9码" are ``"9"``.
    """
    text = normalize(value)
    if text in _WORDS:
        return _WORDS[text]
    match = _VALUE.fullmatch(text)
    return _one_spelling(match["size"]) if match else None


def _one_spelling(size: str) -> str:
    if size[0].isdigit() and size[-1].isdigit():
        return size
    crosses = size.count("x")
    return f"{crosses}x{size[-1]}" if crosses > 1 else size
