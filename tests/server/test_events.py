"""``POST /v1/events``: as GA4 and Segment send them, one commit for many, and what is too much."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.engine import Engine
from daogou.errors import StoreUnavailable
from daogou.server import ServerConfig, create_app
from daogou.server.errors import AWAY
from daogou.server.schemas import ErrorAnswer, EventsAnswer
from daogou.store import Store
from daogou.store.eventlog import EventRow

GA4: dict[str, Any] = {
    "client_id": "ga-1",
    "events": [
        {"name": "view_item", "params": {"items": [{"item_id": "milk"}]}},
        {"name": "scroll", "params": {"percent_scrolled": 90}},
        {"name": "add_to_cart", "params": {"items": [{"item_id": "milk", "quantity": 0}]}},
        {"name": "scroll"},
    ],
}
SEGMENT: dict[str, Any] = {
    "batch": [
        {
            "type": "track",
            "anonymousId": "seg-1",
            "messageId": "m-1",
            "event": "Product Added",
            "properties": {"product_id": "milk"},
        },
        {"type": "identify", "userId": "u"},
    ],
    "sentAt": "2026-11-22T10:15:00Z",
}


def view(event_id: str, visitor: str = "v") -> dict[str, Any]:
    return {
        "eventType": "detail-page-view",
        "visitorId": visitor,
        "eventId": event_id,
        "productDetails": [{"product": {"id": "milk"}}],
    }


def test_a_payload_of_ga4(client: TestClient, store: Store) -> None:
    response = client.post("/v1/events", json=GA4)
    answer = EventsAnswer.model_validate(response.json())
    assert (answer.accepted, answer.duplicates, answer.ignored) == (1, 0, {"scroll": 2})
    assert [(error.index, error.field) for error in answer.errors] == [
        (2, "events[2].params.items[0].quantity")
    ]
    assert [event.type for event in store.visitor_events("ga-1")] == ["detail-page-view"]


def test_a_batch_of_segment(client: TestClient, store: Store) -> None:
    for new in (1, 0):
        answer = client.post("/v1/events", json=SEGMENT).json()
        assert answer == {
            "accepted": new,
            "duplicates": 1 - new,
            "errors": [],
            "ignored": {"identify": 1},
        }
    assert [event.event_id for event in store.visitor_events("seg-1")] == ["m-1"]


def test_a_list_of_all_three(client: TestClient) -> None:
    answer = client.post("/v1/events", json=[view("e1"), GA4, SEGMENT, 3, {"events": 3}]).json()
    assert (answer["accepted"], answer["ignored"]) == (3, {"scroll": 2, "identify": 1})
    fields = [(error["index"], error["field"]) for error in answer["errors"]]
    assert fields == [(3, "[1].events[2].params.items[0].quantity"), (7, None), (8, "[4].events")]


def test_nothing_of_use_is_no_error(client: TestClient) -> None:
    body = {"client_id": "ga-1", "events": [{"name": "scroll"}]}
    answer = client.post("/v1/events", json=body)
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 0,
        "duplicates": 0,
        "errors": [],
        "ignored": {"scroll": 1},
    }


def test_the_inner_events_count(client: TestClient) -> None:
    body = {"client_id": "ga-1", "events": [{"name": "scroll"}] * 501}
    response = client.post("/v1/events", json=body)
    assert response.status_code == 400
    assert "501" in response.json()["error"]["message"]


class Held(Store):
    """Writes no event before it is let go."""

    def hold(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()

    def append_rows(self, rows: Sequence[EventRow]) -> set[str]:
        self.begun.set()
        self.go.wait(60)
        return super().append_rows(rows)


@pytest.fixture
def held(store: Store) -> Held:
    opened = Held(store._database)
    opened.hold()
    return opened


def test_too_much_at_once_is_told_to_come_back(
    engine: Engine, held: Held, config: ServerConfig
) -> None:
    """Ten waiting events are as many as may: the next is refused, and accepted later."""
    small = replace(config, queue_events=10)
    with TestClient(create_app(engine, held, small)) as client, ThreadPoolExecutor(1) as pool:
        first = [view(f"first-{n}") for n in range(10)]
        waiting = pool.submit(client.post, "/v1/events", json=first)
        assert held.begun.wait(60)
        refused = client.post("/v1/events", json=view("second"))
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        error = ErrorAnswer.model_validate(refused.json()).error
        assert error.status == "RESOURCE_EXHAUSTED"
        assert not waiting.done()
        assert "daogou_events_waiting 10.0" in client.get("/metrics").text
        held.go.set()
        assert waiting.result().json()["accepted"] == 10
        assert client.post("/v1/events", json=view("second")).json()["accepted"] == 1


def test_bytes_are_counted_before_they_are_read(
    engine: Engine, held: Held, config: ServerConfig
) -> None:
    small = replace(config, queue_bytes=config.max_body_bytes)
    with TestClient(create_app(engine, held, small)) as client, ThreadPoolExecutor(1) as pool:
        long = {**view("long"), "searchQuery": "x" * 150_000}
        waiting = pool.submit(client.post, "/v1/events", json=long)
        assert held.begun.wait(60)
        assert client.post("/v1/events", json={**long, "eventId": "2"}).status_code == 429
        # Without a length in its head it is found out while it comes.
        chunks = iter([b'[{"x": "', b"y" * 100_000, b'"}]'])
        head = {"Content-Type": "application/json"}
        assert client.post("/v1/events", content=chunks, headers=head).status_code == 429
        held.go.set()
        assert waiting.result().json()["accepted"] == 1
        # Whoever was refused holds nothing.
        assert client.post("/v1/events", json={**long, "eventId": "2"}).status_code == 200


def test_a_queue_smaller_than_a_body() -> None:
    with pytest.raises(ValueError, match=r"queue_bytes is 5; expected max_body_bytes \(10\)"):
        ServerConfig(queue_bytes=5, max_body_bytes=10)


def test_readiness_turns_with_the_database_and_back(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> set[str]:
        raise StoreUnavailable("The database sqlite:///secret refused: disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "append_rows", full)
        patched.setattr(store, "check_writable", full)
        refused = client.post("/v1/events", json=view("e1"))
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["message"] == AWAY
        assert client.get("/readyz").status_code == 503
        assert client.post("/v1/search", json={"query": "milk"}).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/events", json=view("e1")).json()["accepted"] == 1
