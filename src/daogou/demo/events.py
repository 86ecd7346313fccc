"""Purchases, campaign sends and redemptions of the demo shop, as rows of an event feed.

Every function gives a *lines* frame: one row a product in an event, columns
:data:`LINE_COLUMNS`; an event without products is one row whose ``product_id`` is
null. :func:`as_feed` folds lines into the Parquet layout of the event feed.
The till's wall time is read as UTC.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from daogou.demo.catalogue import CURRENCY
from daogou.demo.prices import unit_cents
from daogou.feeds import EVENT_SCHEMA

MAX_QUANTITY: Final = 99
"""More of one product in a basket than this is cut off: a typing error or a caterer."""

_TIME: Final = pl.Datetime("us", "UTC")
_ATTRIBUTES: Final = ("store", "week", "campaignId", "campaignType", "couponUpc")
LINE_COLUMNS: Final[dict[str, pl.DataType]] = {
    "event_id": pl.String(),
    "type": pl.String(),
    "visitor_id": pl.String(),
    "time": _TIME,
    "policy_id": pl.String(),
    "product_id": pl.Int64(),
    "quantity": pl.Int64(),
    "price": pl.Int64(),
    "placement": pl.String(),
    "sampling_rate": pl.Float64(),
    **{name: pl.String() for name in _ATTRIBUTES},
}

_FEED_NAMES: Final = {
    "event_id": "eventId",
    "type": "eventType",
    "visitor_id": "visitorId",
    "time": "eventTime",
    "policy_id": "policyId",
}


def as_lines(frame: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Bring a frame into :data:`LINE_COLUMNS`; columns that it lacks are null."""
    lazy = frame.lazy()
    present = set(lazy.collect_schema().names())
    columns = [
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in LINE_COLUMNS.items()
    ]
    return lazy.select(columns).collect()


def household(column: str = "household_id") -> pl.Expr:
    """The visitor id of a household."""
    return pl.concat_str(pl.lit("household-"), pl.col(column))


def utc(column: str) -> pl.Expr:
    """A wall time of the source as the time of an event."""
    return pl.col(column).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def purchases(sales: pl.DataFrame) -> pl.DataFrame:
    """One ``purchase-complete`` a basket; ``price`` is what the shopper paid for one unit.

    Parameters
    ----------
    sales
        Sales of products of the shop, quantity 1 or more.
    """
    paid = unit_cents(pl.col("sales_value") - pl.col("coupon_disc"))
    return as_lines(
        sales.lazy().select(
            "product_id",
            "week",
            event_id=pl.concat_str(pl.lit("basket-"), pl.col("basket_id")),
            type=pl.lit("purchase-complete"),
            visitor_id=household(),
            time=utc("transaction_timestamp"),
            quantity=pl.col("quantity").clip(upper_bound=MAX_QUANTITY),
            price=paid,
            sampling_rate=pl.lit(1.0),
            store=pl.col("store_id"),
        )
    )


def promotions_sent(campaigns: pl.DataFrame, descriptions: pl.DataFrame) -> pl.DataFrame:
    """One ``promotion-sent`` for each household that a campaign reached, on its first day."""
    return as_lines(
        campaigns.join(descriptions, on="campaign_id").select(
            event_id=pl.format("campaign-{}-household-{}", "campaign_id", "household_id"),
            type=pl.lit("promotion-sent"),
            visitor_id=household(),
            time=utc("start_date"),
            campaignId=pl.col("campaign_id"),
            campaignType=pl.col("campaign_type"),
        )
    )


def coupons_redeemed(
    redemptions: pl.DataFrame, coupons: pl.DataFrame, sales: pl.DataFrame
) -> pl.DataFrame:
    """One ``coupon-redeemed`` a redemption, with what it was redeemed on.

    The source knows the coupon and the day. The lines are the products of that
    coupon which the household bought on that day; the event follows the last of
    those baskets by a second. Where there is no such basket the event has no line
    and stands at noon.
    """
    day = pl.col("transaction_timestamp").dt.date()
    bought = sales.select(
        "household_id",
        "product_id",
        "quantity",
        day=day,
        bought_at=utc("transaction_timestamp"),
    )
    keys = ["household_id", "coupon_upc", "campaign_id", "day"]
    covered = (
        redemptions.with_columns(day=pl.col("redemption_date").dt.date())
        .join(coupons.unique(), on=["coupon_upc", "campaign_id"], how="left")
        .join(bought, on=["household_id", "product_id", "day"])
        .group_by(*keys, "product_id")
        .agg(pl.col("quantity").sum().clip(upper_bound=MAX_QUANTITY), pl.col("bought_at").max())
    )
    noon = pl.col("day").cast(_TIME) + pl.duration(hours=12)
    last = pl.col("bought_at").max().over(keys) + pl.duration(seconds=1)
    return as_lines(
        redemptions.with_columns(day=pl.col("redemption_date").dt.date())
        .join(covered, on=keys, how="left")
        .sort(*keys, "product_id")
        .select(
            "product_id",
            "quantity",
            event_id=pl.format("redemption-{}-{}-{}-{}", *keys),
            type=pl.lit("coupon-redeemed"),
            visitor_id=household(),
            time=pl.coalesce(last, noon),
            sampling_rate=pl.lit(1.0),
            campaignId=pl.col("campaign_id"),
            couponUpc=pl.col("coupon_upc"),
        )
    )


def as_feed(lines: pl.DataFrame) -> pl.DataFrame:
    """Fold lines into one row an event, oldest first, in the columns of ``EVENT_SCHEMA``.

    Frames are folded as a whole since 1.4M lines as Python objects take minutes;
    a test compares with what the feeds' own writer makes of the same events.
    """
    events = (
        lines.lazy()
        .sort("time", "event_id", "product_id")
        .group_by("event_id", maintain_order=True)
        .agg(
            pl.col("type", "visitor_id", "time", "policy_id", *_ATTRIBUTES).first(),
            productDetails=_line().filter(pl.col("product_id").is_not_null()),
        )
        .rename(_FEED_NAMES)
        .collect()
    )
    events = events.join(_attributes(events), on="eventId", how="left", maintain_order="left")
    empty = [pl.lit(None, t).alias(n) for n, t in EVENT_SCHEMA.items() if n not in events.columns]
    return events.with_columns(empty).select(pl.col(n).cast(t) for n, t in EVENT_SCHEMA.items())


def brought_forward(lines: pl.DataFrame, until: datetime) -> tuple[pl.DataFrame, int]:
    """Move all events later by as many whole weeks as fit before ``until``.

    The data ends in 2017; in a shop that is open today, everybody's last visit would
    be years ago. Whole weeks keep weekdays, hours and every distance between events.

    Returns
    -------
    tuple
        The lines with their new times, and the number of weeks; 0 weeks where the last
        event is not older than a week.
    """
    age = lines.select(pl.lit(until).cast(_TIME) - pl.col("time").max()).item()
    weeks = max(age // timedelta(weeks=1), 0) if age is not None else 0
    return lines.with_columns(pl.col("time") + timedelta(weeks=weeks)), weeks


def _attributes(events: pl.DataFrame) -> pl.DataFrame:
    """What is known beside the lines: eventId, attributes (a list of key and values)."""
    pair = pl.struct("key", value=pl.col("value").reshape((-1, 1)).arr.to_list())
    return (
        events.unpivot(list(_ATTRIBUTES), index="eventId", variable_name="key")
        .drop_nulls("value")
        .group_by("eventId", maintain_order=True)
        .agg(attributes=pair)
    )


def _line() -> pl.Expr:
    """A line in the fields of ``productDetails``."""
    price = pl.struct(amount="price", currency=pl.lit(CURRENCY))
    return pl.struct(
        product=pl.struct(id=pl.col("product_id").cast(pl.String)),
        quantity="quantity",
        variantId=pl.lit(None, pl.String),
        price=pl.when(pl.col("price").is_not_null()).then(price),
        position=pl.lit(None, pl.Int64),
        propensity=pl.lit(None, pl.Float64),
        placement="placement",
        samplingRate="sampling_rate",
    )
