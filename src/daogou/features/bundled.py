"""The item table and its statistics in a bundle: written by training, read by serving."""

import numpy as np
import polars as pl

from daogou.bundle import Bundle, BundleWriter
from daogou.errors import BundleError
from daogou.features.items import Codes, ItemTable
from daogou.features.stats import ItemStats, Neighbours, Rebuying


def save_items(writer: BundleWriter, table: ItemTable, stats: ItemStats) -> None:
    """Write ``items``, ``vocabulary`` and the statistics' arrays."""
    writer.add_frame(
        "items",
        pl.DataFrame(
            {
                "product_id": pl.Series(table.ids, dtype=pl.String),
                "category": table.category,
                "department": table.department,
                "brand": table.brand,
                "price": table.price,
            }
        ),
    )
    writer.add_json(
        "vocabulary",
        {
            "categories": table.categories.words,
            "departments": table.departments.words,
            "brands": table.brands.words,
        },
    )
    writer.add_array("popularity_newest", stats.popularity_newest)
    writer.add_array("popularity_fast", stats.popularity_fast)
    writer.add_array("popularity_slow", stats.popularity_slow)
    writer.add_array("repeat_rate", stats.repeat_rate)
    writer.add_array("rebuy_rate", stats.rebuying.rate)
    writer.add_array("rebuy_hazard", stats.rebuying.hazard)
    writer.add_array("neighbour_items", stats.neighbours.items)
    writer.add_array("neighbour_weights", stats.neighbours.weights)
    writer.add_json("statistics", {"as_of": stats.as_of})


def load_items(bundle: Bundle) -> tuple[ItemTable, ItemStats]:
    """Read what :func:`save_items` wrote.

    Raises
    ------
    BundleError
        A part is missing, or was written by a version that counted less.
    """
    if "rebuy_hazard.npy" not in bundle.names():
        raise BundleError(
            f"Bundle {bundle.id} has the item statistics of another version of Daogou."
            " Train again with `daogou train`."
        )
    frame, words = bundle.frame("items"), bundle.json("vocabulary")
    codes = np.stack([frame[c].to_numpy() for c in ("category", "department", "brand")], 1)
    table = ItemTable.from_codes(
        frame["product_id"].to_list(),
        codes.astype(np.int32).reshape(-1, 3),
        frame["price"].to_numpy().astype(np.float32),
        *(Codes(words[name]) for name in ("categories", "departments", "brands")),
    )
    stats = ItemStats(
        popularity_newest=np.asarray(bundle.array("popularity_newest")),
        popularity_fast=np.asarray(bundle.array("popularity_fast")),
        popularity_slow=np.asarray(bundle.array("popularity_slow")),
        repeat_rate=np.asarray(bundle.array("repeat_rate")),
        rebuying=Rebuying(
            np.asarray(bundle.array("rebuy_rate")), np.asarray(bundle.array("rebuy_hazard"))
        ),
        neighbours=Neighbours(
            np.asarray(bundle.array("neighbour_items")),
            np.asarray(bundle.array("neighbour_weights")),
        ),
        as_of=float(bundle.json("statistics")["as_of"]),
    )
    return table, stats
