"""A turn as AG-UI events, held against the protocol's own models and rules of order."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from ag_ui.core import Event
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from daogou.assistant import Assistant, Reply
from daogou.assistant.page import NOWHERE, Page
from daogou.engine import Engine
from daogou.engine.answering import Stage, unmeasured
from daogou.errors import StoreError
from daogou.server import ServerConfig, agui, create_app, listen, serve
from daogou.server.agui import MEDIA_TYPE, patch
from daogou.store import Store

EVENTS: Final[TypeAdapter[Any]] = TypeAdapter(Event)
OPENERS: Final = {"TEXT_MESSAGE": "messageId", "TOOL_CALL": "toolCallId"}


def events_of(text: str) -> list[dict[str, Any]]:
    """Every event of a stream, each of a shape that the protocol's own models know."""
    found = []
    for block in text.split("\n\n"):
        if not block or block.startswith(":"):
            continue
        assert block.startswith("data: "), block
        event = json.loads(block.removeprefix("data: "))
        model = EVENTS.validate_json(block.removeprefix("data: "))
        # The models keep what they do not know; nothing of ours is of that kind.
        assert not model.model_extra, event
        found.append(event)
    in_order(found)
    return found


def in_order(events: list[dict[str, Any]]) -> None:
    """The rules of the protocol's pages on the lifecycle and on streaming."""
    kinds = [event["type"] for event in events]
    assert kinds[0] == "RUN_STARTED"
    assert kinds[-1] in ("RUN_FINISHED", "RUN_ERROR")
    assert kinds.count("RUN_STARTED") == 1
    opened: dict[str, set[str]] = {family: set() for family in OPENERS}
    for event in events:
        family, _, step = event["type"].rpartition("_")
        if family not in OPENERS or step == "RESULT":
            continue
        name = event[OPENERS[family]]
        if step == "START":
            assert name not in opened[family]
            opened[family].add(name)
        else:
            assert name in opened[family]
        if step == "END":
            opened[family].remove(name)
    if kinds[-1] == "RUN_FINISHED":
        assert not any(opened.values())
        assert events[0]["runId"] == events[-1]["runId"]


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def begin(client: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/v1/conversations", json={}).json()
    return answer


def run(client: TestClient, conversation_id: str, text: str, **more: Any) -> list[dict[str, Any]]:
    answer = client.post(
        f"/v1/conversations/{conversation_id}/messages",
        json={"text": text, **more},
        headers={"Accept": f"application/json;q=0.1, {MEDIA_TYPE}"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    return events_of(answer.text)


def test_the_events_tell_what_the_answer_tells(client: TestClient) -> None:
    talk = begin(client)["conversationId"]
    events = run(client, talk, "cheese under $4")
    result = events[-1]["result"]
    assert result["products"][0]["id"] == "cheddar"
    said = "".join(event["delta"] for event in of_kind(events, "TEXT_MESSAGE_CONTENT"))
    assert said == result["message"]["text"]
    told = {event["name"]: event["value"] for event in of_kind(events, "CUSTOM")}
    assert told == {name: result[name] for name in agui.PARTS if result[name]}
    assert of_kind(events, "STATE_SNAPSHOT")[0]["snapshot"] == result["state"]
    kept = client.get(f"/v1/conversations/{talk}").json()
    assert kept["state"] == result["state"]
    assert kept["turns"][-1]["turnId"] == result["turnId"] == 2
    assert events[0]["threadId"] == talk


def tools(events: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    """Name, arguments and result of each call."""
    asked = {e["toolCallId"]: json.loads(e["delta"]) for e in of_kind(events, "TOOL_CALL_ARGS")}
    results = of_kind(events, "TOOL_CALL_RESULT")
    found = {e["toolCallId"]: json.loads(e["content"]) for e in results}
    starts = of_kind(events, "TOOL_CALL_START")
    return [(e["toolCallName"], asked[e["toolCallId"]], found[e["toolCallId"]]) for e in starts]


def test_what_was_done_is_told(client: TestClient) -> None:
    article = {"id": "returns", "title": "Returns", "text": "Within 30 days.", "kind": "policy"}
    client.put("/v1/knowledge", json=article)
    talk = begin(client)["conversationId"]
    name, asked, found = tools(run(client, talk, "cheese under $4"))[0]
    assert (name, asked["query"], found["totalSize"]) == ("search_products", "cheese", 1)
    assert found["productIds"] == ["cheddar"]
    assert "price" in asked["filter"]
    assert tools(run(client, talk, "add it to my cart")) == []
    ((name, asked, found),) = tools(run(client, talk, "yes"))
    line = {"id": "cheddar", "variantId": None, "quantity": 1}
    assert (name, asked, found) == ("add_to_cart", {"lines": [line]}, {"cart": [line]})
    assert tools(run(client, talk, "can I return it?")) == [
        (
            "ask_knowledge",
            {"query": "can i return it", "productId": None},
            {"id": "returns", "title": "Returns"},
        )
    ]
    assert tools(run(client, talk, "start over")) == []
    name, asked, _ = tools(run(client, talk, "recommend me something"))[0]
    assert (name, asked["placement"]) == ("recommend_products", "home")


# --- state


def applied(document: Any, steps: list[dict[str, Any]]) -> Any:
    """RFC 6902, as far as our patches go, written without a look at the code that makes them."""
    document = json.loads(json.dumps(document))
    for step in steps:
        *parents, last = [
            p.replace("~1", "/").replace("~0", "~") for p in step["path"].split("/")[1:]
        ]
        place = document
        for part in parents:
            place = place[part]
        if step["op"] == "remove":
            del place[last]
        else:
            assert (last in place) == (step["op"] == "replace")
            place[last] = step["value"]
    return document


def test_a_client_that_has_the_state_gets_the_change(client: TestClient) -> None:
    first = begin(client)
    talk, state = first["conversationId"], first["state"]
    for text in ("cheese under $4", "not from Bella", "add the first one to my cart", "yes"):
        turn = client.get(f"/v1/conversations/{talk}").json()["turnCount"]
        events = run(client, talk, text, lastTurnId=turn)
        (change,) = of_kind(events, "STATE_DELTA")
        assert not of_kind(events, "STATE_SNAPSHOT")
        state = applied(state, change["delta"])
        assert state == events[-1]["result"]["state"]


def test_a_client_that_is_behind_gets_the_whole_state(client: TestClient) -> None:
    talk = begin(client)["conversationId"]
    run(client, talk, "milk")
    for behind in (1, 99):
        events = run(client, talk, "tea", lastTurnId=behind)
        assert of_kind(events, "STATE_SNAPSHOT")


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("a~/0", max_size=3), inner),
    max_leaves=6,
)
OBJECTS: Final = st.dictionaries(st.text("a~/0", max_size=3), JSON, max_size=4)


@settings(max_examples=60, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_patch_makes_one_of_the_other(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    steps = patch(old, new)
    assert applied(old, steps) == new
    assert patch(new, new) == []
    EVENTS.validate_python({"type": "STATE_DELTA", "delta": steps})


# --- failures


class Troubled(Assistant):
    """Fails when it is asked to."""

    trouble: Exception | None = None

    def say(
        self,
        conversation_id: str,
        text: str,
        hear: Callable[[str], None] | None = None,
        page: Page = NOWHERE,
        image: bytes | None = None,
        stage: Stage = unmeasured,
    ) -> Reply:
        if self.trouble is not None:
            if hear is not None:
                hear("Let me see")
            raise self.trouble
        return super().say(conversation_id, text, hear, page, image, stage)


@pytest.mark.parametrize(
    ("trouble", "code", "message"),
    [
        (StoreError("the database is away; start it"), "UNAVAILABLE", "the operator finds"),
        (ZeroDivisionError("a secret"), "INTERNAL", "The server failed"),
    ],
)
def test_a_failure_under_way_is_told_in_the_stream(
    engine: Engine,
    store: Store,
    config: ServerConfig,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
    code: str,
    message: str,
) -> None:
    assistant = Troubled(engine, store)
    client = TestClient(create_app(engine, store, config, assistant))
    talk = begin(client)["conversationId"]
    assistant.trouble = trouble
    events = run(client, talk, "milk")
    assert events[-1]["type"] == "RUN_ERROR"
    assert events[-1]["code"] == code
    assert message in events[-1]["message"]
    assert "secret" not in json.dumps(events)
    assert caplog.records
    assistant.trouble = None
    assert run(client, talk, "milk")[-1]["result"]["turnId"] == 2


# --- clients that go away


class Slow(Assistant):
    """Answers when it is let."""

    def __init__(self, engine: Engine, store: Store) -> None:
        super().__init__(engine, store)
        self.asked = threading.Semaphore(0)
        self.go = threading.Event()

    def say(
        self,
        conversation_id: str,
        text: str,
        hear: Callable[[str], None] | None = None,
        page: Page = NOWHERE,
        image: bytes | None = None,
        stage: Stage = unmeasured,
    ) -> Reply:
        self.asked.release()
        assert self.go.wait(60)
        return super().say(conversation_id, text, hear, page, image, stage)


@pytest.fixture
def slow(engine: Engine, store: Store) -> Slow:
    return Slow(engine, store)


@pytest.fixture
def served(
    engine: Engine, store: Store, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, int]]:
    """A real server over a real socket, in this process, whose threads can be counted."""
    import uvicorn

    config = ServerConfig(port=0, messages_per_minute=0)
    listener = listen(config)
    running: list[uvicorn.Server] = []
    startup = uvicorn.Server.startup

    async def noted(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        running.append(self)
        await startup(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "startup", noted)
    up = threading.Event()
    app: FastAPI = create_app(engine, store, config, slow)
    thread = threading.Thread(
        target=lambda: serve(app, config, listener=listener, started=lambda _: up.set())
    )
    thread.start()
    assert up.wait(60)
    try:
        yield listener.getsockname()[:2]
    finally:
        slow.go.set()
        running[0].should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def dropped(server: tuple[str, int], conversation_id: str, text: str) -> None:
    """Ask for a stream, read its beginning, and go away."""
    body = json.dumps({"text": text}).encode()
    with socket.create_connection(server, timeout=60) as connection:
        connection.sendall(
            f"POST /v1/conversations/{conversation_id}/messages HTTP/1.1\r\nHost: shop\r\n"
            f"Content-Type: application/json\r\nAccept: {MEDIA_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        received = b""
        while b"RUN_STARTED" not in received:
            piece = connection.recv(4096)
            assert piece
            received += piece


def test_a_client_that_goes_away_loses_nothing_and_leaves_no_thread(
    served: tuple[str, int], slow: Slow, store: Store
) -> None:
    talks = [slow.begin().conversation_id for _ in range(6)]
    for talk in talks:
        dropped(served, talk, "cheese under $4")
    for _ in talks:
        assert slow.asked.acquire(timeout=60)
    slow.go.set()

    def answered() -> list[int]:
        return [c.turns for talk in talks if (c := store.conversation(talk))]

    until = time.monotonic() + 60
    while answered() != [2] * len(talks) and time.monotonic() < until:
        time.sleep(0.05)
    assert answered() == [2] * len(talks)
    assert all(slow.last(talk).goal == "cheese" for talk in talks)
    # The pool keeps its threads; with more clients that go away there are not more of them.
    before = threading.active_count()
    for _ in range(3):
        for talk in talks:
            dropped(served, talk, "tea")
            assert slow.asked.acquire(timeout=60)
    assert threading.active_count() <= before


def test_a_silent_stream_is_kept_alive(
    served: tuple[str, int], slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agui, "KEEP_ALIVE", 0.05)
    talk = slow.begin().conversation_id
    body = b'{"text": "milk"}'
    with socket.create_connection(served, timeout=60) as connection:
        connection.sendall(
            f"POST /v1/conversations/{talk}/messages HTTP/1.1\r\nHost: shop\r\n"
            f"Content-Type: application/json\r\nAccept: {MEDIA_TYPE}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        received = b""
        while b": keep-alive\n\n" not in received:
            received += connection.recv(4096)
        slow.go.set()
        while piece := connection.recv(4096):
            received += piece
    assert b"RUN_FINISHED" in received
