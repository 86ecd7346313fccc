"""Secrets are planted wherever a shop has them, and all that a server tells is searched for them.

A real process on PostgreSQL, with a language model that tells the key that it was sent and with a
collector of traces: whatever the process writes, sends and answers, in good order and with its
tables broken.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request
import uuid
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from daogou.cli import app
from daogou.server.access import KEY_SECONDS
from daogou.server.logs import FORMATS
from daogou.store import Store
from daogou.types import Product
from tests.journeys.endpoint import Handler, Request, endpoint

pytestmark = pytest.mark.postgres
PASSWORD: Final = "password-of-the-database"
LLM_KEY: Final = "sk-key-of-the-language-model"
STORAGE_KEY: Final = "key-of-the-bucket"
COLLECTOR_KEY: Final = "key-of-the-collector"
SETTINGS: Final = """
[server]
log = "{log}"
slow_request_seconds = 1e-9
max_body_bytes = 5000
queue_bytes = 5000

[llm]
endpoint = "{endpoint}"
model = "m"
key_variable = "SHOP_LLM_KEY"
"""


@dataclass
class Shop:
    """A home with settings, its database, and every secret of it by what it is."""

    home: Path
    url: str
    environment: Mapping[str, str]
    asked: list[Request]
    traces: list[tuple[str, bytes]]
    keys: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)

    def alter(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector of traces: its address, and the key and the body of each batch."""
    batches: list[tuple[str, bytes]] = []

    class Collecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            batches.append((self.headers.get("Authorization", ""), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", batches
        server.shutdown()


def _leaky(handler: Handler, request: Request) -> None:
    """Refuse a key and repeat it, as real services do."""
    handler.begin(401, "application/json")
    told = f"Incorrect API key provided: {request['authorization']}. You asked: {request}"
    handler.wfile.write(json.dumps({"error": {"message": told, "code": "invalid"}}).encode())


@pytest.fixture
def shop(postgres_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    url = sa.make_url(postgres_url).set(password=PASSWORD).render_as_string(hide_password=False)
    home = tmp_path / "home"
    home.mkdir()
    with endpoint(_leaky) as llm, collector() as (collecting, traces), Store.open(url) as store:
        settings = SETTINGS.format(log=getattr(request, "param", "text"), endpoint=llm.url)
        (home / "daogou.toml").write_text(settings)
        store.put_products([Product(f"p{n}", f"Red mug {n}") for n in range(3)])
        made = {
            "admin": store.add_key("admin", "ops"),
            "shopper": store.add_key("shopper", "page"),
            "limited": store.add_key("shopper", per_minute=1),
            "revoked": store.add_key("merchant", "gone"),
        }
        store.revoke_key(made["revoked"][0].id)
        environment = {
            "DAOGOU_STORE": url,
            "SHOP_LLM_KEY": LLM_KEY,
            "AWS_SECRET_ACCESS_KEY": STORAGE_KEY,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collecting,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {COLLECTOR_KEY}",
        }
        mistyped = made["admin"][1][:-1] + ("a" if made["admin"][1][-1] != "a" else "b")
        opened = Shop(home, url, environment, llm.requests, traces)
        opened.keys = {name: text for name, (_, text) in made.items()} | {"mistyped": mistyped}
        opened.credentials = {
            **{f"key {name}": text.split("_", 3)[3] for name, text in opened.keys.items()},
            **{f"hash of key {name}": key.digest for name, (key, _) in made.items()},
            "password": PASSWORD,
            "key of the language model": LLM_KEY,
            "key of the bucket": STORAGE_KEY,
            "key of the collector": COLLECTOR_KEY,
        }
        yield opened


@dataclass
class Served:
    """A running server, and all that it has answered: status, headers and body of each."""

    address: str
    answers: list[tuple[int, str]] = field(default_factory=list)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(  # noqa: S310
            f"{self.address}{path}", data, {"Content-Type": "application/json"} | named,
            method=method,
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                told = answer.status, f"{answer.headers}\n{answer.read().decode()}"
        except urllib.error.HTTPError as error:
            with error:
                told = error.code, f"{error.headers}\n{error.read().decode()}"
        self.answers.append(told)
        return told


@contextmanager
def serving(shop: Shop, folder: Path) -> Iterator[Served]:
    """``daogou serve`` in a process of its own, with what it writes in ``out`` and ``log``."""
    command = [sys.executable, "-m", "daogou", "serve", "--home", str(shop.home), "--port", "0"]
    environment = {**os.environ, **shop.environment, "PYTHONUNBUFFERED": "1"}
    with ExitStack() as files:
        out = files.enter_context((folder / "out").open("w"))
        log = files.enter_context((folder / "log").open("w"))
        process = files.enter_context(
            subprocess.Popen(command, stdout=out, stderr=log, env=environment)
        )
        try:
            yield Served(_address(folder, process))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _address(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    while True:
        found = re.search(r"is open at (http://\S+)", (folder / "out").read_text())
        if found:
            return found[1]
        with pytest.raises(subprocess.TimeoutExpired):  # it has not ended
            process.wait(timeout=0.2)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def refusals(served: Served, shop: Shop) -> None:
    """What goes wrong by the caller's fault, keys among it."""
    search = {"query": "mug"}
    keys = {name: bearer(text) for name, text in shop.keys.items()}
    for expected, method, path, body, headers in (
        (200, "POST", "/v1/search", search, keys["shopper"]),
        (401, "POST", "/v1/search", search, keys["mistyped"]),
        (401, "GET", "/metrics", None, {}),
        (401, "GET", "/v1/controls", None, keys["revoked"]),
        (403, "GET", "/metrics", None, keys["shopper"]),
        (200, "POST", "/v1/search", search, keys["limited"]),
        (429, "POST", "/v1/search", search, keys["limited"]),
        (400, "POST", "/v1/search", {"pageSize": -1}, keys["admin"]),
        (400, "POST", "/v1/search", b'{"query": ', keys["admin"]),
        (404, "GET", "/v1/products/nothing", None, keys["admin"]),
        (404, "GET", "/nowhere", None, keys["admin"]),
        (405, "PUT", "/v1/search", {}, keys["admin"]),
        (413, "POST", "/v1/search", {"query": "x" * 6000}, keys["admin"]),
        (415, "POST", "/v1/search", b"query", {**keys["admin"], "Content_Type": "text/plain"}),
    ):
        assert served.ask(method, path, body, **headers)[0] == expected, (method, path)


def misplaced(served: Served, shop: Shop) -> list[tuple[int, str]]:
    """Keys where none belongs: in an address, in a body; the caller may be told of it."""
    key = shop.keys["admin"]
    before = len(served.answers)
    served.ask("GET", f"/{key}")
    served.ask("GET", f"/v1/products/{key}")
    served.ask("GET", f"/v1/completeQuery?query=mu&visitorId={key}")
    served.ask("POST", "/v1/search", {"pageSize": key})
    served.ask("POST", "/v1/search", {key: 1})
    told, served.answers[before:] = served.answers[before:], []
    assert all(status < 500 for status, _ in told)
    return told


def conversation_of(served: Served, visitor: str) -> str:
    """A conversation in which the language model was asked, and refused."""
    status, told = served.ask("POST", "/v1/conversations", {"visitorId": visitor})
    assert status == 200, told
    talk = str(json.loads(told[told.index("{") :])["conversationId"])
    address = f"/v1/conversations/{talk}/messages"
    assert served.ask("POST", address, {"text": "a red mug"})[0] == 200
    assert served.ask("POST", address, {"text": "cheaper"}, Accept="text/event-stream")[0] == 200
    return talk


def events_of(visitor: str) -> dict[str, Any]:
    return {"eventType": "home-page-view", "visitorId": visitor, "eventId": f"e-{uuid.uuid4()}"}


def breakdowns(served: Served, shop: Shop, visitor: str, talk: str) -> None:
    """What goes wrong by the shop's own fault: a table that is gone, rows that are damaged."""
    address = f"/v1/conversations/{talk}"
    shop.alter("ALTER TABLE events RENAME TO events_gone")
    assert served.ask("POST", "/v1/events", events_of(visitor))[0] == 503
    assert served.ask("GET", f"/v1/visitors/{visitor}/events")[0] == 503
    shop.alter("ALTER TABLE events_gone RENAME TO events")
    shop.alter("UPDATE conversations SET state = '{\"damaged'")
    shop.alter("UPDATE turns SET reply = '{\"damaged'")
    assert served.ask("GET", address)[0] == 500
    assert served.ask("POST", f"{address}/messages", {"text": "a red mug"})[0] == 500
    shop.alter("ALTER TABLE api_keys RENAME TO keys_gone")
    time.sleep(KEY_SECONDS)
    assert served.ask("GET", "/metrics", **bearer(shop.keys["admin"]))[0] == 503
    shop.alter("ALTER TABLE keys_gone RENAME TO api_keys")


def leaks(text: str, secrets: Mapping[str, str]) -> list[str]:
    """Which secrets are in a text."""
    return [what for what, secret in secrets.items() if secret in text]


@pytest.mark.parametrize("shop", FORMATS, indirect=True)
def test_no_secret_in_what_a_server_tells(shop: Shop, tmp_path: Path) -> None:
    visitor = f"web-{uuid.uuid4()}"
    with serving(shop, tmp_path) as served:
        assert served.ask("GET", "/readyz", **bearer(shop.keys["admin"]))[0] == 503  # no bundle
        refusals(served, shop)
        told = misplaced(served, shop)
        talk = conversation_of(served, visitor)
        assert served.ask("POST", "/v1/events", events_of(visitor))[0] == 200
        status, metrics = served.ask("GET", "/metrics", **bearer(shop.keys["admin"]))
        assert status == 200
        breakdowns(served, shop, visitor, talk)
    log, out = (tmp_path / "log").read_text(), (tmp_path / "out").read_text()

    # All of it was told: the search would find what is there.
    assert LLM_KEY in str(shop.asked), "the language model has been sent its key"
    assert 'daogou_llm_turns_total{outcome="status"}' in metrics
    for expected in ("slow", "the language model failed", "The database", "***", "Traceback"):
        assert expected in log
    assert {key for key, _ in shop.traces} == {f"Bearer {COLLECTOR_KEY}"}
    traces = b"".join(body for _, body in shop.traces).decode(errors="replace")
    assert "POST /v1/conversations/{conversation_id}/messages" in traces
    assert {200, 400, 401, 403, 404, 405, 413, 415, 429, 500, 503} <= {
        status for status, _ in served.answers
    }
    if (shop.home / "daogou.toml").read_text().count('log = "json"'):
        lines = [line for line in log.splitlines() if not line.startswith("Note:")]
        assert all(json.loads(line)["message"] for line in lines), "nothing is written past the log"

    sessions = {"visitor": visitor, "conversation": talk}
    assert not leaks(log, shop.credentials | sessions)
    assert not leaks(out, shop.credentials | sessions)
    assert not leaks(traces, shop.credentials | sessions)
    assert not leaks(metrics, shop.credentials | sessions)
    for status, answer in served.answers:
        assert not leaks(answer, shop.credentials), (status, answer)
    # Whoever misplaces a key may read it in the refusal; nothing else of the shop.
    others = {what: s for what, s in shop.credentials.items() if what != "key admin"}
    assert not leaks(str(told), others)


def test_no_secret_on_the_terminal_and_in_a_manifest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)

    def told(*words: str) -> str:
        result = CliRunner().invoke(app, [*words, "--home", str(shop.home)])
        assert not leaks(result.output, shop.credentials), words
        return result.output

    doctor = told("doctor")
    assert "***@" in doctor, "the database is named"
    assert "status" in doctor, "the language model was asked, and refused"
    told("keys", "list")
    file = tmp_path / "shop.tar"
    told("backup", str(file))
    with tarfile.open(file) as archive:
        members = {name: archive.extractfile(name) for name in archive.getnames()}
        contents = {name: member.read() for name, member in members.items() if member is not None}
    assert not leaks(contents.pop("manifest.json").decode(), shop.credentials)
    hashes = {what: s for what, s in shop.credentials.items() if what.startswith("hash ")}
    for name, content in contents.items():
        plain = zlib.decompress(content, 47) if name.endswith(".gz") else content
        found = leaks(plain.decode(), shop.credentials)
        assert found == (list(hashes) if "/api_keys/" in name else []), name
    shop.alter("ALTER TABLE products RENAME TO products_gone")
    assert "products" in told("doctor")
    told("restore", str(file), "--store", f"{shop.url}&password=another-{PASSWORD}")
