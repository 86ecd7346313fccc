"""Conversations in both databases: written in turn, read again, deleted, erased with a visitor."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from daogou.errors import InvalidInput
from daogou.store import Rating, Store, StoredTurn
from daogou.types import UserEvent

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def turn(number: int, text: str = "hi") -> StoredTurn:
    return StoredTurn(number, NOW, text, {"message": {"text": f"你好 {number}"}})


def test_what_was_written_is_read(store: Store) -> None:
    store.add_conversation("c1", "v1", {"goal": ""})
    assert store.append_turn("c1", turn(1), {"goal": "裙子"})
    assert store.append_turn("c1", turn(2, "红色的"), {"goal": "红裙子"})
    found = store.conversation("c1")
    assert found is not None
    assert (found.visitor_id, found.turns, found.state) == ("v1", 2, {"goal": "红裙子"})
    assert found.updated == NOW
    assert [t.text for t in store.turns("c1")] == ["hi", "红色的"]
    assert store.turns("c1", limit=1) == [turn(2, "红色的")]


def test_a_turn_is_written_only_behind_the_one_it_was_made_from(store: Store) -> None:
    store.add_conversation("c1", None, {})
    assert store.append_turn("c1", turn(1), {"n": 1})
    assert not store.append_turn("c1", turn(1, "late"), {"n": -1})
    assert not store.append_turn("c1", turn(3), {"n": 3})
    found = store.conversation("c1")
    assert found is not None
    assert found.state == {"n": 1}
    assert len(store.turns("c1")) == 1


def test_of_many_at_once_one_is_written(store: Store) -> None:
    store.add_conversation("c1", None, {})
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda n: store.append_turn("c1", turn(1), {"n": n}), range(8)))
    assert written.count(True) == 1
    found = store.conversation("c1")
    assert found is not None
    assert found.state == {"n": written.index(True)}


def test_deleted_is_gone_with_its_turns(store: Store) -> None:
    store.add_conversation("c1", None, {})
    store.append_turn("c1", turn(1), {})
    assert store.delete_conversation("c1")
    assert not store.delete_conversation("c1")
    assert store.conversation("c1") is None
    assert store.turns("c1") == []
    assert not store.append_turn("c1", turn(2), {})


def test_a_visitor_is_erased_with_the_conversations(store: Store) -> None:
    store.add_conversation("c1", "v1", {})
    store.append_turn("c1", turn(1), {})
    store.add_conversation("c2", "v2", {})
    store.append_events([UserEvent("e1", "home-page-view", "v1", NOW)])
    assert store.delete_visitor("v1") == 1
    assert store.conversation("c1") is None
    assert store.turns("c1") == []
    assert store.conversation("c2") is not None


def test_a_rating_is_kept_with_its_turn_and_goes_with_it(store: Store) -> None:
    store.add_conversation("c1", "v1", {})
    store.append_turn("c1", turn(1), {})
    assert store.turns("c1")[0].feedback is None
    first = store.rate_turn("c1", 1, "up", "很有用")
    assert store.turns("c1")[0].feedback == first
    second = store.rate_turn("c1", 1, "down")
    assert second is not None
    assert (second.rating, second.comment) == ("down", None)
    assert store.turns("c1")[0].feedback == second
    store.delete_visitor("v1")
    assert store.rate_turn("c1", 1, "up") is None


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_turn_that_there_is_not_is_not_rated(store: Store, number: int) -> None:
    store.add_conversation("c1", None, {})
    store.append_turn("c1", turn(1), {})
    assert store.rate_turn("c1", number, "up") is None
    assert store.rate_turn("a\0b", 1, "up") is None


@pytest.mark.parametrize(
    ("rating", "comment", "field"), [("meh", None, "rating"), ("up", "a\0b", "comment")]
)
def test_a_rating_that_is_none(
    store: Store, rating: Rating, comment: str | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        store.rate_turn("c1", 1, rating, comment)
    assert refused.value.field == field


@pytest.mark.parametrize("odd", ["", "nothing", "a\0b", "\ud800"])
def test_an_id_that_there_is_not(store: Store, odd: str) -> None:
    assert store.conversation(odd) is None
    assert store.turns(odd) == []
    assert not store.delete_conversation(odd)


def test_a_visitor_that_cannot_be_stored(store: Store) -> None:
    with pytest.raises(InvalidInput, match="visitorId"):
        store.add_conversation("c1", "a\0b", {})
