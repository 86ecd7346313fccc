"""From the till's product table to the products of the demo shop."""

import re
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from daogou.demo.glossary import Glossary, Names, bare_name
from daogou.demo.prices import with_prices
from daogou.demo.sizes import readable_size
from daogou.types import LocalizedText, Money, Product

CURRENCY: Final = "USD"
LOOK: Final = ("department", "brand", "product_category", "product_type", "package_size")
"""What a shopper can see of a product; two never-sold products alike in it are one in the shop."""

CASE_POUNDS: Final = 10
CASE_CENTS: Final = 15
_FRESH: Final = ("PRODUCE", "SALAD BAR", "MEAT", "SEAFOOD", "DELI", "PASTRY", "FLORAL")
_AMOUNT: Final = re.compile(r"(?:[\d.]+–)?([\d.]+) (lb|ct)")


def not_goods(products: pl.DataFrame, glossary: Glossary) -> pl.DataFrame:
    """The rows that are no goods, with the ``reason``: product_id, reason.

    Petrol, coupons, deposits, services, store supplies, and rows that carry no
    name at all. The rules are data: ``not_goods.tsv``; the first that fits gives
    the reason.
    """
    reason: pl.Expr = pl.lit(None, dtype=pl.String)
    for rule in reversed(glossary.not_goods):
        tests = [
            pl.col(column).fill_null("") == ("" if wanted == "-" else wanted)
            for column, wanted in (
                ("department", rule.department),
                ("product_category", rule.category),
                ("product_type", rule.type),
            )
            if wanted
        ]
        reason = pl.when(pl.all_horizontal(tests)).then(pl.lit(rule.reason)).otherwise(reason)
    return products.select("product_id", reason=reason).drop_nulls()


def choose_products(
    products: pl.DataFrame, sales: pl.DataFrame, glossary: Glossary
) -> pl.DataFrame:
    """The rows that become products of the shop, with ``sold``, sorted by product_id.

    Every product that was sold stays. Of those never sold, one stays for each
    :data:`LOOK` that no sold product has (the one with the lowest id): products
    that differ by manufacturer alone do not flood the shop.
    """
    goods = products.join(not_goods(products, glossary), on="product_id", how="anti")
    goods = goods.with_columns(
        sold=pl.col("product_id").is_in(sales["product_id"].unique().implode())
    ).sort("product_id")
    sold = goods.filter("sold")
    unsold = goods.filter(~pl.col("sold")).join(sold, on=LOOK, how="anti", nulls_equal=True)
    return pl.concat([sold, unsold.unique(LOOK, keep="first", maintain_order=True)]).sort(
        "product_id"
    )


def real_sales(transactions: pl.DataFrame) -> pl.DataFrame:
    """Transactions in which something changed hands.

    A line of quantity 0 and no value is a void or a coupon of the till; one of
    quantity 0 with a value is one weighed piece.
    """
    return transactions.filter(
        (pl.col("quantity") > 0) | (pl.col("sales_value") >= 0.01)
    ).with_columns(pl.col("quantity").clip(lower_bound=1))


def catalogue_frame(
    products: pl.DataFrame, transactions: pl.DataFrame, coupons: pl.DataFrame, glossary: Glossary
) -> pl.DataFrame:
    """The chosen rows with ``sold``, ``price``, ``original_price`` (cents) and ``campaigns``."""
    sales = real_sales(transactions)
    chosen = with_prices(choose_products(products, sales, glossary), sales)
    featured = (
        coupons.select("product_id", "campaign_id")
        .unique()
        .sort("campaign_id")
        .group_by("product_id", maintain_order=True)
        .agg(campaigns=pl.col("campaign_id").cast(pl.String))
    )
    return chosen.join(featured, on="product_id", how="left").sort("product_id")


def iter_products(catalogue: pl.DataFrame, glossary: Glossary) -> Iterator[Product]:
    """Turn the rows of :func:`catalogue_frame` into products, in its order."""
    for row in catalogue.iter_rows(named=True):
        yield _product(row, glossary)


def _product(row: dict[str, Any], glossary: Glossary) -> Product:
    department = glossary.departments[row["department"]]
    category = glossary.category(row["product_category"])
    kind = glossary.product_type(row["product_category"], row["product_type"])
    size = shelf_size(row["package_size"], row["department"], row["price"], row["by_weight"])
    title = glossary.title(row["product_category"], row["product_type"], size)
    maker = maker_names(row["brand"], row["manufacturer_id"])
    levels = _path(department, category.names, Names(bare_name(kind.en), bare_name(kind.zh)))
    said = describe(levels, size, maker, weighed=bool(row["by_weight"]))
    attributes = {
        "department": (department.en,),
        "brand_type": ("Store brand" if row["brand"] == "Private" else "National brand",),
        "maker": (f"Maker {row['manufacturer_id']}",),
        "emoji": (category.emoji,),
    }
    if size:
        attributes["size"] = (size.en,)
    if row["by_weight"]:
        attributes["sold_by"] = ("weight",)
    if row["campaigns"]:
        attributes["campaigns"] = tuple(row["campaigns"])
    original = row["original_price"]
    return Product(
        id=str(row["product_id"]),
        title=title.en,
        description=said.en,
        brand=maker.en,
        categories=(" > ".join(level.en for level in levels),),
        price=Money(row["price"], CURRENCY),
        original_price=Money(original, CURRENCY) if original else None,
        attributes=attributes,
        localized={
            "zh": LocalizedText(
                title=title.zh,
                description=said.zh,
                categories=(" > ".join(level.zh for level in levels),),
            )
        },
    )


def shelf_size(
    raw: str | None, department: str, cents: int, by_weight: bool | None
) -> Names | None:
    """The size of what one buys, in words.

    Loose fruit, meat and flowers carry the size of the case that the store received
    ("40 LB" of bananas). No size is said of what goes over the scale, of ten pounds
    and more where the sales are too few to tell (``by_weight`` None), and of pieces
    that would cost less than :data:`CASE_CENTS` each.
    """
    size = readable_size(raw)
    if size is None or department not in _FRESH or not (found := _AMOUNT.fullmatch(size.en)):
        return size
    amount, unit = float(found[1]), found[2]
    if unit == "lb":
        return None if by_weight or (by_weight is None and amount >= CASE_POUNDS) else size
    return None if amount >= 5 and cents < CASE_CENTS * amount else size


def maker_names(brand: str, manufacturer: int) -> Names:
    """The brand: the source hides who made a product behind a number."""
    if brand == "Private":
        return Names("Store brand", "自有品牌")
    return Names(f"Maker {manufacturer}", f"厂商 {manufacturer}")


def _path(department: Names, category: Names, kind: Names) -> list[Names]:
    """Department, category and type, without saying one name twice in a row."""
    levels = [department]
    for level in (category, kind):
        if level.en.lower() != levels[-1].en.lower() and level.zh != levels[-1].zh:
            levels.append(level)
    return levels


def describe(levels: list[Names], size: Names | None, maker: Names, *, weighed: bool) -> Names:
    """A description from facts alone: what it is, how much, where it stands, whose brand."""
    department, *_, kind = levels
    en, zh = [f"{kind.en}."], [f"{kind.zh}。"]
    if size:
        en.append(f"Package size: {size.en}.")
        zh.append(f"规格：{size.zh}。")
    if weighed:
        en.append("Sold by weight; the price is that of a usual purchase.")
        zh.append("按重量出售，价格为一次购买的常见金额。")
    en.append(f"From our {department.en} department. {maker.en}.")
    zh.append(f"{department.zh}部。{maker.zh}。")
    return Names(" ".join(en), "".join(zh))
