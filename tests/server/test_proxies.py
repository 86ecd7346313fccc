"""Who is believed about whom a request is from, over real HTTP: limits, and whether it was TLS."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest
import uvicorn

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app, listen
from daogou.server.limiting import Limiter
from daogou.server.run import uvicorn_config
from daogou.store import Store

PROXY: Final = ("127.0.0.1",)
"""A proxy on this machine, which is where the tests' requests come from."""
ELSEWHERE: Final = ("10.0.0.5",)
"""A proxy on another machine: the tests' requests come past it."""
HSTS: Final = "strict-transport-security"
Headers = Sequence[tuple[str, str]]
Answer = tuple[int, Mapping[str, str]]


class Server:
    """A server in a thread, and requests to it, each over a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, path: str, body: object = None, headers: Headers = ()) -> Answer:
        """Status and headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.putrequest("GET" if body is None else "POST", path)
            for name, value in headers:  # one may come twice
                connection.putheader(name, value)
            data = b"" if body is None else json.dumps(body).encode()
            if body is not None:
                connection.putheader("Content-Type", "application/json")
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            with connection.getresponse() as answer:
                answer.read()
                return answer.status, {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def search(self, *headers: tuple[str, str]) -> int:
        return self.ask("/v1/search", {"pageSize": 1}, headers)[0]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Store]]:
    """An empty shop that has a key, so that nobody is let in as this machine."""
    path = tmp_path_factory.mktemp("shop") / "daogou.db"
    with Store.open(f"sqlite:///{path}") as store, Engine.open(store, None) as engine:
        store.add_key("admin")
        yield engine, store


@pytest.fixture
def serve(shop: tuple[Engine, Store]) -> Iterator[Callable[..., Server]]:
    """Starts servers of the shop, each with limits of its own."""
    with ExitStack() as opened:

        def start(trusted: tuple[str, ...], **settings: Any) -> Server:
            config = ServerConfig(port=0, trusted_proxies=trusted, **settings)
            return opened.enter_context(_running(*shop, config))

        yield start


@contextmanager
def _running(engine: Engine, store: Store, config: ServerConfig) -> Iterator[Server]:
    with listen(config) as listener:
        server = uvicorn.Server(uvicorn_config(create_app(engine, store, config), config))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield Server(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def forwarded(address: str) -> tuple[str, str]:
    return ("X-Forwarded-For", address)


@pytest.mark.parametrize(
    "forge",
    [
        lambda n: [forwarded(f"203.0.113.{n}")],
        lambda n: [forwarded(f"203.0.113.{n}, 10.0.0.5")],  # as if the proxy had sent it
        lambda n: [forwarded(f"203.0.113.{n}"), forwarded("10.0.0.5")],
        lambda n: [("Forwarded", f"for=203.0.113.{n}")],
        lambda n: [("X-Real-IP", f"203.0.113.{n}"), ("Client-IP", f"203.0.113.{n}")],
        lambda n: [("X_Forwarded_For", f"203.0.113.{n}"), ("Via", f"1.1 proxy{n}")],
        lambda n: [("X-Forwarded-Host", f"host{n}.example")],
    ],
)
def test_nobody_dodges_a_limit_by_naming_another_address(
    serve: Callable[..., Server], forge: Callable[[int], Headers]
) -> None:
    server = serve(ELSEWHERE, requests_per_minute=3)
    assert [server.search(*forge(n)) for n in range(5)] == [200, 200, 200, 429, 429]


def test_a_proxy_is_believed_and_each_client_counted(serve: Callable[..., Server]) -> None:
    server = serve(PROXY, requests_per_minute=2)
    for client in ("203.0.113.7", "2001:db8:1::7", "203.0.113.8"):
        assert [server.search(forwarded(client)) for _ in range(3)] == [200, 200, 429], client
    assert server.search(forwarded("2001:db8:1::ffff")) == 429, "the same client's network"
    assert server.search(forwarded("2001:db8:2::7")) == 200


@pytest.mark.parametrize(
    ("trusted", "chain"),
    [
        (PROXY, "203.0.113.{n}, 198.51.100.1"),  # what a client forged, and what the proxy saw
        (PROXY, "127.0.0.1, 203.0.113.{n}, 198.51.100.1"),
        (PROXY, "127.0.0.1:{n}, 198.51.100.1:4{n}"),
        ((*PROXY, "10.0.0.0/24"), "203.0.113.{n}, 198.51.100.1, 10.0.0.{n}"),
    ],
)
def test_behind_a_proxy_that_appends_the_last_untrusted_address_counts(
    serve: Callable[..., Server], trusted: tuple[str, ...], chain: str
) -> None:
    server = serve(trusted, requests_per_minute=2)
    told = [server.search(forwarded(chain.format(n=n))) for n in range(10, 14)]
    assert told == [200, 200, 429, 429]
    split = [forwarded(part) for part in chain.format(n=20).split(", ")]
    assert server.search(*split) == 429, "one header of each"


def test_no_proxy_is_believed_where_none_is_named(serve: Callable[..., Server]) -> None:
    server = serve((), requests_per_minute=2)
    told = [server.search(forwarded(f"203.0.113.{n}")) for n in range(3)]
    assert told == [200, 200, 429]


def test_the_variable_of_uvicorn_makes_nobody_a_proxy(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    server = serve(ELSEWHERE, requests_per_minute=2)
    told = [server.search(forwarded(f"203.0.113.{n}")) for n in range(3)]
    assert told == [200, 200, 429]


@pytest.mark.parametrize("value", ["", ",", "unknown", "_hidden, for=x", "1.2.3.4.5", "x" * 3000])
def test_what_is_no_address_hurts_nobody(serve: Callable[..., Server], value: str) -> None:
    server = serve(PROXY, requests_per_minute=2)
    assert [server.search(forwarded(value)) for _ in range(3)] == [200, 200, 429]
    assert server.search(forwarded("203.0.113.7")) == 200


def test_messages_are_counted_by_the_same_address(serve: Callable[..., Server]) -> None:
    for trusted, last in ((ELSEWHERE, 429), (PROXY, 404)):
        server = serve(trusted, messages_per_minute=2)
        told = [
            server.ask(
                f"/v1/conversations/c{n}/messages",  # a conversation has a limit of its own
                {"text": "hello"},
                [forwarded(f"203.0.113.{n}")],
            )[0]
            for n in range(3)
        ]
        assert told == [404, 404, last]


def test_ipv4_clients_of_a_socket_for_both_are_told_apart() -> None:
    limiter = Limiter(1)
    for address in ("::ffff:203.0.113.7", "::ffff:203.0.113.8"):
        limiter.admit(address)
    with pytest.raises(Exception, match="more than 1 messages"):
        limiter.admit("203.0.113.7")


def test_hsts_goes_with_what_came_by_tls(serve: Callable[..., Server]) -> None:
    server = serve(PROXY, requests_per_minute=3, max_body_bytes=2000, queue_bytes=2000)
    by_tls = [("X-Forwarded-Proto", "https")]
    for path in ("/", "/healthz", "/assistant.js"):
        status, headers = server.ask(path, headers=by_tls)
        assert (status, headers[HSTS]) == (200, "max-age=31536000"), path
        assert HSTS not in server.ask(path)[1]
    refusals: tuple[tuple[str, object, int], ...] = (
        ("/nothing", None, 404),
        ("/metrics", None, 401),
        ("/v1/search", {"pageSize": -1}, 400),
        ("/v1/search", {"query": "x" * 3000}, 413),
        ("/v1/search", {}, 200),
        ("/v1/search", {}, 200),
        ("/v1/search", {}, 429),
    )
    for path, body, expected in refusals:
        status, headers = server.ask(path, body, by_tls)
        assert (status, HSTS in headers) == (expected, True), path


@pytest.mark.parametrize("told", ["http", "https, http", "HTTPS on", "", "wss"])
def test_no_hsts_without_tls(serve: Callable[..., Server], told: str) -> None:
    assert HSTS not in serve(PROXY).ask("/healthz", headers=[("X-Forwarded-Proto", told)])[1]


def test_a_stranger_is_not_believed_that_it_was_tls(serve: Callable[..., Server]) -> None:
    server = serve(ELSEWHERE)
    for name, value in (("X-Forwarded-Proto", "https"), ("Forwarded", "proto=https")):
        assert HSTS not in server.ask("/healthz", headers=[(name, value)])[1]
    assert HSTS not in server.ask("/healthz", headers=[("X-Forwarded-Ssl", "on")])[1]
