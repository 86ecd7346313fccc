"""The trained head behind the rules: what it adds, what it may not do, what it learns from."""

from collections.abc import Sequence

import numpy as np
import pytest

from daogou.assistant import Assistant, Reply
from daogou.assistant.gate import Gate
from daogou.assistant.guessing import Guesser, possible
from daogou.assistant.learning import confirmed
from daogou.assistant.state import State
from daogou.assistant.understanding import understand
from daogou.engine import Engine
from daogou.store import Store
from daogou.utterances import Reader, UtteranceHead, fit_head, seeds

SAYINGS = (
    ("please sum up what i asked for", "show_state", "en"),
    ("你都记了些啥要求", "show_state", "zh"),
    ("has my parcel been shipped yet", "policy", "en"),
    ("上周买的东西还没到", "policy", "zh"),
    ("could i pay in instalments", "policy", "en"),
    ("能不能分期啊", "policy", "zh"),
    ("those results are totally off", "complaint", "en"),
    ("你根本没懂我的意思", "complaint", "zh"),
)


@pytest.mark.parametrize(("text", "intent", "language"), SAYINGS)
def test_a_sentence_that_no_rule_knows_is_understood(
    assistant: Assistant, text: str, intent: str, language: str
) -> None:
    reply = assistant.say(assistant.begin(None, language).conversation_id, text)
    assert reply.intent == intent
    assert reply.language == language
    assert not reply.products


def test_the_parser_is_believed_more_than_the_head(engine: Engine, store: Store) -> None:
    """A head that takes everything for a farewell: a budget, a colour, an order stay searches."""

    class Leaving:
        def guess(self, text: str, allowed: Sequence[str]) -> object:
            del text, allowed
            from daogou.utterances import Guess

            return Guess("bye", 1.0)

    engine.reader = Leaving()  # type: ignore[assignment]
    gate = Gate(store, "en", "USD")
    guesser = Guesser(engine, gate)
    told = {
        text: understand(text, State(), gate, guesser)[0].intent
        for text in (
            "dress under 50",
            "red one",
            "the cheapest dress",
            "do you have mugs",
            "farewell then",
        )
    }
    assert told == {
        "dress under 50": "find",
        "red one": "find",
        "the cheapest dress": "find",
        "do you have mugs": "find",
        "farewell then": "bye",
    }


def test_nothing_is_done_with_a_product_where_there_is_none() -> None:
    nothing = possible(())
    assert {"find", "policy/order", "chat", "complaint", "gift"} <= nothing
    assert not {"reject", "compare", "remove", "ask_product/price", "more"} & nothing
    assert {"compare", "more"} <= possible({"shown"})


def test_answers_to_a_question_are_not_guessed_at(engine: Engine, store: Store) -> None:
    gate = Gate(store, "en", "USD")
    told = understand("much appreciated", State(asked="color"), gate, Guesser(engine, gate))
    assert told[0].intent == "find"
    told = understand("much appreciated", State(), gate, Guesser(engine, gate))
    assert told[0].intent == "thanks"


def test_left_out_sayings_are_understood_better_with_the_head(
    engine: Engine, store: Store, encoder: object
) -> None:
    """Every fifth saying of each intent, by rules alone and with a head that never saw it."""
    said = seeds()
    families = {u.family: n for n, u in enumerate(said)}
    rank = {f: n % 5 for n, f in enumerate(sorted(families, key=lambda f: families[f]))}
    learned = [u for u in said if rank[u.family]]
    judged = [u for u in said if not rank[u.family]]
    head = fit_head(learned, encoder)  # type: ignore[arg-type]
    state, gate = _talking(store), Gate(store, "en", "USD")
    engine.reader = Reader(lambda: encoder, head)  # type: ignore[arg-type, return-value]
    wanted = [_plain(u.intent) for u in judged]
    alone = [_plain(understand(u.text, state, gate)[0].intent) for u in judged]
    with_head = [
        _plain(understand(u.text, state, gate, Guesser(engine, gate))[0].intent) for u in judged
    ]
    assert macro_f1(wanted, with_head) > macro_f1(wanted, alone) + 0.1
    searches = [n for n, intent in enumerate(wanted) if intent == "find"]
    lost = [n for n in searches if alone[n] == "find" and with_head[n] != "find"]
    assert len(lost) <= 0.1 * len(searches)


def _talking(store: Store) -> State:
    """Three products are shown, one is in focus, one is in the cart."""
    del store
    from daogou.assistant.state import CartLine

    shown = ("dress-red", "dress-white", "dress-black")
    return State(
        goal="dress",
        shown=shown,
        seen=shown,
        group=shown,
        focused=("dress-red",),
        cart=(CartLine("mug"),),
    )


def _plain(intent: str) -> str:
    intent = intent.split("/")[0]
    return "find" if intent == "refine" else intent


def macro_f1(wanted: Sequence[str], told: Sequence[str]) -> float:
    pairs = list(zip(wanted, told, strict=True))
    scores = []
    for intent in set(wanted):
        right = sum(w == t == intent for w, t in pairs)
        scores.append(2 * right / (sum(w == intent for w in wanted) + told.count(intent)))
    return float(np.mean(scores))


# --- what it learns from


@pytest.fixture
def quiet(store: Store) -> Store:
    """The planted shop before anybody has talked."""
    for conversation_id in store.conversation_ids(10_000):
        store.delete_conversation(conversation_id)
    return store


def _talked(assistant: Assistant, *said: str) -> Reply:
    reply = assistant.begin()
    for text in said:
        reply = assistant.say(reply.conversation_id, text)
    return reply


def test_what_a_rule_read_and_nobody_objected_to_is_learned(
    assistant: Assistant, quiet: Store
) -> None:
    _talked(assistant, "show me dresses", "where is my order?", "compare the first two")
    told = {u.text: u.intent for u in confirmed(quiet)}
    assert told["where is my order?"] == "policy/order"
    assert told["compare the first two"] == "compare"
    assert "show me dresses" not in told  # nobody went on with one


def test_a_search_that_led_on_is_learned(assistant: Assistant, quiet: Store) -> None:
    _talked(assistant, "summer dresses", "tell me more about the second one")
    assert {u.text: u.intent for u in confirmed(quiet)}["summer dresses"] == "find"


def test_thumbs_count(assistant: Assistant, quiet: Store) -> None:
    praised = _talked(assistant, "summer dresses")
    assert confirmed(quiet) == []
    quiet.rate_turn(praised.conversation_id, praised.turn, "up")
    blamed = _talked(assistant, "where is my order?")
    assert [u.intent for u in confirmed(quiet)] == ["policy/order", "find"]
    quiet.rate_turn(blamed.conversation_id, blamed.turn, "down")
    assert [u.text for u in confirmed(quiet)] == ["summer dresses"]


def test_guesses_and_what_was_objected_to_are_not_learned(
    assistant: Assistant, quiet: Store
) -> None:
    _talked(assistant, "could i pay in instalments", "can I return it?", "you don't understand me")
    assert confirmed(quiet) == []


def test_two_meanings_of_one_sentence_are_none(
    assistant: Assistant, quiet: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _talked(assistant, "where is my order?")
    _talked(assistant, "where is my order?")
    assert len(confirmed(quiet)) == 1
    meanings = iter(("policy/order", "howto"))
    monkeypatch.setattr("daogou.assistant.learning._label", lambda _: next(meanings))
    assert confirmed(quiet) == []


def test_a_trained_head_is_one_of_the_bundle(engine: Engine) -> None:
    """The planted bundle was written without one: the seeds are enough."""
    engine.warm_up()
    head = engine.reader._head
    assert isinstance(head, UtteranceHead)
    assert head.threshold < 0.8
