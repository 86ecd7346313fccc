"""A till of one's own: planted frames in the columns of the source."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import pytest

Row = dict[str, Any]
MakeFrame = Callable[[Sequence[Row]], pl.DataFrame]

PRODUCT = {
    "product_id": 1,
    "manufacturer_id": 69,
    "department": "GROCERY",
    "brand": "National",
    "product_category": "SOFT DRINKS",
    "product_type": "SFT DRNK 2 LITER BTL CARB INCL",
    "package_size": "2 L",
}
SALE = {
    "household_id": 7,
    "store_id": 300,
    "basket_id": 11,
    "product_id": 1,
    "quantity": 1,
    "sales_value": 1.0,
    "retail_disc": 0.0,
    "coupon_disc": 0.0,
    "coupon_match_disc": 0.0,
    "week": 10,
    "transaction_timestamp": datetime(2017, 3, 5, 14, 30),
}


def _rows(default: Row, rows: Sequence[Row]) -> pl.DataFrame:
    schema = pl.DataFrame([default]).schema
    return pl.DataFrame([default | row for row in rows], schema=schema)


@pytest.fixture
def products() -> MakeFrame:
    """Products of the source; what a row does not say is a 2 L soft drink of maker 69."""
    return lambda rows: _rows(PRODUCT, rows)


@pytest.fixture
def sales() -> MakeFrame:
    """Transactions; what a row does not say is one product 1 for a dollar in week 10."""
    return lambda rows: _rows(SALE, rows)
