"""Controls to JSON and back; what is refused says why."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.errors import BadValue, InvalidInput
from daogou.merchandising import (
    BoostAction,
    Condition,
    Control,
    DoNotAssociateAction,
    FilterAction,
    IgnoreAction,
    OnewaySynonymsAction,
    PinAction,
    QueryTerm,
    RedirectAction,
    ReplacementAction,
    TimeRange,
    TwowaySynonymsAction,
    control_from_json,
    control_to_json,
)
from daogou.text import tokenize

SALE: dict[str, Any] = {
    "id": "sale",
    "displayName": "Sale 促销",
    "solutionTypes": ["SOLUTION_TYPE_SEARCH"],
    "rule": {
        "condition": {
            "queryTerms": [{"value": "red dress", "fullMatch": True}, {"value": "连衣裙"}],
            "activeTimeRange": [
                {"startTime": "2026-06-01T08:00:00+08:00", "endTime": "2026-07-01T00:00:00Z"}
            ],
            "pageCategories": ["Women > Dresses"],
        },
        "boostAction": {"boost": 1, "productsFilter": 'brand: ANY("Acme")'},
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """SALE with the value at a dotted path replaced, or taken out where it is None."""
    body = copy.deepcopy(SALE)
    *way, last = path.split(".")
    place = body
    for name in way:
        place = place.setdefault(name, {})
    if value is None:
        place.pop(last)
    else:
        place[last] = value
    return body


def with_action(name: str, action: Any) -> dict[str, Any]:
    body = copy.deepcopy(SALE)
    del body["rule"]["boostAction"]
    body["rule"][name] = action
    return body


def test_a_control_as_retail_writes_it() -> None:
    control = control_from_json(SALE)
    assert control == Control(
        "sale",
        "Sale 促销",
        BoostAction(1.0, 'brand: ANY("Acme")'),
        Condition(
            (QueryTerm("red dress", full_match=True), QueryTerm("连衣裙")),
            (TimeRange(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),),
            ("Women > Dresses",),
        ),
    )


def test_the_store_alone_tells_the_times() -> None:
    control = control_from_json(SALE | {"createTime": "2020-01-01T00:00:00Z", "updateTime": 7})
    assert control.created is None
    assert "createTime" not in control_to_json(control)


@pytest.mark.parametrize(
    ("name", "written", "action"),
    [
        ("filterAction", {"filter": "price < 3"}, FilterAction("price < 3")),
        (
            "redirectAction",
            {"redirectUri": "https://shop.example/a?b=c#d"},
            RedirectAction("https://shop.example/a?b=c#d"),
        ),
        ("redirectAction", {"redirectUri": "/sale"}, RedirectAction("/sale")),
        (
            "onewaySynonymsAction",
            {"queryTerms": ["soda"], "synonyms": ["cola", "soft drink", "cola"]},
            OnewaySynonymsAction(("soda",), ("cola", "soft drink")),
        ),
        (
            "onewaySynonymsAction",
            {"onewayTerms": ["soda"], "synonyms": ["cola"]},
            OnewaySynonymsAction(("soda",), ("cola",)),
        ),
        (
            "twowaySynonymsAction",
            {"synonyms": ["汽水", "soda"]},
            TwowaySynonymsAction(("汽水", "soda")),
        ),
        (
            "replacementAction",
            {"queryTerms": ["gshoe"], "replacementTerm": "google shoe"},
            ReplacementAction(("gshoe",), "google shoe"),
        ),
        ("ignoreAction", {"ignoreTerms": ["cheap"]}, IgnoreAction(("cheap",))),
        (
            "doNotAssociateAction",
            {"terms": ["gshoe"], "doNotAssociateTerms": ["cheap"]},
            DoNotAssociateAction(("gshoe",), ("cheap",)),
        ),
        (
            "pinAction",
            {"pinMap": {"10": "b", "2": "a"}},
            PinAction(((2, "a"), (10, "b"))),
        ),
    ],
)
def test_every_action(name: str, written: dict[str, Any], action: object) -> None:
    control = control_from_json(with_action(name, written))
    assert control.action == action
    assert control_from_json(control_to_json(control)) == control


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (changed("id", None), "id", "is missing"),
        (changed("id", "a b"), "id", "letters"),
        (changed("id", "-x"), "id", "letters"),
        (changed("id", "x" * 64), "id", "63"),
        (changed("displayName", " "), "displayName", "in a few words"),
        (changed("displayName", "x" * 201), "displayName", "at most 200"),
        (changed("displayNme", "x"), "displayNme", "Did you mean 'displayName'"),
        (changed("solutionTypes", ["SOLUTION_TYPE_RECOMMENDATION"]), "solutionTypes", "SEARCH"),
        (changed("rule", None), "rule", "is missing"),
        (changed("rule.boostAction", None), "rule", "exactly one action"),
        (changed("rule.boostAction.boost", 1.5), "rule.boostAction.boost", "from -1 to 1"),
        (changed("rule.boostAction.boost", "1"), "rule.boostAction.boost", "without quotes"),
        (changed("rule.boostAction.boost", None), "rule.boostAction.boost", "buries"),
        (
            changed("rule.boostAction.productsFilter", "x" * 5001),
            "rule.boostAction.productsFilter",
            "at most 5000",
        ),
        (
            changed("rule.condition.queryTerms", [{"value": "a"}] * 11),
            "rule.condition.queryTerms",
            "11 entries",
        ),
        (
            changed("rule.condition.queryTerms", [{"value": "!?"}]),
            "rule.condition.queryTerms[0].value",
            "a letter or a digit",
        ),
        (
            changed("rule.condition.queryTerms", [{"value": "a", "fullMatch": "yes"}]),
            "rule.condition.queryTerms[0].fullMatch",
            "true or false",
        ),
        (
            changed("rule.condition.queryTerms", ["milk"]),
            "rule.condition.queryTerms[0]",
            "a JSON object",
        ),
        (
            changed("rule.condition.activeTimeRange", [{}]),
            "rule.condition.activeTimeRange[0]",
            "startTime, an endTime",
        ),
        (
            changed("rule.condition.activeTimeRange", [{"startTime": "2026-06-01T00:00:00"}]),
            "rule.condition.activeTimeRange[0].startTime",
            "with its zone",
        ),
        (
            changed(
                "rule.condition.activeTimeRange",
                [{"startTime": "2026-06-02T00:00:00Z", "endTime": "2026-06-01T00:00:00Z"}],
            ),
            "rule.condition.activeTimeRange[0].endTime",
            "Swap",
        ),
        (
            changed("rule.condition.pageCategories", [" "]),
            "rule.condition.pageCategories[0]",
            "1 to 200",
        ),
        (
            with_action("twowaySynonymsAction", {"synonyms": ["soda", "soda"]}),
            "rule.twowaySynonymsAction.synonyms",
            "2 or more different",
        ),
        (
            with_action("ignoreAction", {"ignoreTerms": [f"w{n}" for n in range(101)]}),
            "rule.ignoreAction.ignoreTerms",
            "at most 100",
        ),
        (
            with_action("ignoreAction", {"ignoreTerms": ["a " * 17]}),
            "rule.ignoreAction.ignoreTerms[0]",
            "at most 16 words",
        ),
        (
            with_action("replacementAction", {"queryTerms": ["a"]}),
            "rule.replacementAction.replacementTerm",
            "ignoreAction",
        ),
        (with_action("pinAction", {"pinMap": {}}), "rule.pinAction.pinMap", "at least one"),
        (with_action("pinAction", {"pinMap": {"0": "p"}}), "rule.pinAction.pinMap", "1 to 120"),
        (with_action("pinAction", {"pinMap": {"121": "p"}}), "rule.pinAction.pinMap", "1 to 120"),
        (with_action("pinAction", {"pinMap": {"１": "p"}}), "rule.pinAction.pinMap", "1 to 120"),
        (
            with_action("pinAction", {"pinMap": {"1": "p", "2": "p"}}),
            "rule.pinAction.pinMap.2",
            "once",
        ),
    ],
)
def test_what_is_refused(body: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        control_from_json(body)
    assert caught.value.field == field
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "//elsewhere.example",
        "http://",
        "ftp://shop.example",
        "/a b",
        "/a\nSet-Cookie: x",
        "https://shop.example/<script>",
        "sale",
        "http://[",
        "/" + "x" * 2000,
    ],
)
def test_addresses_that_nobody_is_sent_to(uri: str) -> None:
    body = with_action("redirectAction", {"redirectUri": uri})
    with pytest.raises(BadValue) as caught:
        control_from_json(body)
    assert caught.value.field == "rule.redirectAction.redirectUri"


def test_not_every_search_is_redirected() -> None:
    body = with_action("redirectAction", {"redirectUri": "/sale"})
    del body["rule"]["condition"]["queryTerms"]
    with pytest.raises(BadValue, match="every search would be"):
        control_from_json(body)


def test_a_control_within_a_document_is_told_by_its_place() -> None:
    with pytest.raises(BadValue) as caught:
        control_from_json(changed("rule.boostAction.boost", 2), "control")
    assert caught.value.field == "control.rule.boostAction.boost"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
PATHS = [
    "id",
    "displayName",
    "solutionTypes",
    "rule",
    "rule.condition",
    "rule.condition.queryTerms",
    "rule.condition.activeTimeRange",
    "rule.condition.pageCategories",
    "rule.boostAction",
    "rule.boostAction.boost",
    "rule.boostAction.productsFilter",
]


@given(st.sampled_from(PATHS), ANYTHING)
def test_anything_anywhere_is_read_or_refused(path: str, value: Any) -> None:
    try:
        control = control_from_json(changed(path, value))
    except InvalidInput as error:
        assert error.field  # noqa: PT017
    else:
        assert control_from_json(control_to_json(control)) == control


ACTIONS = str.split(
    "filterAction redirectAction onewaySynonymsAction twowaySynonymsAction replacementAction"
    " ignoreAction doNotAssociateAction pinAction"
)
PARTS = str.split(
    "filter redirectUri queryTerms synonyms replacementTerm ignoreTerms doNotAssociateTerms terms"
    " pinMap"
)
PARTLY = ANYTHING | st.lists(st.text(max_size=6), max_size=4)


@given(
    st.sampled_from(ACTIONS),
    st.dictionaries(st.sampled_from(PARTS), PARTLY, max_size=3) | ANYTHING,
)
def test_any_action_is_read_or_refused(name: str, action: Any) -> None:
    try:
        control = control_from_json(with_action(name, action))
    except InvalidInput:
        return
    assert control_from_json(control_to_json(control)) == control


TERMS = st.lists(st.text(min_size=1, max_size=10).filter(tokenize), min_size=2, max_size=4)


@given(TERMS)
def test_terms_of_any_script_come_back(terms: list[str]) -> None:
    body = with_action("ignoreAction", {"ignoreTerms": terms})
    try:
        control = control_from_json(body)
    except InvalidInput:
        return  # a NUL, half of a surrogate pair
    told = control_to_json(control)["rule"]["ignoreAction"]["ignoreTerms"]
    assert told == list(dict.fromkeys(term.strip() for term in terms))
