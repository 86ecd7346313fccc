"""Health, readiness and metrics."""

from contextlib import closing

import pytest
from starlette.testclient import TestClient

from daogou.assistant import Assistant, LlmConfig, open_llm
from daogou.assistant.llm import Spent
from daogou.engine import Engine
from daogou.errors import StoreError
from daogou.server import ServerConfig, create_app
from daogou.server.schemas import Health, Ready
from daogou.store import Store


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
