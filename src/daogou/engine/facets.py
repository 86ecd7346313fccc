"""Facets: what the matches are, counted over all of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from daogou.config import nearest
from daogou.engine.catalogue import ALIASES, MONEY_FIELDS, NUMBER_FIELDS, Catalogue
from daogou.engine.matching import Bools, Floats
from daogou.errors import InvalidInput
from daogou.types import Facet, FacetValue

MAX_VALUES: Final = 50
"""A facet lists its most frequent values, so many at most."""
INTERVALS: Final = 5
"""About how many intervals a number is split into."""
EDGE_SAMPLE: Final = 5000
"""Edges are chosen from about so many of the values, evenly taken."""
_NICE: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def count_facets(
    catalogue: Catalogue, matches: Bools, keys: Sequence[str], language: str
) -> tuple[Facet, ...]:
    """Count ``keys`` over the products of ``matches``.

    Text facets list values by falling count, named in ``language`` where there is such a
    name; a category counts with every path that it is the start of. Number facets are
    intervals with round edges chosen from the matches; each includes its lower edge.

    Parameters
    ----------
    matches
        bool [V].

    Raises
    ------
    InvalidInput
        A key that no product of the shop has.
    """
    return tuple(_count(catalogue, matches, key, language) for key in dict.fromkeys(keys))


def _count(catalogue: Catalogue, matches: Bools, key: str, language: str) -> Facet:
    if key in NUMBER_FIELDS:
        values = catalogue.numbers[key][matches]
        return Facet(key, _intervals(values, in_money=key in MONEY_FIELDS))
    postings = catalogue.texts.get(ALIASES.get(key, key))
    if postings is None:
        known = sorted((*catalogue.texts, *NUMBER_FIELDS))
        raise InvalidInput(
            f"there is no facet '{key}'.{nearest(key, known)}"
            f" Known facets: {', '.join(known[:30])}.",
            field="facetSpecs",
        )
    counts = postings.counts(matches)
    present = np.flatnonzero(counts)
    top = present[np.argsort(-counts[present], kind="stable")][:MAX_VALUES]
    label = postings.vocabulary.label
    return Facet(
        key,
        tuple(FacetValue(count=int(counts[c]), value=label(int(c), language)) for c in top),
    )


def _intervals(values: Floats, *, in_money: bool) -> tuple[FacetValue, ...]:
    values = values[~np.isnan(values)]
    if not len(values):
        return ()
    edges = nice_edges(values, whole=in_money)
    below = [0, *(int(np.count_nonzero(values < edge)) for edge in edges), len(values)]
    bounds = [None, *edges, None]
    return tuple(
        FacetValue(count=below[i + 1] - below[i], low=bounds[i], high=bounds[i + 1])
        for i in range(len(edges) + 1)
        if below[i + 1] > below[i]
    )


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
