"""What a household was shown: displays and mailers of a store in a week, sampled.

A household that shopped in a store in a week was exposed to everything which that
store displayed or mailed that week: some 3,600 products, of which it bought a handful.
All that it bought are kept, and a uniform sample of the others; ``sampling_rate`` says
with which probability a line was kept, so that ``1 / sampling_rate`` undoes the sampling.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from daogou.demo.events import as_lines, household, utc

POLICY: Final = "display-mailer"
NOT_BOUGHT_KEPT: Final = 8
"""So many of the promoted products that were not bought are kept for each visit."""
DRAWS: Final = 32
"""Draws with replacement from which those are taken, first come first served."""
SEED: Final = 20170101

Ints = npt.NDArray[np.int64]
_NO_PLACE: Final = "0"
_PLACE_BITS: Final = 8
_PRODUCT_BITS: Final = 24


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything on promotion, ordered by store-week: O offers in G store-weeks.

    Attributes
    ----------
    start
        [G + 1] the offers of store-week g are start[g] to start[g + 1].
    keys
        [O] g << 24 | product index, ascending, each once.
    places
        [O] index into ``placements``.
    placements
        Names of the places, such as "display:9+mailer:A".
    """

    start: Ints
    keys: Ints
    places: Ints
    placements: pl.Series


def pack_offers(
    promotions: pl.LazyFrame, store_weeks: pl.DataFrame, products: pl.DataFrame
) -> Offers:
    """Gather the promotions of some products in some store-weeks.

    Parameters
    ----------
    promotions
        product_id, store_id, week, display_location, mailer_location.
    store_weeks
        store_id, week, group: 0 to G - 1.
    products
        product_id, item: 0 to V - 1.

    Notes
    -----
    20.9M rows are packed into one integer each and sorted as such, which takes two
    seconds where sorting the rows takes twenty. A product that a store promoted in
    two ways in one week counts once, at the place that comes last in that order.
    """
    place = pl.struct("display_location", "mailer_location")
    placements = promotions.select(place.alias("place")).unique().collect().unnest("place")
    placements = placements.sort("display_location", "mailer_location").with_row_index("place")
    packed = (
        promotions.join(store_weeks.lazy(), on=["store_id", "week"])
        .join(products.lazy(), on="product_id")
        .join(placements.lazy(), on=["display_location", "mailer_location"])
        .select(
            (pl.col("group").cast(pl.Int64) * 2**_PRODUCT_BITS + pl.col("item")) * 2**_PLACE_BITS
            + pl.col("place")
        )
        .collect()
        .to_series()
        .sort()
        .to_numpy()
    )
    keys = packed >> _PLACE_BITS
    last = np.append(keys[1:] != keys[:-1], True)[: len(keys)]
    keys, places = keys[last], (packed & (2**_PLACE_BITS - 1))[last]
    groups = np.arange(store_weeks.height + 1, dtype=np.int64) << _PRODUCT_BITS
    start = np.searchsorted(keys, groups).astype(np.int64)
    return Offers(start, keys, places, placements.select(_place_name())["name"])


def _place_name() -> pl.Expr:
    display, mailer = pl.col("display_location"), pl.col("mailer_location")
    return pl.concat_str(
        pl.when(display != _NO_PLACE).then(pl.concat_str(pl.lit("display:"), display)),
        pl.when(mailer != _NO_PLACE).then(pl.concat_str(pl.lit("mailer:"), mailer)),
        separator="+",
        ignore_nulls=True,
    ).alias("name")


def impressions(
    promotions: pl.LazyFrame, sales: pl.DataFrame, product_ids: pl.Series
) -> pl.DataFrame:
    """One ``impression`` for each visit: a household in a store in a week with promotions.

    It stands a second before the household's first basket there in that week. Its
    lines are in the order of their product ids, which says nothing.

    Parameters
    ----------
    promotions
        As in the source.
    sales
        Sales of products of the shop.
    product_ids
        The products of the shop.
    """
    items = product_ids.unique().sort().to_frame("product_id").with_row_index("item")
    visits, bought = _visits(sales)
    store_weeks = visits.select("store_id", "week").unique().sort("store_id", "week")
    store_weeks = store_weeks.with_row_index("group")
    offers = pack_offers(promotions, store_weeks, items)
    visits = visits.join(store_weeks, on=["store_id", "week"], maintain_order="left")
    picked = _bought_offers(offers, visits, bought.join(items, on="product_id"))
    lines = pl.concat([picked, _sampled_offers(offers, visits, picked)])
    names = offers.placements.to_frame("placement").with_row_index("place")
    lines = lines.with_columns(
        item=pl.Series(offers.keys[lines["offer"].to_numpy()] & (2**_PRODUCT_BITS - 1)).cast(
            pl.UInt32
        ),
        place=pl.Series(offers.places[lines["offer"].to_numpy()]).cast(pl.UInt32),
    )
    return as_lines(
        lines.lazy()
        .join(visits.lazy(), on="visit")
        .join(items.lazy(), on="item")
        .join(names.lazy(), on="place")
        .sort("visit", "product_id")
        .select(
            "product_id",
            "placement",
            "sampling_rate",
            "week",
            event_id=pl.format("impression-{}-{}-{}", "household_id", "store_id", "week"),
            type=pl.lit("impression"),
            visitor_id=household(),
            time=utc("first") - pl.duration(seconds=1),
            policy_id=pl.lit(POLICY),
            quantity=pl.lit(1),
            store=pl.col("store_id"),
        )
    )


def _visits(sales: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Visits: visit, household_id, store_id, week, first. What was bought: visit, product_id."""
    key = ["household_id", "store_id", "week"]
    visits = (
        sales.group_by(key)
        .agg(first=pl.col("transaction_timestamp").min())
        .sort(key)
        .with_row_index("visit")
    )
    bought = sales.select(*key, "product_id").unique().join(visits, on=key)
    return visits, bought.select("visit", "product_id").sort("visit", "product_id")


def _bought_offers(offers: Offers, visits: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """The promoted products that were bought: visit, offer, sampling_rate (1)."""
    wanted = bought.join(visits.select("visit", "group"), on="visit").sort("visit", "item")
    keys = (wanted["group"].cast(pl.Int64).to_numpy() << _PRODUCT_BITS) + wanted["item"].to_numpy()
    offer = np.searchsorted(offers.keys, keys)
    hit = offer < len(offers.keys)
    hit[hit] = offers.keys[offer[hit]] == keys[hit]
    return (
        wanted.select("visit")
        .with_columns(offer=pl.Series(offer, dtype=pl.Int64), sampling_rate=pl.lit(1.0))
        .filter(pl.Series(hit))
    )


def _sampled_offers(offers: Offers, visits: pl.DataFrame, picked: pl.DataFrame) -> pl.DataFrame:
    """Some of the promoted products that were not bought: visit, offer, sampling_rate."""
    group = visits["group"].to_numpy()
    first, size = offers.start[group], np.diff(offers.start)[group]
    draws = np.random.default_rng(SEED).random((visits.height, DRAWS))
    offer = first[:, None] + (draws * size[:, None]).astype(np.int64)
    some = size > 0
    others = (
        visits.select("visit", size=pl.Series(size))
        .join(picked.group_by("visit").len("bought"), on="visit", how="left")
        .select("visit", others=pl.col("size") - pl.col("bought").fill_null(0))
    )
    return (
        pl.DataFrame(
            {
                "visit": np.repeat(visits["visit"].to_numpy()[some], DRAWS),
                "offer": offer[some].ravel(),
            }
        )
        .join(picked, on=["visit", "offer"], how="anti", maintain_order="left")
        .unique(["visit", "offer"], keep="first", maintain_order=True)
        .group_by("visit", maintain_order=True)
        .head(NOT_BOUGHT_KEPT)
        .join(others, on="visit", maintain_order="left")
        .select("visit", "offer", sampling_rate=pl.len().over("visit") / pl.col("others"))
    )
