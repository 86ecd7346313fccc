"""Whatever is said in a conversation, over AG-UI and over MCP: an answer or a refusal, no fault.

Beside ``test_fuzz.py``, which draws its requests from the description and therefore never meets a
conversation that there is. ``DAOGOU_FUZZ_EXAMPLES`` requests of each kind are made, 40 where it is
not set; any number draws new ones in each run. How many were made is printed and goes into the test
report.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from daogou.server.errors import STATUSES, UNEXPECTED
from daogou.server.schemas import ErrorAnswer

DRAWN: Final = settings(
    max_examples=int(os.environ.get("DAOGOU_FUZZ_EXAMPLES", "40")),
    deadline=None,
    database=None,
    derandomize="DAOGOU_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
STREAM: Final = {"Accept": "text/event-stream"}
ACCEPT: Final = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
SAID: Final = st.lists(
    st.sampled_from(
        [
            "milk", "牛奶", "under $3", "3块以下", "not Bella", "不要", "the second one", "第一个",
            "compare", "add it to my cart", "加入购物车", "cheaper", "how much", "why", "reset",
            "make it 5", "two of them", "more", "换一批", "?", "\u0000", "\U0001f95b", "x" * 300,
        ]
    )
    | st.text(max_size=20),
    max_size=5,
).map(" ".join)  # fmt: skip
ID: Final = st.sampled_from(["milk", "spaghetti", "nothing", ""]) | st.text(max_size=10)
LINES: Final = st.fixed_dictionaries(
    {"id": ID, "quantity": st.integers(-1, 1000)}, optional={"variantId": ID}
)
SENSIBLE: Final = st.fixed_dictionaries(
    {"text": SAID.filter(str.strip)},
    optional={
        "languageCode": st.sampled_from(["en", "zh", "zh-Hant"]),
        "productId": st.sampled_from(["milk", "spaghetti"]),
        "cart": st.just([{"id": "milk", "quantity": 2}]),
    },
)
BROKEN: Final = st.fixed_dictionaries(
    {},
    optional={
        "text": SAID,
        "payload": SAID,
        "image": st.sampled_from(["", "AAAA", "iVBORw0KGgo="]) | st.text(max_size=8),
        "label": SAID,
        "languageCode": st.sampled_from(["en", "zh", "zh-Hant", "fr", ""]),
        "productId": ID,
        "cart": st.lists(LINES, max_size=3),
        "lastTurnId": st.integers(-1, 2**63),
    },
)
MESSAGES: Final = SENSIBLE | SENSIBLE | BROKEN


@pytest.fixture(scope="module")
def cases(record_testsuite_property: Callable[[str, object], None]) -> Iterator[Counter[str]]:
    """How often each status came, over the whole module."""
    counted: Counter[str] = Counter()
    yield counted
    record_testsuite_property("fuzz_talk_cases", counted.total())
    sys.stderr.write(f" {counted.total():,} requests of talks ")


def begun(client: TestClient) -> str:
    answer = client.post("/v1/conversations", json={"visitorId": "household-1"})
    assert answer.status_code == 200
    return quote(answer.json()["conversationId"], safe="")


def checked(answer: Any, cases: Counter[str]) -> None:
    """Good, or refused in the one shape; never a fault of ours, and nothing of our code shown."""
    cases[str(answer.status_code)] += 1
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    if answer.status_code != 200:
        assert answer.status_code in STATUSES
        ErrorAnswer.model_validate(answer.json())


def bytes_of(body: object) -> bytes:
    """JSON with what it may hold: lone surrogates come as they would from a client that escapes."""
    return json.dumps(body).encode()


def test_whatever_is_said(client: TestClient, cases: Counter[str]) -> None:
    """Long conversations, so that what is said meets a state: what was shown, asked and put in."""
    talk, turns = begun(client), 0

    @DRAWN
    @given(body=MESSAGES)
    def one(body: dict[str, Any]) -> None:
        nonlocal talk, turns
        if turns == 8:
            talk, turns = begun(client), 0
        turns += 1
        path = f"/v1/conversations/{talk}/messages"
        headers = {"Content-Type": "application/json"}
        checked(client.post(path, content=bytes_of(body), headers=headers), cases)

    one()
    checked(client.get(f"/v1/conversations/{talk}"), cases)
    assert cases["200"] > cases.total() / 3


def test_whatever_is_said_over_ag_ui(client: TestClient, cases: Counter[str]) -> None:
    talk = begun(client)

    @DRAWN
    @given(body=MESSAGES)
    def one(body: dict[str, Any]) -> None:
        headers = STREAM | {"Content-Type": "application/json"}
        path = f"/v1/conversations/{talk}/messages"
        answer = client.post(path, content=bytes_of(body), headers=headers)
        checked(answer, cases)
        if answer.status_code == 200:
            lines = [line for line in answer.text.splitlines() if line.startswith("data: ")]
            events = [json.loads(line.removeprefix("data: ")) for line in lines]
            assert events[0]["type"] == "RUN_STARTED"
            assert events[-1]["type"] == "RUN_FINISHED", events[-1]

    one()


def test_whatever_is_said_of_a_turn(client: TestClient, cases: Counter[str]) -> None:
    talk = begun(client)
    assert client.post(f"/v1/conversations/{talk}/messages", json={"text": "milk"}).is_success
    bodies = st.fixed_dictionaries(
        {}, optional={"rating": st.sampled_from(["up", "down", "", 1, None]), "comment": SAID}
    )

    @DRAWN
    @given(turn=st.integers(-1, 4) | st.integers(), body=bodies | JSON)
    def one(turn: int, body: object) -> None:
        path = f"/v1/conversations/{talk}/turns/{turn}/feedback"
        headers = {"Content-Type": "application/json"}
        checked(client.post(path, content=bytes_of(body), headers=headers), cases)

    one()


def spoken(client: TestClient, body: object, cases: Counter[str]) -> Any:
    """A message over MCP: its answer is JSON-RPC, and no fault of ours."""
    answer = client.post("/mcp", content=bytes_of(body), headers=ACCEPT)
    cases[str(answer.status_code)] += 1
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert UNEXPECTED not in answer.text
    return answer.json() if answer.content else None


def test_whatever_is_sent_over_mcp(client: TestClient, cases: Counter[str]) -> None:
    methods = st.sampled_from(
        ["initialize", "tools/list", "tools/call", "ping", "resources/list", "prompts/get", ""]
    )
    calls = st.fixed_dictionaries(
        {"jsonrpc": st.sampled_from(["2.0", "1.0"]) | JSON, "method": methods | JSON},
        optional={"id": st.integers() | JSON, "params": JSON},
    )

    @DRAWN
    @given(body=calls | st.lists(calls, max_size=2) | JSON)
    def one(body: object) -> None:
        spoken(client, body, cases)

    one()


def test_whatever_a_tool_is_asked(client: TestClient, cases: Counter[str]) -> None:
    """Every tool, with its own arguments or others, sensible or not."""
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    tools = spoken(client, listing, cases)["result"]["tools"]
    fields = {tool["name"]: sorted(tool["inputSchema"]["properties"]) for tool in tools}
    assert len(fields) > 5
    good = SAID | ID | st.integers(0, 20) | st.lists(ID, max_size=3)
    meta = {"ucp-agent": {"profile": "https://platform.example/profile.json"}}
    catalog = st.fixed_dictionaries(
        {}, optional={"query": SAID, "ids": st.lists(ID, max_size=3), "id": ID, "filters": JSON}
    )

    @st.composite
    def called(draw: st.DrawFn) -> dict[str, Any]:
        name = draw(st.sampled_from(sorted(fields)))
        value = {"meta": st.just(meta) | JSON, "catalog": catalog | JSON}
        asked = draw(st.lists(st.sampled_from(fields[name]), unique=True))
        arguments = {field: draw(value.get(field, good | JSON)) for field in asked}
        return {"name": name, "arguments": arguments}

    @DRAWN
    @given(params=called())
    def one(params: dict[str, Any]) -> None:
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        told = spoken(client, call, cases)
        assert ("result" in told) != ("error" in told)

    one()
