"""The figures of docs/demo-shop.md, as ``python -m daogou.demo`` prints them."""

from collections.abc import Mapping

import polars as pl

from daogou.demo.catalogue import not_goods, real_sales
from daogou.demo.glossary import Glossary
from daogou.demo.sizes import readable_size
from daogou.demo.source import Source


def count(
    source: Source,
    catalogue: pl.DataFrame,
    events: Mapping[str, pl.DataFrame],
    glossary: Glossary,
) -> dict[str, int]:
    """How the feeds came about: a readable name for each figure, in the order of the story.

    Parameters
    ----------
    catalogue
        The products of the shop, as of :func:`~daogou.demo.catalogue.catalogue_frame`.
    events
        The lines frame of each event type.
    """
    return (
        _products(source, catalogue, glossary)
        | _till(source, glossary)
        | _events(events)
        | _funnel(source, catalogue)
    )


def _products(source: Source, catalogue: pl.DataFrame, glossary: Glossary) -> dict[str, int]:
    sizes = catalogue["package_size"].drop_nulls()
    return {
        "products in the source": source.products.height,
        "products that are no goods": not_goods(source.products, glossary).height,
        "products": catalogue.height,
        "products sold": int(catalogue["sold"].sum()),
        "products never sold, one of each look": int((~catalogue["sold"]).sum()),
        "products at a reduced price": catalogue["original_price"].count(),
        "products in a campaign": catalogue["campaigns"].count(),
        "products sold by weight": int(catalogue["by_weight"].fill_null(False).sum()),
        "products with a package size": sizes.len(),
        "products whose size is read": sum(readable_size(size) is not None for size in sizes),
        "products titled with the name of their category": sum(
            "@" in glossary.template(category, kind).en
            for category, kind in catalogue.select("product_category", "product_type").iter_rows()
        ),
    }


def _till(source: Source, glossary: Glossary) -> dict[str, int]:
    """What became of the till's lines."""
    lines = source.transactions
    known = lines.join(source.products, on="product_id", how="semi")
    goods = known.join(not_goods(source.products, glossary), on="product_id", how="anti")
    sales = real_sales(goods)
    return {
        "lines of the till": lines.height,
        "lines of products without a row": lines.height - known.height,
        "lines of no goods": known.height - goods.height,
        "lines without quantity and value": goods.height - sales.height,
        "baskets of the till": lines["basket_id"].n_unique(),
        "baskets with goods": sales["basket_id"].n_unique(),
    }


def _events(events: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    found = {}
    for kind, lines in events.items():
        found[f"{kind} events"] = lines["event_id"].n_unique()
        found[f"{kind} lines"] = lines["product_id"].count()
    shown, redeemed = events["impression"], events["coupon-redeemed"]
    bought = shown["sampling_rate"] == 1
    visitors = pl.concat([lines.select("visitor_id") for lines in events.values()])
    return found | {
        "impression lines that were bought": int(bought.sum()),
        "exposures that the impressions stand for": round((1 / shown["sampling_rate"]).sum()),
        "redemptions whose purchase is known": redeemed.drop_nulls("product_id")[
            "event_id"
        ].n_unique(),
        "visitors": visitors.n_unique(),
    }


def _funnel(source: Source, catalogue: pl.DataFrame) -> dict[str, int]:
    """Campaign sent, a featured product bought while it ran, a coupon of it redeemed."""
    send = ["campaign_id", "household_id"]
    sent = source.campaigns.join(source.campaign_descriptions, on="campaign_id")
    bought = (
        real_sales(source.transactions)
        .join(catalogue, on="product_id", how="semi")
        .select("household_id", "product_id", day=pl.col("transaction_timestamp").dt.date())
        .unique()
    )
    featured = source.coupons.select("campaign_id", "product_id").unique()
    while_it_ran = pl.col("day").is_between(
        pl.col("start_date").dt.date(), pl.col("end_date").dt.date()
    )
    reached = (
        sent.lazy()
        .join(featured.lazy(), on="campaign_id")
        .join(bought.lazy(), on=["household_id", "product_id"])
        .filter(while_it_ran)
        .select(send)
        .unique()
        .collect()
    )
    return {
        "campaign sends": sent.height,
        "sends followed by a purchase of a featured product": reached.height,
        "sends followed by a redemption": sent.join(source.redemptions, on=send, how="semi").height,
    }
