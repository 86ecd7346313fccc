"""Facets: what the matches are, counted over all of them."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daogou.config import nearest
from daogou.engine.catalogue import ALIASES, ATTRIBUTE, MONEY_FIELDS, NUMBER_FIELDS, Catalogue
from daogou.engine.columns import Postings
from daogou.engine.filters import And, Filter, Not, Or
from daogou.engine.matching import Bools, Floats
from daogou.engine.requests import FacetSpec
from daogou.errors import InvalidInput
from daogou.types import Facet, FacetValue

MAX_VALUES: Final = 300
"""The most values that a facet may ask for."""
INTERVALS: Final = 5
"""About how many intervals a number is split into."""
EDGE_SAMPLE: Final = 5000
"""Edges are chosen from about so many of the values, evenly taken."""
_NICE: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def check_facet(catalogue: Catalogue, spec: FacetSpec) -> None:
    """Refuse a facet that cannot be counted.

    Raises
    ------
    InvalidInput
        The key, or one of the excluded filter keys, is a field that no product of the shop has;
        the limit is out of range; intervals or restrictions do not suit the kind of the field.
    """
    known = catalogue.facet_keys
    for key in (spec.key, *spec.excluded_filter_keys):
        if _canonical(key) not in catalogue.texts and key not in NUMBER_FIELDS:
            raise InvalidInput(
                f"there is no facet '{key}'.{nearest(key, known)}"
                f" Known facets: {', '.join(known[:30])}.",
                field="facetSpecs",
            )
    if not 1 <= spec.limit <= MAX_VALUES:
        raise InvalidInput(
            f"limit is {spec.limit}; expected 1 to {MAX_VALUES}.", field="facetSpecs.limit"
        )
    restricted = spec.restricted_values or spec.prefixes or spec.contains
    if spec.key in NUMBER_FIELDS and restricted:
        raise InvalidInput(
            f"'{spec.key}' is a number; expected intervals, and no values, prefixes or contains.",
            field="facetSpecs.facetKey",
        )
    if spec.intervals and not (spec.key in NUMBER_FIELDS or spec.key.startswith(ATTRIBUTE)):
        raise InvalidInput(
            f"'{spec.key}' is a text, which has no intervals.",
            field="facetSpecs.facetKey.intervals",
        )
    for low, high in spec.intervals:
        if low is not None and high is not None and low >= high:
            raise InvalidInput(
                f"an interval goes from {low} to {high}; expected a minimum below the maximum.",
                field="facetSpecs.facetKey.intervals",
            )


def without_keys(node: Filter | None, keys: frozenset[str]) -> Filter | None:
    """The filter without the parts that are about ``keys`` alone.

    Parts are what ``AND`` joins at the top; a part that also asks about another field stays.
    """
    if node is None or not keys:
        return node
    parts = node.parts if isinstance(node, And) else (node,)
    kept = tuple(part for part in parts if not _fields(part) <= keys)
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else And(kept)


def _fields(node: Filter) -> frozenset[str]:
    if isinstance(node, And | Or):
        return frozenset().union(*map(_fields, node.parts))
    if isinstance(node, Not):
        return _fields(node.inner)
    return frozenset((_canonical(node.field),))


def _canonical(key: str) -> str:
    return ALIASES.get(key, key)


def count_facet(catalogue: Catalogue, matches: Bools, spec: FacetSpec, language: str) -> Facet:
    """Count a facet over the products of ``matches``, bool [V].

    A text facet lists values by falling count, named in ``language`` where there is such a
    name; a category counts with every path that it is the start of. A number facet has the
    intervals asked for, or ones with round edges chosen from the matches; each includes its lower
    edge. The facet has passed :func:`check_facet`.
    """
    key = _canonical(spec.key)
    if key in NUMBER_FIELDS:
        values = catalogue.numbers[key][matches]
        return Facet(spec.key, _of_numbers(values[~np.isnan(values)], spec, catalogue))
    postings = catalogue.texts[key]
    counts = postings.counts(matches)
    if spec.intervals:
        numbers = postings.vocabulary.numbers()
        told = np.repeat(numbers, counts)
        return Facet(spec.key, _of_numbers(told[~np.isnan(told)], spec, catalogue))
    codes = _listed(postings, counts, spec, language)
    label = postings.vocabulary.label
    values_ = (FacetValue(count=int(counts[c]), value=label(c, language)) for c in codes)
    return Facet(spec.key, tuple(values_))


def _listed(
    postings: Postings, counts: NDArray[np.int64], spec: FacetSpec, language: str
) -> list[int]:
    """Codes of the values to list, in order."""
    vocabulary = postings.vocabulary
    if spec.restricted_values:
        codes = [c for value in spec.restricted_values for c in vocabulary.find([value])]
        return list(dict.fromkeys(codes))[: spec.limit]
    present = np.flatnonzero(counts)
    codes = [int(c) for c in present[np.argsort(-counts[present], kind="stable")]]
    if spec.prefixes or spec.contains:
        said = _said(spec)
        codes = [c for c in codes if said(vocabulary.label(c, language))]
    if spec.order_by == "value desc":
        codes.sort(key=lambda c: vocabulary.label(c, language), reverse=True)
    return codes[: spec.limit]


def _said(spec: FacetSpec) -> Callable[[str], bool]:
    """Whether a label has one of the prefixes or contains one of the texts."""

    def folded(text: str) -> str:
        return text.casefold() if spec.case_insensitive else text

    prefixes = tuple(map(folded, spec.prefixes))
    contained = tuple(map(folded, spec.contains))

    def said(label: str) -> bool:
        text = folded(label)
        return text.startswith(prefixes) or any(part in text for part in contained)

    return said


def _of_numbers(values: Floats, spec: FacetSpec, catalogue: Catalogue) -> tuple[FacetValue, ...]:
    """Intervals over ``values`` (no NaN); bounds come out in the units of the column."""
    if spec.intervals:
        shift = catalogue.decimal_shift(spec.key)
        bounds = [
            tuple(None if b is None else float(b.scaleb(shift)) for b in interval)
            for interval in spec.intervals
        ]
        return tuple(
            FacetValue(count=_between(values, low, high), low=low, high=high)
            for low, high in bounds
        )
    if not len(values):
        return ()
    edges = nice_edges(values, whole=spec.key in MONEY_FIELDS)
    ends = [None, *edges, None]
    counted = ((low, high, _between(values, low, high)) for low, high in pairwise(ends))
    return tuple(FacetValue(count=n, low=low, high=high) for low, high, n in counted if n)


def _between(values: Floats, low: float | None, high: float | None) -> int:
    above = values >= (-np.inf if low is None else low)
    return int(np.count_nonzero(above & (values < (np.inf if high is None else high))))


def nice_edges(values: Floats, *, whole: bool) -> list[float]:
    """Round numbers that split ``values`` into about :data:`INTERVALS` even parts.

    Parameters
    ----------
    values
        float64 [N], no NaN.
    whole
        Whether an edge has to be a whole number, as an amount in minor units has.
    """
    shares = np.arange(1, INTERVALS) / INTERVALS
    sample = values[:: max(len(values) // EDGE_SAMPLE, 1)]
    edges = {_nice(float(q)) for q in np.quantile(sample, shares)}
    low, high = float(values.min()), float(values.max())
    return sorted(e for e in edges if low < e <= high and (not whole or e == int(e)))


def _nice(value: float) -> float:
    """The round number nearest to ``value``."""
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    nearest_one = min(_NICE, key=lambda n: abs(n * power - value))
    return float(round(nearest_one * power, 10))
