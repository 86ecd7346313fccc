"""Numbers and amounts as a sentence says them."""

from typing import Final

from daogou.feeds.codec.money import minor_digits

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
