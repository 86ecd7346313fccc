"""What a product of the demo shop costs, read off its sales.

The till recorded what the store received (``sales_value``), the discount of the
loyalty card (``retail_disc``) and the store's match of a manufacturer's coupon
(``coupon_match_disc``). The package's own guide derives from them, per unit::

    regular price = (sales_value + retail_disc + coupon_match_disc) / quantity
    loyalty price = (sales_value + coupon_match_disc) / quantity
    paid          = (sales_value - coupon_disc) / quantity
"""

from typing import Final

import polars as pl

RECENT_WEEKS: Final = 4
"""A price is the median over the last weeks in which the product sold, so many of them."""

ENOUGH_SALES: Final = 8
COMMON_SHARE: Final = 0.8

SIMILAR: Final[tuple[tuple[str, ...], ...]] = (
    ("product_type", "package_size"),
    ("product_type",),
    ("product_category",),
    ("department",),
)
"""Where the price of a product that never sold comes from, the nearest first."""


def unit_cents(dollars: pl.Expr) -> pl.Expr:
    """Cents a unit of an amount that was paid for ``quantity`` units; never below zero."""
    cents = (dollars * 100 / pl.col("quantity")).round()
    return pl.max_horizontal(cents, pl.lit(0.0)).cast(pl.Int64)


def observed_prices(sales: pl.DataFrame) -> pl.DataFrame:
    """Current and regular price of each product that sold.

    Parameters
    ----------
    sales
        Transactions with ``quantity`` of 1 or more.

    Returns
    -------
    pl.DataFrame
        product_id, price, original_price in cents; products that were only ever
        given away are missing.
    """
    value, match = pl.col("sales_value"), pl.col("coupon_match_disc")
    return (
        sales.select(
            "product_id",
            "week",
            price=unit_cents(value + match),
            original_price=unit_cents(value + match + pl.col("retail_disc")),
        )
        .filter(pl.col("price") > 0)
        .filter(pl.col("week") > pl.col("week").max().over("product_id") - RECENT_WEEKS)
        .group_by("product_id")
        .agg(pl.col("price", "original_price").median().round().cast(pl.Int64))
        .sort("product_id")
    )


def sold_by_weight(sales: pl.DataFrame) -> pl.DataFrame:
    """Tell the products that go over the scale from those with a price on the shelf.

    A shelf price is one of a few: of products sold :data:`ENOUGH_SALES` times and more,
    the five commonest unit prices cover over 90% of the sales or below 70%, and next to
    nothing lies between.

    Returns
    -------
    pl.DataFrame
        product_id, by_weight; products with too few sales are missing.
    """
    dollars = pl.col("sales_value") + pl.col("coupon_match_disc") + pl.col("retail_disc")
    common = pl.col("cents").value_counts(sort=True, name="n").struct.field("n").head(5).sum()
    return (
        sales.select("product_id", cents=unit_cents(dollars))
        .filter(pl.col("cents") > 0)
        .group_by("product_id")
        .agg(sales=pl.len(), common=common / pl.len())
        .filter(pl.col("sales") >= ENOUGH_SALES)
        .select("product_id", by_weight=pl.col("common") < COMMON_SHARE)
    )


def with_prices(products: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Add ``price``, ``original_price`` (cents) and ``by_weight`` to every product.

    ``original_price`` is null where the product sells at its regular price. A
    product without a price of its own takes the median of the nearest group of
    :data:`SIMILAR`.
    """
    observed = products.join(observed_prices(sales), on="product_id", how="left")
    priced = observed.join(sold_by_weight(sales), on="product_id", how="left").with_columns(
        original_price=pl.when(pl.col("original_price") > pl.col("price")).then("original_price")
    )
    medians = [
        pl.when(pl.all_horizontal(pl.col(*group).is_not_null())).then(
            pl.col("price").median().over(*group)
        )
        for group in SIMILAR
    ]
    price = pl.coalesce("price", *medians, pl.col("price").median())
    return priced.with_columns(price=price.round().cast(pl.Int64))
