"""Controls in the store, the same on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from daogou.errors import InvalidInput
from daogou.merchandising import (
    MAX_CONTROLS,
    BoostAction,
    Condition,
    Control,
    PinAction,
    QueryTerm,
    TimeRange,
    TwowaySynonymsAction,
)
from daogou.store import Store
from daogou.types import Product

SALE = Control(
    "sale",
    "夏季促销 sale",
    BoostAction(0.5, 'brand: ANY("Acme")'),
    Condition(
        (QueryTerm("连衣裙", full_match=True), QueryTerm("dress")),
        (TimeRange(datetime(2026, 6, 1, tzinfo=UTC), None),),
        ("Women > Dresses",),
    ),
)
SODA = Control("soda", "Soda", TwowaySynonymsAction(("soda", "soft drink")))


def test_what_is_put_is_what_is_read(store: Store) -> None:
    assert store.controls() == []
    for control in (SODA, SALE):
        store.put_control(control)
    assert store.controls() == [SALE, SODA]
    assert store.control("sale") == SALE
    assert store.control("nothing") is None
    assert store.control("nul\x00") is None


def test_the_revision_grows_with_every_change_and_with_nothing_else(store: Store) -> None:
    revisions = [store.controls_revision()]

    def grown() -> bool:
        revisions.append(store.controls_revision())
        return revisions[-1] > revisions[-2]

    store.put_control(SODA)
    assert grown()
    store.put_control(SODA)
    assert not grown()
    store.put_control(replace(SODA, display_name="Drinks"))
    assert grown()
    store.put_products([Product("p1", "Tea")])
    assert not grown()
    assert store.delete_control("soda")
    assert grown()
    assert not store.delete_control("soda")
    assert not grown()
    assert store.revision() == 1


def test_times_are_kept_by_the_store(store: Store) -> None:
    before = datetime.now(UTC)
    first = store.put_control(SODA)
    assert first.created == first.updated
    assert first.created is not None
    assert before - timedelta(seconds=1) <= first.created <= datetime.now(UTC)
    second = store.put_control(replace(SODA, display_name="Drinks", created=before))
    assert second.created == first.created
    assert second.updated is not None
    assert second.updated >= first.created
    read = store.control("soda")
    assert read is not None
    assert (read.created, read.updated) == (second.created, second.updated)


def test_a_new_control_takes_no_id_that_is_taken(store: Store) -> None:
    store.put_control(SODA, new=True)
    with pytest.raises(InvalidInput, match=r"'soda' already.*PATCH") as caught:
        store.put_control(replace(SODA, display_name="Other"), new=True)
    assert caught.value.field == "id"
    assert store.controls() == [SODA]


def test_a_change_sees_what_is_there(store: Store) -> None:
    store.put_control(SODA)
    changed = store.change_control("soda", lambda c: replace(c, display_name=c.display_name + "!"))
    assert changed is not None
    assert changed.display_name == "Soda!"
    assert store.controls() == [changed]
    assert store.change_control("nothing", lambda c: c) is None


def test_a_change_that_fails_changes_nothing(store: Store) -> None:
    store.put_control(SODA)
    revision = store.controls_revision()

    def refuse(_: Control) -> Control:
        raise InvalidInput("not so")

    with pytest.raises(InvalidInput, match="not so"):
        store.change_control("soda", refuse)
    assert store.controls() == [SODA]
    assert store.controls_revision() == revision


def test_changes_at_once_are_all_carried_out(store: Store) -> None:
    store.put_control(Control("pins", "Pins", PinAction(((1, "p0"),))))

    def one_more(control: Control) -> Control:
        assert isinstance(control.action, PinAction)
        number = len(control.action.pins)
        return replace(
            control, action=PinAction((*control.action.pins, (number + 1, f"p{number}")))
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.change_control("pins", one_more), range(12)))
    pins = store.controls()[0].action
    assert isinstance(pins, PinAction)
    assert pins.pins == tuple((n + 1, f"p{n}") for n in range(13))


def test_a_shop_has_room_for_so_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_CONTROLS == 1000
    monkeypatch.setattr("daogou.store.controls.MAX_CONTROLS", 2)
    store.put_control(SODA)
    store.put_control(SALE)
    with pytest.raises(InvalidInput, match=r"has 2 controls; expected 2 at most.*Delete"):
        store.put_control(replace(SODA, id="third"))
    store.put_control(replace(SODA, display_name="Still possible"))
    assert len(store.controls()) == 2


def test_a_visitor_who_is_erased_leaves_the_controls(store: Store) -> None:
    store.put_control(SODA)
    store.delete_visitor("v1")
    assert store.controls() == [SODA]
