"""Search from the words to the page, on the planted shop."""

import time
from collections.abc import Callable, Sequence

import pytest

from daogou.engine import Boost, Engine, FacetSpec, SearchRequest, SearchSlate
from daogou.errors import FilterError, InvalidInput
from daogou.merchandising import (
    BoostAction,
    Condition,
    Control,
    ControlSet,
    FilterAction,
    OnewaySynonymsAction,
    PinAction,
    QueryTerm,
    RedirectAction,
    ReplacementAction,
)
from daogou.types import Money, Product
from tests.engine.conftest import Shop


@pytest.fixture
def engine(trained: Shop, open_engine: Callable[[Shop], Engine]) -> Engine:
    return open_engine(trained)


def search(engine: Engine, query: str, **more: object) -> SearchSlate:
    return engine.search(SearchRequest(query, **more))  # type: ignore[arg-type]


def wait_for(done: Callable[[], bool]) -> None:
    """Wait for another thread; fails after a while."""
    for _ in range(200):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("It did not come to pass in ten seconds.")


def ids(found: SearchSlate) -> list[str]:
    return [item.product.id for item in found.slate.items]


def labels(found: SearchSlate) -> list[str]:
    return [chip.label for chip in found.chips]


def test_a_budget_filters_and_is_shown(engine: Engine) -> None:
    found = search(engine, "soda under $2.05")
    assert set(ids(found)) == {"cola", "lemon"}
    (chip,) = [c for c in found.chips if c.field == "price"]
    assert (chip.label, chip.applied, chip.high) == ("up to $2.05", "filter", 205)
    assert "soda under $2.05"[chip.start : chip.end] == "under $2.05"
    assert search(engine, "", filter=chip.filter).slate.total == 3  # cola, lemon, sponge


def test_a_removed_chip_no_longer_filters(engine: Engine) -> None:
    found = search(engine, "soda under $2.05")
    (chip,) = [c for c in found.chips if c.field == "price"]
    wider = search(engine, "soda under $2.05", removed=(chip.id,))
    assert set(ids(wider)) == {"cola", "diet", "lemon"}
    assert chip.id not in [c.id for c in wider.chips]


def test_a_brand_that_is_not_wanted_is_left_out(engine: Engine) -> None:
    assert "lemon" not in ids(search(engine, "soda not bolt"))
    assert set(ids(search(engine, "soda not bolt"))) == {"cola", "diet"}


def test_who_wants_no_sugar_wants_what_is_free_of_it(engine: Engine, trained: Shop) -> None:
    trained.store.put_products(
        [
            Product(id="sweet", title="Tonic water with sugar", price=Money(100, "USD")),
            Product(id="free", title="Tonic water, sugar-free", price=Money(100, "USD")),
        ]
    )
    assert set(ids(search(engine, "tonic water"))) >= {"sweet", "free"}
    found = ids(search(engine, "tonic water without sugar"))
    assert "free" in found
    assert "sweet" not in found


def test_cheaper_than_a_product_is_below_its_price(engine: Engine) -> None:
    found = search(engine, "soda cheaper than the diet cola")
    assert set(ids(found)) == {"cola", "lemon"}
    (chip,) = [c for c in found.chips if c.field == "price"]
    assert chip.high == 218
    assert "diet cola" in chip.label
    alone = search(engine, "cheaper than the diet cola")
    assert ids(alone)[0] == "cola"


def test_an_amount_in_another_currency_is_no_budget(engine: Engine) -> None:
    found = search(engine, "soda under ¥1")
    assert set(ids(found)) == {"cola", "diet", "lemon"}
    assert [c for c in found.chips if c.field == "price"] == []


def test_chinese_is_understood_alike(engine: Engine) -> None:
    found = search(engine, "2块以下的饮料", language="zh")
    assert set(ids(found)) == {"cola", "lemon"}
    assert "不超过 $2" in labels(found)


def test_understanding_can_be_switched_off(engine: Engine) -> None:
    found = search(engine, "tea under $1", understand=False)
    assert "tea" in ids(found)
    assert found.chips == ()
    assert found.understanding is None


def test_a_sort_in_words_sorts(engine: Engine) -> None:
    found = search(engine, "cheapest soda")
    assert found.order_by == "price"
    assert ids(found)[0] == "lemon"
    dear = search(engine, "cheapest soda", order_by="price desc")
    assert ids(dear)[0] == "diet"


def test_nothing_in_the_budget_offers_the_nearest_price(engine: Engine) -> None:
    found = search(engine, "green tea under $3")
    assert ids(found)[0] == "tea"
    (said,) = [r for r in found.relaxations if r.applied]
    assert said.text == "Nothing up to $3. From $3.99:"
    (chip,) = [c for c in found.chips if c.field == "price"]
    assert said.removed == (chip.id,)
    assert chip.applied == "relaxed"


def test_facets_count_what_a_way_out_shows(engine: Engine) -> None:
    spec = FacetSpec("brand", excluded_filter_keys=("brand",))
    found = search(engine, "green tea under $3", filter='brand: ANY("Bolt")', facets=(spec,))
    assert ids(found)[0] == "tea"
    (facet,) = found.slate.facets
    assert "Bolt" in [value.value for value in facet.values]


def test_what_was_refused_is_not_shown_unasked(engine: Engine) -> None:
    found = search(engine, "green tea not bolt")
    assert found.slate.total == 0
    assert [r.applied for r in found.relaxations] == [False]
    assert found.relaxations[0].text == "Nothing matches “not Bolt” as well. Without it:"


def test_a_filter_that_leaves_nothing_is_named(engine: Engine) -> None:
    found = search(engine, "tea", filter="price > 100", language="zh")
    assert found.relaxations[0].text == "没有符合当前筛选的商品。去掉筛选："
    assert ids(found) == ["tea"]


def test_a_misspelled_word_is_corrected_and_said(engine: Engine) -> None:
    found = search(engine, "lemonaed")
    assert (found.corrected_query, found.correction_applied) == ("lemonade", True)
    assert ids(found)[0] == "lemon"
    kept = search(engine, "lemonaed", spelling="SUGGESTION_ONLY")
    assert (kept.corrected_query, kept.correction_applied) == ("lemonade", False)


def test_words_of_a_budget_are_no_typing_errors(engine: Engine) -> None:
    assert search(engine, "cheapest soda under fifty dollars").corrected_query is None


def test_codes_and_whole_titles_come_first(engine: Engine, trained: Shop) -> None:
    trained.store.put_products(
        [
            Product(id="sku-77", title="Soap dish", price=Money(100, "USD"), gtin="4006381333931"),
            Product(id="copy", title="Green tea, 20 bags, gift set", price=Money(100, "USD")),
        ]
    )
    assert ids(search(engine, "sku-77"))[0] == "sku-77"
    assert ids(search(engine, "4006381333931"))[0] == "sku-77"
    assert ids(search(engine, "04006381333931"))[0] == "sku-77"
    assert ids(search(engine, "green tea, 20 BAGS"))[0] == "tea"
    assert ids(search(engine, "绿茶 20包"))[0] == "tea"


def test_boosts_move_up_and_down(engine: Engine) -> None:
    up = search(engine, "soda", boosts=(Boost('brand: ANY("Bolt")', 1.0),))
    assert ids(up)[0] == "lemon"
    down = search(engine, "soda", boosts=(Boost('brand: ANY("Bolt")', -1.0),))
    assert ids(down)[-1] == "lemon"


def test_a_bad_boost_says_which(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="column 1") as caught:
        search(engine, "soda", boosts=(Boost("", 0.1), Boost("brnd: ANY(1)", 0.5)))
    assert caught.value.field == "boostSpec.conditionBoostSpecs.1.condition"
    with pytest.raises(InvalidInput, match="expected -1"):
        search(engine, "soda", boosts=(Boost('brand: ANY("Bolt")', 2.0),))


def test_a_json_filter_filters(engine: Engine) -> None:
    found = search(engine, "", filter={"field": "price", "lt": 2})
    assert set(ids(found)) == {"cola", "lemon", "sponge"}
    with pytest.raises(FilterError):
        search(engine, "", filter="price <")


def test_an_attribute_that_few_tell_prefers_and_one_that_most_tell_filters(
    engine: Engine, trained: Shop
) -> None:
    def mugs(told: int) -> list[Product]:
        colours = ["Red", "Blue", "Green", "Blue"]
        return [
            Product(
                id=f"mug{n}",
                title=f"Coffee mug {n}",
                price=Money(100, "USD"),
                attributes={"color": (colours[n],)} if n < told else {},
            )
            for n in range(4)
        ]

    trained.store.put_products(mugs(4))
    search(engine, "mug")  # new values are read in a thread
    wait_for(lambda: len(search(engine, "red coffee mug").chips) > 0)
    found = search(engine, "red coffee mug")
    assert [c.applied for c in found.chips if c.field == "attributes.color"] == ["filter"]
    assert ids(found) == ["mug0"]
    trained.store.put_products(mugs(1))
    found = search(engine, "red coffee mug")
    assert [c.applied for c in found.chips if c.field == "attributes.color"] == ["boost"]
    assert ids(found)[0] == "mug0"
    assert set(ids(found)) >= {"mug0", "mug1", "mug2", "mug3"}


def test_a_facet_keeps_counting_what_its_own_filter_hides(engine: Engine) -> None:
    spec = FacetSpec("brand", excluded_filter_keys=("brand",))
    found = search(engine, "soda", filter='brand: ANY("Acme")', facets=(spec, FacetSpec("brand")))
    open_, closed = found.slate.facets
    assert {v.value: v.count for v in open_.values} == {"Acme": 2, "Bolt": 1}
    assert {v.value: v.count for v in closed.values} == {"Acme": 2}


def test_pages_stay_as_they_were_while_events_flow_in(engine: Engine, trained: Shop) -> None:
    trained.event("detail-page-view", "v", ["lemon"], 2)
    whole = ids(search(engine, "soda", visitor_id="v", page_size=3))
    first = search(engine, "soda", visitor_id="v", page_size=1)
    for n in range(5):
        trained.event("purchase-complete", "v", ["diet"], -1 - n)
    second = search(engine, "soda", visitor_id="v", page_size=2, page_token=first.next_page_token)
    assert ids(first) + ids(second) == whole
    assert second.next_page_token is None


def test_pages_cover_everything_once(engine: Engine) -> None:
    token, seen = "", []
    while True:
        page = search(engine, "", page_size=3, page_token=token)
        seen += ids(page)
        if page.next_page_token is None:
            break
        token = page.next_page_token
    assert sorted(seen) == sorted(ids(search(engine, "", page_size=100)))
    assert len(seen) == len(set(seen)) == 10


def control(action: object, *terms: str, id_: str = "c") -> Control:
    condition = Condition(tuple(QueryTerm(term) for term in terms))
    return Control(id_, id_, action, condition)  # type: ignore[arg-type]


def with_controls(engine: Engine, query: str, controls: Sequence[Control]) -> SearchSlate:
    return engine.search(SearchRequest(query), ControlSet(controls))


@pytest.mark.parametrize(
    ("made", "query", "first"),
    [
        (control(PinAction(((1, "nuts"),)), "soda"), "soda", ["nuts"]),
        (control(PinAction(((2, "nuts"),)), "soda"), "soda", [None, "nuts"]),
        (control(BoostAction(1.0, 'brand: ANY("Bolt")'), "soda"), "soda", ["lemon"]),
        (control(FilterAction('brand: ANY("Bolt")'), "soda"), "soda", ["lemon"]),
        (control(OnewaySynonymsAction(("infusion",), ("green tea",))), "infusion", ["tea"]),
        (control(ReplacementAction(("infusion",), "green tea")), "infusion", ["tea"]),
    ],
)
def test_controls_act(engine: Engine, made: Control, query: str, first: list[str | None]) -> None:
    found = with_controls(engine, query, [made])
    got = ids(found)[: len(first)]
    assert [g if f else None for g, f in zip(got, first, strict=True)] == first
    assert found.controls == ("c",)
    assert with_controls(engine, "cookies", [made]).controls == ()


def test_a_redirect_is_told(engine: Engine) -> None:
    made = control(RedirectAction("/returns"), "return policy")
    assert with_controls(engine, "return policy", [made]).redirect_uri == "/returns"
    assert with_controls(engine, "soda", [made]).redirect_uri is None


@pytest.mark.parametrize(
    "action",
    [FilterAction('attributes.gone: ANY("x")'), BoostAction(1.0, 'attributes.gone: ANY("x")')],
)
def test_a_control_on_a_field_that_is_gone_hurts_nobody(
    engine: Engine, caplog: pytest.LogCaptureFixture, action: object
) -> None:
    plain = ids(search(engine, "soda"))
    assert ids(with_controls(engine, "soda", [control(action, "soda")])) == plain
    assert "attributes.gone" in caplog.text


def test_controls_of_the_store_hold_from_the_next_request_on(engine: Engine, trained: Shop) -> None:
    assert ids(search(engine, "soda"))[0] != "nuts"
    trained.store.put_control(control(PinAction(((1, "nuts"),)), "soda"))
    assert ids(search(engine, "soda"))[0] == "nuts"
    trained.store.delete_control("c")
    assert ids(search(engine, "soda"))[0] != "nuts"


def test_two_visitors_get_one_page_without_personalisation(engine: Engine, trained: Shop) -> None:
    for hours in (50, 60, 70):
        trained.event("purchase-complete", "v", ["diet"], hours)
    one = search(engine, "soda", visitor_id="v", personalize=False)
    other = search(engine, "soda", visitor_id="w", personalize=False)
    assert [(i.product.id, i.score) for i in one.slate.items] == [
        (i.product.id, i.score) for i in other.slate.items
    ]


def test_strict_is_only_what_clearly_matches(engine: Engine) -> None:
    strict = engine.search(SearchRequest("cola", strict=True))
    assert sorted(ids(strict)) == ["cola", "diet"]
    assert strict.slate.total == 2
    assert not strict.partial
    nothing = engine.search(SearchRequest("cola under $1", strict=True))
    assert ids(nothing) == []
    assert nothing.relaxations == ()


def test_what_no_product_has_all_words_of_is_partial(engine: Engine) -> None:
    assert engine.search(SearchRequest("green cola", strict=True)).partial
    assert not engine.search(SearchRequest("green tea", strict=True)).partial


def test_a_text_is_read_without_a_search(engine: Engine) -> None:
    read = engine.understand("chartreuse cola under $2, not diet")
    assert read.words == "chartreuse cola"
    assert read.unknown == ("chartreuse",)
    assert [c.label for c in read.chips if c.applied == "filter"] == ["up to $2", "not diet"]
    assert engine.understand("最便宜的可乐", "zh").order_by == "price"
    assert engine.understand("  ").understanding is None
