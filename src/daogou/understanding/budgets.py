"""Budgets and ratings: what a text says of prices and stars."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from daogou.feeds.codec.money import minor_digits
from daogou.text.money import Amount, amounts_in
from daogou.text.numerals import NUMERAL, read_numeral
from daogou.text.units import QUANTITY
from daogou.understanding.model import SURE
from daogou.understanding.vocabulary import any_of, rules

_WINDOW: Final = 40
"""So many characters before and after a number are looked at."""
_DOLLARS: Final = frozenset({"USD", "CAD", "AUD", "HKD", "SGD", "NZD", "TWD", "MXN"})
_YUAN: Final = frozenset({"CNY", "JPY"})
_QUANTITY: Final = re.compile(QUANTITY)


@dataclass(frozen=True, slots=True)
class NumberFound:
    """A constraint on a number field, in a normalised text.

    ``keep`` tells that the words are looked for as well.
    """

    field: str
    start: int
    end: int
    low: float | None
    high: float | None
    confidence: float
    around: bool = False
    relative: tuple[int, int] | None = None
    keep: bool = False


def _cues(table: Mapping[str, Any], place: str, *, signed: bool) -> str:
    return any_of((*table.get(place, ()), *(table.get(f"{place}_money", ()) if signed else ())))


class _Cues:
    """The patterns about one number; ``signed`` ones may stand at an amount with its currency."""

    def __init__(self, *, signed: bool) -> None:
        told = rules()["budget"]
        sides = {side: told[side] for side in ("max", "min", "around")}
        label = rf"(?:(?P<label>{any_of(told['labels'])})[ :]*)?"
        before = "|".join(
            rf"(?P<{side}>{_cues(table, 'before', signed=signed)})" for side, table in sides.items()
        )
        after = "|".join(
            rf"(?P<{side}>{_cues(table, 'after', signed=signed)})" for side, table in sides.items()
        )
        between = any_of(told["between"]["before"])
        swallowed = rf"(?: ?{any_of(told['swallowed'])})?"
        self.before = re.compile(rf"{label}(?:(?:{before})[ :]*)?$")
        self.after = re.compile(rf" ?(?:{after}){swallowed}")
        self.between = re.compile(rf"{label}(?:(?P<between>{between})[ :]*)?$")
        self.closed = re.compile(rf"(?P<closed> ?{any_of(told['between']['after'])})?{swallowed}")


_SIGNED: Final = _Cues(signed=True)
_BARE: Final = _Cues(signed=False)
_VAGUE: Final = re.compile(
    r"(?:几(?P<some>[十百千万])"
    r"|(?P<one>[一两二三四五六七八])(?P<next>[二三四五六七八九])(?P<scale>[百千万])"
    rf"|(?P<over>{NUMERAL})(?:多|来))(?:块钱|块|元|(?=的))的?"
)
"""几十块, 两三百的, 300多块: about so much."""
_JOINED: Final = re.compile(rf" ?(?:{any_of(rules()['budget']['joiners'])}) ?")
_AND: Final = re.compile(rf" ?{any_of(rules()['budget']['between']['joiners'])} ?")
_COUNTED: Final = re.compile(rf"[ -]?{any_of(rules()['budget']['not_counted']['words'])}")
_MAX: Final = re.compile(any_of(rules()["budget"]["max"]["before"]))
_SCALE: Final = re.compile("[百千万k]")


def find_budgets(text: str, currency: str | None, taken: bytearray) -> Iterator[NumberFound]:
    """Budgets in a normalised text, except where ``taken`` is set."""
    taken = bytearray(taken)
    for vague in _vague(text, currency):
        if not any(taken[vague.start : vague.end]):
            taken[vague.start : vague.end] = b"\1" * (vague.end - vague.start)
            yield vague
    amounts = [a for a in amounts_in(text) if not any(taken[a.start : a.end])]
    i = 0
    while i < len(amounts):
        found = None
        if i + 1 < len(amounts):
            found = _range(text, amounts[i], amounts[i + 1], currency)
        i += 2 if found else 1
        found = found or _one(text, amounts[i - 1], currency)
        if found and not any(taken[found.start : found.end]):
            yield found


def _vague(text: str, currency: str | None) -> Iterator[NumberFound]:
    """Ranges named by one phrase: 几十 is 20 to 100, 300多 goes to the next round number."""
    for match in _VAGUE.finditer(text):
        if match["some"]:
            scale = read_numeral(match["some"]) or Decimal(1)
            low, high = 2 * scale, 10 * scale
        elif match["one"]:
            ends = (read_numeral(match[part] + match["scale"]) for part in ("one", "next"))
            low, high = (end or Decimal(0) for end in ends)
        else:
            low = read_numeral(match["over"]) or Decimal(0)
            digits = str(int(low))
            high = low + 10 ** (len(digits) - len(digits.rstrip("0")))
        if low < high:
            bounds = _minor(low, currency), _minor(high, currency)
            yield NumberFound("price", *match.span(), *bounds, 0.8, around=True)


def _range(text: str, low: Amount, high: Amount, currency: str | None) -> NumberFound | None:
    """Between 20 and 50, 20到50块, $20-$50."""
    if high.start - low.end > 6:
        return None
    signed = low.signed or high.signed
    head = _SIGNED.between.search(text, max(0, low.start - _WINDOW), low.start)
    between = bool(head and head["between"])
    if not (_JOINED if not between else _JOINED_OR_AND).fullmatch(text, low.end, high.start):
        return None
    tail = _SIGNED.closed.match(text, high.end)
    told = between or bool(head and head["label"]) or bool(tail and tail["closed"])
    if not signed and ((not told and not (tail and tail[0])) or _is_counted(text, high)):
        return None
    values = sorted((_shared_scale(text, low, high), high.value))
    confidence = _of_currency(1.0 if signed else 0.9 if told else 0.7, low, high, currency=currency)
    start = head.start() if head and (head["label"] or head["between"]) else low.start
    end = tail.end() if tail else high.end
    least, most = (_minor(value, currency) for value in values)
    return NumberFound("price", start, end, least, most, confidence)


def _one(text: str, amount: Amount, currency: str | None) -> NumberFound | None:
    """Under 50, 200元以下, around $30; an amount of money alone is near what is sought."""
    cues = _SIGNED if amount.signed else _BARE
    head = cues.before.search(text, max(0, amount.start - _WINDOW), amount.start)
    tail = cues.after.match(text, amount.end)
    sides = {**_side(head), **_side(tail)}
    if not amount.signed and tail is None and _is_counted(text, amount):
        return None
    label = head["label"] if head else None
    if not sides:
        if not amount.signed and not label:
            return None
        sides = {"max" if label and _MAX.fullmatch(label) else "around": True}
    start = head.start() if head and head[0] else amount.start
    swallowed = _SIGNED.closed.match(text, amount.end)
    end = tail.end() if tail else swallowed.end() if swallowed else amount.end
    side = next(iter(sides))
    cued = bool(head and head[0]) or bool(tail)
    if not cued:
        start, end = amount.start, amount.end
    value = _minor(amount.value, currency)
    sure = _of_currency(
        0.9
        if label
        else _sureness(text, amount, side, cued=cued, cued_before=bool(head and head[0])),
        amount,
        currency=currency,
    )
    keep = not cued or (not amount.signed and sure < SURE)
    if side == "around":
        tolerance = rules()["budget"]["tolerance"]
        low, high = round(value * (1 - tolerance)), round(value * (1 + tolerance))
        return NumberFound("price", start, end, low, high, sure, around=True, keep=keep)
    low_bound, high_bound = (value, None) if side == "min" else (None, value)
    return NumberFound("price", start, end, low_bound, high_bound, sure, keep=keep)


def _side(match: re.Match[str] | None) -> dict[str, bool]:
    if match is None:
        return {}
    return {side: True for side in ("max", "min", "around") if match[side]}


def _sureness(text: str, amount: Amount, side: str, *, cued: bool, cued_before: bool) -> float:
    if amount.signed:
        return 1.0 if cued else 0.5
    model = not cued_before and text[max(0, amount.start - 2) : amount.start].strip().isalpha()
    if model and amount.value < 100:
        return 0.5  # "iphone 15 以上" may be a model
    return {"max": 0.9, "min": 0.8, "around": 0.6}[side]


def _is_counted(text: str, amount: Amount) -> bool:
    """Whether the number counts something else than money: 5 years, 27寸, 3 in 1."""
    return bool(_COUNTED.match(text, amount.end) or _QUANTITY.match(text, amount.start))


def _shared_scale(text: str, low: Amount, high: Amount) -> Decimal:
    """The lower end, in the scale of the upper: 2-3千 begins at 2000."""
    scale = _SCALE.search(text, high.start, high.end)
    if scale is None or _SCALE.search(text, low.start, low.end):
        return low.value
    factor = read_numeral("1" + scale[0]) or Decimal(1)
    return low.value * factor if low.value < 100 and low.value * factor < high.value else low.value


def _of_currency(sure: float, *amounts: Amount, currency: str | None) -> float:
    """Less sure where another currency is named than the shop's: nothing here can convert."""
    named = {amount.currency for amount in amounts} - {None}
    if not named or currency is None or currency in named:
        return sure
    if ("USD" in named and currency in _DOLLARS) or ("CNY" in named and currency in _YUAN):
        return sure
    return min(sure, 0.3)


def _minor(value: Decimal, currency: str | None) -> float:
    return float(value.scaleb(minor_digits(currency or "USD")))


_JOINED_OR_AND: Final = re.compile(f"(?:{_JOINED.pattern})|(?:{_AND.pattern})")


# --- cheaper than another product

_RELATIVE: Final = rules()["budget"]["relative"]
_CHEAPER: Final = re.compile(
    rf"{any_of(_RELATIVE['before'])} (?P<what>[^,，;；。!?]{{2,60}}?)"
    r"(?= (?:but|with|for|in|under)\b|[,，;；。!?]|$)"
)
_BI: Final = re.compile(
    rf"{_RELATIVE['around_chinese']['before']} ?(?P<what>[^,，;；。!?]{{1,40}}?) ?"
    rf"{any_of(_RELATIVE['around_chinese']['after'])}(?:一点|点|些)?的?"
)
_ARTICLE: Final = re.compile("(?:the|a|an|my|this|that) ")


def find_relative(text: str) -> NumberFound | None:
    """Cheaper than the Sony WH-1000XM4, 比索尼便宜的: whose price is the upper bound."""
    match = _CHEAPER.search(text) or _BI.search(text)
    if match is None:
        return None
    start, end = match.span("what")
    article = _ARTICLE.match(text, start)
    start = article.end() if article else start
    if start >= end or not re.compile(r"[^\W\d_]").search(text, start, end):
        return None  # an amount: the rules for budgets read it
    return NumberFound("price", *match.span(), None, None, 0.9, relative=(start, end))


# --- ratings

_R: Final = rules()["rating"]
_STARS: Final = re.compile(
    rf"(?:(?P<label>{any_of(_R['labels'])})[ :]*)?(?:(?P<before>{any_of(_R['before'])}) ?)?"
    rf"(?P<number>{NUMERAL})(?P<plus>\+)?[ -]?"
    rf"(?:(?P<unit>{any_of(_R['units'])})|(?P<points>{any_of(_R['points'])}))?"
    rf"(?: ?(?P<after>{any_of(_R['after'])}))?的?"
)
_STARRED: Final = re.compile(rf"{any_of((*_R['units'], *_R['labels']))}")


def find_ratings(text: str) -> Sequence[NumberFound]:
    """4 stars and up, 四星以上, 评分4.5以上. Stars alone may be part of a name: those boost."""
    if not _STARRED.search(text):
        return ()
    found = []
    for match in _STARS.finditer(text):
        number = read_numeral(match["number"])
        if number is None or not 1 <= number <= 5 or not (match["unit"] or match["label"]):
            continue
        told = any(match.group("label", "before", "after", "plus"))
        if not told and not match["number"][0].isdigit():
            continue  # 三星 is a brand first
        head = _BARE.before.search(text, max(0, match.start() - _WINDOW), match.start())
        if head and head["max"]:
            continue  # nobody filters by bad ratings
        confidence = 0.95 if told else 0.4
        found.append(
            NumberFound("rating", *match.span(), float(number), None, confidence, keep=not told)
        )
    return found
