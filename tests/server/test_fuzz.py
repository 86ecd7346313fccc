"""Whatever is sent, the API keeps to its own description: schemathesis over the whole of it.

Each operation gets requests that fit its description and requests that break it. Beyond
schemathesis' own checks (no 5xx, documented content types and shapes, broken requests refused,
unknown methods refused), every status has to be one that the API has a word for.

``DAOGOU_FUZZ_EXAMPLES`` requests an operation and mode are made, 20 where it is not set; any
other number draws new ones in each run. The number of cases is printed and goes into the
test report.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, CheckFunction, GenerationMode
from schemathesis.core.result import Err, Ok
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from daogou.server.errors import STATUSES
from daogou.server.schemas import field_names
from daogou.server.search_schemas import SearchBody

EXAMPLES: Final = int(os.environ.get("DAOGOU_FUZZ_EXAMPLES", "20"))
DRAWN: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize="DAOGOU_FUZZ_EXAMPLES" not in os.environ,
    # A failure is told with its request; making it smaller would take longer than CI has.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# Filters, codes and feeds are described as text or as an object: their grammar is not OpenAPI's.
NOT_CHECKED: Final[list[CheckFunction]] = [positive_data_acceptance]

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def cases(record_testsuite_property: Record) -> Iterator[Counter[str]]:
    """How often each status came, over the whole module."""
    counted: Counter[str] = Counter()
    yield counted
    record_testsuite_property("fuzz_cases", counted.total())
    record_testsuite_property("fuzz_statuses", dict(counted))


def operations(app: FastAPI) -> list[APIOperation[Any, Any, Any, Any]]:
    # This application has no keys, and asks for none: test_access.py tries every route with them.
    for methods in app.openapi()["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    found = list(schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations())
    assert not any(isinstance(each, Err) for each in found)
    return [each.ok() for each in found if isinstance(each, Ok)]


def send(case: Case[Any], cases: Counter[str]) -> int:
    """Send a request and hold the answer against the description."""
    response = case.call()
    cases[str(response.status_code)] += 1
    # A body that is too large is refused with a status that schemathesis has no refusal in.
    too_large = [negative_data_rejection] if response.status_code == 413 else []
    case.validate_response(response, excluded_checks=[*NOT_CHECKED, *too_large])
    assert response.status_code == 200 or response.status_code in STATUSES
    return response.status_code


def breakable(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    """Whether a request can break the description at all: there is something to send."""
    return bool(operation.body or operation.query or operation.path_parameters)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_to_its_description(
    app: FastAPI,
    mode: GenerationMode,
    cases: Counter[str],
    subtests: pytest.Subtests,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = cases.total()
    for operation in operations(app):
        if mode is GenerationMode.NEGATIVE and not breakable(operation):
            continue
        strategy = operation.as_strategy(generation_mode=mode)

        @DRAWN
        @given(case=strategy)
        def one(case: Case[Any]) -> None:
            send(case, cases)

        with subtests.test(operation=operation.label):
            one()
    with capsys.disabled():
        sys.stderr.write(f" {cases.total() - before:,} {mode.value} requests ")


_FIELDS: Final = ["brand", "price", "categories", "availability", "rating", "attributes.department"]
_WORDS: Final = [
    "milk",
    "牛奶",
    "no sugar",
    "under $3",
    "under $1",
    "3块以下",
    "cheapest",
    "brednd",
    "意大利",
]
_QUERIES: Final = st.lists(st.sampled_from(_WORDS) | st.text(max_size=12), max_size=6).map(" ".join)
_LEAVES: Final = st.sampled_from(
    [
        'brand: ANY("Bella", "Alto")',
        "price: IN(1, 4.5e)",
        "price >= 2",
        'categories: ANY("Pantry > Sauces")',
        '-availability: ANY("OUT_OF_STOCK")',
        'NOT (attributes.department: ANY("Dairy"))',
    ]
)
_EXPRESSIONS: Final = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=5,
)
_BOUND: Final = st.none() | st.floats(-10, 100, allow_nan=False)
_INTERVALS: Final = st.fixed_dictionaries({"minimum": _BOUND, "exclusiveMaximum": _BOUND})
_FACETS: Final = st.fixed_dictionaries(
    {
        "facetKey": st.fixed_dictionaries(
            {"key": st.sampled_from(_FIELDS)},
            optional={
                "intervals": st.lists(_INTERVALS, max_size=3),
                "restrictedValues": st.lists(st.text(max_size=8), max_size=3),
                "prefixes": st.lists(st.text(max_size=3), max_size=2),
                "contains": st.lists(st.text(max_size=3), max_size=2),
                "caseInsensitive": st.booleans(),
                "orderBy": st.sampled_from(["count desc", "value desc"]),
            },
        )
    },
    optional={
        "limit": st.integers(0, 20),
        "excludedFilterKeys": st.lists(st.sampled_from(_FIELDS), max_size=2),
    },
)
_BOOSTS: Final = st.fixed_dictionaries({"condition": _EXPRESSIONS, "boost": st.floats(-1, 1)})
_CORRECTIONS: Final = st.sampled_from(["AUTO", "SUGGESTION_ONLY"])
_SENSIBLE: Final[dict[str, st.SearchStrategy[Any]]] = {
    "query": _QUERIES,
    "visitorId": st.sampled_from(["household-1", "household-2", "nobody"]),
    "pageSize": st.integers(0, 100),
    "offset": st.integers(0, 100),
    "filter": _EXPRESSIONS | st.just({"field": "price", "lt": 4}),
    "orderBy": st.sampled_from(["", "price", "price desc", "rating", "discount desc"]),
    "facetSpecs": st.lists(_FACETS, max_size=3),
    "boostSpec": st.fixed_dictionaries({"conditionBoostSpecs": st.lists(_BOOSTS, max_size=2)}),
    "spellCorrectionSpec": st.fixed_dictionaries({"mode": _CORRECTIONS}),
    "languageCode": st.sampled_from(["en", "zh", "zh-Hant", "fr"]),
    "removedConstraints": st.lists(st.sampled_from(["price:0-8", "text:5-9", "x"]), max_size=2),
}


def test_requests_that_make_sense_are_answered(
    app: FastAPI, cases: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the description alone cannot draw: filters, facets and boosts about fields there are.

    Drawn from the description, nearly every search has an ``orderBy`` or a ``filter`` that is no
    such thing, and never gets further than that.
    """
    fields = {
        name: strategy for name, strategy in _SENSIBLE.items() if name in field_names(SearchBody)
    }
    search = next(each for each in operations(app) if each.label == "POST /v1/search")
    statuses: Counter[int] = Counter()

    @settings(DRAWN, max_examples=10 * EXAMPLES)
    @given(body=st.fixed_dictionaries({}, optional=fields))
    def one(body: dict[str, Any]) -> None:
        note(json.dumps(body))  # schemathesis hides what has "key" in its name
        case = search.Case(body=body, media_type="application/json")
        statuses[send(case, cases)] += 1

    one()
    with capsys.disabled():
        sys.stderr.write(f" {statuses.total():,} searches that make sense ")
    # Intervals may be the wrong way round, or asked of a field that is no number.
    assert statuses[200] > statuses.total() / 2
    assert set(statuses) <= {200, 400}
