"""The shapes that go over the wire, in Google Retail's field names.

Requests are parsed into these models. Answers are built as plain dictionaries,
since that is faster, and the tests hold them against the models of this module.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from daogou.engine.requests import Placement
from daogou.server.config import LANGUAGES

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


class Recommendation(Wire):
    """A recommended product."""

    id: str
    product: dict[str, Any]
    reason: ReasonOut | None = None
    score: float | None = Field(default=None, description="With `params.returnScore`.")
    propensity: float | None = Field(
        default=None,
        description="The probability of the product in this place, where chance had a part;"
        " to be sent back with events.",
    )


class RecommendAnswer(Wire):
    """A recommended list, best first."""

    results: list[Recommendation]
    attribution_token: str
    policy_id: str


class ContributionsOut(Wire):
    """A score and its parts: `base` and all of `groups` add up to it."""

    score: float
    base: float = Field(description="Of the mean of the candidates for the home page.")
    groups: dict[str, float] = Field(
        description="What each group of features adds: its Shapley value."
    )


class SourceOut(Wire):
    """A source that proposes the product for the home page."""

    source: str
    rank: int = Field(description="From 0.")
    score: float


class EffectOut(Wire):
    """What a product of the visitor's history does for the explained one."""

    product_id: str
    title: str
    score: float
    without: float = Field(description="The score had the visitor never done anything with it.")


class CounterfactualOut(Wire):
    """What would become of the explained product without another one in the history."""

    removed: str
    score_before: float
    score_after: float
    rank_before: int | None = Field(description="From 1; null where it is no candidate.")
    rank_after: int | None


class ExplainAnswer(Wire):
    """Why a product stands where it stands on a visitor's home page."""

    product_id: str
    policy_id: str
    reasons: list[ReasonOut]
    sources: list[SourceOut]
    scores: dict[str, float] = Field(description="What each head of the model says.")
    features: dict[str, dict[str, float]] = Field(description="What the model was told, by group.")
    contributions: ContributionsOut | None = None
    evidence: list[EffectOut]
    counterfactual: CounterfactualOut | None = None


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
    ignored: dict[str, int] = Field(
        default={},
        description="Events of GA4 and Segment that say nothing here, such as `scroll`, by name;"
        " left out where there are none.",
    )


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
    photos: bool = Field(description="Whether it can be searched by photo.")


class Health(Wire):
    """How the server is."""

    status: Literal["ok"]


class Ready(Wire):
    """What it would serve from."""

    status: Literal["ok"]
    bundle: str | None = None
    revision: int | None = None
    products: int | None = None


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
    RecommendBody,
    RecommendParams,
    UserEventContext,
    ProductDetail,
    ProductRef,
)
"""What a caller writes; the nearest name to an unknown field is looked for here."""
