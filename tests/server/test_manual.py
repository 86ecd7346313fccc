"""What docs/operate.md says, tried as far as this machine has the programs: units, proxy, image."""

import http.client
import re
import shlex
import shutil
import ssl
import subprocess
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import uvicorn
from fastapi import FastAPI

from daogou.cli import app as command_line
from daogou.cli.settings import SECTIONS, Settings
from daogou.engine import Engine
from daogou.engine.following import OUTCOMES
from daogou.server import ServerConfig, create_app, listen
from daogou.server.run import uvicorn_config
from daogou.server.scopes import NEEDED
from daogou.store import Store

ROOT: Final = Path(__file__).parents[2]
MANUAL: Final = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
CONTAINERFILE: Final = (ROOT / "Containerfile").read_text(encoding="utf-8")
COMMANDS: Final[Any] = typer.main.get_command(command_line)
LABELS: Final = {
    "route": {path for _, path in NEEDED},
    "code": {"429", "5.."},
    "outcome": {*OUTCOMES, "accepted", "duplicate", "refused", "ignored"},
    "bundle": {"none"},
    "job": {"daogou"},
}
"""The values of labels that an alert may ask for."""


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", MANUAL, flags=re.M | re.S)


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


def typed(words: list[str]) -> None:
    """Parse the words of a command line, as typing them would."""
    command = COMMANDS
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert command is not COMMANDS, words
    command.make_context("daogou", words)


def test_commands_behind_other_programs_can_be_typed() -> None:
    """``sudo``, ``podman run`` and variables before them; the others the house looks at."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"`(sudo [^`]+)`", MANUAL)
    found = 0
    for line in lines:
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words[:-1]):
            known = words[place + 1] in COMMANDS.commands
            if place and word.rpartition("/")[2] == "daogou" and known:
                typed(words[place + 1 :])
                found += 1
    assert found >= 4, "there are some"


def test_settings_are_those_that_there_are(tmp_path: Path) -> None:
    for block in blocks("toml"):
        assert tomllib.loads(block).keys() <= set(SECTIONS)
        (tmp_path / "daogou.toml").write_text(block, encoding="utf-8")
        settings = Settings.load(tmp_path)
        settings.server()
        settings.bundle_config()
        settings.database_url()
    for section, name in re.findall(r"`\[(\w+)\] (\w+)`", MANUAL):
        config = {"server": ServerConfig()}[section]
        assert hasattr(config, name), f"[{section}] {name}"
    size = re.search(r"client_max_body_size (\d+)m; +# \[server\] max_body_bytes", MANUAL)
    assert size is not None
    assert int(size[1]) << 20 == ServerConfig().max_body_bytes


def test_alerts_ask_for_labels_and_values_that_there_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \|([\w, ]*)\|", MANUAL, flags=re.M)
    labels = {name: set(re.findall(r"\w+", told)) for name, told in rows}
    [asked] = ["\n".join(blocks("promql"))]
    selected = re.findall(r"\b((?:daogou|process)_\w+)\{([^}]*)\}", asked)
    assert len(selected) > 5
    for name, selectors in selected:
        of_metric = labels[name.removesuffix("_bucket")] | {"job"}
        for label, value in re.findall(r'(\w+)!?=~?"([^"]*)"', selectors):
            assert label in of_metric, f"{name} has no label {label}"
            assert value in LABELS[label], f"{name} has no {label} {value!r}"
    for names, name in re.findall(r"by \(([\w, ]+)\) \((?:rate\()?(\w+)", asked):
        of_metric = labels[re.sub(r"_(bucket|sum|count)$", "", name)] | {"le"}
        assert set(re.findall(r"\w+", names)) <= of_metric, name


@needs("systemd-analyze")
def test_systemd_knows_every_option_of_the_unit(tmp_path: Path) -> None:
    [unit] = blocks("ini")
    there = unit.replace("/opt/daogou/bin/daogou", "/bin/true")
    assert there != unit
    (tmp_path / "daogou.service").write_text(there)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "daogou.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if "daogou.service" in line]
    assert (done.returncode, told) == (0, [])


def test_the_unit_starts_what_there_is() -> None:
    [unit] = blocks("ini")
    start = re.search(r"^ExecStart=/opt/daogou/bin/daogou (.*)$", unit, flags=re.M)
    assert start is not None
    typed(shlex.split(start[1]))
    home = re.search(r"^Environment=DAOGOU_HOME=(/var/lib/(\w+))$", unit, flags=re.M)
    assert home is not None
    assert f"StateDirectory={home[2]}\n" in unit
    assert f"DAOGOU_HOME={home[1]} " in MANUAL


# --- the image


def instructions(name: str) -> list[str]:
    """What stands behind an instruction, continued lines joined."""
    return re.findall(rf"^{name} (.*)$", CONTAINERFILE.replace("\\\n", ""), flags=re.M)


def test_the_image_copies_what_there_is() -> None:
    """Nothing is sent to the builder but what ``.dockerignore`` lets through."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[0] == "*"
    let_through = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["readme"], *project["license-files"]} <= copied, "the build wants them"
    [base] = instructions("FROM")
    version = re.search(r":(\d+)\.(\d+)-", base)
    lowest = re.search(r">=(\d+)\.(\d+)", project["requires-python"])
    assert version is not None
    assert lowest is not None
    assert tuple(map(int, version.groups())) >= tuple(map(int, lowest.groups()))


def test_the_image_installs_extras_that_there_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [extras] = instructions("ARG")
    told = re.search(r"--build-arg EXTRAS=([\w,]+)", MANUAL)
    assert told is not None
    for listed in (extras.partition("=")[2].strip('"'), told[1]):
        assert set(listed.split(",")) <= project["optional-dependencies"].keys()


def test_the_image_runs_the_server_where_its_health_is_asked() -> None:
    *_, command = instructions("CMD")
    words = re.findall(r'"([^"]*)"', command)
    assert words[0] == "daogou"
    [port] = instructions("EXPOSE")
    assert words[words.index("--port") + 1] == port
    [health] = instructions("HEALTHCHECK")
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", health)
    assert asked is not None
    assert asked[1] == port
    assert NEEDED["GET", asked[2]] == "open"
    typed(words[1:])
    [folder] = instructions("VOLUME")
    assert f"DAOGOU_HOME={folder} " in instructions("ENV")[0]
    for line in re.findall(r"^podman run .*$", MANUAL, flags=re.M):
        assert f"-v daogou-data:{folder} " in line


def test_caches_are_not_sent_to_the_builder() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    for path in ("src/daogou/__pycache__", "src/daogou/cli/__pycache__"):
        assert any(fnmatch(path, rule) for rule in rules if rule.startswith("**"))


# --- the proxy


@pytest.fixture
def app(sqlite_url: str) -> Iterator[FastAPI]:
    """An empty shop with a key, in which an address may send two requests a minute."""
    with Store.open(sqlite_url) as store, Engine.open(store, None) as engine:
        store.add_key("admin")
        yield create_app(engine, store, ServerConfig(requests_per_minute=2))


@pytest.fixture
def proxied(app: FastAPI, tmp_path: Path) -> Iterator[str]:
    """The server behind nginx as the manual has it, on other ports."""
    config = ServerConfig(port=0)
    with listen(config) as listener, listen(config) as free:
        server = uvicorn.Server(uvicorn_config(app, config))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        port = free.getsockname()[1]
        free.close()
        process = _nginx(tmp_path, listener.getsockname()[1], port)
        try:
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)
            server.should_exit = True
            thread.join(timeout=30)


def _nginx(folder: Path, upstream: int, port: int) -> "subprocess.Popen[bytes]":
    key, certificate = folder / "guide.key", folder / "guide.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=guide"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    [snippet] = blocks("nginx")
    for ours, theirs in (
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/guide.crt", str(certificate)),
        ("/etc/ssl/guide.key", str(key)),
    ):
        assert snippet.count(ours) == 1
        snippet = snippet.replace(ours, theirs)
    paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{name}_temp_path {folder / name};\n" for name in paths)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\nerror_log stderr;\npid {folder / 'pid'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{snippet}\n}}\n"
    )
    command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(file)]
    process = subprocess.Popen(command)
    while True:
        try:
            _ask(f"https://127.0.0.1:{port}/healthz")
        except urllib.error.URLError:
            assert process.poll() is None, "nginx has refused the manual's lines"
            time.sleep(0.05)
        else:
            return process


def _any_own() -> ssl.SSLContext:
    """Takes a certificate that nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(  # noqa: S310
        url, body, {"Host": "guide.shop.example", "Content-Type": "application/json"} | named
    )
    try:
        with urllib.request.urlopen(request, context=_any_own(), timeout=60) as answer:  # noqa: S310
            answer.read()
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            error.read()
            return error.code, error.headers


@needs("nginx", "openssl")
def test_the_server_behind_the_proxy_of_the_manual(proxied: str) -> None:
    status, headers = _ask(f"{proxied}/healthz")
    assert status == 200
    assert headers["Strict-Transport-Security"]
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"]), "nginx's own id"
    assert _ask(f"{proxied}/metrics")[0] == 404
    told = [
        _ask(f"{proxied}/v1/search", b"{}", X_Forwarded_For=f"203.0.113.{n}")[0] for n in range(4)
    ]
    assert told == [200, 200, 429, 429], "what a client calls its address counts for nothing"
    connection = http.client.HTTPSConnection(proxied.removeprefix("https://"), context=_any_own())
    connection.putrequest("POST", "/v1/search")
    connection.putheader("Content-Length", str(ServerConfig().max_body_bytes + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
