from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from daogou.engine.catalogue import Catalogue
from daogou.engine.changes import apply_changes
from daogou.engine.facets import check_facet, count_facet, nice_edges, without_keys
from daogou.engine.filters import parse_filter
from daogou.engine.matching import evaluate_filter
from daogou.engine.requests import FacetSpec
from daogou.errors import InvalidInput
from daogou.features import ItemTable
from daogou.types import Facet, LocalizedText, Money, Product

COLA = Product(
    id="cola",
    title="Cola",
    brand="Acme",
    categories=("Grocery > Soft drinks > Cola",),
    price=Money(1999, "USD"),
    original_price=Money(2499, "USD"),
    attributes={"size": ("2 L",), "pack": ("6",)},
    rating=4.5,
    rating_count=12,
    localized={"zh": LocalizedText(title="可乐", categories=("食品 > 软饮料 > 可乐",))},
    published=datetime(2025, 3, 1, tzinfo=UTC),
)
TEA = Product(
    id="tea",
    title="Tea",
    brand="Bolt",
    categories=("Grocery > Tea",),
    price=Money(500, "USD"),
    availability="OUT_OF_STOCK",
    attributes={"size": ("100 g", "200 g"), "pack": ("12",)},
    tags=("organic",),
    rating=3.0,
)
SOAP = Product(id="soap", title="Soap", categories=("Drugstore > Soap",), price=Money(1000, "USD"))
GIFT = Product(id="gift", title="Gift", price=Money(1500, "EUR"))


@pytest.fixture
def shop() -> Catalogue:
    return apply_changes(Catalogue.empty(), [COLA, TEA, SOAP, GIFT], (), 1)


def matching(shop: Catalogue, text: str) -> list[str]:
    rows = evaluate_filter(parse_filter(text, shop.fields), shop)
    return [shop.table.ids[i] for i in np.flatnonzero(rows)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["cola", "tea", "soap", "gift"]),
        ('brand: ANY("acme ", "none")', ["cola"]),
        ('brands: ANY("Bolt")', ["tea"]),
        ('-brand: ANY("Acme")', ["tea", "soap", "gift"]),
        ('categories: ANY("Grocery")', ["cola", "tea"]),
        ('categories: ANY("grocery>soft  drinks")', ["cola"]),
        ('categories: ANY("食品 > 软饮料")', ["cola"]),
        ('categories: ANY("Soft drinks")', []),
        ('id: ANY("soap", "gone")', ["soap"]),
        ('availability: ANY("IN_STOCK")', ["cola", "soap", "gift"]),
        ('tags: ANY("ORGANIC")', ["tea"]),
        ('attributes.size: ANY("200 g", "2 L")', ["cola", "tea"]),
        ("attributes.pack >= 12", ["tea"]),
        ("attributes.pack: IN(1, 12)", ["cola"]),
        ("price = 19.99", ["cola"]),
        ("price: IN(5, 10)", ["tea"]),
        ("price: IN(5e, 10i)", ["soap"]),
        ("price: IN(*, *)", ["cola", "tea", "soap"]),
        ("NOT price < 10", ["cola", "soap", "gift"]),
        ("discount > 0", ["cola"]),
        ("originalPrice <= 24.99", ["cola"]),
        ("rating >= 3 AND ratingCount > 1", ["cola"]),
        ('(rating > 4 OR tags: ANY("organic")) AND price < 10', ["tea"]),
    ],
)
def test_filters(shop: Catalogue, text: str, ids: list[str]) -> None:
    assert matching(shop, text) == ids


def test_the_price_of_a_shop_without_minor_units() -> None:
    yen = Product(id="y", title="Y", price=Money(500, "JPY"))
    assert matching(apply_changes(Catalogue.empty(), [yen], (), 1), "price = 500") == ["y"]


def test_a_change_shows_and_leaves_the_older_catalogue_as_it_was(shop: Catalogue) -> None:
    cheaper = Product(
        id="cola", title="Cola", categories=("Drugstore > Soap",), price=Money(1, "USD")
    )
    after = apply_changes(shop, [cheaper, Product(id="new", title="New")], ["tea"], 2)
    assert matching(after, 'categories: ANY("Drugstore")') == ["cola", "soap"]
    assert matching(after, "price < 1") == ["cola"]
    assert matching(after, "attributes.pack > 0") == ["tea"]  # deleted, and not live any more
    assert after.live.tolist() == [True, False, True, True, True]
    assert after.table.index["new"] == 4
    assert after.table.price[0] == 1
    assert matching(shop, 'categories: ANY("Drugstore")') == ["soap"]
    assert matching(shop, "price = 19.99") == ["cola"]
    assert shop.live.all()
    assert len(shop) == 4


def test_a_deleted_product_that_comes_back_has_its_old_row(shop: Catalogue) -> None:
    back = apply_changes(apply_changes(shop, [], ["tea"], 2), [TEA], [], 3)
    assert back.live.all()
    assert back.table.index["tea"] == 1


def test_a_price_change_keeps_the_columns_of_texts(shop: Catalogue) -> None:
    after = apply_changes(shop, [replace(TEA, price=Money(1, "USD"))], (), 2)
    for field, postings in after.texts.items():
        assert postings is shop.texts[field]


def test_rows_begin_with_the_items_of_the_bundle() -> None:
    table = ItemTable.from_products([SOAP, Product(id="gone", title="Gone"), COLA])
    shop = apply_changes(Catalogue.empty(table), [COLA, TEA, SOAP], (), 1)
    assert shop.table.ids == ("soap", "gone", "cola", "tea")
    assert shop.live.tolist() == [True, False, True, True]
    # A code of the bundle means the same here; a new word gets one behind them.
    assert shop.table.category[2] == table.category[2]
    assert shop.table.categories.words[shop.table.category[3]] == "Grocery > Tea"


def test_many_changes_one_by_one_equal_all_at_once() -> None:
    rng = np.random.default_rng(5)
    products: dict[str, Product] = {}
    step = Catalogue.empty()
    for revision in range(60):
        product = Product(
            id=f"p{rng.integers(12)}",
            title="x",
            brand=str(rng.integers(3)),
            categories=tuple(f"a > {c}" for c in rng.integers(4, size=rng.integers(3))),
            price=Money(int(rng.integers(100)), "USD"),
            attributes={"k": (str(rng.integers(3)),)} if rng.random() < 0.5 else {},
        )
        products[product.id] = product
        step = apply_changes(step, [product], (), revision)
    whole = apply_changes(Catalogue.empty(), products.values(), (), 60)
    for text in ("price < 0.5", 'brand: ANY("1")', 'categories: ANY("a > 2")', "attributes.k = 1"):
        assert set(matching(step, text)) == set(matching(whole, text))
    everything = np.ones(len(step), np.bool_)
    for field, postings in step.texts.items():
        assert np.all(np.diff(postings.rows) >= 0)
        counted = postings.counts(everything)
        words = {postings.vocabulary.words[c]: counted[c] for c in np.flatnonzero(counted)}
        other = whole.texts[field]
        counted = other.counts(everything)
        assert words == {other.vocabulary.words[c]: counted[c] for c in np.flatnonzero(counted)}


def values(facet: Facet) -> list[tuple[str | None, int]]:
    return [(v.value, v.count) for v in facet.values]


def test_facets_count_the_matches_by_falling_count(shop: Catalogue) -> None:
    matches = np.array([True, True, True, False])
    brand, categories, size = (
        count_facet(shop, matches, FacetSpec(key), "en")
        for key in ("brand", "categories", "attributes.size")
    )
    assert values(brand) == [("Acme", 1), ("Bolt", 1)]
    assert values(categories)[0] == ("Grocery", 2)
    assert ("Grocery > Soft drinks", 1) in values(categories)
    assert values(size) == [("2 L", 1), ("100 g", 1), ("200 g", 1)]


def test_facets_speak_the_language_where_they_can(shop: Catalogue) -> None:
    facet = count_facet(shop, shop.live, FacetSpec("categories"), "zh")
    assert values(facet)[:2] == [("食品", 2), ("食品 > 软饮料", 1)]
    assert ("Grocery > Tea", 1) in values(facet)


def test_intervals_cover_every_priced_match_once(shop: Catalogue) -> None:
    facet = count_facet(shop, shop.live, FacetSpec("price"), "en")
    assert sum(v.count for v in facet.values) == 3
    assert facet.values[0].low is None
    assert facet.values[-1].high is None
    for before, after in zip(facet.values, facet.values[1:], strict=False):
        assert before.high is not None
        assert after.low is not None
        assert before.high <= after.low


def test_edges_are_round_and_split_evenly() -> None:
    prices = np.arange(1.0, 1001.0)
    assert nice_edges(prices, whole=True) == [200, 400, 600, 800]
    assert nice_edges(np.array([300.0, 300.0]), whole=True) == []
    assert nice_edges(np.array([1.0, 2.0]), whole=True) == [2.0]


def test_no_matches_no_values(shop: Catalogue) -> None:
    none = np.zeros(4, np.bool_)
    for key in ("price", "brand"):
        assert count_facet(shop, none, FacetSpec(key), "en").values == ()


def test_an_unknown_facet_names_the_nearest(shop: Catalogue) -> None:
    with pytest.raises(InvalidInput, match=r"no facet 'brnd'\. Did you mean 'brand'"):
        check_facet(shop, FacetSpec("brnd"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (FacetSpec("brand", excluded_filter_keys=("prise",)), r"'prise'\. Did you mean 'price'"),
        (FacetSpec("brand", limit=0), r"limit is 0; expected 1 to 300"),
        (FacetSpec("price", prefixes=("A",)), r"'price' is a number; expected intervals"),
        (FacetSpec("brand", intervals=((Decimal(1), None),)), r"'brand' is a text, which has no"),
        (FacetSpec("price", intervals=((Decimal(2), Decimal(1)),)), r"from 2 to 1; expected a min"),
    ],
)
def test_a_facet_that_cannot_be_counted_says_why(
    shop: Catalogue, spec: FacetSpec, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_facet(shop, spec)


def test_intervals_are_counted_as_asked(shop: Catalogue) -> None:
    spec = FacetSpec("price", intervals=((None, Decimal(2)), (Decimal(2), Decimal("1000"))))
    values = count_facet(shop, shop.live, spec, "en").values
    prices = shop.numbers["price"][shop.live]
    assert [v.count for v in values] == [int((prices < 200).sum()), int((prices >= 200).sum())]
    assert [(v.low, v.high) for v in values] == [(None, 200.0), (200.0, 100_000.0)]


def test_values_can_be_restricted_and_ordered(shop: Catalogue) -> None:
    def listed(spec: FacetSpec) -> list[str | None]:
        return [v.value for v in count_facet(shop, shop.live, spec, "en").values]

    everything = listed(FacetSpec("brand"))
    assert len(everything) > 1
    assert listed(FacetSpec("brand", restricted_values=("bolt",))) == ["Bolt"]
    assert listed(FacetSpec("brand", prefixes=("Ac",))) == ["Acme"]
    assert listed(FacetSpec("brand", prefixes=("ac",))) == []
    assert listed(FacetSpec("brand", contains=("CM",), case_insensitive=True)) == ["Acme"]
    descending = listed(FacetSpec("brand", order_by="value desc"))
    assert descending == sorted(map(str, everything), reverse=True)
    assert listed(FacetSpec("brand", limit=1)) == everything[:1]


def test_a_facet_leaves_the_filter_on_itself_aside(shop: Catalogue) -> None:
    node = parse_filter('brand: ANY("Acme") AND price > 1 AND rating >= 3', shop.fields)
    left = without_keys(node, frozenset({"brand", "rating"}))
    assert left == parse_filter("price > 1", shop.fields)
    assert without_keys(left, frozenset({"price"})) is None
    mixed = parse_filter('brand: ANY("Acme") OR price > 1', shop.fields)
    assert without_keys(mixed, frozenset({"brand"})) == mixed
    assert without_keys(mixed, frozenset({"brand", "price"})) is None


@pytest.mark.parametrize(
    ("order_by", "ids"),
    [
        ("price", ["tea", "soap", "cola", "gift"]),
        ("price desc", ["cola", "soap", "tea", "gift"]),
        ("discount desc, price", ["cola", "tea", "soap", "gift"]),
        ("published", ["cola", "tea", "soap", "gift"]),
    ],
)
def test_order(shop: Catalogue, order_by: str, ids: list[str]) -> None:
    rows = shop.ordered(np.arange(4, dtype=np.int32), order_by)
    assert [shop.table.ids[i] for i in rows] == ids


@pytest.mark.parametrize("order_by", ["prize", "price up", "brand", "price,"])
def test_what_has_no_order(shop: Catalogue, order_by: str) -> None:
    with pytest.raises(InvalidInput, match="orderBy has"):
        shop.ordered(np.arange(4, dtype=np.int32), order_by)
