import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.engine.filters import FieldKind, parse_filter
from daogou.engine.json_filter import filter_from_json
from daogou.errors import InvalidInput

FIELDS: dict[str, FieldKind] = {
    "brand": "text",
    "categories": "text",
    "price": "number",
    "rating": "number",
    "attributes.size": "either",
}


@pytest.mark.parametrize(
    ("node", "expression"),
    [
        ({"field": "brand", "any": ["Acme", "Bolt"]}, 'brand: ANY("Acme", "Bolt")'),
        ({"field": "brand", "any": "Acme"}, 'brand: ANY("Acme")'),
        ({"field": "price", "gte": 10, "lt": 20}, "price: IN(10, 20)"),
        ({"field": "price", "gt": 10, "lte": 20.5}, "price: IN(10e, 20.5i)"),
        ({"field": "price", "lte": 20}, "price: IN(*, 20i)"),
        ({"field": "attributes.size", "gte": 2}, "attributes.size: IN(2, *)"),
        (
            {"not": {"field": "brand", "any": ["Acme"]}},
            'NOT brand: ANY("Acme")',
        ),
        (
            {
                "and": [
                    {"field": "rating", "gte": 4},
                    {"or": [{"field": "price", "lt": 5}, {"field": "brand", "any": ["A"]}]},
                ]
            },
            'rating: IN(4, *) AND (price: IN(*, 5) OR brand: ANY("A"))',
        ),
        ({"and": [{"field": "price", "lt": 5}]}, "price: IN(*, 5)"),
    ],
)
def test_json_means_what_the_expression_means(node: dict[str, Any], expression: str) -> None:
    assert filter_from_json(node, FIELDS) == parse_filter(expression, FIELDS)


def test_equal_is_a_range_of_one_number() -> None:
    assert filter_from_json({"field": "price", "eq": 3}, FIELDS) == parse_filter(
        "price: IN(3, 3i)", FIELDS
    )


def test_an_empty_object_asks_for_nothing() -> None:
    assert filter_from_json({}, FIELDS) is None


@pytest.mark.parametrize(
    ("node", "path", "message"),
    [
        ({"field": "brnd", "any": ["A"]}, "filter.field", "no field 'brnd'. Did you mean 'brand'"),
        ({"feld": "brand"}, "filter", "no 'feld' in a filter. Did you mean 'field'"),
        ({"field": "price", "any": ["9"]}, "filter.any", "'price' is a number"),
        ({"field": "brand", "gte": 1}, "filter.gte", "'brand' is a text"),
        ({"field": "price", "gte": "9"}, "filter.gte", "found '9'; expected a number"),
        ({"field": "price", "gte": True}, "filter.gte", "found True; expected a number"),
        ({"field": "price", "gte": float("nan")}, "filter.gte", "expected a number"),
        ({"field": "price", "gte": 1e300}, "filter.gte", "expected a number"),
        ({"field": "price", "gt": 1, "gte": 1}, "filter", "gt or gte, not both"),
        ({"field": "price", "eq": 1, "lt": 1}, "filter", "eq alone"),
        ({"field": "brand"}, "filter", "expected 'any', or numbers"),
        ({"field": "brand", "any": []}, "filter.any", "expected texts"),
        ({"field": "brand", "any": [3]}, "filter.any", "expected texts"),
        ({"and": []}, "filter.and", "a list of one part or more"),
        ({"and": "brand"}, "filter.and", "a list of one part or more"),
        ({"and": ["brand"]}, "filter.and.0", "expected an object"),
        ({"and": [{}], "or": [{}]}, "filter", "'and' alone"),
        ({"not": [{}]}, "filter.not", "expected an object"),
    ],
)
def test_a_bad_node_is_named(node: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        filter_from_json(node, FIELDS)
    assert caught.value.field == path
    assert message in str(caught.value)


def test_depth_and_size_have_bounds() -> None:
    deep: dict[str, Any] = {"field": "price", "lt": 5}
    for _ in range(100):
        deep = {"not": deep}
    with pytest.raises(InvalidInput, match="write it flatter"):
        filter_from_json(deep, FIELDS)
    wide = {"or": [{"field": "price", "lt": n} for n in range(1000)]}
    with pytest.raises(InvalidInput, match="more than 500 parts"):
        filter_from_json(wide, FIELDS)


keys = st.sampled_from(["and", "or", "not", "field", "any", "gt", "gte", "lt", "lte", "eq", "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from([*FIELDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(keys, json_values, max_size=3))
def test_any_object_is_read_or_refused(node: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidInput):
        filter_from_json(node, FIELDS)
