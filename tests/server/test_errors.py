"""One JSON shape for whatever goes wrong."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from daogou.errors import BundleError, DaogouError, FilterError, InvalidInput, NotFound, StoreError
from daogou.server.errors import STATUSES
from daogou.server.schemas import ErrorAnswer

JSON = {"Content-Type": "application/json"}


def refused(response: Any, code: int) -> dict[str, Any]:
    """The error of a response, held against the one shape."""
    assert response.status_code == code, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    ErrorAnswer.model_validate(response.json())
    error: dict[str, Any] = response.json()["error"]
    assert error["code"] == code
    assert error["status"] == STATUSES[code]
    return error


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"pageSize": -1}, "pageSize", "pageSize is -1; input should be greater than or equal"),
        ({"pageSize": 101}, "pageSize", "pageSize is 101; input should be less than or equal"),
        ({"pageSize": "many"}, "pageSize", "pageSize is 'many'; input should be a valid integer"),
        ({"offset": -3}, "offset", "offset is -3;"),
        ({"offset": 10**9}, "offset", "offset is 1000000000;"),
        ({"query": "x" * 5001}, "query", "at most 5000 characters"),
        ({"query": "\ud800"}, "query", "unicode"),
        ({"querry": "milk"}, "querry", "there is no field 'querry'. Did you mean 'query'?"),
        ({"visitorId": ""}, "visitorId", "at least 1 character"),
        ({"visitorId": "a\nb"}, "visitorId", "no control characters"),
        ({"facetSpecs": [{"facetKey": {}}]}, "facetSpecs[0].facetKey.key", "key is missing."),
        ({"languageCode": "!"}, "languageCode", "languageCode is '!'"),
        ({"filter": 'brand: ANY("A"'}, "filter", "column 15: found the end of the filter"),
        ({"filter": 'brnd: ANY("A")'}, "filter", "Did you mean 'brand'?"),
        ({"orderBy": "prize"}, "orderBy", "Did you mean 'price'?"),
        ({"facetSpecs": [{"facetKey": {"key": "brnd"}}]}, "facetSpecs", "Did you mean 'brand'?"),
    ],
)
def test_a_bad_search(client: TestClient, body: dict[str, Any], field: str, message: str) -> None:
    content = json.dumps(body).encode()  # which escapes a broken surrogate
    error = refused(client.post("/v1/search", content=content, headers=JSON), 400)
    assert error["field"] == field
    assert message in error["message"]


def test_a_field_in_the_wrong_place_is_not_said_to_be_unknown(client: TestClient) -> None:
    error = refused(client.post("/v1/recommend", json={"placement": "home", "visitorId": "v"}), 400)
    assert error["field"] == "visitorId"
    assert error["message"].startswith("there is no field 'visitorId' in this place; /openapi.json")


def test_every_complaint_is_listed(client: TestClient) -> None:
    error = refused(client.post("/v1/search", json={"pageSize": -1, "offset": "x"}), 400)
    assert [detail["field"] for detail in error["details"]] == ["pageSize", "offset"]


def test_a_filter_error_knows_its_column(client: TestClient) -> None:
    error = refused(client.post("/v1/search", json={"filter": "price ~ 3"}), 400)
    assert error["details"][0]["column"] == 7


def test_an_unknown_placement_names_the_known_ones(client: TestClient) -> None:
    error = refused(client.post("/v1/recommend", json={"placement": "front"}), 400)
    assert error["field"] == "placement"
    assert "'buy-again'" in error["message"]


@pytest.mark.parametrize("content", ["{", "", "\xff\xfe", "[" * 100_000])
def test_not_json(client: TestClient, content: str) -> None:
    body = content.encode("latin-1")
    refused(client.post("/v1/search", content=body, headers=JSON), 400)


def test_nothing_there(client: TestClient) -> None:
    assert "'/v1/serach'" in refused(client.get("/v1/serach"), 404)["message"]


def test_another_method(client: TestClient) -> None:
    response = client.get("/v1/search")
    assert "GET is not possible here; expected POST." in refused(response, 405)["message"]
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_media_type(client: TestClient, media: str | None) -> None:
    headers = {"Content-Type": media} if media else {}
    for path in ("/v1/search", "/v1/events"):
        response = client.post(path, content=b"{}", headers=headers)
        assert "send JSON" in refused(response, 415)["message"]


def test_too_large(client: TestClient) -> None:
    message = refused(client.post("/v1/events", json=["x" * 200_000]), 413)["message"]
    assert "this server takes 200,000 at most" in message


def test_too_large_without_saying_so(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 50_000

    for path in ("/v1/events", "/v1/search"):
        refused(client.post(path, content=chunks(), headers=JSON), 413)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("bad", field="a.b"), 400),
        (FilterError("bad", column=3), 400),
        (NotFound("gone"), 404),
        (StoreError("the database is away"), 503),
        (BundleError("no bundle; run `daogou train`"), 503),
        (DaogouError("secret"), 500),
        (sqlite3.OperationalError("secret"), 500),
        (RuntimeError("secret"), 500),
    ],
)
def test_what_an_exception_becomes(app: FastAPI, error: Exception, code: int) -> None:
    @app.get("/v1/broken")
    def broken() -> None:
        raise error

    with TestClient(app) as client:
        response = client.get("/v1/broken")
    told = refused(response, code)
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert (response.headers.get("retry-after") == "1") == (code == 503)
    assert told.get("field") == getattr(error, "field", None)


_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_SEARCH_LIKE = st.dictionaries(
    st.sampled_from(
        ["query", "visitorId", "pageSize", "offset", "filter", "orderBy", "facetSpecs", "params"]
    ),
    _JSON_VALUES,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["/v1/search", "/v1/recommend", "/v1/events", "/v1/products"]),
    body=_SEARCH_LIKE | _JSON_VALUES | st.lists(_SEARCH_LIKE, max_size=3),
)
def test_whatever_is_sent_is_answered(client: TestClient, path: str, body: object) -> None:
    method = "PUT" if path == "/v1/products" else "POST"
    content = json.dumps(body).encode()
    response = client.request(method, path, content=content, headers=JSON)
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        refused(response, response.status_code)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=st.text(max_size=60), filter_=st.text(max_size=40), visitor=st.text(max_size=20))
def test_whatever_is_searched_is_answered(
    client: TestClient, query: str, filter_: str, visitor: str
) -> None:
    content = json.dumps({"query": query, "filter": filter_, "visitorId": visitor}).encode()
    assert client.post("/v1/search", content=content, headers=JSON).status_code in (200, 400)
