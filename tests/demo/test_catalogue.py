"""Which products the shop has, what they cost, and what they say."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest

from daogou.demo.catalogue import (
    catalogue_frame,
    choose_products,
    iter_products,
    not_goods,
    real_sales,
    shelf_size,
)
from daogou.demo.glossary import load_glossary
from daogou.demo.prices import observed_prices, sold_by_weight, with_prices
from daogou.types import Money, Product

MakeFrame = Callable[[Sequence[dict[str, Any]]], pl.DataFrame]
NO_COUPONS = pl.DataFrame(
    schema={"coupon_upc": pl.Int64, "product_id": pl.Int64, "campaign_id": pl.Int64}
)


def ids(frame: pl.DataFrame) -> list[int]:
    return frame["product_id"].to_list()


def test_what_is_no_goods_is_named_with_its_reason(products: MakeFrame) -> None:
    frame = products(
        [
            {"product_id": 1},
            {"product_id": 2, "department": "FUEL", "product_type": "GASOLINE-REG UNLEADED"},
            {"product_id": 3, "product_category": None, "product_type": None},
            {"product_id": 4, "product_category": None, "product_type": "STRAWBERRIES"},
            {"product_id": 5, "product_category": "HOSIERY/SOCKS", "product_type": None},
            {"product_id": 6, "product_category": "TICKETS", "product_type": "TICKETS"},
        ]
    )
    found = not_goods(frame, load_glossary())
    assert dict(found.iter_rows()) == {
        2: "fuel, sold at the pump",
        3: "no category and no type: nothing to call it",
        6: "lottery and event tickets",
    }


def test_never_sold_products_that_look_alike_are_one(products: MakeFrame, sales: MakeFrame) -> None:
    frame = products(
        [
            {"product_id": 1, "manufacturer_id": 1},  # sold
            {"product_id": 2, "manufacturer_id": 2},  # never sold, looks like 1
            {"product_id": 3, "manufacturer_id": 3},  # sold, and looks like 1: stays
            {"product_id": 9, "package_size": "1 L"},  # never sold, two of a look
            {"product_id": 5, "package_size": "1 L", "manufacturer_id": 4},
            {"product_id": 6, "package_size": None},  # never sold, the only one of its look
            {"product_id": 7, "package_size": None, "brand": "Private"},
        ]
    )
    chosen = choose_products(frame, sales([{"product_id": 1}, {"product_id": 3}]), load_glossary())
    assert ids(chosen) == [1, 3, 5, 6, 7]
    assert chosen["sold"].to_list() == [True, True, False, False, False]


def test_void_lines_are_no_sales_and_a_weighed_piece_is_one(sales: MakeFrame) -> None:
    frame = sales(
        [
            {"product_id": 1, "quantity": 0, "sales_value": 0.0},
            {"product_id": 2, "quantity": 0, "sales_value": 2.5},
            {"product_id": 3, "quantity": 2, "sales_value": 0.0},
        ]
    )
    kept = real_sales(frame)
    assert kept.select("product_id", "quantity").rows() == [(2, 1), (3, 2)]


def test_a_price_is_the_median_of_the_last_weeks_with_sales(sales: MakeFrame) -> None:
    frame = sales(
        [
            {"week": 10, "sales_value": 9.0},  # five weeks before the last: out
            {"week": 12, "sales_value": 3.0, "retail_disc": 1.0, "quantity": 2},
            {"week": 14, "sales_value": 1.0, "retail_disc": 1.0},
            {"week": 15, "sales_value": 1.1, "retail_disc": 0.9, "coupon_match_disc": 0.3},
        ]
    )
    # Loyalty price a unit: 3.00/2, 1.00, 1.10 + .30; regular price: 4.00/2, 2.00, 2.30.
    assert observed_prices(frame).rows() == [(1, 140, 200)]


def test_a_manufacturers_coupon_does_not_lower_the_shelf_price(sales: MakeFrame) -> None:
    frame = sales([{"sales_value": 2.0, "coupon_disc": 1.0}])
    assert observed_prices(frame).rows() == [(1, 200, 200)]


def test_what_never_sold_costs_as_much_as_the_most_alike(
    products: MakeFrame, sales: MakeFrame
) -> None:
    frame = products(
        [
            {"product_id": 1},
            {"product_id": 2, "package_size": "1 L"},
            {"product_id": 3},  # same type and size as 1
            {"product_id": 4, "package_size": "3 L"},  # same type as 1 and 2
            {"product_id": 5, "product_type": "BEETS"},  # same category
            {"product_id": 6, "product_type": "BEETS", "product_category": "SOUP"},  # department
        ]
    )
    sold = sales([{"product_id": 1, "sales_value": 2.0}, {"product_id": 2, "sales_value": 1.0}])
    priced = with_prices(frame, sold)
    assert priced["price"].to_list() == [200, 100, 200, 150, 150, 150]
    assert priced["original_price"].to_list() == [None] * 6


def test_a_shelf_price_is_told_from_the_scale(sales: MakeFrame) -> None:
    weighed = [{"product_id": 1, "sales_value": 1 + i / 100} for i in range(20)]
    priced = [{"product_id": 2, "sales_value": 1.0 if i % 2 else 1.5} for i in range(20)]
    rare = [{"product_id": 3, "sales_value": 1 + i / 100} for i in range(7)]
    found = sold_by_weight(sales(weighed + priced + rare)).sort("product_id")
    assert found.rows() == [(1, True), (2, False)]


@pytest.mark.parametrize(
    ("raw", "department", "cents", "by_weight", "english"),
    [
        ("40 LB", "PRODUCE", 98, True, None),
        ("40 LB", "PRODUCE", 98, None, None),
        ("10 LB", "PRODUCE", 288, False, "10 lb"),
        ("5 LB", "PRODUCE", 269, None, "5 lb"),
        ("36 CT", "PRODUCE", 79, False, None),
        ("48-54 CT", "PRODUCE", 79, False, None),
        ("4 CT", "PRODUCE", 399, False, "4 ct"),
        ("16 OZ", "PRODUCE", 499, False, "16 oz"),
        ("40 LB", "GROCERY", 98, None, "40 lb"),
    ],
)
def test_the_size_of_a_case_is_not_what_one_buys(
    raw: str, department: str, cents: int, by_weight: bool | None, english: str | None
) -> None:
    size = shelf_size(raw, department, cents, by_weight)
    assert (size.en if size else None) == english


def test_a_product_says_all_that_is_known(products: MakeFrame, sales: MakeFrame) -> None:
    coupons = pl.DataFrame(
        {"coupon_upc": [5, 5, 6], "product_id": [1, 1, 1], "campaign_id": [13, 13, 8]}
    )
    sold = sales([{"sales_value": 1.0, "retail_disc": 0.79}])
    frame = catalogue_frame(products([{}]), sold, coupons, load_glossary())
    (product,) = iter_products(frame, load_glossary())
    texts = product.localized["zh"]
    assert product == Product(
        id="1",
        title="Carbonated soft drink, 2 L bottle",
        description=(
            "Carbonated soft drink, bottle. Package size: 2 L. From our Grocery department."
            " Maker 69."
        ),
        brand="Maker 69",
        categories=("Grocery > Soft drinks > Carbonated soft drink, bottle",),
        price=Money(100, "USD"),
        original_price=Money(179, "USD"),
        attributes={
            "department": ("Grocery",),
            "brand_type": ("National brand",),
            "maker": ("Maker 69",),
            "emoji": ("🥤",),
            "size": ("2 L",),
            "campaigns": ("8", "13"),
        },
        localized={"zh": texts},
    )
    assert texts.title == "碳酸软饮料 2升瓶装"
    assert texts.description == "碳酸软饮料 瓶装。规格：2升。食品杂货部。厂商 69。"
    assert texts.categories == ("食品杂货 > 软饮料 > 碳酸软饮料 瓶装",)


def test_a_store_brand_and_what_goes_over_the_scale(products: MakeFrame, sales: MakeFrame) -> None:
    banana = {
        "department": "PRODUCE",
        "brand": "Private",
        "product_category": "TROPICAL FRUIT",
        "product_type": "BANANAS",
        "package_size": "40 LB",
    }
    sold = sales([{"sales_value": 0.8 + i / 100} for i in range(20)])
    frame = catalogue_frame(products([banana]), sold, NO_COUPONS, load_glossary())
    (product,) = iter_products(frame, load_glossary())
    assert (product.title, product.title_in("zh"), product.brand) == (
        "Bananas",
        "香蕉",
        "Store brand",
    )
    assert product.attributes["sold_by"] == ("weight",)
    assert "Sold by weight; the price is that of a usual purchase." in product.description
    assert product.localized["zh"].description == (
        "香蕉。按重量出售，价格为一次购买的常见金额。水果蔬菜部。自有品牌。"
    )
    assert product.categories == ("Fruit and vegetables > Tropical fruit > Bananas",)
