"""``/v1/conversations``: a talk over HTTP, what is kept of it, and input that makes no sense."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app
from daogou.server.conversation_schemas import ConversationAnswer, FeedbackAnswer, ReplyAnswer
from daogou.server.errors import TooMany
from daogou.server.limiting import MOST_CLIENTS, Limiter
from daogou.server.schemas import ErrorAnswer
from daogou.store import Store

UNKNOWN: Final = "there-is-no-such-talk"


def begin(client: TestClient, **body: object) -> ReplyAnswer:
    answer = client.post("/v1/conversations", json=body)
    assert answer.status_code == 200, answer.text
    return ReplyAnswer.model_validate(answer.json())


def say(client: TestClient, conversation_id: str, text: str, key: str = "text") -> ReplyAnswer:
    answer = client.post(f"/v1/conversations/{conversation_id}/messages", json={key: text})
    assert answer.status_code == 200, answer.text
    return ReplyAnswer.model_validate(answer.json())


def press(client: TestClient, reply: ReplyAnswer, start: str) -> ReplyAnswer:
    """Send the payload of the quick reply that begins so."""
    payload = next(q.payload for q in reply.quick_replies if q.payload.startswith(start))
    return say(client, reply.conversation_id, payload, key="payload")


def get(client: TestClient, conversation_id: str, **query: int) -> ConversationAnswer:
    answer = client.get(f"/v1/conversations/{conversation_id}", params=query)
    assert answer.status_code == 200, answer.text
    return ConversationAnswer.model_validate(answer.json())


def refused(answer: Any, code: int = 400) -> str:
    assert answer.status_code == code, answer.text
    return ErrorAnswer.model_validate(answer.json()).error.message


def test_the_greeting_says_what_talks(client: TestClient) -> None:
    english, chinese = begin(client), begin(client, visitorId="v", languageCode="zh-CN")
    assert english.turn_id == chinese.turn_id == 1
    assert "automated assistant" in english.message.text
    assert chinese.message.language == "zh"
    assert english.conversation_id != chinese.conversation_id


def test_a_talk_from_a_wish_to_the_cart(client: TestClient) -> None:
    talk = begin(client, visitorId="household-1").conversation_id
    found = say(client, talk, "cheese under $4")
    assert [(p.id, p.price and p.price.amount) for p in found.products] == [("cheddar", 379)]
    assert found.state["budget"]["max"] == 400
    asked = say(client, talk, "add the first one to my cart")
    assert asked.cart == []
    added = press(client, asked, "/yes")
    assert [(line.id, line.quantity) for line in added.cart] == [("cheddar", 1)]
    kept = get(client, talk)
    assert (kept.visitor_id, kept.turn_count) == ("household-1", 4)
    assert kept.cart == added.cart
    assert kept.state == added.state
    assert [turn.text for turn in kept.turns] == [
        "",
        "cheese under $4",
        "add the first one to my cart",
        "/yes",
    ]
    assert kept.turns[1].reply["message"]["text"] == found.message.text
    assert "state" not in kept.turns[1].reply


def test_wishes_are_listed_and_taken_back(client: TestClient) -> None:
    talk = begin(client).conversation_id
    say(client, talk, "cheese under $4")
    listed = say(client, talk, "what do you know about my wishes?")
    assert "$4" in listed.message.text
    edited = press(client, listed, "/forget 2")
    assert edited.state["must"] == []
    assert edited.state["goal"] == "cheese"


def test_the_newest_turns_oldest_first(client: TestClient) -> None:
    talk = begin(client).conversation_id
    for text in ("milk", "tea", "rice"):
        say(client, talk, text)
    assert [turn.turn_id for turn in get(client, talk, pageSize=2).turns] == [3, 4]
    assert len(get(client, talk, pageSize=0).turns) == 4


def test_deleted_is_gone(client: TestClient) -> None:
    talk = begin(client).conversation_id
    assert client.delete(f"/v1/conversations/{talk}").json() == {"deleted": 1}
    for answer in (
        client.get(f"/v1/conversations/{talk}"),
        client.delete(f"/v1/conversations/{talk}"),
        client.post(f"/v1/conversations/{talk}/messages", json={"text": "milk"}),
        client.post(
            f"/v1/conversations/{talk}/messages",
            json={"text": "milk"},
            headers={"Accept": "text/event-stream"},
        ),
        client.post(f"/v1/conversations/{talk}/turns/1/feedback", json={"rating": "up"}),
    ):
        assert "never begun" in refused(answer, 404)


def test_erasing_a_visitor_erases_the_talks(client: TestClient) -> None:
    talk = begin(client, visitorId="forget/me").conversation_id
    client.delete("/v1/visitors/forget%2Fme")
    assert client.get(f"/v1/conversations/{talk}").status_code == 404


# --- feedback


def test_feedback_is_kept_and_replaced(client: TestClient) -> None:
    talk = begin(client).conversation_id
    say(client, talk, "milk")
    path = f"/v1/conversations/{talk}/turns/2/feedback"
    first = client.post(path, json={"rating": "up", "comment": "正是我要的"})
    assert FeedbackAnswer.model_validate(first.json()).feedback.comment == "正是我要的"
    second = FeedbackAnswer.model_validate(client.post(path, json={"rating": "down"}).json())
    told = [turn.feedback for turn in get(client, talk).turns]
    assert told == [None, second.feedback]
    assert told[1] is not None
    assert (told[1].rating, told[1].comment) == ("down", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": "up", "comment": 3}, "comment"),
        ({"rating": "up", "comment": "x" * 2001}, "comment"),
        ({"rating": "up", "comment": "a\0b"}, "comment"),
        ({"rating": "up", "coment": "a"}, "coment"),
    ],
)
def test_feedback_that_is_none(client: TestClient, body: dict[str, Any], field: str) -> None:
    talk = begin(client).conversation_id
    answer = client.post(f"/v1/conversations/{talk}/turns/1/feedback", json=body)
    refused(answer)
    assert answer.json()["error"]["field"] == field


def test_a_turn_that_there_is_not(client: TestClient) -> None:
    talk = begin(client).conversation_id
    answer = client.post(f"/v1/conversations/{talk}/turns/7/feedback", json={"rating": "up"})
    assert "has no turn 7" in refused(answer, 404)


# --- bad input


@pytest.mark.parametrize("text", ["", " ", "\0", "红" * 20_000, "a" * 20_000, "¿dónde está?", "🦄"])
def test_what_cannot_be_read_has_an_answer(client: TestClient, text: str) -> None:
    talk = begin(client).conversation_id
    assert say(client, talk, text).message.text
    assert get(client, talk).turn_count == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "neither text nor payload"),
        ({"text": None}, "neither text nor payload"),
        ({"text": "milk", "payload": "/more"}, "both text and payload"),
        ({"text": 3}, "text is 3"),
        ({"text": ["milk"]}, "text is ['milk']"),
        ({"text": "a" * 20_001}, "at most 20000 characters"),
        ({"text": "\ud800"}, "unicode"),
        ({"payload": "more"}, "payload is 'more'"),
        ({"text": "milk", "lastTurnId": 0}, "lastTurnId is 0"),
        ({"txt": "milk"}, "Did you mean 'text'?"),
        ([], "the body is []"),
    ],
)
def test_a_message_that_is_none(client: TestClient, body: Any, message: str) -> None:
    talk = begin(client).conversation_id
    assert message in refused(post_raw(client, f"/v1/conversations/{talk}/messages", body))
    assert get(client, talk).turn_count == 1


def post_raw(client: TestClient, path: str, body: object) -> Any:
    import json  # httpx would refuse a broken surrogate itself

    headers = {"Content-Type": "application/json"}
    return client.post(path, content=json.dumps(body).encode(), headers=headers)


@pytest.mark.parametrize(
    "body", [{"visitorId": ""}, {"visitorId": "a\0"}, {"visitorId": 3}, {"languageCode": "!"}, []]
)
def test_a_beginning_that_is_none(client: TestClient, body: Any) -> None:
    refused(client.post("/v1/conversations", json=body))


@pytest.mark.parametrize("odd", [UNKNOWN, "%00", "%ED%A0%80", "x" * 256])
def test_an_id_that_there_is_not(client: TestClient, odd: str) -> None:
    answer = client.post(f"/v1/conversations/{odd}/messages", json={"text": "milk"})
    assert answer.status_code == 404, answer.text


def test_a_product_that_is_deleted_while_it_is_spoken_of(client: TestClient) -> None:
    talk = begin(client).conversation_id
    assert [p.id for p in say(client, talk, "cheese under $4").products] == ["cheddar"]
    client.delete("/v1/products/cheddar")
    for text in ("how much is it?", "add it to my cart", "compare it with the first one"):
        assert "cheddar" not in [p.id for p in say(client, talk, text).products]


def test_two_messages_at_once_are_both_answered(client: TestClient) -> None:
    talk = begin(client).conversation_id
    ready = threading.Barrier(8)

    def one(number: int) -> int:
        ready.wait()
        return say(client, talk, ("milk", "tea", "rice", "bread")[number % 4]).turn_id

    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(one, range(8)))
    assert sorted(turns) == list(range(2, 10))
    assert [turn.turn_id for turn in get(client, talk).turns] == list(range(1, 10))


def test_two_hundred_turns(client: TestClient) -> None:
    talk = begin(client).conversation_id
    texts = (
        "milk",
        "under $4",
        "the first one",
        "something cheaper",
        "tea",
        "never mind the price",
    )
    for number in range(200):
        assert say(client, talk, texts[number % len(texts)]).turn_id == number + 2
    assert get(client, talk).turn_count == 201


# --- limits and metrics


def test_a_client_that_sends_too_many_waits(engine: Engine, store: Store) -> None:
    client = TestClient(create_app(engine, store, ServerConfig(messages_per_minute=2)))
    talk = begin(client).conversation_id
    say(client, talk, "milk")
    answer = client.post(f"/v1/conversations/{talk}/messages", json={"text": "tea"})
    assert "more than 2 messages in a minute" in refused(answer, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert get(client, talk).turn_count == 2


def outcomes(limiter: Limiter, *addresses: str) -> list[bool]:
    def admitted(address: str) -> bool:
        try:
            limiter.admit(address)
        except TooMany:
            return False
        return True

    return [admitted(address) for address in addresses]


def at(moment: list[float]) -> Callable[[], float]:
    return lambda: moment[0]


def test_a_bucket_fills_again(subtests: pytest.Subtests) -> None:
    now = [0.0]
    limiter = Limiter(2, at(now))
    assert outcomes(limiter, "a", "a", "a", "b") == [True, True, False, True]
    now[0] = 29.9
    assert outcomes(limiter, "a") == [False]
    now[0] = 30.0
    assert outcomes(limiter, "a", "a") == [True, False]
    now[0] = 1e6
    assert outcomes(limiter, "a", "a", "a") == [True, True, False]
    with subtests.test("one client has a whole network of IPv6 addresses"):
        assert outcomes(
            limiter, "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"
        ) == [
            True,
            True,
            False,
            True,
        ]
    with subtests.test("0 is no limit"):
        assert all(outcomes(Limiter(0), *["a"] * 1000))


def test_many_addresses_do_not_fill_the_memory() -> None:
    now = [0.0]
    limiter = Limiter(1, at(now))
    assert all(outcomes(limiter, *map(str, range(MOST_CLIENTS))))
    now[0] = 61.0
    assert outcomes(limiter, "another", "another") == [True, False]
    assert len(limiter._left) == 1


def test_a_limit_below_none() -> None:
    with pytest.raises(ValueError, match="messages_per_minute is -1; expected 0 or more"):
        ServerConfig(messages_per_minute=-1)


def test_a_turn_is_measured(client: TestClient) -> None:
    say(client, begin(client).conversation_id, "milk")
    lines = client.get("/metrics").text.splitlines()
    for stage in ("begin", "engine", "answer"):
        assert f'daogou_stage_seconds_count{{route="conversation",stage="{stage}"}} 1.0' in lines
