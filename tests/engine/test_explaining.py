"""What is said of a place is true: another visitor, whose log lacks a product, shows it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pytest

from daogou.bundle import Bundle
from daogou.engine import Engine, Explanation, RecommendRequest, render_reason
from daogou.engine.counterfactual import MAX_TESTED, verified
from daogou.features import GROUPS, History, compute, load_items
from daogou.store import Store
from daogou.types import EventType, Product, Reason, ScoredProduct

NOW: Final = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()
Did = tuple[EventType, str, float]
PAST: Final[Sequence[Did]] = (
    ("purchase-complete", "cola", 24 * 3),
    ("purchase-complete", "soap", 24 * 2),
    ("detail-page-view", "tea", 20),
)


class Shop(Protocol):
    """What the fixtures ``shop`` and ``trained`` give."""

    store: Store
    root: Path

    def event(
        self, kind: EventType, visitor: str, products: Sequence[str], hours_ago: float = 0.0
    ) -> None: ...

    def bundle(self) -> Bundle: ...


def live(shop: Shop, visitor: str, past: Sequence[Did], without: str = "") -> None:
    for kind, product, hours in past:
        if product != without:
            shop.event(kind, visitor, [product], hours)


@pytest.fixture
def visited(trained: Shop) -> Shop:
    """Visitor v has bought cola and soap, and looked at tea; "v without X" has not done X."""
    live(trained, "v", PAST)
    for _, product, _ in PAST:
        live(trained, f"v without {product}", PAST, product)
    return trained


def reasons(item: ScoredProduct | Explanation) -> dict[str, Reason]:
    return {reason.code: reason for reason in item.reasons}


def home_score(engine: Engine, visitor: str, product: str) -> float:
    return engine.explain(visitor, product).scores["next"]


# --- contributions


@pytest.mark.usefixtures("visited")
@pytest.mark.parametrize("product", ["crisps", "cola", "cookies", "paper"])
def test_the_parts_and_the_base_are_the_score(engine: Engine, product: str) -> None:
    told = engine.explain("v", product)
    parts = told.contributions
    assert parts is not None
    assert set(parts.groups) == {*GROUPS, "likeness"}
    assert parts.base + sum(parts.groups.values()) == pytest.approx(parts.score, abs=1e-9)
    assert parts.score == pytest.approx(told.scores["next"], abs=1e-4)


def test_a_linear_ranker_gives_each_group_its_distance_from_the_mean(
    engine: Engine, visited: Shop
) -> None:
    """It adds 3 bought_decayed_slow, 5 related_history, 8 related_session and the likeness."""
    parts = engine.explain("v", "crisps").contributions
    assert parts is not None
    table, stats = load_items(visited.bundle())
    events = sorted(visited.store.visitor_events("v", limit=9), key=lambda event: event.time)
    history = History.from_events(events, table.index)
    everything = np.arange(len(table), dtype=np.int32)  # all ten are candidates
    wide = compute(history, everything, NOW, table, stats).astype(np.float64)
    weights = {"bought_decayed_slow": 3, "related_history": 5, "related_session": 8}
    names = [name for group in GROUPS.values() for name in group]
    weight = np.array([weights.get(name, 0) for name in names])
    away = weight * (wide[table.index["crisps"]] - wide.mean(axis=0))
    for group, members in GROUPS.items():
        expected = away[[names.index(name) for name in members]].sum()
        assert parts.groups[group] == pytest.approx(expected, abs=1e-4)
        if not weights.keys() & set(members):
            assert parts.groups[group] == 0
    assert parts.groups["related"] > 0


# --- the history


@pytest.mark.parametrize("product", ["crisps", "cookies", "cola", "diet"])
def test_each_effect_is_what_a_visitor_without_it_shows(
    engine: Engine, visited: Shop, product: str
) -> None:
    del visited
    told = engine.explain("v", product)
    assert {effect.product_id for effect in told.evidence} == {"cola", "soap", "tea"}
    for effect in told.evidence:
        assert effect.score == told.scores["next"]
        again = home_score(engine, f"v without {effect.product_id}", product)
        assert effect.without == pytest.approx(again, abs=1e-4)
    falls = [effect.score - effect.without for effect in told.evidence]
    assert falls == sorted(falls, reverse=True)


@pytest.mark.usefixtures("visited")
def test_without_what_carried_it_a_product_falls(engine: Engine) -> None:
    told = engine.explain("v", "crisps").counterfactual
    assert told is not None
    assert told.removed == "cola"
    assert told.score_after < told.score_before
    assert told.score_after == pytest.approx(
        home_score(engine, "v without cola", "crisps"), abs=1e-4
    )
    assert told.rank_before is not None
    assert told.rank_after is not None
    assert told.rank_after > told.rank_before
    # The ranks, from the scores of a visitor each.
    products = [p.id for p in engine._store.iter_products()]
    for visitor, rank in (("v", told.rank_before), ("v without cola", told.rank_after)):
        scores = {one: home_score(engine, visitor, one) for one in products}
        assert rank == 1 + sum(said > scores["crisps"] for said in scores.values())


@pytest.mark.usefixtures("visited")
def test_what_was_bought_before_is_carried_by_itself(engine: Engine) -> None:
    told = engine.explain("v", "soap")
    assert told.evidence[0].product_id == "soap"
    assert told.counterfactual is not None
    assert told.counterfactual.removed == "soap"
    assert told.reasons[0].code == "bought_before"
    assert "because_you_bought" not in reasons(told)


def test_a_product_that_is_no_candidate_has_no_rank(engine: Engine, visited: Shop) -> None:
    crisps = visited.store.products(["crisps"])["crisps"]
    visited.store.put_products([replace(crisps, availability="OUT_OF_STOCK")])
    told = engine.explain("v", "crisps")
    assert told.counterfactual is not None
    assert told.counterfactual.score_after < told.counterfactual.score_before
    assert told.counterfactual.rank_before is None
    assert told.counterfactual.rank_after is None
    assert told.contributions is not None
    assert told.contributions.score == pytest.approx(told.scores["next"], abs=1e-4)


def test_a_stranger_has_nothing_to_take_away(engine: Engine) -> None:
    for visitor in (None, "nobody"):
        told = engine.explain(visitor, "crisps")
        assert told.contributions is None
        assert told.evidence == ()
        assert told.counterfactual is None
        assert "because_you_bought" not in reasons(told)


def test_without_a_ranker_there_is_nothing_to_ask(untrained: Engine, shop: Shop) -> None:
    live(shop, "v", PAST)
    told = untrained.explain("v", "crisps")
    assert told.contributions is None
    assert told.evidence == ()
    assert told.counterfactual is None
    page = untrained.recommend(RecommendRequest("home", "v"))
    assert all("because_you_bought" not in reasons(item) for item in page.items)


def test_of_a_long_history_the_most_promising_are_tested(engine: Engine, trained: Shop) -> None:
    many = [Product(f"p{n}", f"Thing {n}") for n in range(MAX_TESTED + 10)]
    trained.store.put_products(many)
    trained.event("purchase-complete", "v", ["cola"], 24 * 30)
    for n, one in enumerate(many):
        trained.event("detail-page-view", "v", [one.id], 24 * 20 - n)
    tested = [effect.product_id for effect in engine.explain("v", "crisps").evidence]
    assert len(tested) == MAX_TESTED
    assert "cola" in tested  # the oldest, but crisps go with it
    assert "p0" not in tested
    assert f"p{len(many) - 1}" in tested


# --- the reason


@pytest.mark.usefixtures("visited")
def test_because_you_bought_is_said_of_what_falls_without_it(engine: Engine) -> None:
    page = engine.recommend(RecommendRequest("home", "v", page_size=10))
    (crisps,) = [item for item in page.items if item.product.id == "crisps"]
    reason = reasons(crisps)["because_you_bought"]
    assert crisps.reasons[0] == reason
    assert "goes_with" not in reasons(crisps)
    assert reason.product_ids == ("cola",)
    again = home_score(engine, "v without cola", "crisps")
    assert reason.values["without"] == pytest.approx(again, abs=1e-3)
    assert reason.values["score"] == pytest.approx(crisps.score, abs=1e-3)
    assert render_reason(reason, "en", {"cola": "Cola"}) == "Because you bought Cola"
    assert render_reason(reason, "zh", {"cola": "可乐"}) == "因为您买过「可乐」"
    assert reasons(engine.explain("v", "crisps"))["because_you_bought"] == reason
    # Cookies go with tea, which was looked at and not bought.
    (cookies,) = [item for item in page.items if item.product.id == "cookies"]
    assert "because_you_bought" not in reasons(cookies)


@pytest.mark.usefixtures("visited")
def test_it_is_said_only_where_the_score_falls(engine: Engine) -> None:
    view = engine._live.newest()
    visit = engine._visit(view, "v")
    crisps, cola = (view.catalogue.table.index[one] for one in ("crisps", "cola"))
    without = home_score(engine, "v without cola", "crisps")
    more, the_same = {crisps: without + 1}, {crisps: without}
    assert verified(view, visit, {crisps: cola}, more)[crisps].removed == cola
    assert verified(view, visit, {crisps: cola}, the_same) == {}
    assert verified(view, visit, {crisps: cola}, {crisps: without - 1}) == {}
