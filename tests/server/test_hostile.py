"""Hostile input to search and suggestions: a clear answer or a clear 4xx, never a fault of ours.

``test_errors.py`` has the wording of common mistakes; here every text field of the two routes
gets what breaks servers, and page tokens are tampered with.
"""

import base64
import json
from typing import Any, Final
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from daogou.server.errors import STATUSES
from daogou.server.schemas import ErrorAnswer

JSON: Final = {"Content-Type": "application/json"}
HOSTILE: Final = {
    "empty": "",
    "blank": " \t\u3000 ",
    "10,000 characters": "milk " * 2000,
    "10,000 han": "牛奶" * 5000,
    "one long word": "a" * 4999,
    "deep parentheses": "(" * 4999,
    "control characters": "milk\x00\x01\x1b[31m\x7f",
    "line ends": "milk\r\n\u2028\u2029x",
    "emoji": "🥛👩‍👩‍👧‍👦🇨🇳",
    "lone surrogate": "milk \ud800",
    "surrogates the wrong way round": "\udc00\ud83e",
    "lone double quote": 'milk "',
    "lone single quote": "kid's '",
    "backslash": "milk \\",
    "right to left": "\u202emilk\u202c\u200f",
    "zero width": "mi\u200blk\ufeff",
    "combining": "m" + "\u0301" * 300,
    "sql": "'; DROP TABLE products; --",
    "tantivy's operators": '+milk -title:[a TO z] "x"~2 ^3 *?',
    "script": "<script>alert(1)</script>",
    "format": "%s%n{0}{{}}${jndi:ldap://x}",
    "not a number": "under $NaN, -1e999 oz, ¥" + "9" * 400,
    "chinese numerals": "一" * 500 + "块以下",
    "budget of nothing": "under $ 不要 没有 from to 到",
    "unassigned": "\U000e0041\U0010ffff\ufffe",
}
TEXT_FIELDS: Final = (
    ("query",),
    ("filter",),
    ("orderBy",),
    ("visitorId",),
    ("languageCode",),
    ("pageToken",),
    ("facetSpecs", 0, "facetKey", "key"),
    ("facetSpecs", 0, "facetKey", "prefixes", 0),
    ("facetSpecs", 0, "facetKey", "restrictedValues", 0),
    ("facetSpecs", 0, "excludedFilterKeys", 0),
    ("boostSpec", "conditionBoostSpecs", 0, "condition"),
    ("removedConstraints", 0),
    ("pageCategories", 0),
)


def body_with(path: tuple[str | int, ...], text: str) -> dict[str, Any]:
    """A search that is sound but for ``text`` at ``path``."""
    body: dict[str, Any] = {"query": "milk"}
    if "facetSpecs" in path:
        body["facetSpecs"] = [
            {
                "facetKey": {"key": "brand", "prefixes": [""], "restrictedValues": [""]},
                "excludedFilterKeys": [""],
            }
        ]
    if "boostSpec" in path:
        body["boostSpec"] = {"conditionBoostSpecs": [{"condition": "", "boost": 0.5}]}
    if path[-1] == 0:
        *parents, name, _ = path
        _at(body, parents)[name] = [text]
    else:
        _at(body, path[:-1])[path[-1]] = text
    return body


def _at(body: Any, path: Any) -> Any:
    for part in path:
        body = body[part]
    return body


def search(client: TestClient, body: dict[str, Any]) -> Any:
    # json escapes a broken surrogate, which a client's own encoder would refuse
    return client.post("/v1/search", content=json.dumps(body).encode(), headers=JSON)


def refused(response: Any) -> dict[str, Any]:
    """The one complaint of a 400."""
    assert response.status_code == 400, response.text
    error = ErrorAnswer.model_validate(response.json()).error
    assert error.status == STATUSES[400]
    assert error.message.endswith((".", "?"))
    return error.model_dump()


@pytest.mark.parametrize("path", TEXT_FIELDS, ids=lambda path: ".".join(map(str, path)))
def test_hostile_text_in_a_search(
    client: TestClient, path: tuple[str | int, ...], subtests: pytest.Subtests
) -> None:
    for name, text in HOSTILE.items():
        with subtests.test(name):
            response = search(client, body_with(path, text))
            if response.status_code == 200:
                assert response.json()["totalSize"] >= 0
            else:
                field = refused(response)["field"] or ""
                assert field.startswith(str(path[0])), field


def test_hostile_text_while_typing(client: TestClient, subtests: pytest.Subtests) -> None:
    for name, text in HOSTILE.items():
        with subtests.test(name):
            # More than 5,000 characters are more than a URL of the client's can hold.
            query = quote(text[:5000], errors="surrogatepass")
            response = client.get(f"/v1/completeQuery?maxSuggestions=5&query={query}")
            if response.status_code == 200:
                assert len(response.json()["completionResults"]) <= 5
            else:
                assert refused(response)["field"] == "query"


@pytest.mark.parametrize(
    "name",
    ["emoji", "lone double quote", "sql", "tantivy's operators", "script", "not a number", "blank"],
)
def test_odd_but_sound_queries_are_searched(client: TestClient, name: str) -> None:
    """What a shopper can type by accident is no mistake of theirs."""
    assert search(client, {"query": HOSTILE[name]}).status_code == 200


@pytest.mark.parametrize("size", [5001, 10_000])
def test_a_query_that_is_too_long_says_how_long_it_may_be(client: TestClient, size: int) -> None:
    error = refused(search(client, {"query": "m" * size}))
    assert "at most 5000 characters" in error["message"]
    assert len(error["message"]) < 300  # the query is not sent back


@pytest.mark.parametrize("text", ["\ud800", "ok \udfff"])
def test_a_broken_surrogate_is_named(client: TestClient, text: str) -> None:
    error = refused(search(client, {"query": text}))
    assert error["field"] == "query"
    assert "unicode" in error["message"]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('brand: ANY("A"', 15),
        ("price >", 8),
        ("price: IN(1, 2", 15),
        ('brand: ANY("A") AND', 20),
        ("price < 3 price < 4", 11),
        ("(price < 3", 11),
        ('brand: ANY("A)', 12),
        ("price: IN(a, 2)", 11),
    ],
)
def test_a_filter_that_does_not_parse_names_the_column(
    client: TestClient, text: str, column: int
) -> None:
    error = refused(search(client, {"filter": text}))
    assert f"column {column}:" in error["message"], error["message"]
    assert error["details"][0]["column"] == column


def test_a_boost_condition_that_does_not_parse_names_the_column(client: TestClient) -> None:
    boost = {"condition": "price ~ 3", "boost": 0.5}
    error = refused(search(client, {"boostSpec": {"conditionBoostSpecs": [boost]}}))
    assert "column 7" in error["message"]
    assert error["field"].startswith("boostSpec")


@pytest.mark.parametrize("boost", [1.5, -2, "much"])
def test_a_boost_out_of_bounds(client: TestClient, boost: object) -> None:
    specs = [{"condition": "price < 3", "boost": boost}]
    error = refused(search(client, {"boostSpec": {"conditionBoostSpecs": specs}}))
    assert error["field"].endswith("boost")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("brnd", "brand"), ("Price", "price"), ("attributes.departmnt", "attributes.department")],
)
def test_an_unknown_facet_names_the_nearest(client: TestClient, key: str, nearest: str) -> None:
    error = refused(search(client, {"facetSpecs": [{"facetKey": {"key": key}}]}))
    assert f"Did you mean '{nearest}'?" in error["message"]


@pytest.mark.parametrize(
    "facet",
    [
        {"facetKey": {"key": "brand", "intervals": [{"minimum": 1}]}},
        {"facetKey": {"key": "price", "intervals": [{"minimum": 5, "exclusiveMaximum": 1}]}},
        {"facetKey": {"key": "price", "orderBy": "up"}},
        {"facetKey": {"key": "price"}, "limit": -1},
        {"facetKey": {"key": "price"}, "excludedFilterKeys": ["brnd"]},
    ],
)
def test_a_facet_that_makes_no_sense(client: TestClient, facet: dict[str, Any]) -> None:
    assert "facetSpecs" in refused(search(client, {"facetSpecs": [facet]}))["field"]


@pytest.mark.parametrize(
    ("node", "at"),
    [
        ({"field": "brnd", "any": ["A"]}, "filter.field"),
        ({"field": "brand"}, "filter"),
        ({"field": "price", "any": ["A"]}, "filter.any"),
        ({"field": "brand", "gte": 1}, "filter.gte"),
        ({"and": []}, "filter.and"),
        ({"and": [{"field": "price", "lt": "x"}]}, "filter.and.0.lt"),
        ({"not": []}, "filter.not"),
        ({"xor": []}, "filter"),
        ({"field": "price", "lt": True}, "filter.lt"),
    ],
)
def test_a_json_filter_names_the_part_that_is_wrong(
    client: TestClient, node: dict[str, Any], at: str
) -> None:
    assert refused(search(client, {"filter": node}))["field"] == at


def test_a_json_filter_that_is_too_deep_or_too_wide(client: TestClient) -> None:
    deep: dict[str, Any] = {"field": "price", "lt": 3}
    for _ in range(200):
        deep = {"not": deep}
    assert "deep" in refused(search(client, {"filter": deep}))["message"]
    wide = {"or": [{"field": "price", "lt": 3}] * 5000}
    assert "parts" in refused(search(client, {"filter": wide}))["message"]


@pytest.mark.parametrize("name", ["pageSize", "offset"])
@pytest.mark.parametrize("value", [-1, -(2**63), 2**64, 1.5, "x", None])
def test_sizes_that_are_none(client: TestClient, name: str, value: object) -> None:
    assert refused(search(client, {name: value}))["field"] == name


@pytest.mark.parametrize("value", ["-1", "x", "1e9", "21"])
def test_a_number_of_suggestions_that_is_none(client: TestClient, value: str) -> None:
    response = client.get("/v1/completeQuery", params={"query": "m", "maxSuggestions": value})
    assert refused(response)["field"] == "maxSuggestions"


# --- page tokens


def token(client: TestClient, **body: object) -> str:
    answer = search(client, {"pageSize": 2, **body}).json()
    found: str = answer["nextPageToken"]
    return found


def tampered(text: str, **changed: object) -> str:
    """A token whose inside was read and written anew with other parts."""
    names = ("version", "offset", "as_of", "fingerprint")
    content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    parts = dict(zip(names, content, strict=True)) | changed
    inside = json.dumps(list(parts.values())).encode()
    return base64.urlsafe_b64encode(inside).decode().rstrip("=")


def page(client: TestClient, text: str, **body: object) -> Any:
    return search(client, {"pageSize": 2, **body, "pageToken": text})


def test_a_page_token_goes_on(client: TestClient) -> None:
    first = search(client, {"pageSize": 2}).json()
    second = page(client, first["nextPageToken"]).json()
    ids = [item["id"] for answer in (first, second) for item in answer["results"]]
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text[1:],
        lambda text: text + "A",
        lambda text: text.swapcase(),
        lambda _: "AAAA",
        lambda _: "🥛",
        lambda _: "null",
        lambda _: base64.urlsafe_b64encode(b"[" * 150).decode(),
        lambda text: tampered(text, version=99),
        lambda text: tampered(text, offset=-1),
        lambda text: tampered(text, offset=1.5),
        lambda text: tampered(text, offset=True),
        lambda text: tampered(text, offset=2**70),
        lambda text: tampered(text, as_of="now"),
        lambda text: tampered(text, as_of=9e18),
        lambda text: tampered(text, as_of=-9e18),
        lambda text: tampered(text, as_of=float("nan")),
        lambda text: tampered(text, fingerprint=None),
        lambda text: tampered(text, fingerprint="0" * 16),
    ],
)
def test_a_token_that_was_tampered_with(client: TestClient, forge: Any) -> None:
    error = refused(page(client, forge(token(client))))
    assert error["field"] == "pageToken"
    assert "first page again" in error["message"]


@pytest.mark.parametrize(
    "other",
    [{"query": "tea"}, {"filter": "price < 3"}, {"orderBy": "price"}, {"visitorId": "household-2"}],
)
def test_a_token_of_another_request(client: TestClient, other: dict[str, object]) -> None:
    error = refused(page(client, token(client), **other))
    assert "belongs to another" in error["message"]


def test_a_forged_offset_beyond_the_end_is_an_empty_page(client: TestClient) -> None:
    answer = page(client, tampered(token(client), offset=10**6)).json()
    assert answer["results"] == []
    assert answer.get("nextPageToken") is None


def test_a_body_nested_deeper_than_python_follows_is_refused(client: TestClient) -> None:
    deep = b'{"query": ' + b'{"a": ' * 1000 + b"1" + b"}" * 1001
    for path in ("/v1/search", "/v1/recommend", "/v1/events", "/v1/controls"):
        answer = client.post(path, content=deep, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, path
        assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_a_filter_and_two_budgets_that_leave_nothing(client: TestClient) -> None:
    body = {"filter": 'brand: ANY("Bella")', "query": "milk under $1 under $2"}
    assert search(client, body).status_code == 200
