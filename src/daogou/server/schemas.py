"""The shapes that go over the wire, in Google Retail's field names.

Requests are parsed into these models. Answers are built as plain dictionaries,
since that is faster, and the tests hold them against the models of this module.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from daogou.engine.facets import MAX_VALUES
from daogou.engine.requests import Placement, Spelling
from daogou.server.config import LANGUAGES

SEARCH_PAGE: Final = 24
RECOMMEND_PAGE: Final = 12
MAX_PAGE: Final = 100
MAX_OFFSET: Final = 10_000
MAX_TEXT: Final = 5_000
MAX_LINES: Final = 100
MAX_ID: Final = 256
LARGEST: Final = 1e15
"""No number of a filter or an interval goes beyond."""


class Wire(BaseModel):
    """camelCase outside, snake_case inside; an unknown field is an error, not a surprise."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


def _printable(text: str) -> str:
    if any(ord(character) < 32 for character in text):
        raise ValueError("expected no control characters")
    return text


Identifier = Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_printable)]
LanguageCode = Annotated[
    str | None,
    Field(
        max_length=35,
        pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$",
        description="BCP 47; the primary tag counts (`zh-CN` is `zh`). `en` and `zh` are spoken.",
        examples=["zh-CN"],
    ),
]
PageSize = Annotated[
    int, Field(ge=0, le=MAX_PAGE, description=f"0 means the default; {MAX_PAGE} at most.")
]
FilterText = Annotated[
    str,
    Field(
        max_length=MAX_TEXT,
        description="Google Retail's filter language; prices in major units.",
        examples=['brand: ANY("Acme") AND price: IN(*, 20)'],
    ),
]


def speak(code: str | None, default: str) -> str:
    """The language to answer in: the primary tag where it is spoken, else ``default``."""
    primary = (code or default).replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else default


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


class SearchBody(Wire):
    """`POST /v1/search`."""

    query: str = Field(
        default="", max_length=MAX_TEXT, description="Empty browses.", examples=["milk under $3"]
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


class ProductRef(Wire):
    """A product by its ID."""

    id: Identifier = Field(examples=["p1"])


class ProductDetail(Wire):
    """A product in the visitor's context: the viewed one, or a line of the cart."""

    product: ProductRef
    quantity: int = Field(default=1, ge=0, le=1_000_000)


class UserEventContext(Wire):
    """Who asks, and about what."""

    event_type: str = Field(default="home-page-view", max_length=MAX_ID)
    visitor_id: Identifier | None = Field(default=None, examples=["visitor-1"])
    product_details: list[ProductDetail] = Field(default_factory=list, max_length=MAX_LINES)


class RecommendParams(Wire):
    """Switches of a recommendation."""

    diversity: float = Field(default=0.2, ge=0, le=1, description="Trades score for variety.")
    return_score: bool = False


class RecommendBody(Wire):
    """`POST /v1/recommend`."""

    placement: Placement = Field(examples=["home"])
    user_event: UserEventContext = UserEventContext()
    page_size: PageSize = RECOMMEND_PAGE
    filter: FilterText = ""
    params: RecommendParams = RecommendParams()
    language_code: LanguageCode = None


class ReasonOut(Wire):
    """Why a product is shown: a computed fact, and the products that it rests on."""

    code: str = Field(examples=["bought_before"])
    text: str = Field(examples=["You bought this 4 times"])
    product_ids: list[str]


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


class Recommendation(Wire):
    """A recommended product."""

    id: str
    product: dict[str, Any]
    reason: ReasonOut | None = None
    score: float | None = Field(default=None, description="With `params.returnScore`.")


class RecommendAnswer(Wire):
    """A recommended list, best first."""

    results: list[Recommendation]
    attribution_token: str
    policy_id: str


class ItemError(Wire):
    """What was wrong with one of many."""

    index: int
    field: str | None = None
    message: str


class EventsAnswer(Wire):
    """What became of the events. They are on disk when this arrives."""

    accepted: int
    duplicates: int = Field(description="Known by their `eventId`; harmless.")
    errors: list[ItemError]


class ProductsAnswer(Wire):
    """What became of the products."""

    added: int
    changed: int
    unchanged: int
    errors: list[ItemError]


class ProductList(Wire):
    """The products that were found, in the order asked for."""

    products: list[dict[str, Any]]
    missing: list[str]


class DeletedAnswer(Wire):
    """How many are gone."""

    deleted: int


class VisitorEvents(Wire):
    """What the shop knows about a visitor, newest first."""

    user_events: list[dict[str, Any]]
    products: dict[str, dict[str, Any]] = Field(description="The products named in the events.")


class ShopperOut(Wire):
    """A visitor offered under "shop as"."""

    visitor_id: str
    label: str


class CategoryTile(Wire):
    """An outermost category."""

    category: str
    count: int
    emoji: str | None


class StorefrontAnswer(Wire):
    """What the storefront needs to open."""

    shop_name: str
    currency_code: str
    languages: list[str]
    language_code: str = Field(description="The language of this answer.")
    shoppers: list[ShopperOut]
    categories: list[CategoryTile]


class Health(Wire):
    """How the server is."""

    status: Literal["ok"]


class Ready(Wire):
    """What it would serve from."""

    status: Literal["ok"]
    bundle: str
    revision: int
    products: int


class ErrorDetail(BaseModel):
    """One of several complaints."""

    model_config = ConfigDict(extra="allow")
    field: str | None = None
    message: str


class ErrorInfo(Wire):
    """What went wrong."""

    code: int = Field(examples=[400])
    status: str = Field(examples=["INVALID_ARGUMENT"])
    message: str = Field(examples=["pageSize is -1; input should be greater than or equal to 0."])
    field: str | None = Field(default=None, examples=["pageSize"])
    details: list[ErrorDetail] = Field(default_factory=list)


class ErrorAnswer(Wire):
    """Every answer that is not 2xx."""

    error: ErrorInfo


def field_names(*models: type[BaseModel]) -> set[str]:
    """The wire names of all fields of these models."""
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


REQUESTS: Final = (
    SearchBody,
    SearchParams,
    BoostSpec,
    ConditionBoost,
    SpellCorrectionSpec,
    Interval,
    FacetSpec,
    FacetKey,
    RecommendBody,
    RecommendParams,
    UserEventContext,
    ProductDetail,
    ProductRef,
)
"""What a caller writes; the nearest name to an unknown field is looked for here."""
