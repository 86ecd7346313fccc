"""Traces over real HTTP, kept in memory."""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from daogou.engine import Engine
from daogou.errors import ConfigError
from daogou.server import ServerConfig, create_app, listen
from daogou.server.metrics import Metrics
from daogou.server.tracing import Tracing, tracing_from
from daogou.store import Store

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def served(engine: Engine, store: Store, spans: InMemorySpanExporter) -> Iterator[str]:
    """A traced server behind a real socket, in a thread."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    config = ServerConfig(port=0, messages_per_minute=0)
    app = create_app(engine, store, config, metrics=Metrics(0, Tracing(provider)))
    with listen(config) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{port(listener)}"
        server.should_exit = True
        thread.join(timeout=30)


def port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def post(url: str, body: object, **headers: str) -> dict[str, str]:
    """The headers of the answer."""
    request = urllib.request.Request(  # noqa: S310
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        answer.read()
        return dict(answer.headers)


def finished(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """The spans by their names, once that of the request is done: after its answer."""
    while True:
        found = {span.name: span for span in spans.get_finished_spans()}
        if any(name.startswith("POST ") for name in found):
            return found
        time.sleep(0.01)


def below(found: dict[str, ReadableSpan], name: str) -> set[str]:
    parent = found[name].context.span_id
    return {s.name for s in found.values() if s.parent and s.parent.span_id == parent}


def test_a_request_has_a_span_and_its_stages_have_theirs(
    served: str, spans: InMemorySpanExporter
) -> None:
    post(f"{served}/v1/search", {"query": "milk under $3", "visitorId": "household-1"})
    found = finished(spans)
    root = found["POST /v1/search"]
    assert below(found, "POST /v1/search") == {"engine", "answer"}
    assert below(found, "engine") == {
        "visitor", "read", "match", "spell", "rank", "facets", "products",
    }  # fmt: skip
    assert dict(root.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/search",
        "http.response.status_code": 200,
    }
    assert {span.context.trace_id for span in found.values()} == {root.context.trace_id}


def test_a_recommendation_and_events(served: str, spans: InMemorySpanExporter) -> None:
    visitor = {"visitorId": "household-1"}
    post(f"{served}/v1/recommend", {"placement": "home", "userEvent": visitor})
    found = finished(spans)
    assert below(found, "engine") == {"visitor", "retrieve", "rank", "arrange", "products"}
    spans.clear()
    post(f"{served}/v1/events", {"eventType": "home-page-view", **visitor})
    assert below(finished(spans), "POST /v1/events") == {"decode", "store"}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_turn_of_a_conversation(
    served: str, spans: InMemorySpanExporter, store: Store, accept: str
) -> None:
    post(f"{served}/v1/conversations", {})
    finished(spans)
    with store._database.read() as connection:
        talk = connection.exec_driver_sql("SELECT id FROM conversations").scalar_one()
    spans.clear()
    post(f"{served}/v1/conversations/{talk}/messages", {"text": "milk"}, Accept=accept)
    found = finished(spans)
    assert below(found, "engine") == {"understand", "decide", "say", "store"}
    assert found["engine"].context.trace_id == (
        found["POST /v1/conversations/{conversation_id}/messages"].context.trace_id
    )


def test_the_callers_trace_goes_on(served: str, spans: InMemorySpanExporter) -> None:
    post(f"{served}/v1/search", {"query": "milk"}, traceparent=f"00-{TRACE}-{PARENT}-01")
    root = finished(spans)["POST /v1/search"]
    assert f"{root.context.trace_id:032x}" == TRACE
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == PARENT


def test_what_is_no_trace_begins_one(served: str, spans: InMemorySpanExporter) -> None:
    for broken in ("00-zz-1-01", "", "nonsense", f"00-{'0' * 32}-{PARENT}-01"):
        post(f"{served}/v1/search", {"query": "milk"}, traceparent=broken)
        assert finished(spans)["POST /v1/search"].parent is None
        spans.clear()


def test_faults_are_marked_and_tell_nothing_of_the_shopper(
    served: str, spans: InMemorySpanExporter, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret of household-1")

    monkeypatch.setattr(engine, "search", fail)
    with pytest.raises(urllib.error.HTTPError, match="500"):
        post(f"{served}/v1/search", {"query": "a secret wish", "visitorId": "household-1"})
    found = finished(spans)
    assert found["POST /v1/search"].status.status_code is StatusCode.ERROR
    told = "".join(span.to_json() for span in found.values())
    assert "secret" not in told
    assert "household-1" not in told


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"},
    ],
)
def test_off_is_off(environ: dict[str, str]) -> None:
    assert tracing_from(environ) is None


@pytest.mark.parametrize(
    "environ",
    [{"OTEL_TRACES_EXPORTER": "console"}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1"}],
)
def test_on_is_on(environ: dict[str, str]) -> None:
    assert tracing_from(environ) is not None


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_what_is_not_known_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="expected OTEL_TRACES_EXPORTER=otlp"):
        tracing_from(environ)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"pip install 'daogou\[otel\]'"):
        tracing_from({"OTEL_TRACES_EXPORTER": "console"})


def test_without_traces_nothing_of_opentelemetry_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from daogou.server.metrics import Metrics; Metrics();"
        "print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
