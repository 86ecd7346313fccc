"""What a shopper does in a conversation, as events of the shop's log.

An event is written in the transaction of its turn, with an id made of the conversation, the
turn and its place in it: a turn that is answered anew leaves no event behind, and one that is
written twice leaves one. Of a conversation without a visitor nothing is written.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daogou.assistant.gate import price_of
from daogou.assistant.state import State
from daogou.types import EventLine, EventType, Product, UserEvent, Variant

PLACEMENT: Final = "assistant"
"""The kind of place where the assistant shows products, as lines of events have it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done to a product."""

    type: EventType
    product: Product
    variant: Variant | None = None
    quantity: int = 1


def impressions_of(
    product_ids: Iterable[str], state: State, visitor_id: str, conversation_id: str, time: datetime
) -> Iterator[UserEvent]:
    """The events of cards that were on a screen, each once for the list that it came from.

    What no list has shown, such as a product that was asked for by name, was no choice of ours and
    is none of them.
    """
    for product_id in dict.fromkeys(product_ids):
        shown = state.list_of(product_id)
        if shown is None or not shown.recommendation_id:
            continue
        place = shown.ids.index(product_id)
        yield UserEvent(
            event_id=f"seen-{conversation_id}-{shown.recommendation_id}-{place}",
            type="impression",
            visitor_id=visitor_id,
            time=time,
            lines=(EventLine(product_id=product_id, position=place, placement=PLACEMENT),),
            recommendation_id=shown.recommendation_id,
            policy_id=shown.policy_id or None,
            attributes={"conversation": (conversation_id,)},
        )


def events_of(
    deeds: Sequence[Deed],
    state: State,
    visitor_id: str | None,
    turn: tuple[str, int],
    time: datetime,
) -> Iterator[UserEvent]:
    """The events of a turn, in the order of its deeds.

    Parameters
    ----------
    state
        After the turn: each event is attributed to the newest list that showed its product.
    turn
        Conversation and number.
    """
    if not visitor_id:
        return
    conversation_id, number = turn
    for place, deed in enumerate(deeds):
        shown = state.list_of(deed.product.id)
        line = EventLine(
            product_id=deed.product.id,
            quantity=deed.quantity,
            price=price_of(deed.product, deed.variant),
            variant_id=deed.variant.id if deed.variant else None,
            position=shown.ids.index(deed.product.id) if shown else None,
            placement=PLACEMENT,
        )
        yield UserEvent(
            event_id=f"chat-{conversation_id}-{number}-{place}",
            type=deed.type,
            visitor_id=visitor_id,
            time=time,
            lines=(line,),
            recommendation_id=(shown.recommendation_id or None) if shown else None,
            policy_id=(shown.policy_id or None) if shown else None,
            attributes={"conversation": (conversation_id,)},
        )
