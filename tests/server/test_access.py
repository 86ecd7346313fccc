"""Who is let in: keys, scopes and visitors, over the real application on both databases."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from daogou.engine import Engine
from daogou.errors import ConfigError, InvalidInput
from daogou.server import ServerConfig, create_app, refuse_strangers
from daogou.server.access import KEY_SECONDS, Access
from daogou.server.scopes import ANY, NEEDED, routes
from daogou.store import Scope, Store

SCOPES: Final[tuple[Scope, ...]] = ("shopper", "merchant", "admin")
OWN: Final = "web-3f2a8c1e-7b4d-4e6f-9a1b-2c3d4e5f6a7b"
GUESSED: Final = "household-1"
Clients = Callable[..., TestClient]


@pytest.fixture
def shop(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def client_of() -> Iterator[Clients]:
    """Opens applications over a store; their engines are closed after the test."""
    with ExitStack() as engines:

        def made(store: Store, **settings: Any) -> TestClient:
            engine = engines.enter_context(Engine.open(store, None))
            return TestClient(create_app(engine, store, ServerConfig(**settings)))

        yield made


def test_every_route_has_a_scope_and_every_scope_a_route(app: FastAPI) -> None:
    there = {name for _, names in routes(app) for name in names}
    assert there == set(NEEDED)
    assert set(NEEDED.values()) == {"open", *get_args(Scope)}


def test_each_scope_reaches_its_routes_and_no_others(shop: Store, client_of: Clients) -> None:
    texts: dict[Access, str] = {scope: shop.add_key(scope)[1] for scope in SCOPES}
    client = client_of(shop, public=False)
    rank = ("open", *SCOPES)
    for (method, path), needed in NEEDED.items():
        if method == ANY and path == "/static":
            continue
        address = path.replace(":path}", "}").format(
            product_id="p", article_id="a", visitor_id=OWN, conversation_id="c", turn_id=1,
            control_id="c",
        )  # fmt: skip
        verb = "POST" if method == ANY else method
        for held in rank:
            headers = bearer(texts[held]) if held in texts else {}
            answer = client.request(verb, address, headers=headers, json={})
            refused = answer.status_code in (401, 403)
            assert refused == (rank.index(held) < rank.index(needed)), (verb, address, held)
            if refused:
                assert answer.status_code == (401 if held == "open" else 403)
                assert f"scope {needed}" in answer.json()["error"]["message"]
        wrong = client.request(verb, address, headers=bearer("daogou_admin_0_x"), json={})
        assert (wrong.status_code == 401) == (needed != "open")


def test_a_revoked_key_is_refused_by_every_process(shop: Store, client_of: Clients) -> None:
    key, text = shop.add_key("merchant")
    workers = [client_of(shop), client_of(shop)]
    for worker in workers:
        assert worker.get("/v1/controls", headers=bearer(text)).status_code == 200
    shop.revoke_key(key.id)
    time.sleep(KEY_SECONDS)
    for worker in workers:
        answer = worker.get("/v1/controls", headers=bearer(text))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert text not in answer.text
        # The last key gone opens nothing.
        assert worker.get("/v1/controls").status_code == 401


def test_without_a_key_only_this_machine_is_served(shop: Store, client_of: Clients) -> None:
    client = client_of(shop)
    assert client.get("/metrics").status_code == 200
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.9"}):
        assert client.get("/metrics", headers=headers).status_code == 401
    assert client_of(shop, host="0.0.0.0").get("/metrics").status_code == 401  # noqa: S104
    with pytest.raises(ConfigError, match="daogou keys create --scope admin"):
        refuse_strangers(ServerConfig(host="0.0.0.0"), shop)  # noqa: S104
    shop.add_key("shopper")
    refuse_strangers(ServerConfig(host="0.0.0.0"), shop)  # noqa: S104


def test_a_shopper_is_nobody_else(shop: Store, client_of: Clients) -> None:
    _, merchant = shop.add_key("merchant")
    client = client_of(shop)
    body = {"placement": "home", "userEvent": {"visitorId": GUESSED}}
    for method, path, sent in (
        ("GET", f"/v1/visitors/{GUESSED}/events", None),
        ("DELETE", f"/v1/visitors/{GUESSED}", None),
        ("POST", "/v1/recommend", body),
        ("POST", "/v1/search", {"visitorId": GUESSED}),
        ("POST", "/v1/conversations", {"visitorId": GUESSED}),
    ):
        assert client.request(method, path, json=sent).status_code == 403, path
        answer = client.request(method, path, json=sent, headers=bearer(merchant))
        assert answer.status_code == 200, path
    assert client.get(f"/v1/visitors/{OWN}/events").status_code == 200
    assert client.delete(f"/v1/visitors/{OWN}").status_code == 200


def test_limits_by_key_address_and_visitor(shop: Store, client_of: Clients) -> None:
    _, limited = shop.add_key("shopper", per_minute=2)
    _, merchant = shop.add_key("merchant")
    client = client_of(shop, requests_per_minute=3)

    def search(visitor: str | None, **headers: str) -> int:
        body = {} if visitor is None else {"visitorId": visitor}
        answer = client.post("/v1/search", json=body, headers=headers)
        assert answer.status_code == 200 or int(answer.headers["Retry-After"]) >= 1
        return answer.status_code

    assert [search(None, **bearer(limited)) for _ in range(3)] == [200, 200, 429]
    assert [search(None) for _ in range(4)] == [200, 200, 200, 429]
    assert [search(OWN, **bearer(merchant)) for _ in range(4)] == [200, 200, 200, 429]
    assert search(None, **bearer(merchant)) == 200


def test_the_database_has_no_key_in_it(shop: Store) -> None:
    key, text = shop.add_key("admin", "erp", expires=datetime.now(UTC) + timedelta(days=1))
    assert shop.keys() == [key]
    secret = text.split("_", 3)[3]  # which may hold the separator itself
    assert secret not in repr(key) + key.digest
    assert key.digest not in repr(key)
    with pytest.raises(InvalidInput, match="past"):
        shop.add_key("admin", expires=datetime.now(UTC) - timedelta(days=1))


def test_the_description_tells_the_scopes(app: FastAPI) -> None:
    schema = app.openapi()
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert schema["paths"]["/metrics"]["get"]["security"] == [{"key": ["admin"]}]
    assert schema["paths"]["/v1/search"]["post"]["security"] == [{}, {"key": ["shopper"]}]
    assert "security" not in schema["paths"]["/healthz"]["get"]
