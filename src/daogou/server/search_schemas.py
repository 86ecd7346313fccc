"""The shapes of searches and suggestions, in Google Retail's field names."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from daogou.engine.facets import MAX_VALUES
from daogou.engine.requests import Spelling
from daogou.server.photos import MAX_TEXT as MAX_PHOTO_TEXT
from daogou.server.schemas import (
    LARGEST,
    MAX_ID,
    MAX_LINES,
    MAX_OFFSET,
    MAX_TEXT,
    FilterText,
    Identifier,
    LanguageCode,
    PageSize,
    ReasonOut,
    Wire,
)

SEARCH_PAGE: Final = 24


class Interval(Wire):
    """A half-open interval of numbers. An open side is left out."""

    minimum: float | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    exclusive_maximum: float | None = Field(default=None, ge=-LARGEST, le=LARGEST)


Texts = Annotated[
    list[Annotated[str, Field(max_length=MAX_ID)]],
    Field(default_factory=list, max_length=MAX_LINES),
]


class FacetKey(Wire):
    """Which facet, and which of its values."""

    key: str = Field(max_length=MAX_ID, examples=["brand"])
    intervals: list[Interval] = Field(
        default_factory=list,
        max_length=40,
        description="Of a number, prices in major units as in `filter`; none lets the matches"
        " decide.",
    )
    restricted_values: Texts
    prefixes: Texts
    contains: Texts
    case_insensitive: bool = False
    order_by: Literal["count desc", "value desc"] = "count desc"


class FacetSpec(Wire):
    """A facet to count over all matches."""

    facet_key: FacetKey
    limit: int = Field(default=0, ge=0, le=MAX_VALUES, description="0 means 50.")
    excluded_filter_keys: Texts = Field(
        description="Parts of `filter` about these fields are left aside in this count.",
        examples=[["brand"]],
    )


class ConditionBoost(Wire):
    """What moves up or down."""

    condition: FilterText
    boost: float = Field(ge=-1, le=1, description="1 promotes most, -1 demotes most.")


class BoostSpec(Wire):
    """What moves up or down in this one search."""

    condition_boost_specs: list[ConditionBoost] = Field(default_factory=list, max_length=20)


class SpellCorrectionSpec(Wire):
    """What becomes of a misspelled query."""

    mode: Spelling = Field(
        default="AUTO",
        description="`AUTO` searches for the correction where the query finds nothing,"
        " `SUGGESTION_ONLY` just names it.",
    )


class SearchParams(Wire):
    """Switches of a search."""

    personalize: bool = Field(
        default=True, description="Off: two visitors get the same page for the same request."
    )
    understand: bool = Field(
        default=True, description="Off: the query is words, and nothing is read out of it."
    )


class ImageQuery(Wire):
    """A photo to search by."""

    image_bytes: str = Field(
        max_length=MAX_PHOTO_TEXT,
        description="A JPEG, PNG, WebP, GIF, BMP or AVIF file in base64, 8 MB at most.",
        json_schema_extra={"format": "byte"},
    )


class SearchBody(Wire):
    """`POST /v1/search`."""

    query: str = Field(
        default="", max_length=MAX_TEXT, description="Empty browses.", examples=["milk under $3"]
    )
    image_query: ImageQuery | None = Field(
        default=None,
        description="Finds what looks like a photo; `query` beside it narrows that. The photo is"
        " looked at and not kept.",
    )
    visitor_id: Identifier | None = Field(default=None, examples=["visitor-1"])
    page_size: PageSize = SEARCH_PAGE
    offset: int = Field(default=0, ge=0, le=MAX_OFFSET)
    page_token: str = Field(
        default="",
        max_length=MAX_ID,
        description="`nextPageToken` of the page before. The order stays as it was on the first"
        " page, whatever happened since.",
    )
    filter: FilterText | dict[str, Any] = Field(
        default="", description="An expression, or the same as JSON; see docs/api.md."
    )
    order_by: str = Field(
        default="",
        max_length=MAX_ID,
        description="Empty for relevance, or a field with an optional direction.",
        examples=["price desc"],
    )
    facet_specs: list[FacetSpec] = Field(default_factory=list, max_length=MAX_LINES)
    boost_spec: BoostSpec = BoostSpec()
    spell_correction_spec: SpellCorrectionSpec = SpellCorrectionSpec()
    language_code: LanguageCode = None
    params: SearchParams = SearchParams()
    removed_constraints: Texts = Field(
        description="Ids out of `understanding.constraints` that are not meant."
    )
    page_categories: Texts = Field(
        description="Of the page that is searched from or browsed; controls may ask for them."
    )


class SearchResult(Wire):
    """A match."""

    id: str
    product: dict[str, Any] = Field(description="As in `GET /v1/products/{id}`.")
    reasons: list[ReasonOut]


class FacetValueOut(Wire):
    """A value, or an interval, and its count."""

    count: int
    value: str | None = None
    interval: Interval | None = None


class FacetOut(Wire):
    """A counted facet."""

    key: str
    values: list[FacetValueOut]


class ValueInterval(Wire):
    """A closed interval of numbers; prices in minor units. An open side is left out."""

    minimum: float | None = None
    maximum: float | None = None


class ConstraintOut(Wire):
    """Something that was read out of the query: a chip that a page shows."""

    id: str = Field(description="For `removedConstraints`.")
    field: str = Field(examples=["price"])
    strength: Literal["must", "must-not", "prefer"]
    label: str = Field(examples=["up to $3"])
    text: str = Field(description="The words of the query.", examples=["under $3"])
    start: int = Field(description="Where they stand in the query, in code points.")
    end: int
    confidence: float
    applied: Literal["filter", "boost", "relaxed"] = Field(
        description="It held; it moved products up; it was given up since nothing was left."
    )
    values: list[str] = Field(default_factory=list)
    interval: ValueInterval | None = None
    filter: str = Field(default="", description="The same as a filter expression.")


class SortOut(Wire):
    """An order that the query asks for."""

    id: str = Field(description="For `removedConstraints`.")
    order_by: str = Field(examples=["price"])
    start: int
    end: int
    confidence: float


class UnderstandingOut(Wire):
    """What was read out of the query."""

    text: str = Field(
        description="The query as it was read: with a correction that was applied, and with the"
        " merchant's replacements."
    )
    language: str
    residual: str = Field(description="The words that nothing explains.")
    sort: SortOut | None = Field(
        default=None, description="`orderBy` of the request goes before it."
    )
    constraints: list[ConstraintOut]


class RelaxationOut(Wire):
    """What there is where nothing has all that was asked."""

    text: str = Field(examples=["Nothing up to $50. From $59:"])
    removed: list[str] = Field(description="Ids of the constraints that were given up.")
    total_size: int
    applied: bool = Field(description="Whether `results` shows these.")


class SearchAnswer(Wire):
    """A page of matches."""

    results: list[SearchResult]
    facets: list[FacetOut]
    total_size: int
    attribution_token: str = Field(description="Send it back with the events that follow.")
    policy_id: str
    next_page_token: str | None = Field(default=None, description="Missing on the last page.")
    corrected_query: str | None = Field(
        default=None, description="What the query probably should have been."
    )
    correction_applied: bool = Field(
        default=False, description="Whether that was searched, since the query found nothing."
    )
    understanding: UnderstandingOut | None = None
    relaxations: list[RelaxationOut] = Field(default_factory=list)
    redirect_uri: str | None = None
    applied_controls: list[str] = Field(default_factory=list)


class CompletionResult(Wire):
    """A suggestion while typing."""

    suggestion: str
    kind: Literal["query", "category", "brand", "product"]
    id: str | None = Field(default=None, description="Of a product.")
    filter: str | None = Field(default=None, description="Of a category or a brand.")
    highlight: list[tuple[int, int]] = Field(
        description="Where the suggestion has what was typed: start and end, in code points."
    )


class CompletionAnswer(Wire):
    """Suggestions, best first."""

    completion_results: list[CompletionResult]
    attribution_token: str


REQUESTS: Final = (
    SearchBody,
    ImageQuery,
    SearchParams,
    BoostSpec,
    ConditionBoost,
    SpellCorrectionSpec,
    Interval,
    FacetSpec,
    FacetKey,
)
"""What a caller writes; the nearest name to an unknown field is looked for here."""
