"""Sizes in texts: "2 liter", "500 ml", "12.7oz", "27寸", made comparable."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from daogou.text.normal import normalize
from daogou.text.numerals import HAN_NUMERAL, read_numeral

Dimension = Literal["volume", "weight", "length", "count", "storage", "power", "other"]


@dataclass(frozen=True, slots=True)
class _Unit:
    symbol: str
    dimension: Dimension
    factor: float  # to the dimension's base unit: ml, g, mm, ct, gb, w
    spellings: tuple[str, ...]


_UNITS: Final = (
    _Unit("ml", "volume", 1, ("ml", "milliliter", "millilitre", "毫升")),
    _Unit("cl", "volume", 10, ("cl", "centiliter", "centilitre")),
    _Unit("l", "volume", 1000, ("l", "lt", "ltr", "liter", "litre", "公升", "升")),
    _Unit("floz", "volume", 29.5735, ("fl oz", "fl. oz", "floz", "fl ounce", "fluid ounce")),
    _Unit("pt", "volume", 473.176, ("pt", "pint", "品脱")),
    _Unit("qt", "volume", 946.353, ("qt", "quart", "夸脱")),
    _Unit("gal", "volume", 3785.41, ("gal", "gallon", "加仑")),
    _Unit("mg", "weight", 0.001, ("mg", "milligram", "毫克")),
    _Unit("g", "weight", 1, ("g", "gram", "gramme", "克")),
    _Unit("kg", "weight", 1000, ("kg", "kilo", "kilogram", "千克", "公斤")),
    _Unit("g", "weight", 500, ("斤", "市斤")),
    _Unit("oz", "weight", 28.3495, ("oz", "ounce", "盎司")),
    _Unit("lb", "weight", 453.592, ("lb", "pound", "磅")),
    _Unit("mm", "length", 1, ("mm", "millimeter", "millimetre", "毫米")),
    _Unit("cm", "length", 10, ("cm", "centimeter", "centimetre", "厘米", "公分")),
    _Unit("m", "length", 1000, ("m", "meter", "metre", "米")),
    _Unit("in", "length", 25.4, ("in", "inch", "inches", "英寸", "寸", "吋", '"')),
    _Unit("ft", "length", 304.8, ("ft", "foot", "feet", "英尺")),
    _Unit("ct", "count", 1, ("ct", "count")),
    _Unit("pk", "count", 1, ("pk", "pack")),
    _Unit("mb", "storage", 0.001, ("mb",)),
    _Unit("gb", "storage", 1, ("gb",)),
    _Unit("tb", "storage", 1000, ("tb",)),
    _Unit("w", "power", 1, ("w", "watt", "瓦")),
    _Unit("kw", "power", 1000, ("kw", "kilowatt", "千瓦")),
    _Unit("wh", "other", 1, ("wh",)),
    _Unit("mah", "other", 1, ("mah", "毫安")),
    _Unit("v", "other", 1, ("v", "volt", "伏")),
    _Unit("hz", "other", 1, ("hz", "赫兹")),
    _Unit("khz", "other", 1, ("khz",)),
    _Unit("mhz", "other", 1, ("mhz",)),
    _Unit("ghz", "other", 1, ("ghz",)),
    _Unit("mp", "other", 1, ("mp", "megapixel")),
)
_PLURAL: Final = frozenset(
    str.split(
        "milliliter millilitre centiliter centilitre liter litre pint quart gallon milligram gram "
        "gramme kilo kilogram ounce lb pound millimeter millimetre centimeter centimetre meter "
        "metre pack watt kilowatt volt megapixel"
    )
) | {"fl ounce", "fluid ounce"}
_BY_SPELLING: Final = {s: u for u in _UNITS for s in u.spellings} | {
    f"{s}s": u for u in _UNITS for s in u.spellings if s in _PLURAL
}
_ATTACHED_ONLY: Final = frozenset(("m", "in", "w", "v", '"'))
"""After a space these letters are more often something else ("3 in 1", "iPhone 5 m")."""


def _alternatives(spellings: set[str]) -> str:
    return "|".join(re.escape(s) for s in sorted(spellings, key=lambda s: (-len(s), s)))


_ASCII: Final = {s for s in _BY_SPELLING if s.isascii() and s != '"'}
_NUMBER: Final = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d{1,4})?|(?:\d{1,3} )?\d{1,3}/[1-9]\d?|\d{1,9}(?:\.\d{1,4})?"
)
_OTHER_WORD: Final = "(?![级拉粉线饭奇照])"
"""The characters that make another word of a Chinese unit: 升级 (upgrade), 克拉 (carat), 米线
(noodles)."""
_HAN_UNITS: Final = {s for s in _BY_SPELLING if not s.isascii()}
_SPELLED_UNITS: Final = _alternatives(_HAN_UNITS - {"伏"})
"""Those that may follow Chinese numerals; 三伏 are the dog days."""
_SPELLED_NUMBER: Final = f"(?=[一二两三四五六七八九十半])(?:{HAN_NUMERAL})"
_DIGITS: Final = "一二三四五六七八九"
_TENTHS: Final = (
    rf"(?<=[\d一二两三四五六七八九]米)[{_DIGITS}1-9](?![\d./{_DIGITS}十百千万零半个件条根卷只张块])"
)
"""The end of 一米八 (1.8 m) and 1米5, but not of 一米一个 (one a metre)."""
SPELLED: Final = f"{_SPELLED_NUMBER}(?:{_SPELLED_UNITS}){_OTHER_WORD}"
"""两升, 半斤: a quantity in Chinese numerals, in normalised text."""
QUANTITY: Final = (
    rf"(?<![\d.,/])(?P<number>{_NUMBER})"
    rf"(?:(?P<attached>{_alternatives(_ASCII)})(?![a-z0-9])"
    rf"|[ -](?P<spaced>{_alternatives(_ASCII - _ATTACHED_ONLY)})(?![a-z0-9])"
    rf"| ?(?P<han>{_alternatives(_HAN_UNITS)})(?P<tenths>{_TENTHS})?{_OTHER_WORD}"
    r'|(?P<mark>"))'
    rf"|(?P<spelled>{_SPELLED_NUMBER})(?P<unit>{_SPELLED_UNITS})(?P<tail>{_TENTHS})?{_OTHER_WORD}"
    r"|(?<![a-z0-9])pack of (?P<pack>\d{1,4})(?![a-z0-9])"
)
"""A number with its unit, in normalised text."""
UNIT: Final = f"(?:{_alternatives(set(_BY_SPELLING) - {chr(34)})})"
"""A unit alone, in normalised text."""
_QUANTITY: Final = re.compile(QUANTITY)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit.

    ``symbol`` is the unit's one spelling (``"l"``, ``"oz"``, ``"in"``). ``base``
    is the value in the dimension's base unit, which makes quantities comparable:
    ml, g, mm, pieces, GB, W. An ounce is one of weight unless "fl" stands before it.
    """

    value: float
    symbol: str
    dimension: Dimension
    base: float

    @property
    def token(self) -> str:
        """One token for equal sizes: "1 L", "1000 ml" and "1升" all give "1l"."""
        value, symbol = _reduced(self)
        return f"{value:.3f}".rstrip("0").rstrip(".") + symbol


_METRIC: Final[dict[str, tuple[tuple[float, str, float], ...]]] = {
    # From a base value on: the symbol and its factor.
    "volume": ((1000, "l", 1000), (0, "ml", 1)),
    "weight": ((1000, "kg", 1000), (1, "g", 1), (0, "mg", 0.001)),
    "length": ((1000, "m", 1000), (100, "cm", 10), (0, "mm", 1)),
    "storage": ((1000, "tb", 1000), (1, "gb", 1), (0, "mb", 0.001)),
    "power": ((1000, "kw", 1000), (0, "w", 1)),
}
_METRIC_SYMBOLS: Final = frozenset(str.split("ml cl l mg g kg mm cm m mb gb tb w kw"))


def _reduced(quantity: Quantity) -> tuple[float, str]:
    if quantity.symbol not in _METRIC_SYMBOLS:
        return quantity.value, quantity.symbol
    base = quantity.base
    if quantity.dimension == "storage" and base >= 1024 and base % 1024 == 0:
        return base / 1024, "tb"
    steps = _METRIC[quantity.dimension]
    symbol, factor = next((s, f) for least, s, f in steps if base >= least)
    return base / factor, symbol


def unquote(s: str) -> str:
    """The text without its double quotes, unless each stands after a digit and so means inches."""
    if '"' not in s or all(i and s[i - 1].isdigit() for i, c in enumerate(s) if c == '"'):
        return s
    return s.replace('"', " ")


def quantity_of(match: re.Match[str]) -> Quantity:
    """The quantity of a match of :data:`QUANTITY`."""
    if match["pack"]:
        value, unit = float(match["pack"]), _BY_SPELLING["pack"]
    else:
        value = _number(match["number"] or match["spelled"])
        spellings = match.group("attached", "spaced", "han", "mark", "unit")
        unit = _BY_SPELLING[next(s for s in spellings if s)]
        tenths = match["tenths"] or match["tail"]
        if tenths:
            value += float(read_numeral(tenths) or 0) / 10
    if unit.spellings[0] == "斤":
        value *= unit.factor
        return Quantity(value, "g", "weight", value)
    return Quantity(value, unit.symbol, unit.dimension, round(value * unit.factor, 6))


def _number(text: str) -> float:
    if not text[0].isdigit():
        return float(read_numeral(text) or 0)
    whole, _, fraction = text.rpartition(" ")
    if "/" in fraction:
        over, under = fraction.split("/")
        return float(whole or 0) + float(over) / float(under)
    return float(text.replace(",", ""))


def parse_sizes(s: str) -> Iterator[Quantity]:
    """Every quantity in a text, in order: "6 x 330 ml" gives 330 ml."""
    return (quantity_of(match) for match in _QUANTITY.finditer(unquote(normalize(s))))


def parse_size(s: str) -> Quantity | None:
    """The first quantity in a text, or None."""
    return next(parse_sizes(s), None)
