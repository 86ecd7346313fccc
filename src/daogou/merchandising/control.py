"""What a merchant can decide about a search, in the shape of Google Retail's ``Control``.

A control is a condition and one action. Reference:
https://cloud.google.com/retail/docs/reference/rest/v2/projects.locations.catalogs.controls
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

MAX_CONTROLS: Final = 1000
"""A shop has so many controls at most."""
MAX_TERMS: Final = 100
"""Of a list of terms in an action."""
MAX_CONDITIONS: Final = 10
"""Query terms, periods or categories of a condition, each."""
MAX_TERM: Final = 200
"""Characters of a term, category or display name."""
MAX_WORDS: Final = 16
"""Tokens of a term."""
MAX_FILTER: Final = 5000
MAX_URI: Final = 2000
MAX_POSITION: Final = 120
"""A product is pinned to one of the first places, counted from 1."""


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A query is ``value``, or contains it as words that follow each other."""

    value: str
    full_match: bool = False


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start`` to ``end``, both included; None is open on that side."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """When a control applies: each list that is not empty has to have a member that fits.

    Attributes
    ----------
    query_terms
        Compared with the query as it was typed, before any control changed it.
    active_time_range
        Periods.
    page_categories
        Of the page that the shopper searches from or browses, as the catalogue writes them.
    """

    query_terms: tuple[QueryTerm, ...] = ()
    active_time_range: tuple[TimeRange, ...] = ()
    page_categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoostAction:
    """Products that pass a filter go up (to 1) or, buried, down (to -1)."""

    boost: float
    products_filter: str


@dataclass(frozen=True, slots=True)
class FilterAction:
    """Only products that pass a filter are found."""

    filter: str


@dataclass(frozen=True, slots=True)
class RedirectAction:
    """The shopper is sent to a page."""

    redirect_uri: str


@dataclass(frozen=True, slots=True)
class OnewaySynonymsAction:
    """A query with one of ``query_terms`` also finds ``synonyms``, not the other way round."""

    query_terms: tuple[str, ...]
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TwowaySynonymsAction:
    """A query with one of ``synonyms`` also finds all the others."""

    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplacementAction:
    """Each of ``query_terms`` is searched as ``replacement_term``."""

    query_terms: tuple[str, ...]
    replacement_term: str


@dataclass(frozen=True, slots=True)
class IgnoreAction:
    """The terms are left out of the query, unless it has nothing else."""

    ignore_terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoNotAssociateAction:
    """A query with one of ``query_terms`` is not widened to ``do_not_associate_terms``."""

    query_terms: tuple[str, ...]
    do_not_associate_terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PinAction:
    """Products at fixed places: ``(position, product id)``, positions from 1 and rising."""

    pins: tuple[tuple[int, str], ...]


Action = (
    BoostAction
    | FilterAction
    | RedirectAction
    | OnewaySynonymsAction
    | TwowaySynonymsAction
    | ReplacementAction
    | IgnoreAction
    | DoNotAssociateAction
    | PinAction
)


@dataclass(frozen=True, slots=True)
class Control:
    """A merchant's decision: where ``condition`` holds, ``action`` happens.

    ``created`` and ``updated`` are told by the store; they do not count when two
    controls are compared.
    """

    id: str
    display_name: str
    action: Action
    condition: Condition = Condition()
    created: datetime | None = field(default=None, compare=False)
    updated: datetime | None = field(default=None, compare=False)
