"""From the wishes of a request to an edit of the conversation: what was sent, and no more."""

from typing import TypeVar

from daogou.assistant import KEPT, Edit, Kept, Wish
from daogou.errors import InvalidInput
from daogou.server.conversation_schemas import BudgetIn, WishesBody, WishIn

T = TypeVar("T")


def edit_of(body: WishesBody) -> Edit:
    """The edit that a body asks for.

    Raises
    ------
    InvalidInput
        It asks for none.
    """
    sent = body.model_fields_set & WishesBody.model_fields.keys()
    if not sent:
        raise InvalidInput(
            "the body changes nothing; expected one or more of goal, must, mustNot, prefer, budget,"
            " quantity and occasion, null to forget it."
        )
    budget = body.budget or BudgetIn(min=None, max=None, total=None)
    bounds = budget.model_fields_set if "budget" in sent else frozenset[str]()

    def told(name: str, value: T) -> T | Kept:
        return value if name in sent else KEPT

    return Edit(
        goal=told("goal", body.goal or ""),
        must=told("must", _wishes(body.must)),
        must_not=told("must_not", _wishes(body.must_not)),
        prefer=told("prefer", _wishes(body.prefer)),
        low=budget.min if "min" in bounds else KEPT,
        high=budget.max if "max" in bounds else KEPT,
        total=budget.total if "total" in bounds else KEPT,
        quantity=told("quantity", body.quantity or 1),
        occasion=told("occasion", body.occasion or ""),
    )


def _wishes(told: list[WishIn] | None) -> tuple[Wish, ...]:
    # The edit itself says how strong each is, and makes the filter.
    return tuple(
        Wish(wish.field, "must", tuple(wish.values), wish.low, wish.high) for wish in told or ()
    )
