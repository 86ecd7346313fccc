"""A real shop's invoices, in the layout of online-retail-ii.

One Parquet file or several, each with ``invoice``, ``stock_code``, ``description``, ``quantity``,
``invoice_date``, ``unit_price`` and ``customer_id``. The files' names are in the order of time;
where they overlap, a later file's invoices count. Lines with a customer, a quantity and a price
are purchases. The last eight weeks are the test, the two before them the validation; an invoice
is asked for if it has three and more distinct products (the next-basket protocol of
``daogou.evaluation``).
"""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from benchmarks.recommend.dataset import Dataset, purchase_log
from daogou.errors import FeedError
from daogou.evaluation import VIEWS
from daogou.features import ItemTable
from daogou.features.stats import DAY
from daogou.types import Money, Product

CURRENCY: Final = "GBP"
MIN_ITEMS: Final = 3
TEST_DAYS: Final = 56
VALIDATION_DAYS: Final = 14
GOODS: Final = r"^(\d{5}|DCGS)"
"""A product's code begins with five digits, or with the letters of the party bags and the like.
All other codes are no goods: POST, DOT and C2 (carriage), M (manual), D (discount), ADJUST, BANK
CHARGES, AMAZONFEE, S (samples), TEST001, vouchers (gift_0001_20); two of a few lines are lost."""
COLUMNS: Final[dict[str, type[pl.DataType] | pl.DataType]] = {
    "invoice": pl.String,
    "stock_code": pl.String,
    "description": pl.String,
    "quantity": pl.Int64,
    "invoice_date": pl.Datetime("us"),
    "unit_price": pl.Float64,
    "customer_id": pl.Int64,
}


def read_invoices(folder: Path) -> list[Dataset]:
    """The one shop of a folder.

    Raises
    ------
    FeedError
        A column is missing or of another kind, or no purchase is left.
    """
    lines = purchases(folder)
    if lines.is_empty():
        raise FeedError(
            f"{folder} has no line with a customer, a positive quantity and price, and a code of"
            " a product (five digits first); expected the invoices of a shop."
        )
    products = _products(lines)
    table = ItemTable.from_products(products)
    lines = _numbered(lines, table)
    customers = lines["customer_id"].unique(maintain_order=True)
    lengths = lines["customer_id"].rle().struct.field("len").to_list()
    log = purchase_log(
        [str(customer) for customer in customers],
        lengths,
        lines["item"].to_numpy(),
        lines["time"].to_numpy(),
        lines["event"].to_numpy(),
        lines["quantity"].cast(pl.Float32).to_numpy(),
    )
    end = (np.floor(log.lines.times.max() / DAY) + 1) * DAY  # the midnight after the last day
    test = end - TEST_DAYS * DAY
    validation = test - VALIDATION_DAYS * DAY
    return [
        Dataset(
            name=folder.name,
            products=products,
            table=table,
            attributes=(np.zeros(0, np.int32),) * len(products),
            log=log,
            until=validation,
            final_until=test,
            validation=tuple(log.baskets(validation, test, MIN_ITEMS)),
            test=tuple(log.baskets(test, np.inf, MIN_ITEMS)),
            views=VIEWS,
        )
    ]


def purchases(folder: Path) -> pl.DataFrame:
    """The purchased lines of all files, with :data:`COLUMNS`; codes in capitals, without blanks."""
    lines = pl.DataFrame(schema=COLUMNS)
    for path in sorted(folder.glob("*.parquet")):
        later = _read(path)
        earlier = lines.join(later.select("invoice").unique(), on="invoice", how="anti")
        lines = pl.concat([earlier, later])
    return lines.filter(
        pl.col("customer_id").is_not_null(), pl.col("quantity") > 0, pl.col("unit_price") > 0
    ).filter(pl.col("stock_code").str.contains(GOODS))


def _read(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path, columns=list(COLUMNS)).cast(COLUMNS)  # type: ignore[arg-type]
    except pl.exceptions.PolarsError as error:
        found = ", ".join(f"{name} {kind}" for name, kind in pl.read_parquet_schema(path).items())
        wanted = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        raise FeedError(f"{path} has {found}; expected {wanted}.") from error
    # "85049d" and "85049D" are one product, written by two hands.
    return frame.with_columns(pl.col("stock_code").str.strip_chars().str.to_uppercase())


def _products(lines: pl.DataFrame) -> tuple[Product, ...]:
    """Each code with the description that it has most often, and its median price."""
    told = lines.with_columns(pl.col("description").str.strip_chars())
    titles = (
        told.drop_nulls("description")
        .group_by("stock_code", "description")
        .len()
        .sort("stock_code", "len", "description", descending=[False, True, False])
        .unique("stock_code", keep="first", maintain_order=True)
    )
    prices = lines.group_by("stock_code").agg(pl.col("unit_price").median()).sort("stock_code")
    rows = prices.join(titles, on="stock_code", how="left", maintain_order="left")
    return tuple(
        Product(code, title or code, price=Money(round(100 * price), CURRENCY))
        for code, price, title in rows.select("stock_code", "unit_price", "description").rows()
    )


def _numbered(lines: pl.DataFrame, table: ItemTable) -> pl.DataFrame:
    """Lines by customer and time, with ``item``, ``time`` in seconds, and ``event``."""
    items = pl.DataFrame({"stock_code": table.ids, "item": np.arange(len(table), dtype=np.int32)})
    # An invoice that was typed over a minute's end is one moment all the same.
    moment = pl.col("invoice_date").min().over("invoice", "customer_id")
    return (
        lines.join(items, on="stock_code", how="left", maintain_order="left")
        .with_columns(moment.dt.epoch("us").cast(pl.Float64).truediv(1e6).alias("time"))
        .sort("customer_id", "time", "invoice", maintain_order=True)
        .with_columns(
            (pl.col("invoice").rle_id().over("customer_id")).cast(pl.Int32).alias("event")
        )
    )
