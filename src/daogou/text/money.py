"""Amounts of money in texts: $50, ¥200, 50美元, 两百块, 1.5万元, 20-50元, "fifty bucks"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daogou.text.aligned import Aligned
from daogou.text.numerals import NUMERAL, read_numeral
from daogou.text.tables import rows

_ROWS: Final = rows("currencies")


def _spellings(*places: str) -> str:
    found = sorted(
        (r["spelling"] for r in _ROWS if r["place"] in places), key=lambda s: (-len(s), s)
    )
    return "|".join(
        re.escape(s) + ("(?![a-z])" if s.isascii() and s.isalpha() else "") for s in found
    )


_CURRENCY: Final = {r["spelling"]: r["currency"] for r in _ROWS}
_NOT_MONEY: Final = "宝素旦气素件装头肉"
"""After 元 or 块 these make another word: 元宝, 元素, 块装 (pieces in a pack), 块头."""
_AFTER: Final = rf"(?: ?(?:{_spellings('after', 'both')})(?![{_NOT_MONEY}]))"
_BEFORE: Final = rf"(?:(?<![a-z0-9])(?:{_spellings('before', 'both')}) ?)"
_TENTHS: Final = r"(?<=块)[一二三四五六七八九]毛?(?![一二三四五六七八九十百千万个件])"
_AMOUNT: Final = re.compile(
    rf"(?P<before>{_BEFORE})?(?P<number>{NUMERAL})(?P<after>{_AFTER}(?P<tenths>{_TENTHS})?)?"
)
_JOIN: Final = re.compile(" ?(?:-|–|—|~|到|至|to) ?")


@dataclass(frozen=True, slots=True)
class MoneyAmount:
    """An amount in major units, and where it stands in the text.

    ``currency`` is an ISO code, or None where the words fit any (元 and 块 are said
    of dollars too). ``$`` is USD and ``¥`` CNY, whichever of their currencies is meant.
    """

    start: int
    end: int
    amount: Decimal
    currency: str | None


def parse_money(s: str) -> Iterator[MoneyAmount]:
    """Every amount of money in a text, in order; a range such as 20-50元 gives both its ends.

    A number without a currency is none: "under 50" is for the query parser to read.
    """
    aligned = Aligned(s)
    amounts = list(amounts_in(aligned.text))
    for i, amount in enumerate(amounts):
        told = amount if amount.signed else _told_by_neighbour(aligned.text, amounts, i)
        if told is not None:
            start, end = aligned.span(amount.start, amount.end)
            yield MoneyAmount(start, end, amount.value, told.currency)


def _told_by_neighbour(text: str, amounts: Sequence["Amount"], i: int) -> "Amount | None":
    """The other end of a range, which has the currency of both: 20-50元, $20-50."""
    if i + 1 < len(amounts) and amounts[i + 1].signed and are_joined(text, *amounts[i : i + 2]):
        return amounts[i + 1]
    if i and amounts[i - 1].signed and are_joined(text, *amounts[i - 1 : i + 1]):
        return amounts[i - 1]
    return None


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in a normalised text, ``signed`` where a currency stands at it."""

    start: int
    end: int
    value: Decimal
    currency: str | None
    signed: bool


def amounts_in(text: str) -> Iterator[Amount]:
    """Every number in a normalised text, with its currency where one stands at it."""
    for match in _AMOUNT.finditer(text):
        value = read_numeral(match["number"])
        if value is None:
            continue
        signs = [m.strip() for m in match.group("before", "after") if m]
        if match["tenths"]:
            signs = [signs[-1].removesuffix(match["tenths"])]
            value += (read_numeral(match["tenths"][0]) or 0) / Decimal(10)
        named = [_CURRENCY[sign] for sign in signs]
        currency, _, parts = (named[-1] if named else "any").partition("/")
        if parts:
            value /= int(parts)
        yield Amount(*match.span(), value, None if currency == "any" else currency, bool(signs))


def are_joined(text: str, low: Amount, high: Amount) -> bool:
    """Whether the two are the ends of a range: 20-50元."""
    return _JOIN.fullmatch(text, low.end, high.start) is not None
