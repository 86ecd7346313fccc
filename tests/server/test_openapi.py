"""The description of the API is true, and the manual names every route."""

import re
from pathlib import Path

from fastapi import FastAPI
from starlette.testclient import TestClient

from daogou.server.openapi import EVENT_EXAMPLE

MANUAL = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_manual_names_every_route(app: FastAPI) -> None:
    described = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    named = set(re.findall(r"`(GET|PUT|POST|PATCH|DELETE) (/[^`?\s]*)", MANUAL.read_text("utf-8")))
    assert named == described | {("GET", "/openapi.json")}


def test_every_route_says_how_it_fails(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert "422" not in operation["responses"], path
            if path != "/metrics":
                schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_bodies_have_examples(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for path, method in (("/v1/events", "post"), ("/v1/products", "put")):
        content = paths[path][method]["requestBody"]["content"]["application/json"]
        assert set(content["examples"]) == {"one", "many"}
    assert app.openapi()["info"]["title"] == "Daogou"


def test_the_documented_event_is_an_event(client: TestClient) -> None:
    assert client.post("/v1/events", json=EVENT_EXAMPLE).json()["accepted"] == 1


def test_nothing_loads_scripts_from_elsewhere(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
    assert client.get("/openapi.json").status_code == 200
