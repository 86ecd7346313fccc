"""Money between major units, as shops write it, and the minor units of the house."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from daogou.errors import BadValue
from daogou.types import Money

_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_MINOR_DIGITS: Final = {
    code: digits
    for digits, codes in ((0, _NONE), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
"""Decimal digits of a currency where those are not two (ISO 4217, list one)."""

MAX_AMOUNT: Final = 10**15
# A price that once was a float of 32 bits is off by at most this part of itself.
_FLOAT_NOISE: Final = Decimal("1e-7")


def minor_digits(currency: str) -> int:
    """How many decimal digits the currency has: 0 for JPY, 2 for USD, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def currency_code(value: Any, field: str) -> str:
    """A checked ISO 4217 code.

    Raises
    ------
    BadValue
        It is not three capital letters.
    """
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    raise BadValue(field, value, "a currency of three letters", 'Write it as in "USD" or "CNY".')


def from_major(value: Any, currency: str, field: str) -> Money:
    """The money that ``value``, a number or its text in major units, stands for.

    Raises
    ------
    BadValue
        It is no number, not finite, negative, too large, or finer than the currency.
    """
    minor = _minor(value, currency, field)
    rounded = minor.to_integral_value()
    tolerance = minor * _FLOAT_NOISE if isinstance(value, float) else 0
    if abs(minor - rounded) > tolerance:
        remedy = f"{currency} has {minor_digits(currency)} decimal digits; round the price."
        raise BadValue(field, value, f"a price in whole minor units of {currency}", remedy)
    return Money(int(rounded), currency)


def nearest_minor(value: Any, currency: str, field: str) -> Money:
    """As :func:`from_major`, but a price finer than the currency is rounded to its minor unit.

    For analytics, where a price may be the share of a discounted total.

    Raises
    ------
    BadValue
        It is no number, not finite, negative or too large.
    """
    return Money(int(_minor(value, currency, field).to_integral_value()), currency)


def _minor(value: Any, currency: str, field: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BadValue(field, value, "a price", f"Write a number such as 12.99, in {currency}.")
    try:
        # str() of a float is the shortest text that means it: 4.35 stays 4.35.
        major = Decimal(str(value).strip())
    except InvalidOperation as error:
        remedy = f"Write a number such as 12.99, in {currency}, with a point and no separators."
        raise BadValue(field, value, "a price", remedy) from error
    if not major.is_finite():
        raise BadValue(field, str(value), "a finite price", "Leave the field out if unknown.")
    if major < 0:
        raise BadValue(field, value, "a price of zero or more", "A reduction is an originalPrice.")
    digits = minor_digits(currency)
    if major.adjusted() + digits > 15:
        raise BadValue(field, value, "a price below 10^15 minor units", "Check its unit.")
    return major.scaleb(digits)


def to_major(money: Money) -> Decimal:
    """The amount in major units: ``Money(499, "USD")`` is 4.99."""
    return Decimal(money.amount).scaleb(-minor_digits(money.currency))


def from_minor(amount: Any, currency: Any, field: str) -> Money:
    """Checked money from our own ``{"amount": 499, "currency": "USD"}``.

    Raises
    ------
    BadValue
        The amount is not a whole number of zero or more, or the currency is none.
    """
    code = currency_code(currency, f"{field}.currency")
    if isinstance(amount, float) and amount.is_integer():
        amount = int(amount)
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= MAX_AMOUNT:
        shown = str(amount) if isinstance(amount, float) else amount
        remedy = f"499 {code} minor units are {to_major(Money(499, code))} {code}."
        raise BadValue(f"{field}.amount", shown, "a whole number of minor units, 0 or more", remedy)
    return Money(amount, code)
