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


def asked(client: TestClient, **headers: str) -> dict[str, str]:
    """What a preflight of the assistant's route is told; nothing where it is refused."""
    named = {f"Access-Control-{name.replace('_', '-')}": value for name, value in headers.items()}
    answer = client.options("/v1/conversations/x", headers={"Origin": SHOP} | named)
    return dict(answer.headers) if answer.status_code == 200 else {}


def test_the_methods_of_the_assistant_and_no_others(embedded: TestClient) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        told = asked(embedded, Request_Method=method)
        assert told[ALLOWED] == SHOP
        assert told["access-control-allow-methods"] == "GET, POST, PATCH, DELETE"
    for method in ("PUT", "OPTIONS", "TRACE", "CONNECT", "post", "*", ""):
        assert asked(embedded, Request_Method=method) == {}, method


def test_the_headers_of_the_assistant_and_no_others(embedded: TestClient) -> None:
    for headers in ("content-type", "Content-Type, Authorization", "accept-language"):
        told = asked(embedded, Request_Method="POST", Request_Headers=headers)
        assert told[ALLOWED] == SHOP
        named = {name.lower() for name in told["access-control-allow-headers"].split(", ")}
        assert {name.strip().lower() for name in headers.split(",")} <= named
        assert "*" not in named
    for headers in ("x-request-id", "content-type, x-forwarded-for", "cookie", "*", "traceparent"):
        assert asked(embedded, Request_Method="POST", Request_Headers=headers) == {}, headers


def test_a_preflight_may_be_kept_for_its_origin_alone(embedded: TestClient) -> None:
    told = asked(embedded, Request_Method="POST")
    assert "Origin" in told["vary"]
    assert told["access-control-max-age"] == "600"


def test_no_cookie_and_no_password_goes_along(embedded: TestClient) -> None:
    """The key stands in the header Authorization alone, where a page has to put it itself."""
    credentials = "access-control-allow-credentials"
    assert credentials not in asked(embedded, Request_Method="POST")
    sent = {"Origin": SHOP, "Cookie": "session=1"}
    answer = embedded.get("/v1/questions?productId=milk", headers=sent)
    assert answer.headers[ALLOWED] == SHOP
    assert credentials not in answer.headers
    assert "set-cookie" not in answer.headers
    assert answer.headers["access-control-expose-headers"] == "Retry-After"


def test_what_is_like_a_named_origin_is_another(embedded: TestClient) -> None:
    for origin in (
        "null",
        "http://www.shop.example",
        "https://www.shop.example:8443",
        "https://www.shop.example.elsewhere.example",
        "https://elsewhere.example/https://www.shop.example",
        "https://WWW.SHOP.EXAMPLE",
        "https://shop.example",
        "*",
        "",
    ):
        assert preflight(embedded, "/v1/conversations", "POST", origin) is None, origin
        answer = embedded.post("/v1/conversations", json={}, headers={"Origin": origin})
        assert ALLOWED not in answer.headers, origin


def test_a_preflight_needs_no_key_and_what_follows_does(engine: Engine, store: Store) -> None:
    """Browsers send no Authorization with a preflight."""
    store.add_key("shopper")
    config = ServerConfig(origins=(SHOP,), public=False)
    client = TestClient(create_app(engine, store, config))
    assert preflight(client, "/v1/conversations", "POST") == SHOP
    answer = client.post("/v1/conversations", json={}, headers={"Origin": SHOP})
    assert (answer.status_code, answer.headers[ALLOWED]) == (401, SHOP)


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
