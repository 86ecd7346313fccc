"""Prices in JSON: Retail's ``priceInfo`` in major units, and our own in minor ones."""

from collections.abc import Mapping
from typing import Any, Final

from daogou.errors import BadValue
from daogou.feeds.codec.fields import Fields
from daogou.feeds.codec.money import currency_code, from_major, from_minor, to_major
from daogou.types import Money

_PRICE_INFO: Final = frozenset({"currencyCode", "price", "originalPrice"})
_PRICE_INFO_UNUSED: Final = frozenset(
    {"cost", "priceEffectiveTime", "priceExpireTime", "priceRange"}
)
_MONEY: Final = frozenset({"amount", "currency"})


def prices_from_json(fields: Fields) -> tuple[Money | None, Money | None]:
    """``price`` and ``originalPrice``, in our way, in Retail's, or in both where they agree.

    Raises
    ------
    BadValue
        One of them is no price, or the two ways say different things.
    """
    info = fields.inner("priceInfo")
    from_info: dict[str, Money] = {}
    if info:
        info.only(_PRICE_INFO, _PRICE_INFO_UNUSED)
        for name in ("price", "originalPrice"):
            if info.raw(name) is not None:
                unit = currency_code(info.raw("currencyCode"), info.at("currencyCode"))
                from_info[name] = from_major(info.raw(name), unit, info.at(name))
    return _price(fields, "price", from_info), _price(fields, "originalPrice", from_info)


def _price(fields: Fields, name: str, from_info: Mapping[str, Money]) -> Money | None:
    money = money_from_json(fields, name)
    other = from_info.get(name)
    if money and other and money != other:
        remedy = f"Send one of the two: {name} is in minor units, priceInfo in major ones."
        expected = f"the {other.amount} minor units {other.currency} of priceInfo.{name}"
        raise BadValue(fields.at(name), dict(fields.data[name]), expected, remedy)
    return money or other


def money_from_json(fields: Fields, name: str) -> Money | None:
    """Money as ``{"amount", "currency"}``, or None where there is none.

    Raises
    ------
    BadValue
        It is not of that shape.
    """
    inner = fields.inner(name)
    if inner is None:
        return None
    inner.only(_MONEY)
    return from_minor(inner.raw("amount"), inner.raw("currency"), inner.path)


def money_to_json(money: Money | None) -> dict[str, Any] | None:
    """What :func:`money_from_json` reads."""
    return {"amount": money.amount, "currency": money.currency} if money else None


def prices_to_json(price: Money | None, original: Money | None) -> dict[str, Any]:
    """What :func:`prices_from_json` reads."""
    info: dict[str, Any] = {}
    for name, money in (("price", price), ("originalPrice", original)):
        # Two currencies have no place in one priceInfo; then our own fields say it alone.
        if money and info.setdefault("currencyCode", money.currency) == money.currency:
            info[name] = float(to_major(money))
    return {
        "priceInfo": info,
        "price": money_to_json(price),
        "originalPrice": money_to_json(original),
    }
