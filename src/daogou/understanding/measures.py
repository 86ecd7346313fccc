"""Bounds of a measure: "up to two litres", 16寸以上, "between 1 and 2 kg"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from daogou.text import Quantity
from daogou.text.numerals import read_numeral
from daogou.text.units import QUANTITY, UNIT, parse_size, quantity_of
from daogou.understanding.vocabulary import any_of, rules

_M: Final = rules()["measure"]
_WORDED: Final = any_of(_M["numbers"])
_WINDOW: Final = 24
_SIDES: Final = ("max", "min")
_BEFORE: Final = re.compile(
    "(?:" + "|".join(rf"(?P<{side}>{any_of(_M[side]['before'])})" for side in _SIDES) + ") ?$"
)
_AFTER: Final = re.compile(
    " ?(?:" + "|".join(rf"(?P<{side}>{any_of(_M[side]['after'])})" for side in _SIDES) + ")的?"
)
_SPELLED: Final = re.compile(rf"(?P<number>{_WORDED})[ -](?P<unit>{UNIT})(?![a-z0-9])")
_QUANTITY: Final = re.compile(QUANTITY)
_LOWER: Final = re.compile(
    rf"(?:{any_of(_M['between']['before'])} ?)?"
    rf"(?P<number>\d+(?:\.\d+)?|{_WORDED}|[一二两三四五六七八九十]+) ?"
    rf"(?P<unit>{UNIT})? ?(?:{any_of(_M['between']['joiners'])}) ?$"
)


@dataclass(frozen=True, slots=True)
class MeasureFound:
    """A bounded measure in a normalised text; both ends are inclusive, None where open."""

    start: int
    end: int
    low: Quantity | None
    high: Quantity | None


def find_measures(text: str) -> Iterator[MeasureFound]:
    """The bounded measures of a text in its order; a measure alone is none, a name of a value."""
    at = 0
    for start, end, quantity in _quantities(text):
        if start < at:
            continue
        found = _between(text, start, end, quantity) or _one(text, start, end, quantity)
        if found is not None and found.start >= at:
            at = found.end
            yield found


def _quantities(text: str) -> list[tuple[int, int, Quantity]]:
    """In digits, and in words: "two litres"."""
    found = [(*match.span(), quantity_of(match)) for match in _QUANTITY.finditer(text)]
    for match in _SPELLED.finditer(text):
        quantity = _measure(match["number"], match["unit"])
        if quantity is not None:
            found.append((*match.span(), quantity))
    return sorted(found, key=lambda told: told[0])


def _measure(number: str, unit: str) -> Quantity | None:
    value = read_numeral(number)
    return None if value is None else parse_size(f"{value}{unit}") or parse_size(f"{value} {unit}")


def _one(text: str, start: int, end: int, quantity: Quantity) -> MeasureFound | None:
    before = _BEFORE.search(text, max(0, start - _WINDOW), start)
    after = _AFTER.match(text, end)
    told = before or after
    if told is None:
        return None
    begin = before.start() if before else start
    close = after.end() if after else end
    high = quantity if told["max"] else None
    return MeasureFound(begin, close, None if high else quantity, high)


def _between(text: str, start: int, end: int, upper: Quantity) -> MeasureFound | None:
    """1-2 litres: the unit of the upper end is that of the lower one too, where it has none."""
    head = _LOWER.search(text, max(0, start - _WINDOW), start)
    if head is None:
        return None
    lower = _measure(head["number"], head["unit"] or upper.symbol)
    if lower is None or lower.dimension != upper.dimension or lower.base >= upper.base:
        return None
    return MeasureFound(head.start(), end, lower, upper)
