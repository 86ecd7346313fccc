"""The simulated shopper tells the truth, and finds nothing that is not there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.shopper import MOST_TURNS, Shopper, same
from benchmarks.simulated_shopper import ARMS, _converse, _rows
from daogou.assistant import QuickReply, Reply, State
from daogou.assistant.state import Listing
from daogou.engine import Engine
from daogou.store import Store
from daogou.types import LocalizedText, Money, Product

YOGURT: Product = Product(
    id="y1",
    title="Greek yogurt, 6 oz",
    brand="Maker 7",
    categories=("Grocery > Yogurt > Greek yogurt",),
    price=Money(129, "USD"),
    attributes={"size": ("6 oz",)},
    localized={"zh": LocalizedText(title="希腊酸奶 6盎司", categories=("食品 > 酸奶 > 希腊酸奶",))},
)


def shopper(seed: int, language: str = "en", *, brand: bool = True) -> Shopper:
    return Shopper(YOGURT, language, np.random.default_rng(seed), brand)


def asked(field: str, *payloads: str) -> Reply:
    quick = tuple(QuickReply(payload, payload) for payload in payloads)
    state = State(asked=field, lists=(Listing("r", "p/search", ("x",)),))
    return Reply("c", 2, "find", "", "en", quick_replies=quick, state=state)


def test_what_is_the_same() -> None:
    assert same(YOGURT, replace(YOGURT, id="y2", price=None))
    other = replace(YOGURT, brand="Maker 8")
    assert not same(YOGURT, other)
    assert same(YOGURT, other, brand=False)
    assert not same(YOGURT, replace(YOGURT, attributes={"size": ("8 oz",)}), brand=False)


@pytest.mark.parametrize(("language", "kinds"), [("en", "yogurt"), ("zh", "酸奶")])
def test_it_opens_with_the_kind_and_an_attribute(language: str, kinds: str) -> None:
    openings = {shopper(seed, language).opening() for seed in range(60)}
    assert len(openings) > 20
    for opening in openings:
        assert kinds in opening
        assert any(character.isdigit() for character in opening)


def test_it_answers_from_the_record() -> None:
    offers = ("/price * 100", "/price 101 200", "/price 201 *")
    for seed in range(20):
        price = shopper(seed).answer(asked("price", *offers))
        assert price == offers[1] or price in {
            f"{said}{amount}{unit}"
            for said, unit in (("up to $", ""), ("under ", " dollars"), ("around $", ""))
            for amount in ("2", "3", "1.3")
        }
        brand = shopper(seed).answer(asked("brand", "/wish brand Maker 7", "/wish brand Maker 1"))
        assert brand in ("/wish brand Maker 7", "Maker 7")
        for untold in (
            shopper(seed).answer(asked("attributes.color", "/wish attributes.color Red")),
            shopper(seed, brand=False).answer(asked("brand", "/wish brand Maker 7")),
        ):
            assert untold in ("I don't mind", "doesn't matter", "no preference")


def test_it_finds_what_is_there_and_gives_up_on_what_is_not(tmp_path: Path) -> None:
    shelf = [
        replace(
            YOGURT, id=f"y{n}", title=f"Greek yogurt, {n} oz", attributes={"size": (f"{n} oz",)}
        )
        for n in range(10, 60)
    ]
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}") as store:
        store.put_products([YOGURT, *shelf])
        with Engine.open(store, None) as engine:
            arm = next(iter(ARMS))
            there = [_converse(engine, store, arm, YOGURT, "en", seed) for seed in range(6)]
            store.delete_products([YOGURT.id])
            gone = [_converse(engine, store, arm, YOGURT, "en", seed) for seed in range(6)]
    assert sum(outcome.found for outcome in there) >= 4
    assert not any(outcome.found or outcome.searched for outcome in gone)
    assert {outcome.turns for outcome in gone} == {MOST_TURNS}
    row = _rows(there + gone, "en")[0]
    assert row["conversations"] == 12
    assert row["success"] == pytest.approx(sum(o.found for o in there) / 12)
