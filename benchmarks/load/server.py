"""A server in a process of its own, and what it cost."""

import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

STARTS_WITHIN: Final = 900.0
"""Seconds; a million products take minutes to open."""


class Server:
    """The running server, as one client sees it."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self.process = process
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def close(self) -> None:
        """Begin with a new connection."""
        self._connection.close()

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        """Send, and read the whole answer."""
        return self.send("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> str:
        """The text of an answer."""
        return self.send("GET", path, None).decode()

    def send(self, method: str, path: str, body: bytes | None) -> bytes:
        """Send JSON or nothing, and read the whole answer; SystemExit where it is no success."""
        headers = {"Content-Type": "application/json"} if body else {}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {content[:500]!r}")
        return content

    def cpu(self) -> float | None:
        """CPU seconds of the server's processes; None where the system does not say."""
        ticks = 0
        try:
            for pid in _family(self.process.pid):
                stat = Path(f"/proc/{pid}/stat").read_text()
                user, system = stat.rpartition(")")[2].split()[11:13]
                ticks += int(user) + int(system)
        except OSError:
            return None
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Bytes of the server's processes in memory; 0 where the system does not say."""
        try:
            return sum(_resident(pid) for pid in _family(self.process.pid))
        except OSError:
            return 0

    def stages(self, route: str) -> dict[str, float]:
        """Seconds that requests of a route have spent in each stage so far."""
        self.close()  # the server has hung up if nothing was asked for some seconds
        return stage_seconds(self.get("/metrics"), route)


def _family(pid: int) -> list[int]:
    """A process and all those that it started, and they."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone since
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def stage_seconds(metrics: str, route: str) -> dict[str, float]:
    """The stages of a route in a text of ``/metrics``, seconds in all."""
    return {
        sample.labels["stage"]: sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "daogou_stage_seconds_sum" and sample.labels["route"] == route
    }


@contextmanager
def served(home: Path, module: str = "daogou", more: Sequence[str] = ()) -> Iterator[Server]:
    """``daogou serve`` over a home, once it answers; or another ``module`` that is started alike.

    Raises
    ------
    SystemExit
        It did not start; with what it said.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["serve"] if module == "daogou" else []
    command = [sys.executable, "-m", module, *words, "--home", str(home), "--port", str(port)]
    told = home / f"{module}.log"
    with (
        told.open("wb") as log,
        subprocess.Popen([*command, *more], stdout=log, stderr=log) as process,
    ):
        server = Server(port, process)
        try:
            _wait(server, told)
            yield server
        finally:
            server.close()
            process.terminate()
            process.wait(timeout=60)


def _wait(server: Server, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.process.poll() is None:
        try:
            server.get("/healthz")
        except (OSError, http.client.HTTPException):
            server.close()
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"the server did not start:\n{log.read_text()}")
