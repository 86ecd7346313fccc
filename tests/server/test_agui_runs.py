"""``POST /v1/agui``: what AG-UI's own Python package sends and reads, over real HTTP."""

import base64
import json
import uuid
from typing import Any, Final

import httpx2
import pytest
from ag_ui.core import (
    PROTOCOL_VERSION,
    AssistantMessage,
    Context,
    Event,
    ImagePart,
    RunAgentInput,
    TextPart,
    Tool,
    UserMessage,
)
from ag_ui.core.types import DataSource
from pydantic import TypeAdapter

from tests.server.test_agui import events_of, of_kind

EVENTS: Final[TypeAdapter[Any]] = TypeAdapter(Event)


def new_thread() -> str:
    return str(uuid.uuid4())


def run_input(thread: str, *texts: str, **more: Any) -> RunAgentInput:
    """A run as a client sends it: the whole history, the shopper's message last."""
    messages: list[Any] = []
    for number, text in enumerate(texts):
        if number:
            messages.append(AssistantMessage(id=f"a{number}", content="..."))
        messages.append(UserMessage(id=f"u{number}", content=text))
    return RunAgentInput(
        thread_id=thread,
        run_id=str(uuid.uuid4()),
        protocol_version=PROTOCOL_VERSION,
        messages=more.pop("messages", messages),
        tools=[Tool(name="show", description="Shows", parameters={"type": "object"})],
        context=[Context(description="page", value="home")],
        **more,
    )


def post(address: str, body: RunAgentInput | dict[str, Any]) -> httpx2.Response:
    told = body if isinstance(body, dict) else json.loads(body.model_dump_json(by_alias=True))
    return httpx2.post(
        f"{address}/v1/agui", json=told, headers={"Accept": "text/event-stream"}, timeout=60
    )


def run(address: str, body: RunAgentInput) -> list[dict[str, Any]]:
    answer = post(address, body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert events[0]["threadId"] == body.thread_id
    assert events[0]["runId"] == events[-1]["runId"] == body.run_id
    assert events[0]["protocolVersion"] == PROTOCOL_VERSION
    return events


def texts_of(events: list[dict[str, Any]]) -> list[str]:
    said: dict[str, str] = {}
    for event in of_kind(events, "TEXT_MESSAGE_CONTENT"):
        said[event["messageId"]] = said.get(event["messageId"], "") + event["delta"]
    return list(said.values())


def snapshot(events: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = of_kind(events, "STATE_SNAPSHOT")[0]["snapshot"]
    return found


def test_a_thread_is_begun_and_gone_on_with(address: str) -> None:
    thread = new_thread()
    events = run(address, run_input(thread, "cheese under $4", forwarded_props={"visitorId": "ag"}))
    greeting, answer = texts_of(events)
    assert "automated assistant" in greeting
    assert "Cheddar" in answer
    assert events[-1]["result"]["turnId"] == 2
    again = run(address, run_input(thread, "cheese under $4", "how much is it?"))
    assert len(texts_of(again)) == 1
    assert "$3.79" in texts_of(again)[0]
    kept = httpx2.get(f"{address}/v1/conversations/{thread}").json()
    assert (kept["visitorId"], kept["turnCount"]) == ("ag", 3)


def test_a_thread_without_a_message_is_greeted_once(address: str) -> None:
    thread = new_thread()
    props = {"languageCode": "zh-CN", "somebodyElses": 3}
    events = run(address, run_input(thread, forwarded_props=props))
    assert len(texts_of(events)) == 1
    assert "自动导购助手" in texts_of(events)[0]
    refused = post(address, run_input(thread))
    assert refused.status_code == 400
    assert "role user" in refused.json()["error"]["message"]


def test_what_a_page_sets_in_the_state_counts(address: str) -> None:
    thread = new_thread()
    state = snapshot(run(address, run_input(thread, "cheese under $4")))
    assert state["turnId"] == 2
    wider = {**state, "budget": {**state["budget"], "max": 500}}
    events = run(address, run_input(thread, "cheese under $4", "show me all of them", state=wider))
    assert snapshot(events)["budget"]["max"] == 500
    # Alone, without a message, it is an edit.
    state = snapshot(events)
    history: list[Any] = [AssistantMessage(id="a1", content="...")]
    edited = run(address, run_input(thread, messages=history, state={**state, "goal": "butter"}))
    assert edited[-1]["result"]["products"][0]["id"] == "butter"
    # Who sends back an older state, or the state unchanged, sets nothing.
    old = run(address, run_input(thread, "x", "milk", state={**state, "goal": "tea", "turnId": 1}))
    assert snapshot(old)["goal"] == "milk"
    same = run(address, run_input(thread, "x", "what is in my cart?", state=snapshot(old)))
    assert snapshot(same)["goal"] == "milk"


def test_parts_that_cannot_be_used_are_left_aside(address: str) -> None:
    photo = DataSource(value=base64.b64encode(b"no picture").decode(), mime_type="image/png")
    parts: list[Any] = [ImagePart(source=photo), TextPart(text="ground"), TextPart(text="coffee")]
    body = run_input(new_thread(), messages=[UserMessage(id="1", content=parts)])
    assert run(address, body)[-1]["result"]["products"][0]["id"] == "coffee"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"threadId": "thread-1"}, "threadId"),
        ({"threadId": None}, "threadId"),
        ({"runId": ""}, "runId"),
        ({"messages": "milk"}, "messages"),
        ({"messages": [{"role": "user", "content": "milk"}]}, "messages[0].id"),
        ({"messages": [{"id": "1", "role": "user", "content": "x" * 20_001}]}, "messages"),
        ({"forwardedProps": {"visitorId": 3}}, "forwardedProps.visitorId"),
        ({"state": {"goal": 3}}, "state.goal"),
        ({"state": {"must": "red"}}, "state.must"),
        ({"state": {"quantity": -1}}, "state.quantity"),
    ],
)
def test_malformed_input_is_refused_before_a_run(
    address: str, change: dict[str, Any], field: str
) -> None:
    thread = new_thread()
    body = json.loads(run_input(thread, "milk").model_dump_json(by_alias=True))
    answer = post(address, {**body, **change})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["field"] == field
    assert httpx2.get(f"{address}/v1/conversations/{thread}").status_code == 404


def test_what_only_the_shop_can_refuse_ends_the_run(address: str) -> None:
    body = run_input(new_thread(), "milk", state={"must": [{"field": "brnd", "values": ["x"]}]})
    error = run_error(address, body)
    assert error["code"] == "INVALID_ARGUMENT"
    assert "Did you mean 'brand'?" in error["message"]


def run_error(address: str, body: RunAgentInput) -> dict[str, Any]:
    events = events_of(post(address, body).text)
    assert events[-1]["type"] == "RUN_ERROR"
    return events[-1]
