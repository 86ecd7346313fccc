"""Package sizes as the till wrote them ("12 PK/12 OZ"), made readable in both languages.

The field is free text with a dozen habits: flavour codes before the size ("P   16 OZ"),
item numbers ("974006 PK"), two measures ("2 CT/9 OZ"), multiplied ones ("24-12 OZ"),
fractions ("10 3/4 OZ"), ranges ("14-18 CT"), bare units ("PT"), words ("LARGE").
What cannot be read is left out: no size is better than a wrong one.
"""

import re
from functools import cache
from math import gcd
from typing import Final, NamedTuple

from daogou.demo.glossary import Names

_UNITS: Final[dict[str, str]] = {
    "OZ": "oz", "OZS": "oz", "Z": "oz", "LB": "lb", "LBS": "lb", "ML": "ml", "L": "l", "LT": "l",
    "LRT": "l", "LITER": "l", "G": "g", "GM": "g", "GS": "g", "GR": "g", "MG": "mg",
    "GAL": "gal", "GA": "gal", "QT": "qt", "PT": "pt", "PTS": "pt",
    "CT": "ct", "PK": "pk", "PKS": "pk", "P": "pk", "PC": "pc", "PCS": "pc", "DZ": "dz",
    "DOZ": "dz", "DZN": "dz", "IN": "in", "FT": "ft", "YD": "yd", "CM": "cm", "MM": "mm",
    "SQFT": "sqft", "CUFT": "cuft", "LOAD": "load", "LOADS": "load", "LD": "load", "LDS": "load",
    "USE": "use", "USES": "use", "STEM": "stem", "STEMS": "stem", "ROLL": "roll", "SHEET": "sheet",
    "SHEETS": "sheet", "CUP": "cup", "CUPS": "cup", "DOSE": "dose", "PAIR": "pair", "PADS": "pad",
    "KIT": "kit",
}  # fmt: skip
_SHOWN: Final[dict[str, Names]] = {
    "oz": Names("oz", "盎司"), "lb": Names("lb", "磅"), "ml": Names("ml", "毫升"),
    "l": Names("L", "升"), "g": Names("g", "克"), "mg": Names("mg", "毫克"),
    "gal": Names("gal", "加仑"), "qt": Names("qt", "夸脱"), "pt": Names("pt", "品脱"),
    "ct": Names("ct", "件装"), "pk": Names("pack", "连包"), "pc": Names("pieces", "件套"),
    "dz": Names("dozen", "打"), "in": Names("in", "英寸"), "ft": Names("ft", "英尺"),
    "yd": Names("yd", "码"), "cm": Names("cm", "厘米"), "mm": Names("mm", "毫米"),
    "sqft": Names("sq ft", "平方英尺"), "cuft": Names("cu ft", "立方英尺"),
    "load": Names("loads", "次用量"), "use": Names("uses", "次用量"), "stem": Names("stems", "支"),
    "roll": Names("rolls", "卷"), "sheet": Names("sheets", "张"), "cup": Names("cups", "杯"),
    "dose": Names("doses", "剂"), "pair": Names("pairs", "双"), "pad": Names("pads", "片"),
    "kit": Names("kit", "套"),
}  # fmt: skip
_WORDS: Final[dict[str, Names]] = {
    "CTN": Names("carton", "盒装"), "SMALL": Names("small", "小号"), "SML": Names("small", "小号"),
    "MED": Names("medium", "中号"), "MEDIUM": Names("medium", "中号"),
    "LARGE": Names("large", "大号"), "X-LARGE": Names("extra large", "加大号"),
    "MINI": Names("mini", "迷你"), "KING": Names("king size", "特大号"),
    "QUEEN": Names("queen size", "大号"), "TALL": Names("tall", "高款"),
    "ONE SIZE": Names("one size", "均码"),
}  # fmt: skip

_MEASURES: Final = frozenset(
    {"oz", "lb", "ml", "l", "g", "mg", "gal", "qt", "pt", "in", "ft", "yd", "cm", "mm"}
)
_LENGTHS: Final = frozenset({"in", "ft", "yd", "cm", "mm"})
_ALONE: Final = frozenset({"l", "gal", "qt", "pt", "dz"})
_METRIC: Final[dict[str, tuple[float, str, str]]] = {
    "lb": (0.45359237, "公斤", "克"),
    "gal": (3.785411784, "升", "毫升"),
    "qt": (0.946352946, "升", "毫升"),
    "pt": (0.473176473, "升", "毫升"),
}
_SINGULAR: Final[dict[str, str]] = {
    "pieces": "piece", "loads": "load", "uses": "use", "stems": "stem", "rolls": "roll",
    "sheets": "sheet", "cups": "cup", "doses": "dose", "pairs": "pair", "pads": "pad",
}  # fmt: skip

_NUMBER: Final = r"\d+ \d/\d|\d+/\d+|\d*\.\d+|\d+"
_PART: Final = re.compile(
    rf"(?:(?P<times>{_NUMBER})\s*[X/-]\s*)?(?P<count>{_NUMBER})\s*(?P<unit>[A-Z]+)?\b"
)
_NOISE: Final = re.compile(
    r"^[A-Z]{1,5} +(?=[.\d])"  # a flavour code: "P   16 OZ", "KIOSK 16 OZ"
    r"|^\d{3,6} +(?=[\d.]|PK|CTN)"  # an item number: "974006 PK", "405    8 OZ"
    r"|\([^)]*\)"  # "(600) 4 LB"
    r"|(?<=[A-Z])[ /]+\d{3,}$"  # "5.5 OZ 0146"
)
_RANGED: Final = frozenset({"lb", "ct", "stem", "in"})
_BIGGEST: Final = 5000.0


class Measure(NamedTuple):
    """One readable part of a size: ``times`` packs (or "low to high") of ``amount`` units."""

    amount: float
    unit: str
    times: float | None = None
    is_range: bool = False


_ONE_PIECE: Final = Measure(1.0, "ct")


def read_measures(raw: str) -> list[Measure]:
    """The measures in a raw package size, in its order; empty where nothing can be read."""
    text = re.sub(r"\b(SQ|CU) (FT)", r"\1\2", raw.upper().strip())
    text = re.sub(r"\b(FL|REC) OZ", "OZ", text).replace("HALF GAL", "1/2 GAL")
    text = re.sub(r"(\d)\s*-\s*(?=[A-Z])", r"\1 ", _NOISE.sub("", text).strip())
    if (unit := _UNITS.get(text)) in _ALONE and unit:
        return [Measure(1.0, unit)]
    found = [measure for match in _PART.finditer(text) if (measure := _measure(match))]
    return _joined(found)


def _measure(match: re.Match[str]) -> Measure | None:
    unit = _UNITS.get(match["unit"] or "", "")
    count, times = _number(match["count"]), match["times"]
    if unit and times and "/" in match[0].split(match["count"])[0]:
        whole = _fraction(times, match["count"])
        if whole is not None:
            return Measure(whole, unit)
    if unit == "ml" and count < 1:  # ".187 ML" is written for litres
        count *= 1000
    if not 0 < count <= _BIGGEST:
        return None
    if not times:
        return Measure(count, unit)
    low = _number(times)
    return Measure(count, unit, low, "-" in match[0] and unit in _RANGED and low < count)


def _number(text: str) -> float:
    """Read "10 3/4", "1/2", ".5" or "12"."""
    total = 0.0
    for part in text.split():
        top, _, bottom = part.partition("/")
        total += float(top) / (float(bottom) if bottom and float(bottom) else 1.0)
    return total


def _fraction(top: str, bottom: str) -> float | None:
    """Tell "1/2", a half, from "4/8 OZ", four of eight ounces."""
    if not (top.isdigit() and bottom in {"2", "3", "4", "8"}):
        return None
    over, under = int(top), int(bottom)
    return over / under if 0 < over < under and gcd(over, under) == 1 else None


def _joined(found: list[Measure]) -> list[Measure]:
    """Join a number of packs with the measure of one; keep what has a unit."""
    if len(found) == 2:
        for pack, one in (found, found[::-1]):
            is_pack = pack.unit == "pk" or (not pack.unit and pack is found[0])
            if is_pack and pack.times is None and one.times is None and one.unit in _MEASURES:
                return [Measure(one.amount, one.unit, pack.amount)]
    said = [measure for measure in found if measure.unit and measure != _ONE_PIECE]
    return said[:2]


@cache
def readable_size(raw: str | None) -> Names | None:
    """A package size in English and Chinese ("2 L", "2升"); None where nothing can be read."""
    if raw is None:
        return None
    if word := _WORDS.get(raw.strip().rstrip(".").upper()):
        return word
    measures = read_measures(raw)
    if not measures:
        return None
    return Names(
        ", ".join(_english(measure) for measure in measures),
        "，".join(_chinese(measure) for measure in measures),
    )


def _english(measure: Measure) -> str:
    shown, count = _SHOWN[measure.unit].en, _plain(measure.amount)
    if measure.unit == "pk":
        text = f"{count}-pack"
    elif measure.unit == "kit":
        text = "kit"
    else:
        text = f"{count} {_SINGULAR.get(shown, shown) if measure.amount == 1 else shown}"
    if measure.times is None:
        return text
    return f"{_plain(measure.times)}{'–' if measure.is_range else ' × '}{text}"


def _chinese(measure: Measure) -> str:
    shown, count = _SHOWN[measure.unit].zh, _plain(measure.amount)
    text = "套装" if measure.unit == "kit" else f"{count}{shown}"
    if measure.times is None:
        return text + _in_metric(measure)
    if measure.is_range or measure.unit in _LENGTHS:
        return f"{_plain(measure.times)}{'–' if measure.is_range else '×'}{text}"
    return f"{text}×{_plain(measure.times)}"


def _in_metric(measure: Measure) -> str:
    """The metric amount, behind a unit that a Chinese reader does not know by heart."""
    if measure.unit not in _METRIC:
        return ""
    factor, large, small = _METRIC[measure.unit]
    amount = measure.amount * factor
    if amount < 1:
        return f"（{round(amount * 1000)}{small}）"
    return f"（{round(amount) if amount >= 10 else _plain(round(amount, 1))}{large}）"


def _plain(number: float) -> str:
    return "1/2" if number == 0.5 else f"{number:g}"
