"""Products over HTTP; a change shows in the next answer."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.server.openapi import PRODUCT_EXAMPLE
from daogou.server.schemas import ProductsAnswer


def product(id_: str = "durian", **fields: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "title": "Durian",
        "categories": ["Produce > Fruit"],
        "price": {"amount": 1999, "currency": "USD"},
        **fields,
    }


def found(client: TestClient, query: str, **body: Any) -> list[dict[str, Any]]:
    results = client.post("/v1/search", json={"query": query, **body}).json()["results"]
    return [result["product"] for result in results]


@pytest.mark.parametrize(
    ("body", "added"),
    [
        (product(), 1),
        ([product(), product("mangosteen")], 2),
        ({"products": [product(), product("mangosteen")]}, 2),
    ],
)
def test_put_one_or_many(client: TestClient, body: object, added: int) -> None:
    answer = client.put("/v1/products", json=body).json()
    ProductsAnswer.model_validate(answer)
    assert answer == {"added": added, "changed": 0, "unchanged": 0, "errors": []}
    assert [p["id"] for p in found(client, "durian")][:1] == ["durian"]


def test_the_good_ones_go_in_and_the_bad_ones_are_named(client: TestClient) -> None:
    body = [product(), {"id": "untitled"}, product("nul\u0000")]
    answer = client.put("/v1/products", json=body).json()
    assert answer["added"] == 1
    assert [error["index"] for error in answer["errors"]] == [1, 2]
    assert answer["errors"][0]["field"] == "title"


def test_a_new_price_and_stock_show_at_once(client: TestClient) -> None:
    milk = client.get("/v1/products/milk").json()
    milk["price"] = {"amount": 77, "currency": "USD"}
    milk.pop("priceInfo", None)
    assert client.put("/v1/products/milk", json=milk).json()["changed"] == 1
    cheap = found(client, "", filter="price < 1 AND price > 0.75", orderBy="price")
    assert [p["id"] for p in cheap] == ["milk"]
    milk["availability"] = "OUT_OF_STOCK"
    client.put("/v1/products/milk", json=milk)
    gone = found(client, "", filter='availability: ANY("OUT_OF_STOCK")')
    assert {p["id"] for p in gone} == {"milk", "shrimp"}


def test_the_same_again_changes_nothing(client: TestClient) -> None:
    client.put("/v1/products", json=product())
    assert client.put("/v1/products", json=product()).json()["unchanged"] == 1


def test_put_at_an_address(client: TestClient) -> None:
    body = product()
    body.pop("id")
    assert client.put("/v1/products/a/b", json=body).json()["added"] == 1
    assert client.get("/v1/products/a%2Fb").json()["id"] == "a/b"
    response = client.put("/v1/products/other", json=product())
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "id"
    assert "the address says 'other'" in response.json()["error"]["message"]


def test_get(client: TestClient) -> None:
    answer = client.get("/v1/products/apron", params={"languageCode": "zh"}).json()
    assert answer["title"] == "厨房围裙"
    assert answer["price"] == {"amount": 1999, "currency": "USD"}
    assert [variant["id"] for variant in answer["variants"]] == ["apron-s", "apron-m", "apron-l"]


def test_get_several(client: TestClient) -> None:
    answer = client.get(
        "/v1/products", params={"ids": ["milk", "nothing", "cereal", "milk"]}
    ).json()
    assert [p["id"] for p in answer["products"]] == ["milk", "cereal"]
    assert answer["missing"] == ["nothing"]


def test_delete(client: TestClient) -> None:
    assert client.delete("/v1/products/milk").json() == {"deleted": 1}
    assert "milk" not in [p["id"] for p in found(client, "milk")]
    for call in (client.get, client.delete):
        response = call("/v1/products/milk")
        assert response.status_code == 404
        assert response.json()["error"]["status"] == "NOT_FOUND"
        assert "'milk'" in response.json()["error"]["message"]


def test_the_documented_example_is_a_product(client: TestClient) -> None:
    assert client.put("/v1/products", json=PRODUCT_EXAMPLE).json()["errors"] == []
    assert client.get("/v1/products/p1").json()["price"] == {"amount": 349, "currency": "USD"}
