"""The MCP server, asked by the real client: over real HTTP, and over stdio."""

import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import jsonschema_rs
import pytest
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.types import INVALID_PARAMS, CallToolResult
from starlette.testclient import TestClient

from daogou.assistant import Assistant
from daogou.engine import Engine
from daogou.errors import ConfigError
from daogou.server import ServerConfig, create_app, serve_mcp
from daogou.server.schemas import ErrorAnswer
from daogou.store import Store

NAMES: Final = [
    "search_catalog",
    "lookup_catalog",
    "get_product",
    "search_products",
    "recommend_products",
    "similar_products",
    "product_details",
    "ask_knowledge",
    "ask_assistant",
    "edit_wishes",
]
META: Final = {"ucp-agent": {"profile": "https://platform.example/profile.json"}}


def with_client(server: Any, ask: Callable[[Client], Awaitable[None]]) -> None:
    failures: list[AssertionError] = []

    async def run() -> None:
        async with Client(server) as client:
            try:
                await ask(client)
            except AssertionError as error:
                failures.append(error)

    # In a thread of its own: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, run).result()
    if failures:
        raise failures[0]  # outside of the groups of tasks, which would wrap it


async def called(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; as text it says the same."""
    result = await client.call_tool(name, arguments)
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result.content
    told: dict[str, Any] = result.structured_content
    assert json.loads(result.content[0].text) == told  # type: ignore[union-attr]
    return told


async def catalog(client: Client, name: str, **asked: Any) -> dict[str, Any]:
    """What a tool of UCP's answers."""
    told = await called(client, name, meta=META, catalog=asked)
    assert told["ucp"]["version"] == "2026-08-25"
    return told


def test_the_tools_over_http(address: str) -> None:
    async def ask(client: Client) -> None:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == NAMES
        for tool in listed:
            assert tool.description
            jsonschema_rs.Draft202012Validator(tool.input_schema)
        assert client.server_info is not None
        assert client.server_info.name == "Corner Market"

        found = await called(client, "search_products", query="cheese under $4")
        assert [r["id"] for r in found["results"]] == ["cheddar"]
        fields = [c["field"] for c in found["understanding"]["constraints"]]
        assert "price" in fields
        more = await called(client, "recommend_products", visitorId="household-1")
        assert more["results"][0]["reason"]["text"]
        pair = await called(
            client, "recommend_products", placement="goes-with", productIds=["spaghetti"]
        )
        assert pair["results"]
        similar = await called(client, "similar_products", productId="milk", languageCode="zh")
        assert "milk" not in [r["id"] for r in similar["results"]]
        details = await called(client, "product_details", productId="milk", languageCode="zh")
        assert details["product"]["title"] == "全脂牛奶 1 加仑"
        nothing = await called(client, "ask_knowledge", query="how do I fly to the moon?")
        assert nothing["extract"] is None

        first = await called(client, "ask_assistant", text="cheese under $4")
        assert first["turnId"] == 2
        again = await called(
            client, "ask_assistant", text="how much is it?", conversationId=first["conversationId"]
        )
        assert again["turnId"] == 3
        assert "$3.79" in again["message"]["text"]
        wider = await called(
            client,
            "edit_wishes",
            conversationId=first["conversationId"],
            budget={"max": 500},
            languageCode="zh",
        )
        assert [p["id"] for p in wider["products"]] == ["cheddar", "parmesan"]
        assert wider["message"]["language"] == "zh"
        refused = await client.call_tool("edit_wishes", {"conversationId": first["conversationId"]})
        assert refused.is_error

    with_client(f"{address}/mcp", ask)


def test_the_answers_are_the_apis(address: str) -> None:
    async def ask(client: Client) -> None:
        told = await called(client, "search_products", query="milk", pageSize=3)
        body = {"query": "milk", "pageSize": 3}
        async with httpx2.AsyncClient() as http:
            answer = (await http.post(f"{address}/v1/search", json=body)).json()
        for changing in ("attributionToken", "nextPageToken"):
            told.pop(changing, None)
            answer.pop(changing, None)
        assert told == answer

    with_client(f"{address}/mcp", ask)


def test_the_catalogue_of_ucp(address: str) -> None:
    async def ask(client: Client) -> None:
        found = await catalog(
            client,
            "search_catalog",
            filters={
                "price": {"min": 300, "max": 349},
                "brand": ["Millstone"],
                "unknown": True,
            },
            pagination={"limit": 2},
            context={"language": "zh-CN", "address_country": "US"},
        )
        amounts = [p["price_range"]["min"]["amount"] for p in found["products"]]
        assert all(300 <= amount <= 349 for amount in amounts)
        assert found["pagination"]["total_count"] == 3  # sugar, bread, cookies
        assert found["pagination"]["has_next_page"]
        rest = await catalog(
            client,
            "search_catalog",
            filters={"price": {"min": 300, "max": 349}, "brand": ["Millstone"]},
            pagination={"limit": 2, "cursor": found["pagination"]["cursor"]},
            context={"language": "zh"},
        )
        ids = [p["id"] for p in (*found["products"], *rest["products"])]
        assert sorted(ids) == ["bread", "cookies", "sugar"]
        assert not rest["pagination"]["has_next_page"]

        known = await catalog(client, "lookup_catalog", ids=["milk", "apron-m", "nothing"])
        inputs = {
            v["id"]: v["inputs"] for product in known["products"] for v in product["variants"]
        }
        assert inputs == {
            "milk": [{"id": "milk", "match": "exact"}],
            "apron-m": [{"id": "apron-m", "match": "exact"}],
        }
        assert known["messages"] == [{"type": "info", "code": "not_found", "content": "nothing"}]

        detail = await catalog(
            client, "get_product", id="apron", selected=[{"name": "size", "label": "L"}]
        )
        assert [v["id"] for v in detail["product"]["variants"]] == ["apron-l"]
        assert detail["product"]["options"][0]["values"][2] == {
            "label": "L",
            "available": False,
            "exists": True,
        }
        missing = await catalog(client, "get_product", id="nothing")
        assert missing["ucp"]["status"] == "error"
        assert missing["messages"][0]["severity"] == "unrecoverable"

    with_client(f"{address}/mcp", ask)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("search_products", {}, "query is missing"),
        ("search_products", {"query": 3}, "query is 3"),
        ("search_products", {"query": "milk", "quary": "x"}, "Did you mean 'query'?"),
        ("search_products", {"query": "milk", "filter": "prise < 3"}, "prise"),
        ("recommend_products", {"placement": "goes-with"}, "goes-with"),
        ("recommend_products", {"placement": "somewhere"}, "placement is 'somewhere'"),
        ("similar_products", {"productId": "nothing"}, "There is no product 'nothing'"),
        ("product_details", {"productId": "a\0"}, "control characters"),
        ("ask_knowledge", {"query": "x", "productId": "nothing"}, "There is no product"),
        ("ask_assistant", {"text": "x", "conversationId": "nothing"}, "no conversation"),
        ("ask_assistant", {"text": "x" * 20_001}, "at most 20000 characters"),
    ],
)
def test_a_bad_call_is_told_to_who_can_mend_it(
    address: str, name: str, arguments: dict[str, Any], message: str
) -> None:
    async def ask(client: Client) -> None:
        result = await client.call_tool(name, arguments)
        assert isinstance(result, CallToolResult)
        assert result.is_error
        error = ErrorAnswer.model_validate(json.loads(result.content[0].text)).error  # type: ignore[union-attr]
        assert message in error.message
        assert error.code in (400, 404)

    with_client(f"{address}/mcp", ask)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_catalog", {}),
        ("search_catalog", {"catalog": {"query": 3}}),
        ("search_catalog", {"catalog": {"query": "milk", "pagination": {"cursor": "forged"}}}),
        ("search_catalog", {"catalog": {"filters": {"availability": ["soon"]}}}),
        ("lookup_catalog", {"catalog": {"ids": []}}),
        ("lookup_catalog", {"catalog": {"ids": ["x"] * 101}}),
        ("get_product", {"catalog": {}}),
        ("no_such_tool", {}),
    ],
)
def test_a_bad_call_of_ucps_is_a_json_rpc_error(
    address: str, name: str, arguments: dict[str, Any]
) -> None:
    async def ask(client: Client) -> None:
        with pytest.raises(MCPError) as refused:
            await client.call_tool(name, arguments)
        assert refused.value.error.code == INVALID_PARAMS

    with_client(f"{address}/mcp", ask)


def test_the_tools_over_stdio(planted: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(planted, home)
    (home / "daogou.toml").write_text('[server]\nshop_name = "Corner Market"\n')

    async def ask(client: Client) -> None:
        assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
        found = await called(client, "search_products", query="牛奶", languageCode="zh")
        assert "milk" in [r["id"] for r in found["results"]]
        reply = await called(client, "ask_assistant", text="500美分以下的奶酪", languageCode="zh")
        assert reply["message"]["language"] == "zh"

    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "daogou", "mcp", "--home", str(home)],
        env={
            "PYTHONPATH": ":".join(sys.path),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        },
    )
    with_client(stdio_client(command), ask)


def test_an_application_can_be_opened_again(client: TestClient) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    accept = {"Accept": "application/json, text/event-stream"}
    app = client.app
    for _ in range(2):
        with TestClient(app) as opened:
            answer = opened.post("/mcp", json=initialize, headers=accept)
            assert answer.json()["result"]["serverInfo"]["name"] == "Corner Market"
    closed = TestClient(app).post("/mcp", json=initialize, headers=accept)
    assert closed.status_code == 503


def test_without_the_package_both_doors_say_what_is_missing(
    engine: Engine, store: Store, config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "daogou.server.mcp_server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    client = TestClient(create_app(engine, store, config))
    answer = client.post("/mcp", json={})
    assert answer.status_code == 404
    assert "pip install 'daogou[mcp]'" in answer.json()["error"]["message"]
    assert client.post("/v1/search", json={"query": "milk"}).status_code == 200
    with pytest.raises(ConfigError, match=r"pip install 'daogou\[mcp\]'"):
        serve_mcp(engine, store, config, Assistant(engine, store))


def test_messages_over_mcp_count_too(engine: Engine, store: Store) -> None:
    config = ServerConfig(messages_per_minute=1)
    accept = {"Accept": "application/json, text/event-stream"}
    with TestClient(create_app(engine, store, config)) as client:

        def ask(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            call = {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": name, "arguments": arguments},
            }
            answer: dict[str, Any] = client.post("/mcp", json=call, headers=accept).json()
            return answer["result"]  # type: ignore[no-any-return]

        assert not ask("ask_assistant", {"text": "milk"}).get("isError")
        assert "more than 1 messages" in ask("ask_assistant", {"text": "tea"})["content"][0]["text"]
        assert not ask("search_products", {"query": "tea"}).get("isError")
