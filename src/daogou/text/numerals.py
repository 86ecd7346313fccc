"""Numbers as shoppers write them: 1,200, 1.5万, 两百, 一千五, 半, "two hundred", "2k"."""

import re
from decimal import Decimal
from typing import Final

from daogou.text.tables import rows

_OF_KIND: Final = {
    kind: {row["word"]: int(row["value"]) for row in rows("numbers") if row["kind"] == kind}
    for kind in ("han digit", "han scale", "word", "word scale", "suffix")
}
_DIGITS: Final = _OF_KIND["han digit"]
_SCALES: Final = _OF_KIND["han scale"]
_WORDS: Final = _OF_KIND["word"]
_WORD_SCALES: Final = _OF_KIND["word scale"]
_SUFFIXES: Final = _OF_KIND["suffix"]


def _either(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=lambda w: (-len(w), w)))


_HAN: Final = "".join(_DIGITS) + "".join(_SCALES)
_TAIL: Final = rf"(?:{_either(_DIGITS)}|\d(?![\d.,]))"
HAN_NUMERAL: Final = rf"半|[{_HAN}]{{1,12}}(?:点[{''.join(_DIGITS)}]{{1,4}})?"
"""A number in Chinese numerals."""
DIGITS: Final = r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.\d{1,4})?"
_WORD: Final = rf"(?:{_either(_WORDS | _WORD_SCALES)})"
_HAN_SUFFIXES: Final = "".join(s for s in _SUFFIXES if not s.isascii())
NUMERAL: Final = (
    rf"(?:(?<![a-z0-9.,]){DIGITS}(?!\d|[.,]\d)"
    rf"(?: ?[{_HAN_SUFFIXES}](?:{_TAIL})?|k(?![a-z0-9]))?"
    rf"|(?<![{_HAN}几第])(?:{HAN_NUMERAL})"
    rf"|(?<![a-z0-9])(?:an? )?{_WORD}(?:[ -](?:and )?{_WORD}){{0,6}}(?![a-z0-9]))"
)
"""Any of these, as a regular expression without groups, for normalised text."""
_PARTS: Final = re.compile(rf"({DIGITS}) ?([{_HAN_SUFFIXES}]|k)?({_TAIL})?")


def read_numeral(s: str) -> Decimal | None:
    """The number that normalised ``s`` is, or None where it is none.

    ``"一千五"`` is 1500: a last digit counts in tenths of the scale before it, as spoken.
    """
    written = _PARTS.fullmatch(s)
    if written:
        number = Decimal(written[1].replace(",", ""))
        scale = _SUFFIXES[written[2]] if written[2] else 1
        tail = _DIGITS.get(written[3], written[3]) if written[3] else 0
        return number * scale + Decimal(tail) * scale / 10
    return _spelled(s) if s.isascii() else _han(s)


def _han(s: str) -> Decimal | None:
    if s == "半":
        return Decimal("0.5")
    whole, point, fraction = s.partition("点")
    if not whole or not all(c in _DIGITS or c in _SCALES for c in whole):
        return None
    number = Decimal(_han_whole(whole))
    if not point:
        return number
    if not fraction or not all(c in _DIGITS for c in fraction):
        return None
    return number + Decimal("0." + "".join(str(_DIGITS[c]) for c in fraction))


def _han_whole(s: str) -> int:
    if len(s) > 1 and all(c in _DIGITS for c in s):  # 二〇二六, read digit by digit
        return int("".join(str(_DIGITS[c]) for c in s))
    total = section = 0  # section: what stands before the next 万 or 亿
    digit: int | None = None
    scale = 10  # the scale before a last digit, for 一千五
    for c in s:
        if c in _DIGITS:
            digit = _DIGITS[c]
            scale = 1 if digit == 0 else scale
        elif _SCALES[c] < 10_000:
            scale = _SCALES[c]
            section += (1 if digit is None else digit) * scale
            digit = None
        else:
            scale = _SCALES[c]
            section += digit or 0
            total = (total + (section or 1)) * scale if scale > total else total + section * scale
            section, digit = 0, None
    spoken = len(s) > 1 and scale >= 100 and s[-2] in _SCALES
    return total + section + (digit or 0) * (scale // 10 if spoken else 1)


def _spelled(s: str) -> Decimal | None:
    words = [w for w in re.split("[ -]", s) if w not in ("a", "an", "and")]
    if not words or any(w not in _WORDS and w not in _WORD_SCALES for w in words):
        return None
    total = section = 0
    for word in words:
        if word in _WORDS:
            section += _WORDS[word]
        elif word == "hundred":
            section = (section or 1) * 100
        else:
            total, section = total + (section or 1) * _WORD_SCALES[word], 0
    return Decimal(total + section)
