"""The real shop, where its data package is installed."""

import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from daogou.demo.catalogue import LOOK, catalogue_frame, iter_products
from daogou.demo.glossary import load_glossary
from daogou.demo.source import Source, installed, load_source
from daogou.errors import FeedError
from daogou.types import Product

needs_data = pytest.mark.skipif(
    not installed(), reason="pip install 'daogou[demo]' for the data of the demo shop"
)


@cache
def raw() -> Source:
    return load_source()


@cache
def shop() -> pl.DataFrame:
    data = raw()
    return catalogue_frame(data.products, data.transactions, data.coupons, load_glossary())


@cache
def looks() -> list[Product]:
    """One product of each look: what differs by manufacturer alone has the same words."""
    return list(
        iter_products(shop().unique(LOOK, keep="first", maintain_order=True), load_glossary())
    )


@needs_data
def test_the_shop_has_every_product_sold_and_one_of_each_other_look() -> None:
    frame = shop()
    assert frame.height == 71_027
    assert frame["sold"].sum() == 67_701
    assert frame["product_id"].is_unique().all()
    assert frame["price"].min() == 1
    assert (frame["original_price"] > frame["price"]).drop_nulls().all()


def test_the_figures_in_the_documentation_are_these() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo-shop.md").read_text(encoding="utf-8")
    for figure in ("92,331", "71,027", "67,701", "3,326", "82,079"):
        assert figure in page


@needs_data
def test_every_type_of_the_source_has_a_name_of_its_own() -> None:
    glossary = load_glossary()
    types = raw().products["product_type"].fill_null("").unique()
    assert not set(types) - {kind for kind, _ in glossary.types}
    assert not set(raw().products["department"]) - glossary.departments.keys()


@needs_data
def test_every_chinese_text_is_chinese() -> None:
    for product in looks():
        texts = product.localized["zh"]
        for text in (texts.title, texts.description, *texts.categories):
            assert text
            assert re.search(r"[\u4e00-\u9fff]", text), product
            assert not re.search(r"[A-Za-z]{4,}|[@{}]", text), product
        assert texts.categories[0].count(" > ") == product.categories[0].count(" > ")


@needs_data
def test_every_english_title_reads_like_one() -> None:
    for product in looks():
        assert re.fullmatch(r"[A-Z1].*[\w)%]", product.title), product.title
        assert not re.search(r"[@{}]|  |[A-Z]{4,}|,,", product.title), product.title
        assert len(product.title) <= 80, product.title


@needs_data
def test_nearly_every_size_is_read() -> None:
    sized = shop().filter(
        pl.col("package_size").is_not_null() & (pl.col("department") == "GROCERY")
    )
    titles = iter_products(sized.sample(2000, seed=1), load_glossary())
    assert sum("size" in product.attributes for product in titles) >= 1980


def test_without_the_data_the_remedy_is_named() -> None:
    with pytest.raises(FeedError, match=r"pip install 'daogou\[demo\]'"):
        load_source("no_such_data_package")
