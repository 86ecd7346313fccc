"""What a journey cannot say: hostile messages, odd states, words and the gate, knowledge."""

from collections.abc import Mapping
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
from daogou.errors import ConfigError
from daogou.store import Store
from daogou.types import Product
from tests.journeys.checking import check, talk
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
