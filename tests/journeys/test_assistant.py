"""What a journey cannot say: hostile messages, long talks, two at once, products that go away."""

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daogou.assistant import (
    Assistant,
    AssistantConfig,
    CartLine,
    Offer,
    Passage,
    Pending,
    Reply,
    State,
    Wish,
    reply_to_json,
    state_from_json,
    state_to_json,
    ungrounded,
)
from daogou.assistant.gate import SUPERLATIVES, Fact
from daogou.assistant.quoting import LONGEST
from daogou.assistant.words import SLOT, field_name, telling, templates
from daogou.engine import Engine
from daogou.errors import ConfigError, NotFound
from daogou.store import Store
from daogou.types import Money, Product
from tests.journeys.checking import check
from tests.journeys.shop import products

RECORDS: Final = {product.id: product for product in products()}
"""Hypothesis would print them, were they an argument."""


class Articles:
    """Knows how wool is washed, and nothing else."""

    def answer(self, question: str, language: str, product_id: str | None) -> Passage | None:
        del product_id
        if "wool" in question or "羊毛" in question:
            zh = language == "zh"
            text = "手洗，水温不超过 30 度。" if zh else "Wash by hand, at 30 degrees at most."
            return Passage("wool-care", "羊毛护理" if zh else "Care of wool", text)
        return None


def talk(assistant: Assistant, *messages: str, visitor: str | None = None) -> Reply:
    reply = assistant.begin(visitor)
    for message in messages:
        reply = assistant.say(reply.conversation_id, message)
    return reply


# --- hostile input


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\t", "\0\x07\x1b[31m", "???", "。。。", "🦄", "\ud800",
        "a" * 20_000, "红" * 20_000, "red dress " * 2_000,
        "/add", "/add nothing x 9999999", "/wish price 1", "/wish id x", "/price 1 2 3",
        "/price a b", "/forget 99", "/forget -1", "/drop x", "/show ../../etc", "/compare",
        "/remove x", "/nothing", "{title}", "%s %(x)s {0}", "'; DROP TABLE turns; --",
        "<script>alert(1)</script>", '" OR id: ANY("x")', "price: IN(*, 1)",
        "第九十九个", "the tenth one", "forget the ninth", "$" + "9" * 400, "under $" + "9" * 30,
        "1e999", "-5", "0", "第0个", "yes", "no", "skip", "1",
    ],
)  # fmt: skip
def test_any_message_has_an_answer(
    shared: tuple[Assistant, Engine], records: Mapping[str, Product], text: str
) -> None:
    assistant, engine = shared
    for before in ((), ("dresses",), ("red dress", "add the first one to my cart")):
        reply = talk(assistant, *before, text)
        assert reply.text
        assert not check(reply, records, engine, [*before, text])
        assert reply.cart == ()
        reply_to_json(reply)


def test_a_long_message_is_read_in_part_and_that_is_said(
    shared: tuple[Assistant, Engine],
) -> None:
    reply = talk(shared[0], "red dress" + " please" * 5_000)
    assert "very long" in reply.text
    assert reply.state.goal == "dress"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_random_messages(shared: tuple[Assistant, Engine], messages: list[str]) -> None:
    assistant, engine = shared
    records = RECORDS
    reply = assistant.begin()
    for n, message in enumerate(messages, 1):
        reply = assistant.say(reply.conversation_id, message)
        assert not check(reply, records, engine, messages[:n])


# --- the store behind it


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
    assistant: Assistant, store: Store, command: str, said: str
) -> None:
    milk = RECORDS["milk"]
    store.put_products([dataclasses.replace(milk, id="second", price=Money(99, "USD"))])
    reply = talk(assistant, "whole milk", command)
    assert said in reply.text
    assert [quick.text for quick in reply.quick_replies] == [
        "1. Whole Milk, 1 L",
        "2. Whole Milk, 1 L",
    ]


# --- state


def test_the_state_goes_through_json() -> None:
    state = State(
        goal="裙子",
        must=(Wish("price", "must", low=1, high=2.5, filter="price: IN(1, 2)", than="p"),),
        must_not=(Wish("text", "must-not", ("silk",)),),
        prefer=(Wish("brand", "prefer", ("A", "B")),),
        total=100,
        seen=("a",),
        focused=("a", "b"),
        cart=(CartLine("a", "v", 2),),
        asked="brand",
        offers=(Offer("A", "/wish brand A"),),
        pending=Pending("add", (CartLine("b"),)),
        listed=True,
    )
    assert state_from_json(state_to_json(state)) == state
    assert state_from_json(state_to_json(State())) == State()


def test_what_was_said_last_wins() -> None:
    red, blue = (Wish("attributes.color", "must", (c,)) for c in ("Red", "Blue"))
    no_red = Wish("attributes.color", "must-not", ("Red",))
    assert State().wishing(red).wishing(blue).wishes == (blue,)
    assert State().wishing(red).wishing(no_red).wishes == (no_red,)
    assert State().wishing(no_red).wishing(red).wishes == (red,)
    assert State().wishing(blue).wishing(no_red).wishes == (blue, no_red)
    no_blue = Wish("attributes.color", "must-not", ("Blue",))
    assert State().wishing(no_red).wishing(no_blue).wishes == (no_red, no_blue)


# --- words and the gate


def test_templates_are_in_both_languages_and_claim_nothing_of_their_own() -> None:
    for key, told in templates()["say"].items():
        slots = [[sorted(SLOT.findall(t)) for t in told[language]] for language in ("en", "zh")]
        assert len({str(s) for both in slots for s in both}) == 1, key
        for text in (*told["en"], *told["zh"]):
            plain = SLOT.sub("", text)
            assert not any(c.isdigit() for c in plain), key
            assert key.startswith("top") or not SUPERLATIVES.search(plain), key
    for section in ("label", "field"):
        for key, told in templates()[section].items():
            assert sorted(SLOT.findall(told["en"])) == sorted(SLOT.findall(told["zh"])), key


def test_details_are_what_a_shopper_asks_about() -> None:
    soap = Product(
        id="soap",
        title="Soap",
        brand="Foam",
        categories=("Home > Bath",),
        attributes={
            "emoji": ("🧼",),
            "campaigns": ("8", "13"),
            "maker": ("Foam",),
            "department": ("Home",),
            "scent": ("Lavender",),
            "size": ("3",),
        },
    )
    assert telling(soap) == [("size", ("3",)), ("scent", ("Lavender",))]
    assert field_name("attributes.size", "zh", ("12 oz", "1 qt")) == "规格"
    assert field_name("attributes.size", "zh", ("XL", "12 oz")) == "尺码"


def test_the_gate_finds_what_nothing_backs() -> None:
    facts = [Fact("price", "$49", ("p",)), Fact("title", "Red Dress", ("p",))]
    assert ungrounded("Red Dress costs $49.", facts) == []
    assert ungrounded("Red Dress costs $39.", facts) == ["39"]
    assert ungrounded("Red Dress is the cheapest at $49.", facts) == ["cheapest"]
    assert ungrounded("这是最便宜的，$49。", facts) == ["最"]
    assert ungrounded("You asked for 3.", facts, said="3 of them") == []


def test_wordings_vary_and_repeat_themselves_for_one_turn(assistant: Assistant) -> None:
    from daogou.assistant.words import say

    greetings = {say("greeting", "en", f"c{n}/1").text for n in range(20)}
    assert len(greetings) == 2
    assert say("greeting", "zh", "c/1") == say("greeting", "zh", "c/1")
    assert all("automated" in text for text in greetings)
    assert "自动" in assistant.begin(language="zh").text


# --- knowledge


def test_an_answer_is_an_extract_with_its_source(engine: Engine, store: Store) -> None:
    assistant = Assistant(engine, store, knowledge=Articles())
    reply = talk(assistant, "how do I wash wool?")
    assert "Wash by hand" in reply.text
    assert [(c.id, c.title) for c in reply.citations] == [("wool-care", "Care of wool")]
    assert "手洗" in assistant.say(reply.conversation_id, "羊毛怎么洗？").text
    other = assistant.say(reply.conversation_id, "how do I wash silk?")
    assert other.citations == ()
    assert "don't know" in other.text


class Long:
    """Answers everything at length."""

    def __init__(self, text: str) -> None:
        self.text = text

    def answer(self, question: str, language: str, product_id: str | None) -> Passage:
        del question, language, product_id
        return Passage("long", "At length", self.text)


@pytest.mark.parametrize("word", ["wool ", "羊毛要冷水手洗，"])
def test_a_long_extract_ends_with_a_whole_word(engine: Engine, store: Store, word: str) -> None:
    text = word * 200
    told = talk(Assistant(engine, store, knowledge=Long(text)), "how do I wash wool?")
    quote = told.citations[0].quote
    assert quote.endswith("…")
    assert LONGEST - len(word) < len(quote) <= LONGEST + 1
    assert text.startswith(quote[:-1])
    assert (quote[:-1] + word[-1]).endswith(word)


def test_the_contact_is_the_merchants(engine: Engine, store: Store) -> None:
    assistant = Assistant(engine, store, AssistantConfig())
    assert "ask the shop" in talk(assistant, "where is my order?").text


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="slate is 0"):
        AssistantConfig(slate=0)


def test_the_answer_has_the_shape_of_the_contract(assistant: Assistant) -> None:
    told = reply_to_json(talk(assistant, "dresses", "compare the first two"))
    assert set(told) == {
        "conversationId", "turnId", "intent", "message", "products", "quickReplies", "comparison",
        "citations", "cart", "state", "wishes",
    }  # fmt: skip
    assert set(told["message"]) == {"text", "language"}
    assert told["products"][0]["price"]["currency"] == "USD"
    assert {"id", "title", "price", "uri", "reason"} <= set(told["products"][0])
    assert set(told["quickReplies"][0]) == {"text", "payload"}
    assert {"goal", "must", "mustNot", "budget"} <= set(told["state"])


def test_a_gift_without_a_kind_is_worth_giving_and_asked_about(
    assistant: Assistant, records: Mapping[str, Product]
) -> None:
    reply = talk(assistant, "a gift for my mom under $60")
    products = [records[card.id] for card in reply.products]
    departments = [product.categories[0].split(" > ")[0] for product in products]
    assert len(set(departments)) == len(departments) > 1
    assert all(p.price is not None and 2000 <= p.price.amount <= 6000 for p in products)
    assert reply.state.asked == "categories"
    assert {"/skip"} < {offer.payload for offer in reply.quick_replies}
