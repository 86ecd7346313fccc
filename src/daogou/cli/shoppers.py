"""Households of the demo shop worth shopping as, with labels that can be counted again."""

from typing import Final

import polars as pl

from daogou.store import Store

PREFIX: Final = "household-"
BUSY_BASKETS: Final = 24
"""From so many baskets in the year on, a household's habits are known."""
MOST_BASKETS: Final = 200
"""Whoever buys more often than four times a week shops for more than a household."""
FEW_BASKETS: Final = 3
WITH_A_LEANING: Final = 4
_FEWEST_LINES: Final = 80  # of a department, before it is called a habit


def pick_shoppers(store: Store) -> list[str]:
    """Choose a handful of households: a busy one, some with a leaning, and a newcomer.

    A leaning is the department whose share of the household's purchases is the largest
    multiple of its share of the shop's. The same store gives the same households.

    Returns
    -------
    list of str
        As ``[server] shoppers`` has them: ``"visitor=English label=Chinese label"``.
    """
    bought = store.event_lines(types=["purchase-complete"]).drop_nulls("product_id")
    baskets = bought.group_by("visitor_id").agg(
        baskets=pl.col("event_id").n_unique(), lines=pl.len()
    )
    known = baskets.filter(
        pl.col("visitor_id").str.starts_with(PREFIX), pl.col("baskets") <= MOST_BASKETS
    )
    if known.is_empty():
        return []
    chosen = [known.sort("baskets", "visitor_id", descending=[True, False]).row(0, named=True)]
    chosen += _with_a_leaning(bought, known, _departments(store))
    newcomers = known.filter(pl.col("baskets") == FEW_BASKETS).sort("visitor_id")
    chosen += newcomers.head(1).to_dicts()
    distinct: dict[object, dict[str, object]] = {}
    for row in chosen:
        distinct.setdefault(row["visitor_id"], row)
    return [_label(row) for row in distinct.values()]


def _departments(store: Store) -> pl.DataFrame:
    """Each product's outermost category in both languages."""
    rows = []
    for product in store.iter_products():
        paths = (product.categories_in("en"), product.categories_in("zh"))
        rows.append((product.id, *(path[0].split(" > ")[0] if path else "" for path in paths)))
    return pl.DataFrame(rows, ["product_id", "department", "zh"], orient="row")


def _with_a_leaning(
    bought: pl.DataFrame, known: pl.DataFrame, departments: pl.DataFrame
) -> list[dict[str, object]]:
    lines = bought.join(departments, on="product_id").filter(pl.col("department") != "")
    whole = lines.group_by("department").agg(usual=pl.len() / lines.height)
    busy = known.filter(pl.col("baskets") >= BUSY_BASKETS)
    leanings = (
        lines.group_by("visitor_id", "department", "zh")
        .agg(there=pl.len())
        .filter(pl.col("there") >= _FEWEST_LINES)
        .join(busy, on="visitor_id")
        .join(whole, on="department")
        .with_columns(leaning=pl.col("there") / pl.col("lines") / pl.col("usual"))
        .filter(pl.col("leaning") > 1)
        .sort("leaning", "visitor_id", descending=[True, False])
        .unique("department", keep="first", maintain_order=True)
        .unique("visitor_id", keep="first", maintain_order=True)
    )
    return leanings.head(WITH_A_LEANING).to_dicts()


def _label(row: dict[str, object]) -> str:
    number = str(row["visitor_id"]).removeprefix(PREFIX)
    english = f"Household {number}: {row['baskets']} baskets"
    chinese = f"{number} 号家庭：{row['baskets']} 次购物"
    if "department" in row:
        english += f", leans to {row['department']}"
        chinese += f"，偏爱{row['zh']}"
    return f"{row['visitor_id']}={english}={chinese}"
