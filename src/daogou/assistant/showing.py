"""Showing products: cards in an order that can be pointed at, each with a reason from records."""

from collections.abc import Sequence
from typing import Protocol

from daogou.assistant.state import Listing, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.wishes import wish_text
from daogou.assistant.words import ATTRIBUTE, label, listed
from daogou.engine import render_reason
from daogou.types import Product, ScoredProduct


class Origin(Protocol):
    """A slate, as events name it."""

    @property
    def recommendation_id(self) -> str:
        """Of the slate."""

    @property
    def policy_id(self) -> str:
        """What chose and ordered its products."""


def present(turn: Turn, items: Sequence[ScoredProduct], origin: Origin) -> None:
    """Show products, each with a reason, in an order that can be pointed at.

    Parameters
    ----------
    origin
        The slate that they were taken from.
    """
    for item in items:
        turn.card(item.product, reason_of(turn, item))
    ids = tuple(item.product.id for item in items)
    shown = Listing(origin.recommendation_id, origin.policy_id, ids)
    turn.state = turn.state.seeing(ids).listing(shown)
    if len(ids) == 1:
        turn.state = turn.state.focusing(ids[0])
    else:
        turn.set(focused=())


def reason_of(turn: Turn, item: ScoredProduct) -> str:
    """Why a product is shown: what the engine computed, else the wishes that it meets."""
    for reason in item.reasons:
        if reason.code != "matches":
            titles = {
                p.id: p.title_in(turn.language) for p in turn.gate.products(reason.product_ids)
            }
            return render_reason(reason, turn.language, titles)
    met = [wish_text(turn, w) for w in turn.state.wishes if meets(item.product, w)]
    if met:
        return label("why_matches", turn.language, wishes=listed(met, turn.language))
    return label("why_goal", turn.language, goal=turn.state.goal) if turn.state.goal else ""


def meets(product: Product, wish: Wish) -> bool:
    """Whether the record itself says that a product meets a wish; False where it tells nothing."""
    if wish.field == "price" and product.price:
        low, high = wish.low or 0, wish.high
        return low <= product.price.amount and (high is None or product.price.amount <= high)
    if wish.field.startswith(ATTRIBUTE):
        told = product.attributes.get(wish.field.removeprefix(ATTRIBUTE), ())
        has_it = any(value in wish.values for value in told)
        return bool(told) and has_it != (wish.strength == "must-not")
    if wish.field == "brand":
        return (product.brand in wish.values) != (wish.strength == "must-not")
    return False
