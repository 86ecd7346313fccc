"""Which other sites may embed the assistant, and what of the API their pages reach."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app
from daogou.store import Store

SHOP = "https://www.shop.example"
ELSEWHERE = "https://elsewhere.example"
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def embedded(engine: Engine, store: Store) -> Iterator[TestClient]:
    config = ServerConfig(origins=(SHOP,), max_body_bytes=1000)
    with TestClient(create_app(engine, store, config)) as opened:
        yield opened


def preflight(client: TestClient, path: str, method: str, origin: str = SHOP) -> str | None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    answer = client.options(path, headers=asked)
    return answer.headers.get(ALLOWED) if answer.status_code == 200 else None


def test_no_other_origin_is_let_in_by_default(client: TestClient) -> None:
    for path in ("/assistant.js", "/v1/questions?productId=milk", "/v1/storefront"):
        assert ALLOWED not in client.get(path, headers={"Origin": SHOP}).headers
    assert preflight(client, "/v1/conversations", "POST") is None


def test_a_named_origin_reaches_the_assistant(embedded: TestClient) -> None:
    assert preflight(embedded, "/v1/conversations", "POST") == SHOP
    assert preflight(embedded, "/v1/conversations/x", "DELETE") == SHOP
    script = embedded.get("/assistant.js", headers={"Origin": SHOP})
    assert script.headers[ALLOWED] == SHOP
    assert script.headers["vary"] == "Origin"
    assert script.headers["x-content-type-options"] == "nosniff"
    # Whoever keeps the answer for a page of ours must not give it to one of theirs.
    assert embedded.get("/assistant.js").headers["vary"] == "Origin"


def test_no_other_origin_and_nothing_else(embedded: TestClient) -> None:
    assert preflight(embedded, "/v1/conversations", "POST", ELSEWHERE) is None
    assert ALLOWED not in embedded.get("/assistant.js", headers={"Origin": ELSEWHERE}).headers
    for path, method in (
        ("/v1/products/milk", "DELETE"),
        ("/v1/products", "PUT"),
        ("/v1/visitors/household-1", "DELETE"),
        ("/v1/events", "POST"),
    ):
        assert preflight(embedded, path, method) is None
    assert ALLOWED not in embedded.get("/v1/visitors/v/events", headers={"Origin": SHOP}).headers


def test_a_refusal_can_be_read_too(embedded: TestClient) -> None:
    headers = {"Origin": SHOP, "Content-Type": "application/json"}
    answer = embedded.post("/v1/conversations", content="x" * 2000, headers=headers)
    assert answer.status_code == 413
    assert answer.headers[ALLOWED] == SHOP


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://*.shop.example",
        "https://Shop.example",
        "https://user@shop.example",
        "ftp://shop.example",
        "null",
        "https://",
    ],
)
def test_what_is_no_origin(origin: str) -> None:
    with pytest.raises(ValueError, match=r"origins has .* such as 'https://www\.shop\.example'"):
        ServerConfig(origins=(origin,))
