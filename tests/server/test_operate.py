"""Health, readiness and metrics."""

import re
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from daogou.assistant import Assistant, LlmConfig, open_llm
from daogou.assistant.llm import Spent
from daogou.engine import Engine
from daogou.errors import StoreError
from daogou.server import ServerConfig, create_app
from daogou.server.schemas import Health, Ready
from daogou.store import Store
from daogou.types import UserEvent


def test_health(client: TestClient) -> None:
    Health.model_validate(client.get("/healthz").json())


def test_ready(client: TestClient) -> None:
    ready = Ready.model_validate(client.get("/readyz").json())
    assert ready.products == 60
    client.delete("/v1/products/milk")
    again = Ready.model_validate(client.get("/readyz").json())
    assert again.products == 59
    assert (again.revision or 0) > (ready.revision or 0)


def test_not_ready_without_a_database(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> int:
        raise StoreError("the database does not answer; start it")

    monkeypatch.setattr(store, "revision", gone)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["error"]["status"] == "UNAVAILABLE"
    assert client.get("/healthz").status_code == 200


def test_metrics(client: TestClient) -> None:
    client.post("/v1/search", json={"query": "milk"})
    client.post("/v1/search", json={"pageSize": -1})
    client.post("/v1/events", json=[{"eventType": "home-page-view", "visitorId": "v"}, {}])
    for path in ("/nothing/1", "/nothing/2"):
        client.get(path)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = response.text.splitlines()
    for line in (
        'daogou_http_requests_total{code="200",method="POST",route="/v1/search"} 1.0',
        'daogou_http_requests_total{code="400",method="POST",route="/v1/search"} 1.0',
        'daogou_http_requests_total{code="404",method="any",route="unmatched"} 2.0',
        'daogou_http_request_seconds_count{method="POST",route="/v1/search"} 2.0',
        'daogou_stage_seconds_count{route="search",stage="engine"} 1.0',
        'daogou_stage_seconds_count{route="search",stage="answer"} 1.0',
        'daogou_events_total{outcome="accepted"} 1.0',
        'daogou_events_total{outcome="refused"} 1.0',
    ):
        assert line in lines


def test_metrics_of_the_shop(client: TestClient, store: Store, engine: Engine) -> None:
    def told() -> dict[str, float]:
        families = text_string_to_metric_families(client.get("/metrics").text)
        return {sample.name: sample.value for family in families for sample in family.samples}

    before = told()
    assert before["daogou_products"] == 60
    assert engine.bundle_id is not None
    assert time.time() - 3600 < before["daogou_bundle_created_timestamp_seconds"] < time.time()
    assert before["daogou_store_bytes"] > 50_000
    when = datetime(2026, 3, 1, tzinfo=UTC)
    store.append_events([UserEvent("e-new", "home-page-view", "v", when)])
    assert told()["daogou_last_event_timestamp_seconds"] == when.timestamp()
    assert told()["daogou_http_requests_in_progress"] == 1


def test_metrics_are_told_while_the_database_is_away(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/metrics")

    def gone() -> None:
        raise StoreError("the database does not answer")

    monkeypatch.setattr(store, "vitals", gone)
    response = client.get("/metrics")
    assert response.status_code == 200
    assert "daogou_products 60.0" in response.text


def test_no_label_grows_with_what_callers_send(client: TestClient) -> None:
    def series() -> int:
        return sum(1 for line in client.get("/metrics").text.splitlines() if line[0] != "#")

    def ask(number: int) -> None:
        client.post("/v1/search", json={"query": f"q{number}", "visitorId": f"v{number}"})
        client.get(f"/v1/products/p{number}")
        client.get(f"/v1/visitors/v{number}/events")
        client.get(f"/nowhere/{number}")
        client.request(f"METHOD{number}", "/v1/search")

    ask(0)
    client.get("/metrics")
    before = series()
    for number in range(1, 6):
        ask(number)
    assert series() == before


def test_every_metric_is_in_the_manual(client: TestClient) -> None:
    families = text_string_to_metric_families(client.get("/metrics").text)
    told = {f.name for f in families if not f.name.endswith("_created")}  # since when it counts
    manual = (Path(__file__).parents[2] / "docs" / "operate.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `((?:daogou|process|python)_\w+)`", manual, flags=re.M)
    llm = {"daogou_llm_turns_total", "daogou_llm_sentences_cut_total", "daogou_llm_tokens_total"}
    elsewhere = {*llm, "daogou_worker_resident_bytes"}  # with a language model, several workers
    assert {name.removesuffix("_total") for name in listed} == told | {
        name.removesuffix("_total") for name in elsewhere
    }
    asked = re.findall(r"^```promql\n(.*?)^```", manual, flags=re.M | re.S)
    named = set(re.findall(r"\b(?:daogou|process)_\w+", "\n".join(asked)))
    assert len(named) > 8
    for name in named:
        base = re.sub(r"_(bucket|sum|count|total)$", "", name)
        assert base in told | elsewhere, f"an alert asks for {name}"


def test_not_ready_without_a_bundle(store: Store, config: ServerConfig) -> None:
    with Engine.open(store, None) as untrained:
        client = TestClient(create_app(untrained, store, config))
        response = client.get("/readyz")
        assert response.status_code == 503
        assert "`daogou train`" in response.json()["error"]["message"]
        assert client.post("/v1/search", json={"query": "milk"}).json()["totalSize"] > 0


def test_metrics_of_a_language_model(store: Store, config: ServerConfig) -> None:
    llm = open_llm(LlmConfig(endpoint="scripted:misbehaving"))
    assert llm is not None
    with Engine.open(store, None) as engine, closing(llm):
        llm.count("ungrounded", {"promise": 2}, Spent(prompt_tokens=300, completion_tokens=20))
        app = create_app(engine, store, config, Assistant(engine, store, llm=llm))
        lines = TestClient(app).get("/metrics").text.splitlines()
    for line in (
        'daogou_llm_turns_total{outcome="ungrounded"} 1.0',
        'daogou_llm_sentences_cut_total{kind="promise"} 2.0',
        'daogou_llm_tokens_total{kind="prompt"} 300.0',
        'daogou_llm_tokens_total{kind="completion"} 20.0',
    ):
        assert line in lines
