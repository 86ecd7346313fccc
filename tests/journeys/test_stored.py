"""Conversations in their store: resumed, deleted, two at once, products that go away."""

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from daogou.assistant import (
    Assistant,
)
from daogou.engine import Engine
from daogou.errors import NotFound
from daogou.store import Store
from daogou.types import Money, Product
from tests.journeys.checking import check, talk


def test_two_hundred_turns(
    shared: tuple[Assistant, Engine], records: Mapping[str, Product]
) -> None:
    assistant, engine = shared
    messages = [
        "dresses",
        "not the first one",
        "red",
        "show me shoes",
        "the second one",
        "more",
        "鞋",
    ]
    reply = assistant.begin()
    said = []
    for n in range(200):
        said.append(messages[n % len(messages)])
        reply = assistant.say(reply.conversation_id, said[-1])
        assert not check(reply, records, engine, said)
    assert reply.turn == 201
    assert len(reply.state.seen) <= 200


def test_a_conversation_is_resumed_by_another_process(
    engine: Engine, store: Store, assistant: Assistant
) -> None:
    reply = talk(assistant, "red dress", "under $100")
    again = Assistant(engine, store).say(reply.conversation_id, "what are my wishes?")
    assert "$100" in again.text
    assert assistant.last(reply.conversation_id) == again.state


def test_a_deleted_conversation_is_gone(assistant: Assistant) -> None:
    reply = talk(assistant, "red dress")
    assert assistant.forget(reply.conversation_id)
    assert not assistant.forget(reply.conversation_id)
    for ask in (assistant.last, lambda i: assistant.say(i, "hi")):
        with pytest.raises(NotFound, match="daogou chat"):
            ask(reply.conversation_id)


def test_a_visitor_who_is_erased_takes_the_conversations_along(
    assistant: Assistant, store: Store
) -> None:
    reply = talk(assistant, "red dress", visitor="v1")
    store.delete_visitor("v1")
    with pytest.raises(NotFound):
        assistant.last(reply.conversation_id)


def test_of_two_messages_at_once_none_is_lost(
    engine: Engine, store: Store, assistant: Assistant
) -> None:
    reply = assistant.begin()
    others = [assistant, Assistant(engine, store)]  # as two processes have it: no common lock
    wishes = ["red", "cotton", "under $50", "size M"]
    assistant.say(reply.conversation_id, "dress")
    with ThreadPoolExecutor(4) as pool:
        replies = list(
            pool.map(
                lambda n: others[n % 2].say(reply.conversation_id, wishes[n]), range(len(wishes))
            )
        )
    assert sorted(r.turn for r in replies) == [3, 4, 5, 6]
    state = assistant.last(reply.conversation_id)
    assert len(state.wishes) == 4
    assert len(store.turns(reply.conversation_id)) == 6


def test_a_product_deleted_while_in_focus(assistant: Assistant, store: Store) -> None:
    reply = talk(assistant, "ceramic mug", "add it to my cart")
    store.delete_products(["mug"])
    added = assistant.say(reply.conversation_id, "yes")
    assert "Mug" not in added.text
    asked = assistant.say(reply.conversation_id, "how much is it?")
    assert "no longer" in asked.text
    cart = assistant.say(reply.conversation_id, "what's in my cart?")
    assert "empty" in cart.text


def test_a_new_price_is_told_at_once(assistant: Assistant, store: Store) -> None:
    reply = talk(assistant, "ceramic mug")
    mug = store.product("mug")
    assert mug is not None
    assert mug.price is not None
    store.put_products([dataclasses.replace(mug, price=dataclasses.replace(mug.price, amount=777))])
    assert "$7.77" in assistant.say(reply.conversation_id, "how much is it?").text


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        (("Maker 12", "Maker 7", "Maker 305"), ""),
        (("Store brand", "Maker 7", "Store brand"), ""),
        (("Alton", "Hilton", "Weston"), "brand"),
    ],
)
def test_a_number_for_a_name_is_not_asked_about(
    assistant: Assistant, store: Store, named: tuple[str, ...], asked: str
) -> None:
    store.put_products(
        Product(
            f"lantern-{n}", "Camping Lantern", brand=named[n % 3], price=Money(1500, "USD"),
            categories=("Outdoor > Lanterns",),
        )
        for n in range(60)
    )  # fmt: skip
    assert (talk(assistant, "camping lantern").state.asked or "") == asked


@pytest.mark.parametrize(
    ("key", "named"), [("maker", "Maker"), ("vendor", "Vendor"), ("厂商", "厂商")]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_number_for_a_name_is_not_told(
    assistant: Assistant, store: Store, key: str, named: str, language: str
) -> None:
    store.put_products(
        Product(
            f"lantern-{n}", f"Camping Lantern {'ABC'[n]}", price=Money(1500, "USD"),
            categories=("Outdoor > Lanterns",),
            attributes={key: (f"{named} {900 + n}" if n else "Alton",)},
        )
        for n in range(3)
    )  # fmt: skip
    conversation = assistant.begin(language=language).conversation_id
    told = [assistant.say(conversation, f"/show lantern-{n}").text for n in range(3)]
    assert "Alton" in told[0]
    assert not any(named in text.replace(key, "") for text in told[1:])
    asked = [q.payload for q in assistant.questions("lantern-1", language)]
    assert not any(payload.endswith(f" {key}") for payload in asked)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/compare milk second", "The second costs $1 less than the first."),
        ("/compare second milk", "The first costs $1 less than the second."),
    ],
)
def test_products_of_one_name_are_told_apart_by_their_place(
    assistant: Assistant,
    store: Store,
    records: Mapping[str, Product],
    command: str,
    said: str,
) -> None:
    milk = records["milk"]
    store.put_products([dataclasses.replace(milk, id="second", price=Money(99, "USD"))])
    reply = talk(assistant, "whole milk", command)
    assert said in reply.text
    assert [quick.text for quick in reply.quick_replies] == [
        "1. Whole Milk, 1 L",
        "2. Whole Milk, 1 L",
    ]
