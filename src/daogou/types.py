"""The nouns of the house: what every other package speaks about.

All are frozen, all are plain data. Money is in minor units (cents), times are
UTC and aware, language codes are BCP 47 primary tags (``"en"``, ``"zh"``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

Availability = Literal["IN_STOCK", "OUT_OF_STOCK", "PREORDER", "BACKORDER"]
AVAILABILITIES: Final[tuple[Availability, ...]] = (
    "IN_STOCK",
    "OUT_OF_STOCK",
    "PREORDER",
    "BACKORDER",
)

EventType = Literal[
    "home-page-view",
    "category-page-view",
    "search",
    "detail-page-view",
    "add-to-cart",
    "remove-from-cart",
    "shopping-cart-page-view",
    "purchase-complete",
    "impression",
    "not-interested",
    "promotion-sent",
    "coupon-redeemed",
]
"""Google Retail's event types, then ours: ``impression`` (products were shown),
``not-interested`` (the visitor waved a product away), ``promotion-sent`` (a
campaign reached the visitor), ``coupon-redeemed``."""
EVENT_TYPES: Final[tuple[EventType, ...]] = (
    "home-page-view",
    "category-page-view",
    "search",
    "detail-page-view",
    "add-to-cart",
    "remove-from-cart",
    "shopping-cart-page-view",
    "purchase-complete",
    "impression",
    "not-interested",
    "promotion-sent",
    "coupon-redeemed",
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units: ``Money(499, "USD")`` is $4.99."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that can be put in a cart: a size, a colour of a product.

    ``price`` is None where the product's own price holds.
    """

    id: str
    options: Mapping[str, str] = field(default_factory=dict)
    price: Money | None = None
    availability: Availability = "IN_STOCK"
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """A product's texts in one more language; None or empty means "as in the main language"."""

    title: str | None = None
    description: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """A question about a product and its answer, as the merchant gives them."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the merchant describes it.

    ``categories`` are paths, outermost first, joined by ``" > "``:
    ``("Grocery > Soft drinks > Cola",)``. ``attributes`` map a key to one or
    more values. ``localized`` maps a language to the texts in that language.
    """

    id: str
    title: str
    language: str = "en"
    description: str = ""
    brand: str | None = None
    categories: tuple[str, ...] = ()
    price: Money | None = None
    original_price: Money | None = None
    availability: Availability = "IN_STOCK"
    uri: str | None = None
    images: tuple[str, ...] = ()
    gtin: str | None = None
    group_id: str | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    rating: float | None = None
    rating_count: int = 0
    published: datetime | None = None
    localized: Mapping[str, LocalizedText] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    questions: tuple[QuestionAnswer, ...] = ()

    def title_in(self, language: str) -> str:
        """The title in ``language``, or the main one where there is no such text."""
        text = self.localized.get(language)
        return (text.title if text else None) or self.title

    def categories_in(self, language: str) -> tuple[str, ...]:
        """The category paths in ``language``, or the main ones."""
        text = self.localized.get(language)
        return (text.categories if text else ()) or self.categories


ArticleKind = Literal["how-to", "choosing", "storing", "policy", "introduction", "question"]
ARTICLE_KINDS: Final[tuple[ArticleKind, ...]] = (
    "how-to",
    "choosing",
    "storing",
    "policy",
    "introduction",
    "question",
)


@dataclass(frozen=True, slots=True)
class Article:
    """A piece of the shop's knowledge in one language.

    The same article in another language has the same ``id`` and another ``language``; the two
    together are its key. ``text`` is plain text: paragraphs, lists and headings as Markdown
    writes them (``## Freezing``). Of kind ``"question"``, ``title`` is the question and ``text``
    the answer. ``categories`` are paths as a :class:`Product` has them; a product in one of
    them, or beneath, is what the article is about. ``uri`` says where it comes from.
    """

    id: str
    title: str
    text: str
    language: str = "en"
    kind: ArticleKind = "introduction"
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    product_ids: tuple[str, ...] = ()
    uri: str | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One product in an event.

    ``position`` is the 0-based place where it was shown, ``propensity`` the
    probability with which the policy showed it there, ``placement`` the kind of
    place (``"display:9"``). ``sampling_rate`` is the probability with which this
    line was kept when exposures were sampled before import; 1 for a full log.
    """

    product_id: str
    quantity: int = 1
    price: Money | None = None
    variant_id: str | None = None
    position: int | None = None
    propensity: float | None = None
    placement: str | None = None
    sampling_rate: float = 1.0


@dataclass(frozen=True, slots=True)
class UserEvent:
    """Something a visitor did or was shown. ``event_id`` makes a repeat harmless."""

    event_id: str
    type: EventType
    visitor_id: str
    time: datetime
    lines: tuple[EventLine, ...] = ()
    query: str | None = None
    user_id: str | None = None
    recommendation_id: str | None = None
    policy_id: str | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product is shown: a computed fact, rendered in the shopper's language by the engine.

    ``code`` names the sentence (``"bought_before"``), ``values`` are its
    numbers and words, ``product_ids`` the products that the fact rests on.
    """

    code: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)
    product_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredProduct:
    """A product in a slate, with its final score, the sources that proposed it, and why.

    ``propensity`` is the probability with which the policy shows it in this place: below 1
    where the page leaves something to chance.
    """

    product: Product
    score: float
    sources: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet and how many matches have it.

    A numeric facet has ``low`` (inclusive) and ``high`` (exclusive), None where
    the interval is open; prices are in minor units.
    """

    count: int
    value: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet: its key and its values.

    Keys are ``"brand"``, ``"categories"``, ``"price"``, ``"attributes.size"``.
    """

    key: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Slate:
    """An answer: products in order, and what a client needs to report back on it."""

    items: tuple[ScoredProduct, ...]
    total: int
    recommendation_id: str
    policy_id: str
    facets: tuple[Facet, ...] = ()
