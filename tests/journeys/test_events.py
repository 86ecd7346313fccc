"""What is done in a conversation is in the event log, and the next answer knows it."""

from collections.abc import Sequence
from functools import partial

import pytest

from daogou.assistant import Assistant
from daogou.engine import Engine, RecommendRequest
from daogou.errors import NotFound
from daogou.store import Store
from daogou.types import UserEvent
from tests.journeys import checking

VISITOR = "guest-1"


talk = partial(checking.talk, visitor=VISITOR)


def done(events: Sequence[UserEvent]) -> list[tuple[str, str, int]]:
    return [(e.type, line.product_id, line.quantity) for e in events for line in e.lines]


def test_the_log_has_what_was_done(assistant: Assistant, store: Store) -> None:
    reply = talk(assistant, "headphones", "the second one", "how much is it?", "is it wireless?")
    second = reply.state.focus or ""
    assert done(store.visitor_events(VISITOR)) == [("detail-page-view", second, 1)]
    for message in ("add it to my cart", "yes", "make it 3", "one less"):
        reply = assistant.say(reply.conversation_id, message)
    assert [line.quantity for line in reply.cart] == [2]
    assistant.say(reply.conversation_id, "remove it from my cart")
    assistant.say(reply.conversation_id, "yes")
    assert done(store.visitor_events(VISITOR))[1:] == [
        ("add-to-cart", second, 1),
        ("add-to-cart", second, 2),
        ("remove-from-cart", second, 3),
        ("add-to-cart", second, 2),
        ("remove-from-cart", second, 2),
    ]


def test_an_event_says_where_it_comes_from(assistant: Assistant, store: Store) -> None:
    reply = talk(assistant, "dress", "the second one", "add it in M", "yes")
    viewed, added = store.visitor_events(VISITOR)
    shown = reply.state.lists[-1]
    product = store.product(shown.ids[1])
    assert product is not None
    for event in (viewed, added):
        (line,) = event.lines
        assert (line.product_id, line.position, line.placement) == (product.id, 1, "assistant")
        assert line.price == product.price
        assert event.recommendation_id == shown.recommendation_id
        assert event.policy_id == shown.policy_id
        assert event.attributes == {"conversation": (reply.conversation_id,)}
    assert viewed.event_id == f"chat-{reply.conversation_id}-3-0"
    assert added.event_id == f"chat-{reply.conversation_id}-5-0"
    assert added.lines[0].variant_id == f"{product.id}-m"


@pytest.mark.parametrize("message", ["not interested in the first one", "不喜欢第一个"])
def test_what_was_turned_down_is_not_recommended_again(
    assistant: Assistant, engine: Engine, store: Store, message: str
) -> None:
    home = RecommendRequest("home", VISITOR)
    first = engine.recommend(home).items[0].product.id
    reply = talk(assistant, "recommend me something")
    assert reply.products[0].id == first
    reply = assistant.say(reply.conversation_id, message)
    assert done(store.visitor_events(VISITOR)) == [("not-interested", first, 1)]
    assert reply.products, "others are recommended instead"
    assert first not in [card.id for card in reply.products]
    assert first not in [item.product.id for item in engine.recommend(home).items]
    again = talk(assistant, "recommend me something")
    assert first not in [card.id for card in again.products]


def test_what_is_in_the_cart_is_not_recommended(assistant: Assistant) -> None:
    reply = talk(assistant, "what do you recommend?")
    first = reply.products[0].id
    for message in ("the first one", "add it to my cart", "yes"):
        reply = assistant.say(reply.conversation_id, message)
        if reply.state.pending is not None and reply.state.pending.kind == "size":
            reply = assistant.say(reply.conversation_id, reply.quick_replies[0].payload)
    assert [line.product_id for line in reply.cart] == [first]
    again = talk(assistant, "what do you recommend?")
    assert first not in [card.id for card in again.products]


def test_recommendations_go_on_with_what_was_not_seen(assistant: Assistant) -> None:
    reply = talk(assistant, "what do you recommend?")
    first = {card.id for card in reply.products}
    for message in ("show me more", "recommend me something else"):
        reply = assistant.say(reply.conversation_id, message)
        assert reply.products
        assert not first & {card.id for card in reply.products}
        first |= {card.id for card in reply.products}


def test_without_a_visitor_nothing_is_logged(assistant: Assistant, store: Store) -> None:
    before = store.count_events()
    talk(assistant, "ceramic mug", "how much is it?", "add it", "yes", visitor=None)
    talk(assistant, "headphones", "I don't like the first one", visitor=None)
    assert store.count_events() == before


def test_a_message_that_is_answered_anew_is_logged_once(
    engine: Engine, store: Store, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Assistant(engine, store)  # as another process has it: no common lock
    reply = talk(assistant, "ceramic mug", "add it to my cart")
    write = store.append_turn
    raced = False

    def late(*written: object) -> bool:
        nonlocal raced
        if not raced:
            raced = True
            other.say(reply.conversation_id, "what can you do?")
        return write(*written)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "append_turn", late)
    added = assistant.say(reply.conversation_id, "yes")
    assert raced
    assert [line.product_id for line in added.cart] == ["mug"]
    events = store.visitor_events(VISITOR)
    assert done(events) == [("add-to-cart", "mug", 1)]
    assert events[0].event_id == f"chat-{reply.conversation_id}-{added.turn}-0"


def test_an_erased_visitor_leaves_nothing(assistant: Assistant, store: Store) -> None:
    reply = talk(assistant, "ceramic mug", "how much is it?")
    assert store.visitor_events(VISITOR)
    store.delete_visitor(VISITOR)
    assert not store.visitor_events(VISITOR)
    assert not store.turns(reply.conversation_id)
    with pytest.raises(NotFound):
        assistant.say(reply.conversation_id, "add it to my cart")
    assert not store.visitor_events(VISITOR)


def test_a_thousand_are_turned_down_or_seen(assistant: Assistant) -> None:
    """However many ids have to stay away, the search takes them."""
    reply = talk(assistant, "what do you have?", visitor=None)
    for _ in range(30):
        reply = assistant.say(reply.conversation_id, "show me more")
        assert reply.text
