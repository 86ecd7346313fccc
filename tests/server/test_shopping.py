"""Search and recommend over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.server.schemas import RecommendAnswer
from daogou.server.search_schemas import SearchAnswer

LOYAL = "household-1"  # cooks spaghetti every week


def search(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    SearchAnswer.model_validate(answer)
    return answer


def recommend(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/recommend", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    RecommendAnswer.model_validate(answer)
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [result["id"] for result in answer["results"]]


def test_search_finds_by_word_in_both_languages(client: TestClient) -> None:
    english = search(client, query="spaghetti")
    chinese = search(client, query="意大利面", languageCode="zh-CN")
    assert ids(english)[0] == ids(chinese)[0] == "spaghetti"
    assert english["results"][0]["product"]["title"] == "Spaghetti, 16 oz"
    assert chinese["results"][0]["product"]["title"] == "意大利面 16 盎司"
    assert chinese["results"][0]["product"]["categories"] == ["食品柜 > 意面"]


def test_a_language_that_is_not_spoken_is_answered_in_the_shops(client: TestClient) -> None:
    answer = search(client, query="spaghetti", languageCode="fr")
    assert answer["results"][0]["product"]["title"] == "Spaghetti, 16 oz"


def test_every_answer_can_be_attributed(client: TestClient) -> None:
    answer = search(client, query="milk")
    assert answer["attributionToken"]
    assert answer["policyId"]


def test_filter_order_and_page(client: TestClient) -> None:
    wish = {"query": "", "filter": 'brand: ANY("Green Farm")', "orderBy": "price", "pageSize": 3}
    first = search(client, **wish)
    second = search(client, **wish, offset=3)
    assert first["totalSize"] == second["totalSize"] == 7
    assert ids(first) == ["cream", "eggs", "milk"]
    assert ids(second) == ["cheddar", "oat-milk", "butter"]


def test_facets_are_counted_over_all_matches(client: TestClient) -> None:
    specs = [{"facetKey": {"key": key}} for key in ("brand", "categories", "price")]
    answer = search(client, query="", pageSize=1, filter="price < 3", facetSpecs=specs)
    facets = {facet["key"]: facet["values"] for facet in answer["facets"]}
    assert list(facets) == ["brand", "categories", "price"]
    assert {"value": "Pantry", "count": 5} in facets["categories"]
    assert sum(v["count"] for v in facets["price"]) == answer["totalSize"]
    assert all(v["interval"].get("minimum", 0) < 300 for v in facets["price"])


def test_page_size_0_is_the_default(client: TestClient) -> None:
    assert len(search(client, query="", pageSize=0)["results"]) == 24
    answer = recommend(client, placement="home", pageSize=0)
    assert len(answer["results"]) == 12


def test_personalization_can_be_switched_off(client: TestClient) -> None:
    pages = [
        search(client, query="sauce", visitorId=visitor, params={"personalize": False})
        for visitor in (LOYAL, "household-6", "nobody")
    ]
    assert ids(pages[0]) == ids(pages[1]) == ids(pages[2])


@pytest.mark.parametrize("placement", ["home", "buy-again"])
def test_recommendations_for_a_visitor(client: TestClient, placement: str) -> None:
    event = {"eventType": "home-page-view", "visitorId": LOYAL}
    answer = recommend(client, placement=placement, userEvent=event, pageSize=5)
    assert set(ids(answer)) & {"spaghetti", "tomato-sauce", "parmesan"}
    assert all(result["reason"]["text"] for result in answer["results"])
    assert all("score" not in result for result in answer["results"])


def test_goes_with_and_its_reason(client: TestClient) -> None:
    event = {"visitorId": "nobody", "productDetails": [{"product": {"id": "spaghetti"}}]}
    answer = recommend(
        client,
        placement="goes-with",
        userEvent=event,
        pageSize=3,
        params={"returnScore": True, "diversity": 0},
    )
    assert {"tomato-sauce", "parmesan"} <= set(ids(answer))
    assert "spaghetti" not in ids(answer)
    best = answer["results"][0]
    assert best["reason"]["code"] == "goes_with"
    assert best["reason"]["text"] == "Often bought with Spaghetti, 16 oz"
    assert best["reason"]["productIds"] == ["spaghetti"]
    scores = [result["score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)


def test_reasons_speak_the_language(client: TestClient) -> None:
    event = {"productDetails": [{"product": {"id": "spaghetti"}, "quantity": 1}]}
    answer = recommend(client, placement="goes-with", userEvent=event, languageCode="zh")
    assert answer["results"][0]["reason"]["text"] == "常与「意大利面 16 盎司」一起购买"


def test_the_cart_is_not_recommended_to_itself(client: TestClient) -> None:
    lines = [{"product": {"id": id_}} for id_ in ("cereal", "milk")]
    answer = recommend(client, placement="cart", userEvent={"productDetails": lines})
    assert "banana" in ids(answer)
    assert not {"cereal", "milk"} & set(ids(answer))


def test_a_filter_holds_for_recommendations(client: TestClient) -> None:
    answer = recommend(
        client,
        placement="home",
        userEvent={"visitorId": LOYAL},
        filter='brand: ANY("Bella")',
    )
    assert {result["product"]["brands"][0] for result in answer["results"]} == {"Bella"}


def test_a_page_about_nothing_is_refused(client: TestClient) -> None:
    response = client.post("/v1/recommend", json={"placement": "similar"})
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "userEvent.productDetails"
