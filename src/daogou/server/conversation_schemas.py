"""The shapes of ``/v1/conversations``."""

from typing import Annotated, Any, Final

from pydantic import Field

from daogou.knowledge.extracts import Source
from daogou.server.photos import MAX_TEXT as MAX_PHOTO_TEXT
from daogou.server.schemas import (
    LARGEST,
    MAX_ID,
    MAX_LINES,
    MAX_TEXT,
    Identifier,
    LanguageCode,
    Wire,
)
from daogou.store import Rating

MAX_MESSAGE: Final = 20_000
MAX_COMMENT: Final = 2_000
MAX_QUANTITY: Final = 9_999
MAX_WISHES: Final = 50
MAX_AMOUNT: Final = 10**12
MAX_TURN: Final = 2**31 - 1
"""More turns than the database can number."""


class ConversationBody(Wire):
    """`POST /v1/conversations`."""

    visitor_id: Identifier | None = Field(
        default=None, description="Whose history counts.", examples=["visitor-1"]
    )
    language_code: LanguageCode = None


class CartLineIn(Wire):
    """A product in the page's cart."""

    id: Identifier = Field(examples=["p1"])
    variant_id: Identifier | None = None
    quantity: int = Field(default=1, ge=1, le=MAX_QUANTITY)


class MessageBody(Wire):
    """`POST /v1/conversations/{conversation_id}/messages`: a `text`, an `image` or a `payload`."""

    text: str | None = Field(
        default=None,
        max_length=MAX_MESSAGE,
        description="What the shopper says; of a long text the first `max_characters` are read.",
        examples=["oat milk under $5"],
    )
    image: str | None = Field(
        default=None,
        max_length=MAX_PHOTO_TEXT,
        description="A photo in base64, alone or beside a `text`: a JPEG, PNG, WebP, GIF, BMP or"
        " AVIF file, 8 MB at most. It is looked at and not kept; what it says of the wish is in the"
        " `state`.",
        json_schema_extra={"format": "byte"},
    )
    payload: str | None = Field(
        default=None,
        max_length=2 * MAX_ID,
        pattern="^/",
        description="Of the quick reply that was pressed, instead of a text.",
        examples=["/more"],
    )
    label: str | None = Field(
        default=None,
        max_length=2 * MAX_ID,
        description="What the button with the `payload` read; kept as what the shopper said.",
        examples=["Show more"],
    )
    language_code: LanguageCode = Field(
        default=None,
        description="The language to answer a `payload` in; that of the last turn where there is"
        " none. A text is answered in its own.",
    )
    product_id: Identifier | None = Field(
        default=None,
        description='The product whose page the shopper is on, where that is news: what "it" is.'
        " A product that does not exist is none.",
        examples=["p1"],
    )
    cart: list[CartLineIn] | None = Field(
        default=None,
        max_length=MAX_LINES,
        description="The cart as the page has it, which takes the place of the conversation's;"
        " the answer's `cart` is what has become of it.",
    )
    last_turn_id: int | None = Field(
        default=None,
        ge=1,
        le=MAX_TURN,
        description="The last turn whose `state` the client has. A stream then has what has"
        " changed since (`STATE_DELTA`), otherwise the whole state (`STATE_SNAPSHOT`).",
        examples=[1],
    )


class WishIn(Wire):
    """A wish, by values or by bounds."""

    field: str = Field(
        min_length=1,
        max_length=MAX_ID,
        description="`price`, `rating`, `discount`, `brand`, `categories`, `tags`,"
        " `attributes.KEY`, `option.KEY` of variants; in `mustNot` also `text`, words that it must"
        " not have.",
        examples=["attributes.color"],
    )
    values: list[Annotated[str, Field(min_length=1, max_length=MAX_ID)]] = Field(
        default_factory=list, max_length=MAX_WISHES, examples=[["Red"]]
    )
    low: float | None = Field(default=None, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)
    high: float | None = Field(
        default=None,
        ge=-LARGEST,
        le=LARGEST,
        allow_inf_nan=False,
        description="Both ends count. Of a price in minor units.",
    )
    strength: str | None = Field(
        default=None, max_length=MAX_ID, description="As a `state` has it; the list says it."
    )
    filter: str | None = Field(
        default=None, max_length=MAX_TEXT, description="As a `state` has it; made anew."
    )
    than: str | None = Field(
        default=None, max_length=MAX_ID, description="As a `state` has it; not read."
    )


class BudgetIn(Wire):
    """Budgets in minor units; null forgets one, what is left out stays."""

    min: int | None = Field(default=None, ge=0, le=MAX_AMOUNT)
    max: int | None = Field(default=None, ge=0, le=MAX_AMOUNT, examples=[5000])
    total: int | None = Field(
        default=None, ge=0, le=MAX_AMOUNT, description="Of everything together."
    )


Wishes = Annotated[list[WishIn], Field(max_length=MAX_WISHES)]


class WishesBody(Wire):
    """`PATCH /v1/conversations/{conversation_id}`: what is left out stays, null forgets."""

    goal: str | None = Field(default=None, max_length=MAX_ID, examples=["dress"])
    must: Wishes | None = Field(
        default=None, description="All of them, in the place of those that there are."
    )
    must_not: Wishes | None = None
    prefer: Wishes | None = None
    budget: BudgetIn | None = Field(
        default=None,
        description="`min` and `max` of one item are a wish of `must` about the price; they count"
        " where they differ from what the conversation has.",
    )
    quantity: int | None = Field(default=None, ge=1, le=MAX_QUANTITY)
    occasion: str | None = Field(default=None, max_length=MAX_ID, examples=["my mom"])


class EditBody(WishesBody):
    """The wishes, and what the page knows beside them."""

    label: str | None = Field(
        default=None,
        max_length=2 * MAX_ID,
        description="What the button read that was pressed; kept as what the shopper said.",
    )
    language_code: LanguageCode = Field(
        default=None, description="The language to answer in; that of the last turn without it."
    )
    last_turn_id: int | None = Field(
        default=None,
        ge=1,
        le=MAX_TURN,
        description="The turn that the changes were made from. Where the conversation has gone on"
        " since, nothing is changed, and the answer is 409.",
    )


class FeedbackBody(Wire):
    """`POST /v1/conversations/{conversation_id}/turns/{turn_id}/feedback`."""

    rating: Rating = Field(examples=["up"])
    comment: str | None = Field(
        default=None, max_length=MAX_COMMENT, examples=["Just what I was looking for"]
    )


class ImpressionsBody(Wire):
    """`POST /v1/conversations/{conversation_id}/turns/{turn_id}/impressions`."""

    product_ids: list[Identifier] = Field(
        min_length=1, max_length=MAX_LINES, description="Of the cards.", examples=[["p1"]]
    )


class Spoken(Wire):
    """What the assistant says."""

    text: str
    language: str


class PriceOut(Wire):
    """An amount in minor units."""

    amount: int = Field(examples=[499])
    currency: str = Field(examples=["USD"])


class CardOut(Wire):
    """A product as the conversation shows it."""

    id: str
    title: str
    price: PriceOut | None
    uri: str | None
    image: str | None
    availability: str
    reason: str = Field(description="Why it is shown; empty where it was asked for by name.")


class QuickReplyOut(Wire):
    """An answer to press: its text, and the `payload` to send."""

    text: str
    payload: str


class RowOut(Wire):
    """A row of a comparison, with a value for each product."""

    name: str
    values: list[str]


class ComparisonOut(Wire):
    """Products side by side."""

    product_ids: list[str]
    rows: list[RowOut]


class CitationOut(Wire):
    """A source that was quoted, and the words."""

    id: str = Field(description="Of the article, or of the product whose record was quoted.")
    title: str
    quote: str
    source: Source


class KnownWishOut(Wire):
    """What is known of the wishes: in words, and the body of a `PATCH` that takes it back."""

    text: str = Field(examples=["up to $50"])
    change: dict[str, Any] = Field(examples=[{"must": []}])


class CartLineOut(Wire):
    """A product in the cart."""

    id: str
    variant_id: str | None
    quantity: int


class ReplyAnswer(Wire):
    """What the assistant answers."""

    conversation_id: str
    turn_id: int = Field(description="1 is the greeting.")
    intent: str = Field(description="What the message was taken for.", examples=["find"])
    message: Spoken
    products: list[CardOut]
    quick_replies: list[QuickReplyOut]
    comparison: ComparisonOut | None
    citations: list[CitationOut]
    wishes: list[KnownWishOut] = Field(
        description="What is known of them, where the answer lists them."
    )
    cart: list[CartLineOut]
    state: dict[str, Any] = Field(
        description="Everything that the conversation goes on from: `goal`, `must`, `mustNot`,"
        " `prefer`, `budget`, and more."
    )
    diagnostics: dict[str, Any] = Field(
        default_factory=dict,
        description="Of a turn in which a language model was asked: what became of it.",
    )


class FeedbackOut(Wire):
    """What the shopper thinks of an answer."""

    rating: Rating
    comment: str | None
    create_time: str


class TurnOut(Wire):
    """A message and its answer, which has no `state`."""

    turn_id: int
    create_time: str
    text: str = Field(description="What the shopper said; empty for the greeting.")
    reply: dict[str, Any]
    feedback: FeedbackOut | None


class ConversationAnswer(Wire):
    """A conversation as it stands."""

    conversation_id: str
    visitor_id: str | None
    create_time: str
    update_time: str
    turn_count: int
    cart: list[CartLineOut]
    state: dict[str, Any]
    wishes: list[KnownWishOut]
    turns: list[TurnOut] = Field(description="The newest, oldest first.")


class QuestionsAnswer(Wire):
    """What is worth asking about a product."""

    product_id: str
    language_code: str
    questions: list[QuickReplyOut]


class ImpressionsAnswer(Wire):
    """How many of the cards were news; the others were known, or came from no list."""

    accepted: int


class FeedbackAnswer(Wire):
    """The feedback as it was kept."""

    conversation_id: str
    turn_id: int
    feedback: FeedbackOut


REQUESTS: Final = (
    ConversationBody,
    MessageBody,
    EditBody,
    WishIn,
    BudgetIn,
    FeedbackBody,
    ImpressionsBody,
)
