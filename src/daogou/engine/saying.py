"""Numbers and amounts as a sentence says them."""

import re
from typing import Final

from daogou.feeds.codec.money import minor_digits
from daogou.text.normal import HAN

_MEETING: Final = re.compile(f"(?<=[{HAN}])(?=[A-Za-z0-9$])|(?<=[A-Za-z0-9])(?=[{HAN}])")
_SYMBOLS: Final = {"USD": "$", "CNY": "¥", "JPY": "¥", "EUR": "€", "GBP": "£"}


def number_text(value: float) -> str:
    """Without a needless fraction: ``4``, ``4.5``."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def money_text(minor: float, currency: str | None) -> str:
    """An amount of minor units: ``$49.99``, ``20 CHF``; a whole one has no fraction."""
    digits = minor_digits(currency) if currency else 0
    major = minor / 10**digits
    amount = f"{major:,.0f}" if major == int(major) else f"{major:,.{digits}f}"
    if currency in _SYMBOLS:
        return f"{_SYMBOLS[currency]}{amount}"
    return f"{amount} {currency}" if currency else amount


def beside(sentence: str, **words: str) -> str:
    """A sentence with words put in; Chinese and Latin stand apart by a blank."""
    return _MEETING.sub(" ", sentence.format(**words))
