"""Money between major and minor units, exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.errors import BadValue
from daogou.feeds.codec.money import from_major, minor_digits, to_major
from daogou.types import Money


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        ("12.99", "USD", 1299),
        (12.99, "USD", 1299),
        (4.35, "USD", 435),  # 4.35 * 100 is 434.99999999999994 in floats
        (0.1 + 0.2, "USD", 30),
        (12.989999771118164, "USD", 1299),  # 12.99 as 32 bits
        (0, "USD", 0),
        ("1.5e2", "USD", 15000),
        (12345.669921875, "USD", 1234567),  # 12345.67 as 32 bits
        (500, "JPY", 500),
        ("1.234", "KWD", 1234),
        (1, "KWD", 1000),
        (Decimal("19.90"), "CNY", 1990),
    ],
)
def test_money(value: object, currency: str, amount: int) -> None:
    assert from_major(value, currency, "price") == Money(amount, currency)


@pytest.mark.parametrize("value", ["", "abc", "1,299.00", "12,99", "$5", True, None, "1e400"])
def test_no_money(value: object) -> None:
    with pytest.raises(BadValue, match="price"):
        from_major(value, "USD", "price")


@given(amount=st.integers(0, 10**15), currency=st.sampled_from(["USD", "JPY", "KWD", "CNY"]))
def test_money_there_and_back(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert from_major(to_major(money), currency, "price") == money
    if amount < 10**13:  # what a float holds exactly enough
        assert from_major(float(to_major(money)), currency, "price") == money


def test_digits() -> None:
    assert [minor_digits(code) for code in ("JPY", "USD", "KWD", "CLF")] == [0, 2, 3, 4]
