from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.engine.filters import (
    MAX_DEPTH,
    And,
    AnyOf,
    Compare,
    FieldKind,
    Filter,
    InRange,
    Not,
    Or,
    parse_filter,
    render_filter,
)
from daogou.errors import FilterError

FIELDS: dict[str, FieldKind] = {
    "brand": "text",
    "categories": "text",
    "price": "number",
    "rating": "number",
    "attributes.size": "either",
    "attributes.颜色": "either",
}


def parse(text: str) -> Filter | None:
    return parse_filter(text, FIELDS)


A = AnyOf("brand", ("A",))
B = AnyOf("brand", ("B",))
C = AnyOf("brand", ("C",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" \n\t", None),
        ('brand: ANY("A","B")', AnyOf("brand", ("A", "B"))),
        ('categories:ANY("Grocery > Tea")', AnyOf("categories", ("Grocery > Tea",))),
        (r'brand: ANY("a\"b\\c")', AnyOf("brand", ('a"b\\c',))),
        ('attributes.颜色: ANY("红")', AnyOf("attributes.颜色", ("红",))),
        ("price: IN(10, 20)", InRange("price", Decimal(10), Decimal(20))),
        ("price: IN(10e, 20i)", InRange("price", Decimal(10), Decimal(20), False, True)),
        ("price: IN(*, 20.5)", InRange("price", None, Decimal("20.5"))),
        ("price: IN(-1i, *)", InRange("price", Decimal(-1), None)),
        ("price<20", Compare("price", "<", Decimal(20))),
        ("rating >= 4", Compare("rating", ">=", Decimal(4))),
        ("attributes.size = .5", Compare("attributes.size", "=", Decimal("0.5"))),
        ('-brand: ANY("A")', Not(A)),
        ('NOT brand: ANY("A")', Not(A)),
        ('NOT -brand: ANY("A")', Not(Not(A))),
        ('brand: ANY("A") AND brand: ANY("B")', And((A, B))),
        # AND binds tighter than OR, NOT tightest.
        ('brand: ANY("A") OR brand: ANY("B") AND -brand: ANY("C")', Or((A, And((B, Not(C)))))),
        ('(brand: ANY("A") OR brand: ANY("B")) AND brand: ANY("C")', And((Or((A, B)), C))),
        ('-(brand: ANY("A") OR brand: ANY("B"))', Not(Or((A, B)))),
    ],
)
def test_parse(text: str, expected: Filter | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ('brnd: ANY("A")', 1, "no field 'brnd'. Did you mean 'brand'?"),
        ("price < 5 AND ratng > 1", 15, "Did you mean 'rating'?"),
        ('brand: ANY("A"', 15, "found the end of the filter; expected ',' or ')'"),
        ('brand: ANY("A', 12, "not closed"),
        ("brand: ANY(A)", 12, "found 'A'; expected a text in double quotes"),
        ("brand < 3", 1, "'brand' is a text; write brand: ANY("),
        ('price: ANY("3")', 1, "'price' is a number; write price: IN(10, 20) or price < 20"),
        ("price: IN(1)", 12, "found ')'; expected ','"),
        ("price: IN(1x, 2)", 11, "found '1'"),
        ("price < 10i", 9, "found '10i'; expected a number"),
        ("price < *", 9, "found '*'; expected a number"),
        ("price", 6, "expected ':', or one of <"),
        ("price < 3 and rating > 2", 11, "Write AND in capitals"),
        ("price < 3 AND", 14, "found the end of the filter; expected a field"),
        ("price < 3)", 10, "found ')'; expected AND, OR or the end"),
        ("(price < 3", 11, "expected AND, OR or ')'"),
        ("price ~ 3", 7, "found '~'"),
        ("AND", 1, "found 'AND'; expected a field"),
        ("price < " + "9" * 40, 9, "at most 30 characters"),
        ("(" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "nested more than 40 deep"),
        ("- " * 2000 + "price < 1", 2 * MAX_DEPTH + 1, "nested more than 40 deep"),
        ("price < 1" + " " * 5000, 5001, "expected at most 5000"),
    ],
)
def test_errors_tell_the_column_and_the_remedy(text: str, column: int, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.column == column
    assert says in str(caught.value)


numbers = st.decimals(-(10**9), 10**9, places=3)
literals = st.lists(st.text(max_size=8), min_size=1, max_size=3).map(tuple)
leaves = st.one_of(
    st.builds(AnyOf, st.sampled_from(["brand", "attributes.颜色"]), literals),
    st.builds(Compare, st.just("price"), st.sampled_from(["<=", "<", ">=", ">", "="]), numbers),
    st.builds(InRange, st.just("attributes.size"), numbers, numbers, st.booleans(), st.booleans()),
    st.builds(InRange, st.just("price"), st.none(), st.none()),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(trees)
def test_what_is_rendered_parses_to_the_same(tree: Filter) -> None:
    assert parse(render_filter(tree)) == tree


WORDS = ["brand", "price", "attributes.", "ANY", "IN", "AND", "OR", "NOT", "1", "2.5e", "3i", '"A"']
MARKS = list(':(),"\\-*<>= \x00\ud800ſ١')
pieces = st.sampled_from([*WORDS, *MARKS])


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(pieces, max_size=30).map("".join)))
def test_whatever_comes_in_nothing_but_a_filter_error_comes_out(text: str) -> None:
    column = 1
    try:
        parsed = parse(text)
    except FilterError as error:
        column = error.column
        parsed = None
    assert 1 <= column <= len(text) + 1
    assert parsed is None or parse(render_filter(parsed)) == parsed
