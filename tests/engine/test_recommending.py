"""Variety, exploration and the control of popularity, on the planted shop."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from daogou.engine import PLACEMENTS, Engine, EngineConfig, Placement, RecommendRequest
from daogou.store import Store
from daogou.types import EventType, Slate

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SOLD = {"cola", "crisps", "tea", "cookies", "soap"}
UNSOLD = {"diet", "lemon", "nuts", "paper", "sponge"}
Open = Callable[..., Engine]


class Shop(Protocol):
    """What the fixture ``trained`` gives."""

    store: Store

    def event(
        self, kind: EventType, visitor: str, products: Sequence[str], hours_ago: float = 0.0
    ) -> None: ...


def ids(slate: Slate) -> list[str]:
    return [item.product.id for item in slate.items]


def home(engine: Engine, visitor: str | None, **more: object) -> Slate:
    request = {"diversity": 0.0} | more
    return engine.recommend(RecommendRequest("home", visitor, **request))  # type: ignore[arg-type]


def out_of_stock(shop: Shop, products: set[str]) -> None:
    found = shop.store.products(sorted(products))
    shop.store.put_products([replace(p, availability="OUT_OF_STOCK") for p in found.values()])


# --- variety


@pytest.mark.parametrize("arranger", ["mmr", "dpp"])
def test_both_arrangers_go_by_score_at_0_and_bring_other_kinds_above(
    trained: Shop, open_engine: Open, arranger: str
) -> None:
    engine = open_engine(trained, arranger=arranger)

    def page(diversity: float) -> Slate:
        request = RecommendRequest(
            "similar", product_ids=("diet",), page_size=3, diversity=diversity
        )
        return engine.recommend(request)

    plain, mixed = page(0), page(1)
    scores = [item.score for item in plain.items]
    assert scores == sorted(scores, reverse=True)
    assert ids(mixed)[0] == ids(plain)[0]
    kinds = [len({item.product.categories for item in slate.items}) for slate in (plain, mixed)]
    assert kinds[0] < kinds[1]


# --- exploration


def test_without_a_share_nothing_is_left_to_chance(engine: Engine) -> None:
    slate = home(engine, "stranger", page_size=5)
    assert set(ids(slate)) == SOLD
    assert [item.propensity for item in slate.items] == [1.0] * 5


def test_what_was_never_sold_gets_its_share_and_the_best_keeps_its_place(
    trained: Shop, open_engine: Open
) -> None:
    engine = open_engine(trained, explore_share=0.25)
    pages = [home(engine, f"stranger {n}", page_size=5) for n in range(100)]
    assert {ids(page)[0] for page in pages} == {"soap"}
    for page in pages:
        assert len(set(ids(page)) & UNSOLD) == 1  # of five places, the first is no candidate
        assert page.items[0].propensity == 1.0
    explored = Counter(i for page in pages for i, one in enumerate(ids(page)) if one in UNSOLD)
    assert all(10 <= explored[place] <= 40 for place in (1, 2, 3, 4))
    for place in (1, 2, 3, 4):
        for page in pages:
            mine = page.items[place]
            same = sum(ids(other)[place] == mine.product.id for other in pages)
            assert same / 100 == pytest.approx(mine.propensity, abs=0.15)


def test_a_page_stays_for_the_day_and_turns_with_it(trained: Shop) -> None:
    def pages(day: int) -> list[list[str]]:
        moment = (NOW + timedelta(days=day)).timestamp()
        config = EngineConfig(explore_share=0.25)
        with Engine.open(trained.store, None, config, clock=lambda: moment) as engine:
            return [ids(home(engine, f"stranger {n}", page_size=5)) for n in range(20)]

    assert pages(0) == pages(0)
    assert pages(0) != pages(1)


def test_what_explores_is_chosen_by_the_model(trained: Shop, open_engine: Open) -> None:
    trained.event("detail-page-view", "v", ["diet"], hours_ago=20)
    engine = open_engine(trained, explore_share=1.0)
    plain = open_engine(trained)
    everything = home(plain, "v", page_size=100)
    untried = [one for one in ids(everything) if one in UNSOLD]
    page = ids(home(engine, "v", page_size=3))
    own = ids(everything)[:3]
    assert page == [own[0], *[one for one in untried if one not in own][:2]]


def test_a_product_is_new_for_so_many_days(trained: Shop, open_engine: Open) -> None:
    out_of_stock(trained, UNSOLD)
    cookies = trained.store.products(["cookies"])["cookies"]
    trained.store.put_products([replace(cookies, published=NOW - timedelta(days=4))])
    page = ids(home(open_engine(trained, fresh_days=5, explore_share=1.0), None, page_size=2))
    assert page == ["soap", "cookies"]
    page = ids(home(open_engine(trained, fresh_days=3, explore_share=1.0), None, page_size=2))
    assert "cookies" not in page


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_exploring_keeps_out_what_cannot_be_shown(
    trained: Shop, open_engine: Open, placement: Placement
) -> None:
    out_of_stock(trained, {"nuts"})
    trained.event("not-interested", "a1", ["paper"])
    trained.event("add-to-cart", "a1", ["sponge"])
    engine = open_engine(trained, explore_share=1.0)
    request = RecommendRequest(
        placement,
        "a1",
        ("diet",),
        page_size=4,
        filter='NOT brand: ANY("Bolt")',
    )
    page = ids(engine.recommend(request))
    assert len(page) == len(set(page))
    assert not {"diet", "nuts", "paper", "sponge", "lemon", "tea"} & set(page)


def test_what_one_buys_again_is_never_an_experiment(trained: Shop, open_engine: Open) -> None:
    engine = open_engine(trained, explore_share=1.0, popularity_control=1.0)
    slate = engine.recommend(RecommendRequest("buy-again", "a3", diversity=0))
    plain = open_engine(trained).recommend(RecommendRequest("buy-again", "a3", diversity=0))
    assert [(i.product.id, i.score) for i in slate.items] == [
        (i.product.id, i.score) for i in plain.items
    ]
    assert [item.propensity for item in slate.items] == [1.0, 1.0]


# --- popularity


def test_control_takes_what_sells_well_down(trained: Shop, open_engine: Open) -> None:
    trained.event("detail-page-view", "v", ["lemon"], hours_ago=20)
    plain = ids(home(open_engine(trained), "v", page_size=4))
    controlled = ids(home(open_engine(trained, popularity_control=1.0), "v", page_size=4))
    assert len(SOLD & set(controlled)) < len(SOLD & set(plain))


def test_to_a_stranger_popularity_is_all_there_is(trained: Shop, open_engine: Open) -> None:
    plain = home(open_engine(trained), "nobody")
    assert ids(home(open_engine(trained, popularity_control=1.0), "nobody")) == ids(plain)


# --- settings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"explore_share": 1.5}, "explore_share is 1.5; expected 0 to 1"),
        ({"popularity_control": -0.1}, "popularity_control is -0.1; expected 0 to 1"),
        ({"fresh_days": -1}, "fresh_days is -1; expected 0 or more"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        EngineConfig(**settings)  # type: ignore[arg-type]
