"""A tiny shop, end to end, as a merchant types it; what was trained serves the other tests."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from typer.testing import Result

from daogou.bundle import Bundle
from daogou.encoders import EncoderConfig, open_text_encoder
from daogou.utterances import load_head
from daogou.utterances.reader import seeded

Run = Callable[..., Result]
SETTINGS: Final = """
[training]
threads = 1
replay_days = 30
validation_days = 7

[server]
shop_name = "Corner Market"
"""
PROGRAM: Final = (sys.executable, "-m", "daogou")


def daogou(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The real thing, in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PORT", "DAOGOU_STORE")}
    return subprocess.run(
        [*PROGRAM, *words],
        env=environment | {"DAOGOU_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, feeds: Path) -> Path:
    """A shop that was imported and trained."""
    home = tmp_path_factory.mktemp("home")
    (home / "daogou.toml").write_text(SETTINGS)
    (home / "utterances.tsv").write_text("howto\tzorblat the frobnitz | 给弗罗布上油\n", "utf-8")
    for words in (
        ("import", "products", str(feeds / "products.jsonl")),
        ("import", "events", str(feeds / "events.jsonl")),
        ("train",),
    ):
        done = daogou(home, *words)
        assert done.returncode == 0, done.stderr
        assert "\nNext\n  daogou " in done.stdout
    assert re.search(r"^Epoch 1 \(best so far\): losses next \d", done.stderr, flags=re.M)
    assert re.search(r"Trained in .*: read .*, train .*, report ", done.stdout)
    report = re.search(r"^Report: (.*)$", done.stdout, flags=re.M)
    assert report is not None
    assert Path(report[1]).is_file()
    return home


def test_search(home: Path) -> None:
    done = daogou(home, "search", "apple", "--visitor", "v0", "-n", "3")
    assert done.returncode == 0, done.stderr
    assert "red apple number" in done.stdout
    assert "blue soap" not in done.stdout
    assert "3 of 12 matches." in done.stdout
    assert "$" not in done.stdout
    assert re.search(r"1\.\d\d USD", done.stdout)


def test_recommend(home: Path) -> None:
    """The planted answer: who buys soap is shown soap."""
    done = daogou(home, "recommend", "home", "--visitor", "v1", "-n", "5", "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("蓝肥皂") >= 5
    assert "红苹果" not in done.stdout
    assert "您买过" in done.stdout


def test_the_shops_own_sentences_are_learned(home: Path) -> None:
    bundle = Bundle.current(home / "bundles")
    assert bundle is not None
    head = load_head(bundle)
    assert head is not None
    encoder = open_text_encoder(EncoderConfig(), None)
    for text in ("zorblat the frobnitz", "给弗罗布上油"):
        vector = encoder.encode([text], "query")
        place = head.intents.index("howto")
        learned = head.probabilities([text], vector)[0, place]
        assert learned > seeded(encoder).probabilities([text], vector)[0, place]


def test_a_bad_line_of_them_is_named(home: Path, tmp_path: Path) -> None:
    shutil.copy(home / "daogou.db", tmp_path)
    (tmp_path / "utterances.tsv").write_text("how\twash it\n", "utf-8")
    done = daogou(tmp_path, "train")
    assert done.returncode == 1
    assert "utterances.tsv, line 1: 'how' is no intent. Did you mean 'howto'?" in " ".join(
        done.stderr.split()
    )


def test_doctor(home: Path) -> None:
    done = daogou(home, "doctor")
    assert done.returncode == 0, done.stdout
    assert "whole, fits its text encoder, answers" in done.stdout
    assert "✗" not in done.stdout


def test_serving_needs_no_torch(home: Path) -> None:
    script = (
        "import os, sys\n"
        "from daogou.cli import app\n"
        "for words in (['search', 'apple'], ['recommend'], ['doctor']):\n"
        "    app(words, standalone_mode=False)\n"
        "import daogou.cli.serving, daogou.cli.importing\n"
        "found = {'torch', 'matplotlib', 'onnx', 'scipy', 'pandas'} & set(sys.modules)\n"
        "print('loaded', sorted(found), os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"DAOGOU_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "loaded [] 1"


def test_help_is_quick_to_load() -> None:
    script = "import sys, daogou.cli; print({'numpy', 'sqlalchemy', 'fastapi'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.fixture
def server(home: Path) -> Iterator["subprocess.Popen[str]"]:
    words = [*PROGRAM, "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_unbuffered()
    ) as process:
        yield process
        if process.poll() is None:
            process.kill()


def _unbuffered() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def test_serve_says_where_and_stops_quietly(server: "subprocess.Popen[str]") -> None:
    assert server.stdout is not None
    line = next(line for line in server.stdout if "is open at" in line)
    found = re.search(r"Corner Market is open at (http://127\.0\.0\.1:\d+) .*24 products", line)
    assert found is not None, line
    with urllib.request.urlopen(f"{found[1]}/readyz") as answer:  # noqa: S310  # our own address
        assert json.load(answer)["products"] == 24
    server.send_signal(signal.SIGINT)
    rest, complaints = server.communicate(timeout=30)
    assert "Stopped." in rest
    assert "Traceback" not in complaints
    assert server.returncode == 0


def test_a_port_in_use_is_told_before_the_shop_is_opened(run: Run, home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "--home", home, "--port", port)
    assert result.exit_code == 1
    assert f"port {port}" in result.stderr
    assert f"--port {port + 1}" in result.stderr


def test_a_host_of_another_machine_is_told(run: Run, home: Path) -> None:
    result = run("serve", "--home", home, "--host", "192.0.2.1", "--port", "8123")
    assert result.exit_code == 1
    assert "Cannot listen on 192.0.2.1" in result.stderr


def test_about_a_product_needs_a_product(run: Run, home: Path) -> None:
    result = run("recommend", "goes-with", "--home", home)
    assert result.exit_code == 1
    assert "--product ID" in result.stderr


def test_a_wrong_filter_is_one_message(run: Run, home: Path) -> None:
    result = run("search", "apple", "--filter", "price IN", "--home", home)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: column 7")


def test_nothing_found_says_what_to_try(run: Run, home: Path) -> None:
    result = run("search", "zzzz", "--filter", "price: IN(900, 901)", "--home", home)
    assert result.exit_code == 0
    assert "Try fewer words" in result.stderr


@pytest.mark.parametrize(
    "words", [("search", "x"), ("recommend",), ("train",), ("serve", "--port", "0")]
)
def test_without_a_shop_the_way_to_one_is_told(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = run(*words, "--home", tmp_path)
    assert result.exit_code == 1
    assert "daogou import" in result.stderr
    assert not (tmp_path / "daogou.db").exists()


def test_doctor_finds_an_altered_bundle(run: Run, home: Path) -> None:
    bundle = Bundle.current(home / "bundles")
    assert bundle is not None
    path = bundle.path("model.json")
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b"width", b"wodth", 1))
        result = run("doctor", "--home", home)
    finally:
        path.write_bytes(before)
    assert result.exit_code == 1
    assert "cannot be served" in result.stdout
    assert "daogou train" in result.stdout


def test_doctor_without_anything(run: Run, tmp_path: Path) -> None:
    (tmp_path / "daogou.toml").write_text("[engine]\ncandidats = 3")
    result = run("doctor", "--home", tmp_path)
    assert result.exit_code == 1
    for told in ("daogou import", "candidates", "look again"):
        assert told in result.stdout
