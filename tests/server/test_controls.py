"""Controls over HTTP: kept, changed, refused, tried."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.merchandising import control_from_json, control_to_json
from daogou.server.control_schemas import (
    CONTROL_EXAMPLE,
    ControlAnswer,
    ControlList,
    ControlOut,
    PreviewAnswer,
)
from daogou.server.controls import merge_patch

JSON = {"Content-Type": "application/json"}


def control(id_: str = "c1", **rule: Any) -> dict[str, Any]:
    return {"id": id_, "displayName": "A control", "rule": rule}


def pin(position: int, product: str, term: str = "milk") -> dict[str, Any]:
    return {
        "condition": {"queryTerms": [{"value": term}]},
        "pinAction": {"pinMap": {str(position): product}},
    }


def bury(expression: str) -> dict[str, Any]:
    return {"boostAction": {"boost": -1, "productsFilter": expression}}


def found(client: TestClient, query: str) -> list[str]:
    answer = client.post("/v1/search", json={"query": query}).json()
    return [result["id"] for result in answer["results"]]


def test_a_control_is_kept_and_read_again(client: TestClient) -> None:
    answer = client.post("/v1/controls", json=CONTROL_EXAMPLE).json()
    ControlAnswer.model_validate(answer)
    kept = client.get("/v1/controls/summer-sale").json()
    ControlOut.model_validate(kept)
    assert kept == answer["control"]
    assert control_from_json(kept) == control_from_json(CONTROL_EXAMPLE)
    assert kept["createTime"] == kept["updateTime"]


def test_what_was_read_can_be_put_back(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "milk")))
    kept = client.get("/v1/controls/c1").json()
    assert client.patch("/v1/controls/c1", json=kept).json()["control"] == kept


def test_a_control_without_an_id_gets_one(client: TestClient) -> None:
    bodies = [control(**pin(1, "milk")) for _ in range(2)]
    for body in bodies:
        del body["id"]
    ids = [client.post("/v1/controls", json=body).json()["control"]["id"] for body in bodies]
    assert len(set(ids)) == 2
    listed = client.get("/v1/controls").json()
    assert sorted(c["id"] for c in listed["controls"]) == sorted(ids)


def test_pages_of_the_list(client: TestClient) -> None:
    for number in range(5):
        client.post("/v1/controls", json=control(f"c{number}", **pin(1, "milk")))
    pages, token = [], ""
    while True:
        params: dict[str, str | int] = {"pageSize": 2, "pageToken": token}
        page = client.get("/v1/controls", params=params).json()
        ControlList.model_validate(page)
        pages.append([c["id"] for c in page["controls"]])
        token = page.get("nextPageToken")
        if not token:
            break
    assert pages == [["c0", "c1"], ["c2", "c3"], ["c4"]]


def test_an_id_is_taken_once(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "milk")))
    response = client.post("/v1/controls", json=control(**pin(1, "milk")))
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "id"


def test_a_pin_shows_in_the_next_search(client: TestClient) -> None:
    before = found(client, "milk")
    assert before[0] != "ketchup"
    client.post("/v1/controls", json=control(**pin(1, "ketchup")))
    assert found(client, "milk")[0] == "ketchup"
    assert found(client, "rice")[0] != "ketchup"
    client.delete("/v1/controls/c1")
    assert found(client, "milk") == before


def test_a_change_is_merged(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "ketchup")))
    patch = {"rule": {"condition": {"queryTerms": [{"value": "rice"}]}}}
    changed = client.patch("/v1/controls/c1", json=patch).json()["control"]
    assert changed["rule"]["pinAction"] == {"pinMap": {"1": "ketchup"}}
    assert changed["rule"]["condition"]["queryTerms"] == [{"value": "rice", "fullMatch": False}]
    assert found(client, "rice")[0] == "ketchup"


def test_another_action_takes_the_place_of_the_old_one(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "milk")))
    new = {"ignoreAction": {"ignoreTerms": ["cheap"]}}
    refused = client.patch("/v1/controls/c1", json={"rule": new})
    assert refused.status_code == 400
    assert "exactly one action" in refused.json()["error"]["message"]
    done = client.patch("/v1/controls/c1", json={"rule": {"pinAction": None, **new}})
    assert done.json()["control"]["rule"]["ignoreAction"] == {"ignoreTerms": ["cheap"]}


def test_a_control_keeps_its_id(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "milk")))
    response = client.patch("/v1/controls/c1", json={"id": "c2"})
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "id"
    for null in ({"id": None}, {"displayName": None}, {"rule": None}):
        assert client.patch("/v1/controls/c1", json=null).status_code == 400
    assert client.get("/v1/controls/c1").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "a%00b", "%F0%9F%A5%9B"])
def test_what_is_not_there(client: TestClient, name: str) -> None:
    url = f"/v1/controls/{name}"
    for response in (client.get(url), client.delete(url), client.patch(url, json={})):
        assert response.status_code == 404
        assert response.json()["error"]["status"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("rule", "field", "message"),
    [
        (bury("brand ANY"), "rule.boostAction.productsFilter", "column 7"),
        (bury('brnd: ANY("x")'), "rule.boostAction.productsFilter", "Did you mean 'brand'"),
        ({"filterAction": {"filter": "price < cheap"}}, "rule.filterAction.filter", "column 9"),
        ({"filterAction": {"filter": " "}}, "rule.filterAction.filter", "expected a text"),
        (bury("") | {"pinAction": {}}, "rule", "boostAction, pinAction"),
        ({"redirectAction": {"redirectUri": "/x"}}, "rule.condition.queryTerms", "redirect"),
        ({"sortAction": {}}, "rule.sortAction", "known"),
        ({}, "rule", "exactly one action"),
    ],
)
def test_what_is_refused(
    client: TestClient, rule: dict[str, Any], field: str, message: str
) -> None:
    response = client.post("/v1/controls", json=control(**rule))
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["field"] == field
    assert message in error["message"]
    assert client.get("/v1/controls").json() == {"controls": []}


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"null", b"7", b'{"rule": 7}'])
def test_bodies_that_are_no_control(client: TestClient, body: bytes) -> None:
    client.post("/v1/controls", json=control(**pin(1, "milk")))
    for method, path in (("POST", "/v1/controls"), ("PATCH", "/v1/controls/c1")):
        response = client.request(method, path, content=body, headers=JSON)
        assert response.status_code == 400
        assert response.json()["error"]["message"]


def test_a_body_nested_beyond_measure(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "milk")))
    objects = b'{"rule":' * 900 + b"{}" + b"}" * 900
    lists = b'{"rule":' + b"[" * 900 + b"]" * 900 + b"}"
    for deep in (objects, lists):
        for method, path in (("POST", "/v1/controls"), ("PATCH", "/v1/controls/c1")):
            assert client.request(method, path, content=deep, headers=JSON).status_code == 400


def test_unknown_products_and_past_periods_are_pointed_out(client: TestClient) -> None:
    answer = client.post("/v1/controls", json=control(**pin(2, "unicorn"))).json()
    assert len(answer["warnings"]) == 1
    assert "'unicorn'" in answer["warnings"][0]
    assert "position 2" in answer["warnings"][0]
    past = {"condition": {"activeTimeRange": [{"endTime": "2020-01-01T00:00:00Z"}]}}
    patched = client.patch("/v1/controls/c1", json={"rule": past}).json()
    assert any("over" in warning for warning in patched["warnings"])
    fine = client.post("/v1/controls", json=control("c2", **pin(2, "milk"))).json()
    assert fine["warnings"] == []


def preview(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/controls:preview", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    PreviewAnswer.model_validate(answer)
    return answer


def ids(page: dict[str, Any]) -> list[str]:
    return [result["id"] for result in page["results"]]


def test_a_dry_run_of_a_control_that_is_not_stored(client: TestClient) -> None:
    answer = preview(client, control=control(**pin(1, "ketchup")), search={"query": "milk"})
    assert ids(answer["without"]) == found(client, "milk")
    assert ids(answer["with"])[0] == "ketchup"
    assert answer["with"]["appliedControls"] == ["c1"]
    assert answer["without"]["appliedControls"] == []
    assert {"id": "ketchup", "from": None, "to": 1} in answer["changes"]
    was, now = ids(answer["without"]), ids(answer["with"])
    for change in answer["changes"]:
        if change["from"]:
            assert was[change["from"] - 1] == change["id"]
        if change["to"]:
            assert now[change["to"] - 1] == change["id"]
    moved = {change["id"] for change in answer["changes"]}
    unmoved = [a for a, b in zip(was, now, strict=False) if a == b]
    assert moved.isdisjoint(unmoved)
    assert client.get("/v1/controls").json() == {"controls": []}
    assert found(client, "milk") == was


def test_a_dry_run_beside_the_other_controls(client: TestClient) -> None:
    client.post("/v1/controls", json=control("first", **pin(1, "ketchup")))
    answer = preview(client, control=control("second", **pin(2, "rice")), search={"query": "milk"})
    assert ids(answer["without"])[0] == "ketchup"
    assert ids(answer["with"])[:2] == ["ketchup", "rice"]


def test_a_dry_run_of_a_stored_control(client: TestClient) -> None:
    client.post("/v1/controls", json=control(**pin(1, "ketchup")))
    answer = preview(client, controlId="c1", search={"query": "milk"})
    assert ids(answer["with"])[0] == "ketchup"
    assert ids(answer["without"])[0] != "ketchup"
    changed = control(**pin(1, "rice"))
    answer = preview(client, control=changed, search={"query": "milk"})
    assert ids(answer["with"])[0] == "rice"
    assert "ketchup" not in ids(answer["without"])[:1]


def test_a_dry_run_that_changes_nothing(client: TestClient) -> None:
    answer = preview(client, control=control(**pin(1, "ketchup", "rice")), search={"query": "milk"})
    assert answer["changes"] == []


def test_dry_runs_that_are_refused(client: TestClient) -> None:
    search = {"query": "milk"}
    good = control(**pin(1, "milk"))
    for body, field, message in (
        ({"search": search}, "control", "neither"),
        ({"search": search, "control": good, "controlId": "c1"}, "control", "both"),
        ({"control": good}, "search", "missing"),
        (
            {"search": search, "control": control(**bury("brand ANY"))},
            "control.rule.boostAction.productsFilter",
            "column 7",
        ),
        ({"search": search, "control": {"id": "c1"}}, "control.rule", "missing"),
        ({"search": {"pageSize": -1}, "control": good}, "search.pageSize", "-1"),
    ):
        response = client.post("/v1/controls:preview", json=body)
        assert response.status_code == 400
        assert response.json()["error"]["field"] == field
        assert message in response.json()["error"]["message"]
    response = client.post("/v1/controls:preview", json={"search": search, "controlId": "none"})
    assert response.status_code == 404


ACTIONS: list[dict[str, Any]] = [
    {"boostAction": {"boost": -0.5, "productsFilter": "price < 3"}},
    {"filterAction": {"filter": "price < 3"}},
    {"redirectAction": {"redirectUri": "https://shop.example/milk"}},
    {"onewaySynonymsAction": {"queryTerms": ["a"], "synonyms": ["b", "c"]}},
    {"twowaySynonymsAction": {"synonyms": ["a", "b"]}},
    {"replacementAction": {"queryTerms": ["a"], "replacementTerm": "b"}},
    {"ignoreAction": {"ignoreTerms": ["a"]}},
    {"doNotAssociateAction": {"queryTerms": ["a"], "doNotAssociateTerms": ["b"]}},
    {"pinAction": {"pinMap": {"1": "milk"}}},
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: next(iter(action)))
def test_the_description_is_that_of_the_codec(action: dict[str, Any]) -> None:
    """What the codec writes is what the models describe, without a field more or less."""
    condition = CONTROL_EXAMPLE["rule"]["condition"] | {"pageCategories": ["Dairy"]}
    told = control_to_json(control_from_json(control(condition=condition, **action)))
    described = ControlOut.model_validate(told).model_dump(by_alias=True, exclude_none=True)
    assert described == told


def test_every_action_is_stored_and_read(client: TestClient) -> None:
    condition = {"queryTerms": [{"value": "milk"}]}
    for number, action in enumerate(ACTIONS):
        body = control(f"c{number}", condition=condition, **action)
        assert client.post("/v1/controls", json=body).status_code == 200
        rule = client.get(f"/v1/controls/c{number}").json()["rule"]
        assert {k: v for k, v in rule.items() if k != "condition"} == action
    answer = client.post("/v1/search", json={"query": "milk"}).json()
    assert answer["redirectUri"] == "https://shop.example/milk"


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        # The examples of RFC 7396, appendix A, that have objects on both sides.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(target, patch) == merged
