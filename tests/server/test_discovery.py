"""UCP's profile and its REST binding, held against the models of UCP's own package."""

from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient
from ucp_sdk.models.schemas.profile import BusinessSchema
from ucp_sdk.models.schemas.shopping.catalog_lookup import GetProductResponse, LookupResponse
from ucp_sdk.models.schemas.shopping.catalog_search import SearchResponse

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app
from daogou.server.discovery import profile
from daogou.server.ucp import VERSION
from daogou.store import Store
from tests.server.test_mcp import called, catalog, with_client


def checked(document: Any) -> dict[str, Any]:
    """The ``ucp`` of a profile, which is one."""
    BusinessSchema.model_validate(document)
    told: dict[str, Any] = document["ucp"]
    assert told["version"] == VERSION
    (bindings,) = told["services"].values()
    for entity in (*bindings, *(e for some in told["capabilities"].values() for e in some)):
        # Who owns the name owns the address: platforms refuse anything else.
        assert urlsplit(entity["schema"]).netloc == "ucp.dev"
        assert entity["schema"].startswith(f"https://ucp.dev/{VERSION}/")
    return told


def test_what_the_profile_names_is_there(address: str) -> None:
    answer = httpx2.get(f"{address}/.well-known/ucp")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=60"
    bindings = checked(answer.json())["services"]["dev.ucp.shopping"]
    ends = {binding["transport"]: binding["endpoint"] for binding in bindings}
    assert ends == {"rest": f"{address}/v1/ucp", "mcp": f"{address}/mcp"}

    async def ask(client: Any) -> None:
        found = await catalog(client, "search_catalog", query="cheese")
        rest = httpx2.post(f"{ends['rest']}/catalog/search", json={"query": "cheese"}).json()
        SearchResponse.model_validate(rest)
        assert [p["id"] for p in rest["products"]] == [p["id"] for p in found["products"]]
        assert (await called(client, "search_products", query="cheese"))["results"]

    with_client(ends["mcp"], ask)


def test_the_rest_binding(client: TestClient) -> None:
    told = client.post("/v1/ucp/catalog/lookup", json={"ids": ["milk", "apron-m", "none"]}).json()
    LookupResponse.model_validate(told)
    assert [p["id"] for p in told["products"]] == ["milk", "apron"]
    assert told["messages"][0]["content"] == "none"
    one = client.post("/v1/ucp/catalog/product", json={"id": "milk"}).json()
    GetProductResponse.model_validate(one)
    assert one["product"]["id"] == "milk"
    assert client.post("/v1/ucp/catalog/lookup", json={"ids": []}).status_code == 400
    assert client.post("/v1/ucp/catalog/search", json={"query": 3}).status_code == 400


def test_the_public_address(engine: Engine, store: Store) -> None:
    config = ServerConfig(public_url="https://guide.shop.example/daogou")
    with TestClient(create_app(engine, store, config)) as client:
        answer = client.get("/.well-known/ucp", headers={"Host": "elsewhere.example"})
    assert answer.headers["cache-control"] == "public, max-age=3600"
    bindings = checked(answer.json())["services"]["dev.ucp.shopping"]
    assert bindings[0]["endpoint"] == "https://guide.shop.example/daogou/v1/ucp"


def test_without_mcp_it_is_not_named(client: TestClient) -> None:
    told = checked(profile("https://shop.example", mcp=False))
    assert [b["transport"] for b in told["services"]["dev.ucp.shopping"]] == ["rest"]
    assert client.get("/.well-known/ucp", headers={"Host": "a b"}).status_code == 400


@pytest.mark.parametrize(
    "address", ["shop.example", "https://shop.example/", "https://a@b.c", "https://b.c?x=1"]
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="expected an address"):
        ServerConfig(public_url=address)


def test_pages_of_other_sites_cannot_call_the_mcp_server(address: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream", "Origin": "http://evil.example"}
    answer = httpx2.post(f"{address}/mcp", json=body, headers=headers)
    assert answer.status_code == 403
    assert "[server] origins" in answer.json()["error"]["message"]
