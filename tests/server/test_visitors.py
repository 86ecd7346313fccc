"""Events in, a visitor's own events out and away."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.server.schemas import EventsAnswer, VisitorEvents
from daogou.store import Store

LOYAL = "household-1"


def event(event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    return {
        "eventType": "purchase-complete",
        "visitorId": "new-visitor",
        "eventId": event_id,
        "eventTime": datetime.now(UTC).isoformat(),
        "productDetails": [{"product": {"id": "cereal"}, "quantity": 2}],
        **fields,
    }


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        (event(), 1),
        ([event("a"), event("b")], 2),
        ({"userEvents": [event("a"), event("b"), event("c")]}, 3),
    ],
)
def test_one_or_many(client: TestClient, store: Store, body: object, accepted: int) -> None:
    response = client.post("/v1/events", json=body)
    assert response.status_code == 200
    assert response.json() == {"accepted": accepted, "duplicates": 0, "errors": []}
    assert len(store.visitor_events("new-visitor")) == accepted


def test_a_repeat_is_harmless(client: TestClient, store: Store) -> None:
    client.post("/v1/events", json=event())
    again = client.post("/v1/events", json=[event(), event("e2")])
    assert again.json() == {"accepted": 1, "duplicates": 1, "errors": []}
    assert len(store.visitor_events("new-visitor")) == 2


def test_the_good_ones_go_in_and_the_bad_ones_are_named(client: TestClient, store: Store) -> None:
    body = [event("a"), event("b", eventType="purchase"), "text", event("c", visitorId="v\u0000")]
    response = client.post("/v1/events", json=body)
    assert response.status_code == 200
    answer = EventsAnswer.model_validate(response.json())
    assert answer.accepted == 1
    assert [error.index for error in answer.errors] == [1, 2, 3]
    assert answer.errors[0].field == "eventType"
    assert "purchase-complete" in answer.errors[0].message
    assert answer.errors[1].message == "found 'text'; expected an object."
    assert len(store.visitor_events("new-visitor")) == 1


def test_all_bad_is_an_error(client: TestClient) -> None:
    response = client.post("/v1/events", json=[{}, event(eventType="nonsense")])
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["message"].startswith("none of the 2 userEvents is usable. First: ")
    assert [detail["index"] for detail in error["details"]] == [0, 1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[]", "the list is empty; expected 1 to 500 userEvents."),
        ("", "the body is empty"),
        ("{", "the body is not JSON"),
        ("3", "the body is 3; expected an object, a list of objects"),
        ('{"userEvents": 3}', "userEvents is 3; expected a list of objects."),
        ("[" * 100_000, "the body is not JSON"),
        ('{"visitorId": "\\ud800"}', "the body is not JSON"),
    ],
)
def test_a_body_of_another_shape(client: TestClient, body: str, message: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/events", content=body, headers=headers)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


def test_too_many_at_once(client: TestClient) -> None:
    response = client.post("/v1/events", json=[{}] * 501)
    assert response.status_code == 400
    assert "has 501 userEvents; expected 500 at most" in response.json()["error"]["message"]


def test_an_event_shows_in_the_next_answer(client: TestClient) -> None:
    def usuals() -> list[str]:
        body = {"placement": "buy-again", "userEvent": {"visitorId": "new-visitor"}}
        results = client.post("/v1/recommend", json=body).json()["results"]
        return [result["id"] for result in results]

    assert usuals() == []
    client.post("/v1/events", json=event())
    assert usuals() == ["cereal"]


def test_what_the_shop_knows(client: TestClient) -> None:
    client.post("/v1/events", json=event(visitorId=LOYAL, searchQuery="麦片"))
    response = client.get(f"/v1/visitors/{LOYAL}/events", params={"limit": 3, "languageCode": "zh"})
    answer = VisitorEvents.model_validate(response.json())
    assert len(answer.user_events) == 3
    assert answer.user_events[0]["searchQuery"] == "麦片"
    assert answer.products["cereal"]["title"] == "蜂蜜圈麦片 12 盎司"
    named = {line["product"]["id"] for e in answer.user_events for line in e["productDetails"]}
    assert set(answer.products) == named


def test_erasure(client: TestClient, store: Store) -> None:
    before = store.count_visitors()
    assert client.delete(f"/v1/visitors/{LOYAL}").json() == {"deleted": 26}
    assert client.get(f"/v1/visitors/{LOYAL}/events").json() == {"userEvents": [], "products": {}}
    body = {"placement": "buy-again", "userEvent": {"visitorId": LOYAL}}
    assert client.post("/v1/recommend", json=body).json()["results"] == []
    assert store.count_visitors() == before - 1
    assert client.delete(f"/v1/visitors/{LOYAL}").json() == {"deleted": 0}


def test_a_visitor_may_have_a_slash(client: TestClient) -> None:
    client.post("/v1/events", json=event(visitorId="web/1"))
    answer = client.get("/v1/visitors/web%2F1/events").json()
    assert [e["visitorId"] for e in answer["userEvents"]] == ["web/1"]
