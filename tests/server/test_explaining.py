"""Why a product is shown, over HTTP, and what is left to chance."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.encoders import TextEncoder
from daogou.engine import Engine, EngineConfig
from daogou.server import ServerConfig, create_app
from daogou.server.schemas import ExplainAnswer, RecommendAnswer
from daogou.store import Store


def explain(client: TestClient, product: str, visitor: str | None, **more: str) -> dict[str, Any]:
    params = {"productId": product, **more} | ({"visitorId": visitor} if visitor else {})
    response = client.get("/v1/explain", params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    ExplainAnswer.model_validate(answer)
    return answer


def buy(client: TestClient, visitor: str, *products: str) -> None:
    details = [{"product": {"id": product}, "quantity": 1} for product in products]
    event = {"eventType": "purchase-complete", "visitorId": visitor, "productDetails": details}
    assert client.post("/v1/events", json=event).json()["accepted"] == 1


def test_what_carries_a_product_is_told_with_its_numbers(client: TestClient) -> None:
    buy(client, "v", "spaghetti")
    answer = explain(client, "tomato-sauce", "v")
    (effect,) = answer["evidence"]
    assert (effect["productId"], effect["title"]) == ("spaghetti", "Spaghetti, 16 oz")
    what_if = answer["counterfactual"]
    assert what_if["removed"] == "spaghetti"
    assert what_if["scoreBefore"] == effect["score"] > effect["without"] == what_if["scoreAfter"]
    assert 1 <= what_if["rankBefore"] <= what_if["rankAfter"]
    parts = answer["contributions"]
    assert parts["base"] + sum(parts["groups"].values()) == pytest.approx(parts["score"])
    assert parts["score"] == pytest.approx(answer["scores"]["next"], abs=1e-4)
    assert {source["source"] for source in answer["sources"]} >= {"item-to-item"}
    assert answer["reasons"][0]["text"] == "Because you bought Spaghetti, 16 oz"


def test_it_speaks_the_language(client: TestClient) -> None:
    buy(client, "v", "spaghetti")
    answer = explain(client, "tomato-sauce", "v", languageCode="zh-CN")
    assert answer["evidence"][0]["title"] == "意大利面 16 盎司"
    assert answer["reasons"][0]["text"] == "因为您买过「意大利面 16 盎司」"


def test_the_home_page_gives_the_same_reason(client: TestClient) -> None:
    buy(client, "v", "spaghetti")
    body = {"placement": "home", "userEvent": {"visitorId": "v"}, "pageSize": 10}
    results = client.post("/v1/recommend", json=body).json()["results"]
    (sauce,) = [result for result in results if result["id"] == "tomato-sauce"]
    assert sauce["reason"] == explain(client, "tomato-sauce", "v")["reasons"][0]
    assert sauce["reason"]["code"] == "because_you_bought"
    assert sauce["reason"]["productIds"] == ["spaghetti"]


def test_of_a_stranger_there_is_nothing_to_take_away(client: TestClient) -> None:
    answer = explain(client, "milk", None)
    assert answer["evidence"] == []
    assert "contributions" not in answer
    assert "counterfactual" not in answer


def test_there_has_to_be_such_a_product(client: TestClient) -> None:
    response = client.get("/v1/explain", params={"productId": "unicorn"})
    assert response.status_code == 404
    assert "no product 'unicorn'" in response.json()["error"]["message"]
    response = client.get("/v1/explain")
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "productId"


def test_a_page_that_explores_tells_its_propensities_and_takes_them_back(
    store: Store, planted: Path, encoder: TextEncoder
) -> None:
    bundles = planted / "bundles"
    exploring = EngineConfig(explore_share=0.25)
    with (
        Engine.open(store, bundles, exploring, encoder=encoder) as engine,
        TestClient(create_app(engine, store, ServerConfig())) as client,
    ):
        body = {"placement": "home", "userEvent": {"visitorId": "v"}, "pageSize": 10}
        answer = client.post("/v1/recommend", json=body).json()
        RecommendAnswer.model_validate(answer)
        results = answer["results"]
        assert "propensity" not in results[0]  # the best keeps its place
        told = [result["propensity"] for result in results if "propensity" in result]
        assert told
        assert all(0 < propensity < 1 for propensity in told)
        details = [
            {"product": {"id": result["id"]}, "position": place}
            | ({"propensity": result["propensity"]} if "propensity" in result else {})
            for place, result in enumerate(results)
        ]
        event = {"eventType": "impression", "visitorId": "v", "productDetails": details}
        assert client.post("/v1/events", json=event).json()["accepted"] == 1
    (kept,) = store.visitor_events("v", limit=1)
    assert [line.propensity for line in kept.lines] == [r.get("propensity") for r in results]
