"""What the engine answers, on a shop whose right answers are known."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import pytest

from daogou.engine import (
    PLACEMENTS,
    Engine,
    FacetSpec,
    Placement,
    RecommendRequest,
    SearchRequest,
    render_reason,
)
from daogou.errors import FilterError, InvalidInput, NotFound
from daogou.store import Store
from daogou.types import EventType, LocalizedText, Money, Product, Slate


class Shop(Protocol):
    """What the fixtures ``shop`` and ``trained`` give."""

    store: Store

    def event(
        self, kind: EventType, visitor: str, products: Sequence[str], hours_ago: float = 0.0
    ) -> None: ...


def ids(slate: Slate) -> list[str]:
    return [item.product.id for item in slate.items]


def search(engine: Engine, query: str, **more: object) -> Slate:
    return engine.search(SearchRequest(query, **more)).slate  # type: ignore[arg-type]


def recommend(engine: Engine, placement: Placement, **more: object) -> Slate:
    return engine.recommend(RecommendRequest(placement, **more))  # type: ignore[arg-type]


def codes(slate: Slate, product_id: str) -> list[str]:
    (found,) = [item for item in slate.items if item.product.id == product_id]
    return [reason.code for reason in found.reasons]


# --- search


@pytest.mark.parametrize(
    ("query", "found"), [("cola", {"cola", "diet"}), ("可乐", {"cola", "diet"})]
)
def test_search_finds_in_both_languages(engine: Engine, query: str, found: set[str]) -> None:
    slate = search(engine, query)
    assert set(ids(slate)[:2]) == found
    assert codes(slate, "cola")[0] == "matches"
    assert "lexical" in slate.items[0].sources


def test_facets_and_the_total_count_the_whole_match_set(engine: Engine) -> None:
    slate = search(engine, "", page_size=2, facets=(FacetSpec("brand"), FacetSpec("categories")))
    assert len(slate.items) == 2
    assert slate.total == 10
    brand, categories = slate.facets
    assert {v.value: v.count for v in brand.values} == {"Acme": 3, "Bolt": 2, "Nutty": 1}
    counts = {v.value: v.count for v in categories.values}
    assert (counts["Drinks"], counts["Drinks > Soda"]) == (4, 3)


def test_a_filter_takes_away_and_the_facets_follow(engine: Engine) -> None:
    slate = search(
        engine, "", filter='categories: ANY("饮料") AND price < 2.50', facets=(FacetSpec("brand"),)
    )
    assert set(ids(slate)) == {"cola", "diet", "lemon"}
    assert {v.value: v.count for v in slate.facets[0].values} == {"Acme": 2, "Bolt": 1}


def test_pages_by_offset_give_everything_once(engine: Engine) -> None:
    whole = ids(search(engine, "", visitor_id="a1", page_size=100))
    pages = [ids(search(engine, "", visitor_id="a1", page_size=3, offset=n)) for n in (0, 3, 6, 9)]
    assert [i for page in pages for i in page] == whole
    assert len(set(whole)) == 10
    assert search(engine, "", offset=99).items == ()


def test_order_by_a_field(engine: Engine) -> None:
    slate = search(engine, "", order_by="price desc", page_size=3)
    assert ids(slate) == ["paper", "nuts", "tea"]
    assert ids(search(engine, "cola", order_by="price")) == ["cola", "diet"]


def test_search_is_personal_unless_told_otherwise(engine: Engine, trained: Shop) -> None:
    for hours in (50, 60, 70):
        trained.event("purchase-complete", "v", ["diet"], hours)
    assert ids(search(engine, "colas"))[0] == "cola"
    assert ids(search(engine, "colas", visitor_id="v"))[0] == "diet"
    plain = search(engine, "cola", visitor_id="v", personalize=False)
    assert ids(plain) == ids(search(engine, "cola", visitor_id="somebody", personalize=False))
    assert ids(plain)[0] == "cola"
    assert "bought_before" not in codes(plain, "diet")


def test_where_few_have_the_words_those_of_near_meaning_join(engine: Engine) -> None:
    slate = search(engine, "biscuits")
    assert ids(slate) == ["cookies"]
    assert slate.items[0].sources == ("meaning",)


def test_signs_without_a_word_find_nothing(engine: Engine) -> None:
    assert search(engine, "?!").total == 0


def test_bad_requests_say_what_is_wrong(engine: Engine) -> None:
    with pytest.raises(FilterError, match="Did you mean 'price'"):
        search(engine, "", filter="prise < 3")
    with pytest.raises(InvalidInput, match="no facet 'colour'"):
        search(engine, "", facets=(FacetSpec("colour"),))
    with pytest.raises(InvalidInput, match="orderBy has"):
        search(engine, "", order_by="beauty")
    with pytest.raises(InvalidInput, match="pageSize is 0"):
        search(engine, "", page_size=0)
    with pytest.raises(InvalidInput, match="offset is -1"):
        search(engine, "", offset=-1)
    with pytest.raises(InvalidInput, match="none was named"):
        recommend(engine, "similar")
    with pytest.raises(InvalidInput, match="diversity is 2"):
        recommend(engine, "home", diversity=2)
    with pytest.raises(InvalidInput, match="placement is 'hom'"):
        recommend(engine, "hom")  # type: ignore[arg-type]


# --- what changes in the store


def test_a_change_of_the_catalogue_shows_in_the_next_answer(engine: Engine, trained: Shop) -> None:
    (cola,) = [item.product for item in search(engine, "cola").items if item.product.id == "cola"]
    trained.store.put_products([replace(cola, price=Money(1, "USD"))])
    assert ids(search(engine, "", filter="price < 0.02")) == ["cola"]
    trained.store.put_products([replace(cola, title="Ginger ale")])
    assert ids(search(engine, "ginger ale"))[0] == "cola"
    trained.store.delete_products(["cola"])
    assert "cola" not in ids(search(engine, "ginger ale"))
    assert "cola" not in ids(search(engine, "", page_size=100))


def test_a_new_product_is_found_and_recommended_at_once(engine: Engine, trained: Shop) -> None:
    new = Product(
        id="oolong",
        title="Oolong tea",
        categories=("Drinks > Tea",),
        price=Money(450, "USD"),
        localized={"zh": LocalizedText("乌龙茶")},
    )
    trained.store.put_products([new])
    assert ids(search(engine, "oolong")) == ["oolong"]
    assert ids(search(engine, "乌龙茶"))[0] == "oolong"
    assert ids(recommend(engine, "similar", product_ids=("tea",)))[0] == "oolong"
    assert "oolong" in ids(recommend(engine, "home", visitor_id="b1", page_size=100))
    trained.event("detail-page-view", "w", ["oolong"])
    assert "viewed_recently" in codes(search(engine, "oolong", visitor_id="w"), "oolong")


# --- recommendations


def test_what_goes_with_a_product_is_what_was_bought_with_it(engine: Engine) -> None:
    slate = recommend(engine, "goes-with", product_ids=("cola",))
    assert ids(slate)[0] == "crisps"
    (reason,) = [r for r in slate.items[0].reasons if r.code == "goes_with"]
    assert reason.product_ids == ("cola",)
    assert "cola" not in ids(slate)
    assert slate.items[0].sources == ("item-to-item",)


def test_similar_products_are_like_it_and_say_so(engine: Engine) -> None:
    slate = recommend(engine, "similar", product_ids=("cola",), page_size=3, diversity=0)
    assert ids(slate)[0] == "diet"
    assert slate.items[0].reasons[0].code == "similar_to"


def test_buy_again_is_what_was_bought_and_nothing_else(engine: Engine) -> None:
    slate = recommend(engine, "buy-again", visitor_id="a3")
    assert set(ids(slate)) == {"cola", "crisps"}
    assert all(item.reasons[0].code == "bought_before" for item in slate.items)
    assert ids(recommend(engine, "buy-again", visitor_id="nobody")) == []


def test_the_cart_brings_what_goes_with_it_and_never_itself(engine: Engine, trained: Shop) -> None:
    slate = recommend(engine, "cart", product_ids=("tea", "cola"), page_size=2)
    assert set(ids(slate)) == {"cookies", "crisps"}
    trained.event("add-to-cart", "v", ["tea"])
    slate = recommend(engine, "cart", visitor_id="v")
    assert ids(slate)[0] == "cookies"
    assert "tea" not in ids(slate)


def test_a_stranger_is_shown_what_is_popular(engine: Engine) -> None:
    slate = recommend(engine, "home", visitor_id="nobody", diversity=0)
    assert ids(slate)[0] == "soap"  # sold as often as the others, but last
    assert slate.items[0].reasons[0].code == "popular_in"
    assert ids(slate) == ids(recommend(engine, "home", diversity=0))


def test_the_next_answer_knows_the_newest_event(engine: Engine, trained: Shop) -> None:
    before = ids(recommend(engine, "home", visitor_id="v"))
    assert before[0] == "soap"
    trained.event("detail-page-view", "v", ["tea"])
    assert ids(recommend(engine, "home", visitor_id="v"))[0] == "cookies"
    trained.event("not-interested", "v", ["cookies"])
    assert "cookies" not in ids(recommend(engine, "home", visitor_id="v", page_size=100))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_what_cannot_be_had_is_not_recommended(
    engine: Engine, trained: Shop, placement: Placement
) -> None:
    about = {"visitor_id": "a1", "product_ids": ("cola",), "page_size": 100}
    products = trained.store.products(["crisps", "diet"])
    assert "crisps" in ids(recommend(engine, placement, **about))
    trained.store.put_products([replace(products["crisps"], availability="OUT_OF_STOCK")])
    assert "crisps" not in ids(recommend(engine, placement, **about))
    filtered = recommend(engine, placement, filter='-brand: ANY("Acme")', **about)
    assert all(item.product.brand != "Acme" for item in filtered.items)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_no_product_comes_twice_and_the_page_is_as_long_as_asked(
    engine: Engine, placement: Placement
) -> None:
    slate = recommend(engine, placement, visitor_id="a1", product_ids=("cola",), page_size=4)
    assert len(ids(slate)) == len(set(ids(slate))) <= 4
    assert len(slate.items) == (1 if placement == "buy-again" else 4)


def test_diversity_brings_other_categories_forward(engine: Engine) -> None:
    alike = recommend(engine, "similar", product_ids=("diet",), page_size=3, diversity=0)
    mixed = recommend(engine, "similar", product_ids=("diet",), page_size=3, diversity=1)
    assert len({i.product.categories for i in alike.items}) < len(
        {i.product.categories for i in mixed.items}
    )


def test_a_slate_can_be_reported_back_on(engine: Engine) -> None:
    first, second = recommend(engine, "home"), recommend(engine, "home")
    assert first.recommendation_id != second.recommendation_id
    assert first.policy_id == second.policy_id == f"{engine.bundle_id}/home"


def test_every_reason_can_be_said_in_both_languages(engine: Engine) -> None:
    for placement in PLACEMENTS:
        for language in ("en", "zh"):
            slate = recommend(
                engine, placement, visitor_id="a1", product_ids=("cola",), language=language
            )
            for item in slate.items:
                for reason in item.reasons:
                    assert "{" not in render_reason(reason, language, {"cola": "Cola"})


# --- explanations


def test_an_explanation_shows_the_numbers_that_decided(engine: Engine) -> None:
    told = engine.explain("a1", "crisps")
    assert told.features["personal"]["bought_ever"] == 1
    assert set(told.scores) == {"next", "relevance", "purchase"}
    assert told.sources["personal"].rank < 2
    assert told.reasons[0].code == "bought_before"
    assert told.policy_id == f"{engine.bundle_id}/home"
    with pytest.raises(NotFound, match="no product 'gone'"):
        engine.explain("a1", "gone")


# --- without a bundle


def test_a_shop_without_a_bundle_answers(untrained: Engine, shop: Shop) -> None:
    assert untrained.bundle_id is None
    assert set(ids(search(untrained, "可乐"))) == {"cola", "diet"}
    home = recommend(untrained, "home", diversity=0)
    assert ids(home)[0] == "soap"
    assert home.policy_id == "untrained/home"
    alike = recommend(untrained, "similar", product_ids=("cola",), diversity=0)
    assert set(ids(alike)[:2]) == {"lemon", "diet"}
    assert set(ids(recommend(untrained, "buy-again", visitor_id="a1"))) == {"cola", "crisps"}
    shop.store.put_products([Product(id="new", title="Brand new thing")])
    assert ids(search(untrained, "brand new"))[0] == "new"
    assert "new" in ids(recommend(untrained, "home", page_size=100))
    told = untrained.explain("a1", "cola")
    assert told.features == {}
    assert told.scores == {}


def test_an_empty_shop_answers(shop: Shop, open_engine: Callable[[Shop], Engine]) -> None:
    shop.store.delete_products([p.id for p in shop.store.iter_products()])
    engine = open_engine(shop)
    assert search(engine, "cola").total == 0
    assert search(engine, "").total == 0
    for placement in PLACEMENTS:
        assert recommend(engine, placement, product_ids=("cola",)).items == ()
