"""The planted shop, a server over it, and a client."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Final

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.engine import Engine
from daogou.server import ServerConfig, create_app
from daogou.store import Store

HERE: Final = Path(__file__).parent


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the planted shop, to be copied."""
    home = tmp_path_factory.mktemp("planted")
    subprocess.run([sys.executable, HERE / "plant.py", home], check=True)
    return home


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture
def store(planted: Path, tmp_path: Path) -> Iterator[Store]:
    """The planted shop, on SQLite; the store's own tests try both databases."""
    shutil.copy(planted / "daogou.db", tmp_path)
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}", create=False) as opened:
        yield opened


@pytest.fixture
def engine(store: Store, planted: Path, encoder: TextEncoder) -> Iterator[Engine]:
    with Engine.open(store, planted / "bundles", encoder=encoder) as opened:
        yield opened


class _Pages(BaseHTTPRequestHandler):
    """Answers with the page that a test has put there, under a policy as merchants have them."""

    page: ClassVar[str] = ""
    policy: ClassVar[str] = "default-src 'none'"

    def do_GET(self) -> None:
        body = self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@dataclass(frozen=True)
class Merchant:
    """A site of another origin."""

    origin: str

    @staticmethod
    def show(page: str, policy: str) -> None:
        """Have it answer every request with a page."""
        _Pages.page, _Pages.policy = page, policy


@pytest.fixture(scope="session")
def merchant() -> Iterator[Merchant]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield Merchant(f"http://127.0.0.1:{site.server_port}")
        site.shutdown()


@pytest.fixture(scope="session")
def address(
    planted: Path, tmp_path_factory: pytest.TempPathFactory, merchant: Merchant
) -> Iterator[str]:
    """A server in a process of its own, over a socket; tests share it, each as a new visitor."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(planted, home)
    command = [sys.executable, str(HERE / "serve_planted.py"), str(home), merchant.origin]
    with (
        (home / "log").open("w") as log,
        subprocess.Popen(command, stderr=log) as process,
    ):
        try:
            yield told_address(home, process)
        finally:
            process.terminate()
            process.wait(timeout=30)
    # What callers are not told is in the log.
    logged = (home / "log").read_text()
    assert "Traceback" not in logged, logged[logged.index("Traceback") - 500 :][:4000]


def told_address(home: Path, process: "subprocess.Popen[bytes]") -> str:
    """The address, once the server has written it down."""
    for _ in range(1200):
        assert process.poll() is None, (home / "log").read_text()
        if (home / "address").exists() and (address := (home / "address").read_text()):
            return address
        time.sleep(0.1)
    raise AssertionError("the server was not up within two minutes")


@pytest.fixture
def config() -> ServerConfig:
    return ServerConfig(
        shop_name="Corner Market",
        shoppers=(
            "household-1=Cooks pasta every week=每周做意面的一家",
            "household-2=Breakfast at home=在家吃早餐的一家",
        ),
        max_body_bytes=200_000,
        max_items=500,
        messages_per_minute=0,
    )


@pytest.fixture
def app(engine: Engine, store: Store, config: ServerConfig) -> FastAPI:
    return create_app(engine, store, config)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as opened:
        yield opened
