"""Several workers on one port: the same answers, one count, and a killed one comes back."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SEARCH = 'daogou_http_requests_total{code="200",method="POST",route="/v1/search"}'


def ask(url: str, body: object = None) -> Any:
    """An answer over a connection of its own, so that any worker may give it."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310
        url, data=data, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        content = answer.read().decode()
    return content if url.endswith("/metrics") else json.loads(content)


def found(address: str) -> list[str]:
    answer = ask(f"{address}/v1/search", {"query": "milk"})
    return [result["id"] for result in answer["results"]]


def counted(address: str) -> float:
    told = re.search(rf"^{re.escape(SEARCH)} (\S+)$", ask(f"{address}/metrics"), re.MULTILINE)
    return float(told[1]) if told else 0.0


def workers(parent: int) -> list[int]:
    """The processes that answer, and not multiprocessing's own."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(n) for n in children if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()]


def within(seconds: float, holds: Any) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def served(
    planted: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, "subprocess.Popen[str]", Path]]:
    home = Path(shutil.copytree(planted, tmp_path_factory.mktemp("workers") / "home"))
    command = [sys.executable, "-m", "daogou", "serve", "--home", str(home)]
    command += ["--port", "0", "--workers", "2"]
    log = home / "log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = next((line for line in process.stdout if "is open at" in line), "")
            address = re.search(r"is open at (http://\S+)", line)
            assert address is not None, log.read_text()
            assert "2 workers" in line + next(process.stdout)
            yield address[1], process, log
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in log.read_text()


def test_all_answer_the_same_and_are_counted_as_one(
    served: tuple[str, "subprocess.Popen[str]", Path],
) -> None:
    address, process, _ = served
    assert len(workers(process.pid)) == 2
    before, answers = counted(address), [found(address) for _ in range(30)]
    assert answers[0]
    assert all(answer == answers[0] for answer in answers)
    # Whichever is asked tells what both have counted.
    assert {counted(address) for _ in range(8)} == {before + 30}


def test_a_killed_worker_is_replaced_and_what_it_counted_stays(
    served: tuple[str, "subprocess.Popen[str]", Path],
) -> None:
    address, process, log = served
    found(address)
    before, old = counted(address), workers(process.pid)
    os.kill(old[0], signal.SIGKILL)
    assert within(60, lambda: "is started again" in log.read_text())
    assert within(60, lambda: len(workers(process.pid)) == 2)
    assert old[0] not in workers(process.pid)
    assert found(address)
    assert counted(address) == before + 1
