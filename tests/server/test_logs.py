"""What the log has: which request, where its time went, and nothing of the shopper."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app
from daogou.server.logs import FORMATS, LOGGERS, set_up_logs
from daogou.store import Store


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    before = {name: (logging.getLogger(name).handlers, logging.getLogger(name).level)
              for name in LOGGERS}  # fmt: skip
    last = logging.lastResort
    yield
    logging.lastResort = last
    for name, (handlers, level) in before.items():
        logging.getLogger(name).handlers = handlers
        logging.getLogger(name).setLevel(level)


def shop(engine: Engine, store: Store, slow: float, raises: bool = False) -> TestClient:
    config = ServerConfig(slow_request_seconds=slow, messages_per_minute=0)
    return TestClient(create_app(engine, store, config), raise_server_exceptions=raises)


def rows(written: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines()]


def test_a_slow_request_is_one_line_with_its_stages(
    engine: Engine, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("json")
    answer = shop(engine, store, 1e-9).post(
        "/v1/search",
        json={"query": "my secret wish", "visitorId": "household-1"},
        headers={"X-Request-ID": "shop-42"},
    )
    assert answer.headers["x-request-id"] == "shop-42"
    written = capsys.readouterr().err
    [told] = rows(written)
    assert told["requestId"] == "shop-42"
    assert told["level"] == "WARNING"
    assert (told["method"], told["route"], told["status"]) == ("POST", "/v1/search", 200)
    assert told["milliseconds"] >= told["stages"]["engine"] >= told["stages"]["rank"] >= 0
    assert {"visitor", "read", "match", "rank", "products", "answer"} <= told["stages"].keys()
    assert "secret" not in written
    assert "household-1" not in written


def test_a_quick_one_is_no_line(
    engine: Engine, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("json")
    for slow in (0.0, 3600.0):
        shop(engine, store, slow).post("/v1/search", json={"query": "milk"})
    assert capsys.readouterr().err == ""


def test_other_libraries_warn_in_the_same_lines() -> None:
    """In a process of its own: pytest hears the root logger, so that there is no last resort."""
    code = (
        "import logging; from daogou.server.logs import set_up_logs; set_up_logs('json');"
        "other = logging.getLogger('opentelemetry.exporter');"
        "other.warning('the collector is away'); other.info('not told')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    [told] = rows(done.stderr)
    assert (told["logger"], told["message"]) == ("opentelemetry.exporter", "the collector is away")


@pytest.mark.parametrize("given", ["", "a" * 65, "two words", "new\tline", '{"x": 1}', "日本"])
def test_an_id_that_could_forge_a_line_is_replaced(
    engine: Engine, store: Store, given: str
) -> None:
    headers = {"X-Request-ID": given.encode()}
    answer = shop(engine, store, 0).get("/healthz", headers=headers)  # type: ignore[arg-type]
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize("kind", FORMATS)
def test_a_fault_is_logged_by_its_route(
    engine: Engine,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    set_up_logs(kind)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(store, "visitor_events", fail)
    client = shop(engine, store, 0)
    answer = client.get("/v1/visitors/household-1/events", headers={"X-Request-ID": "abc"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "abc"
    text = capsys.readouterr().err
    assert "household-1" not in text
    assert "RuntimeError: broken" in text
    if kind == "json":
        [told] = rows(text)
        assert told["message"] == "GET /v1/visitors/{visitor_id:path}/events failed"
        assert told["exception"].startswith("Traceback")
        assert told["requestId"] == "abc"
    else:
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z ERROR daogou\.server \[abc\] GET ", text)


def test_a_database_that_refuses_names_no_visitor(store_url: str) -> None:
    with Store.open(store_url) as store, store._database.write() as connection:
        with pytest.raises(Exception, match="no_such_table") as raised:
            connection.exec_driver_sql(
                "INSERT INTO no_such_table VALUES (%s)" if "postgres" in store_url
                else "INSERT INTO no_such_table VALUES (?)", ("household-1",)
            )  # fmt: skip
        connection.rollback()
        assert "household-1" not in str(raised.value)
