"""One turn in the making: what the acts of a message write on, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from daogou.assistant.config import AssistantConfig
from daogou.assistant.gate import Fact, Gate, Said
from daogou.assistant.knowledge import Knowledge
from daogou.assistant.noting import Deed
from daogou.assistant.reply import (
    Call,
    Card,
    Citation,
    Comparison,
    Consulted,
    KnownWish,
    QuickReply,
    Reply,
)
from daogou.assistant.state import Offer, State
from daogou.assistant.words import label, say
from daogou.engine import Engine
from daogou.types import EventType, Product, Variant


@dataclass
class Turn:
    """What is known when a message is answered, and what the answer is so far.

    Attributes
    ----------
    seed
        Of the conversation and its turn, for the choice of words.
    state
        Replaced by what each act makes of it.
    asks
        Whether the answer asks for a wish.
    deeds
        What the shopper has done to products, for the event log.
    known
        The wishes, where the answer lists them.
    """

    engine: Engine
    gate: Gate
    config: AssistantConfig
    knowledge: Knowledge
    visitor_id: str | None
    seed: str
    language: str
    state: State
    intent: str = ""
    asks: bool = False
    lines: list[Said] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    quick: list[QuickReply] = field(default_factory=list)
    comparison: Comparison | None = None
    citations: list[Citation] = field(default_factory=list)
    extra: list[Fact] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    known: tuple[KnownWish, ...] = ()
    consulted: Consulted | None = None

    def say(self, key: str, **facts: Fact) -> None:
        """Add a sentence; what was said already in this turn is not said again."""
        said = say(key, self.language, self.seed, **facts)
        if said.text not in (line.text for line in self.lines):
            self.lines.append(said)

    def set(self, **changes: Any) -> None:
        """Change the state."""
        self.state = replace(self.state, **changes)

    def note(
        self,
        type_: EventType,
        product: Product,
        variant: Variant | None = None,
        quantity: int = 1,
    ) -> None:
        """Note what the shopper does to a product."""
        self.deeds.append(Deed(type_, product, variant, quantity))

    def open(self, product: Product) -> None:
        """Put a product in focus whose details are told: it is viewed, once until another is."""
        if self.state.opened != product.id:
            self.note("detail-page-view", product)
        self.state = replace(self.state.focusing(product.id), opened=product.id)

    def offer(self, text: str, payload: str) -> None:
        """Add a quick reply."""
        if payload not in (quick.payload for quick in self.quick):
            self.quick.append(QuickReply(text, payload))

    def button(self, key: str, payload: str, **words: str) -> None:
        """Add a quick reply with a text of the templates."""
        self.offer(label(key, self.language, **words), payload)

    def card(self, product: Product, reason: str = "", facts: Sequence[Fact] = ()) -> None:
        """Show a product, with why."""
        if product.id in (card.id for card in self.cards):
            return
        self.gate.keep([product])
        self.extra.extend(facts)
        self.cards.append(
            Card(
                id=product.id,
                title=product.title_in(self.gate.language),
                price=product.price,
                uri=product.uri,
                image=product.images[0] if product.images else None,
                availability=product.availability,
                reason=reason,
            )
        )

    def reply(self, conversation_id: str, number: int) -> Reply:
        """The finished answer."""
        offers = tuple(Offer(quick.text, quick.payload) for quick in self.quick)
        self.set(offers=offers, language=self.language)
        joint = "" if self.language == "zh" else " "
        facts = tuple(fact for line in self.lines for fact in line.facts)
        return Reply(
            conversation_id=conversation_id,
            turn=number,
            intent=self.intent,
            text=joint.join(line.text for line in self.lines),
            language=self.language,
            products=tuple(self.cards),
            quick_replies=tuple(self.quick),
            comparison=self.comparison,
            citations=tuple(self.citations),
            wishes=self.known,
            cart=self.state.cart,
            state=self.state,
            facts=(*facts, *self.extra),
            calls=tuple(self.calls),
            consulted=self.consulted,
        )
