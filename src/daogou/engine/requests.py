"""What can be asked of the engine, and what a search answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from daogou.errors import InvalidInput
from daogou.types import Slate
from daogou.understanding import Understanding

Placement = Literal["home", "similar", "goes-with", "buy-again", "cart"]
PLACEMENTS: Final[tuple[Placement, ...]] = ("home", "similar", "goes-with", "buy-again", "cart")
ANCHORED: Final[tuple[Placement, ...]] = ("similar", "goes-with")
"""Placements that are about products, which have to be named."""
MAX_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class FacetSpec:
    """A facet to count over the whole match set.

    Attributes
    ----------
    key
        A field: ``"brand"``, ``"categories"``, ``"price"``, ``"attributes.size"``.
    intervals
        Of a number field, ``(low, high)`` each, low included and high not, None where open; in
        the units of a filter (prices in major ones). Empty lets the matches decide.
    restricted_values
        Of a text field: these values alone, in this order, counted even where no match has them.
    prefixes, contains
        Of a text field: values that start with, or contain, one of these.
    case_insensitive
        Whether the case of letters counts in ``prefixes`` and ``contains``.
    order_by
        ``"count desc"`` or ``"value desc"``.
    limit
        The most values that are listed.
    excluded_filter_keys
        Parts of the filter about these fields are left aside while this facet is counted, so
        that a shopper who chose one brand sees how many the others have.
    """

    key: str
    intervals: tuple[tuple[Decimal | None, Decimal | None], ...] = ()
    restricted_values: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    case_insensitive: bool = False
    order_by: Literal["count desc", "value desc"] = "count desc"
    limit: int = 50
    excluded_filter_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Boost:
    """Products that pass ``condition`` move up (``boost`` up to 1) or down (down to -1)."""

    condition: str
    boost: float


Spelling = Literal["AUTO", "SUGGESTION_ONLY"]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One page of search results.

    An empty ``query`` browses: everything that passes ``filter``, in the
    visitor's order; with an ``image`` it finds what looks like that. ``order_by``
    is empty for relevance, or a field with an optional direction (``"price"``,
    ``"price desc"``). With ``personalize`` off, two visitors get the same page.

    Attributes
    ----------
    filter
        An expression of :mod:`daogou.engine.filters`, or the JSON form of
        :mod:`daogou.engine.json_filter`.
    excluded_ids
        Products that are left out, as if the shop did not have them.
    page_token
        :attr:`SearchSlate.next_page_token` of the page before, with the same request otherwise.
    boosts
        What moves up or down in this one search.
    spelling
        ``AUTO`` searches for the corrected query where the original finds nothing,
        ``SUGGESTION_ONLY`` only says what it would be.
    understand
        Off: the query is words and nothing else.
    removed
        Ids of constraints that were understood and are not meant.
    strict
        Only what clearly matches: what has all the words where any product has, nothing of a near
        meaning, and no way out where nothing is left. Counts and orders are then exact.
    page_categories
        Of the page that the shopper searches from: a merchant's controls may ask for them.
    image
        A photo, as its file has it (JPEG, PNG, WebP and others); what looks like it is found, the
        most alike first, and the words of ``query`` beside it narrow that ("in blue, under $50").
        It is looked at and not kept.

    Raises
    ------
    InvalidInput
        ``page_size`` is not 1 to 1000, or ``offset`` is negative.
    """

    query: str
    visitor_id: str | None = None
    page_size: int = 24
    offset: int = 0
    page_token: str = ""
    filter: str | Mapping[str, Any] = ""
    excluded_ids: tuple[str, ...] = ()
    order_by: str = ""
    facets: tuple[FacetSpec, ...] = ()
    boosts: tuple[Boost, ...] = ()
    spelling: Spelling = "AUTO"
    understand: bool = True
    removed: tuple[str, ...] = ()
    page_categories: tuple[str, ...] = ()
    language: str = "en"
    personalize: bool = True
    strict: bool = False
    image: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_page_size(self.page_size)
        if self.offset < 0:
            raise InvalidInput(
                f"offset is {self.offset}; expected 0 for the first page, or more.", field="offset"
            )
        for n, boost in enumerate(self.boosts):
            if not -1 <= boost.boost <= 1:
                raise InvalidInput(
                    f"boost is {boost.boost}; expected -1 (down) to 1 (up).",
                    field=f"boostSpec.conditionBoostSpecs.{n}.boost",
                )


@dataclass(frozen=True, slots=True)
class RecommendRequest:
    """A list of recommended products.

    ``product_ids`` are the products that the page is about: the viewed one for
    ``similar`` and ``goes-with``, the cart for ``cart``; ``excluded_ids`` are left out.
    ``diversity`` trades score for variety, 0 to 1.

    Raises
    ------
    InvalidInput
        The placement is not known or needs products, ``page_size`` is not 1 to 1000, or
        ``diversity`` is not 0 to 1.
    """

    placement: Placement
    visitor_id: str | None = None
    product_ids: tuple[str, ...] = ()
    page_size: int = 12
    filter: str = ""
    excluded_ids: tuple[str, ...] = ()
    language: str = "en"
    diversity: float = 0.2

    def __post_init__(self) -> None:
        _check_page_size(self.page_size)
        if self.placement not in PLACEMENTS:
            raise InvalidInput(
                f"placement is '{self.placement}'; expected one of {', '.join(PLACEMENTS)}.",
                field="placement",
            )
        if self.placement in ANCHORED and not self.product_ids:
            raise InvalidInput(
                f"'{self.placement}' is about a product, and none was named; send its id in"
                " userEvent.productDetails.",
                field="userEvent.productDetails",
            )
        if not 0 <= self.diversity <= 1:
            raise InvalidInput(
                f"diversity is {self.diversity}; expected 0 (by score) to 1 (by variety).",
                field="params.diversity",
            )


def _check_page_size(page_size: int) -> None:
    if not 1 <= page_size <= MAX_PAGE:
        raise InvalidInput(f"pageSize is {page_size}; expected 1 to {MAX_PAGE}.", field="pageSize")


Applied = Literal["filter", "boost", "relaxed"]
"""What became of a constraint: it held, it moved products up, or it was given up since
nothing was left."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A constraint that was read out of the query, as a page shows it.

    ``id`` takes it away (:attr:`SearchRequest.removed`), ``label`` says it in the shopper's
    language, ``start`` and ``end`` are its place in the query as typed. ``filter`` is the same
    as an expression, empty for what a filter cannot say.
    """

    id: str
    field: str
    strength: str
    label: str
    start: int
    end: int
    confidence: float
    applied: Applied
    filter: str = ""
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks for, without a search.

    Attributes
    ----------
    understanding
        None for a text without a word.
    chips
        Its constraints, with their filters.
    words
        The words that are looked for: without what the hard constraints say.
    unknown
        Words among them that no product has.
    order_by
        The order that is asked for, empty for none.
    """

    understanding: Understanding | None
    chips: tuple[Chip, ...]
    words: str
    unknown: tuple[str, ...]
    order_by: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a search that finds nothing would find with something given up.

    Attributes
    ----------
    text
        Said in the shopper's language: "Nothing under $50.00. From $59.00:".
    removed
        Ids of the constraints that were given up; empty where it is the filter or the words.
    total
        How many products that leaves.
    applied
        Whether the slate shows these products.
    """

    text: str
    removed: tuple[str, ...]
    total: int
    applied: bool


@dataclass(frozen=True, slots=True)
class SearchSlate:
    """A page of search results.

    Attributes
    ----------
    corrected_query
        What the query probably should have been, None where it is well spelled.
    correction_applied
        Whether that is what was searched.
    understanding
        What was read out of the query; None for an empty one.
    chips
        Its constraints, to show and to take away.
    order_by
        The order that was asked for, by the request or by words of the query.
    relaxations
        Where nothing had all that was asked: what there is instead.
    redirect_uri
        A merchant's page to go to instead, None for none.
    controls
        Ids of the merchant's controls that had a part in this page.
    next_page_token
        For the next page, None on the last one.
    partial
        Whether no product has all of the words; those shown have some, or a near meaning.
    """

    slate: Slate
    corrected_query: str | None = None
    correction_applied: bool = False
    understanding: Understanding | None = None
    chips: tuple[Chip, ...] = ()
    order_by: str = ""
    relaxations: tuple[Relaxation, ...] = ()
    redirect_uri: str | None = None
    controls: tuple[str, ...] = ()
    next_page_token: str | None = None
    partial: bool = False
