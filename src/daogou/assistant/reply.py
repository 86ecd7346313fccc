"""What the assistant answers, in the shape that clients get."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from daogou.assistant.gate import Fact
from daogou.assistant.state import CartLine, State, state_to_json
from daogou.knowledge.extracts import Source
from daogou.types import Money


@dataclass(frozen=True, slots=True)
class Card:
    """A product as it is shown; ``reason`` says why it is."""

    id: str
    title: str
    price: Money | None
    uri: str | None
    image: str | None
    availability: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QuickReply:
    """An answer to press: its text, and what to send instead of it."""

    text: str
    payload: str


@dataclass(frozen=True, slots=True)
class KnownWish:
    """A wish that is listed: in words, and as the edit of the conversation that takes it back."""

    text: str
    change: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a comparison: a value for each product, empty where its record tells none."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Products side by side."""

    product_ids: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that was quoted: an article, or the record of the product with this id."""

    id: str
    title: str
    quote: str
    source: Source = "article"


CallName = Literal[
    "search_products",
    "recommend_products",
    "ask_knowledge",
    "add_to_cart",
    "remove_from_cart",
    "change_quantity",
]


@dataclass(frozen=True, slots=True)
class Call:
    """Something that was done for an answer: what was asked for and what came of it, as JSON."""

    name: CallName
    asked: Mapping[str, Any]
    found: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Consulted:
    """What a language model contributed to a turn, and what that cost.

    Attributes
    ----------
    used
        Whether a part of the answer is its own.
    reason
        Why not; empty where it is used.
    cut
        How many of its sentences were cut, by what was wrong with them.
    estimated
        Whether tokens are counted by us, because the endpoint did not tell.
    """

    used: bool
    reason: str
    cut: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    requests: int
    tool_calls: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a message.

    Attributes
    ----------
    turn
        Its number in the conversation; 1 is the greeting.
    intent
        What the message was taken for.
    wishes
        What is known of them, where the answer lists them.
    facts
        Everything in ``text`` that is not of a template, and where it comes from.
    calls
        What was done for it, in its order.
    consulted
        Of a turn in which a language model was asked.
    """

    conversation_id: str
    turn: int
    intent: str
    text: str
    language: str
    products: tuple[Card, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()
    comparison: Comparison | None = None
    citations: tuple[Citation, ...] = ()
    wishes: tuple[KnownWish, ...] = ()
    cart: tuple[CartLine, ...] = ()
    state: State = field(default_factory=State)
    facts: tuple[Fact, ...] = ()
    calls: tuple[Call, ...] = ()
    consulted: Consulted | None = None


def reply_to_json(reply: Reply) -> dict[str, Any]:
    """The answer as HTTP and the store have it; with ``diagnostics`` where an LLM was asked."""
    told: dict[str, Any] = {
        "conversationId": reply.conversation_id,
        "turnId": reply.turn,
        "intent": reply.intent,
        "message": {"text": reply.text, "language": reply.language},
        "products": [_card(card) for card in reply.products],
        "quickReplies": [{"text": q.text, "payload": q.payload} for q in reply.quick_replies],
        "comparison": _comparison(reply.comparison),
        "citations": [
            {"id": c.id, "title": c.title, "quote": c.quote, "source": c.source}
            for c in reply.citations
        ],
        "wishes": wishes_to_json(reply.wishes),
        "cart": cart_to_json(reply.cart),
        "state": state_to_json(reply.state),
    }
    if reply.consulted is not None:
        told["diagnostics"] = {"llm": _consulted(reply.consulted)}
    return told


def _consulted(told: Consulted) -> dict[str, Any]:
    return {
        "used": told.used,
        "reason": told.reason,
        "cut": dict(told.cut),
        "promptTokens": told.prompt_tokens,
        "completionTokens": told.completion_tokens,
        "estimated": told.estimated,
        "requests": told.requests,
        "toolCalls": told.tool_calls,
        "milliseconds": told.milliseconds,
    }


def cart_to_json(lines: Iterable[CartLine]) -> list[dict[str, Any]]:
    """Lines of a cart as HTTP has them."""
    return [
        {"id": line.product_id, "variantId": line.variant_id, "quantity": line.quantity}
        for line in lines
    ]


def wishes_to_json(known: Iterable[KnownWish]) -> list[dict[str, Any]]:
    """Wishes as they are listed, each with the edit that takes it back."""
    return [{"text": wish.text, "change": dict(wish.change)} for wish in known]


def _card(card: Card) -> dict[str, Any]:
    price = card.price
    return {
        "id": card.id,
        "title": card.title,
        "price": None if price is None else {"amount": price.amount, "currency": price.currency},
        "uri": card.uri,
        "image": card.image,
        "availability": card.availability,
        "reason": card.reason,
    }


def _comparison(told: Comparison | None) -> dict[str, Any] | None:
    if told is None:
        return None
    rows = [{"name": row.name, "values": list(row.values)} for row in told.rows]
    return {"productIds": list(told.product_ids), "rows": rows}
