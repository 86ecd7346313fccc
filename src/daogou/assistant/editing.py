"""Wishes set from outside: by a page, a program, another assistant, and not by a sentence.

What is set is what counts: a wish's filter is made here from its field and values, whatever filter
it comes with, and a field that the shop does not have is an error and no wish.
"""

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, TypeVar

from daogou.assistant.finding import search
from daogou.assistant.reading import price_wish
from daogou.assistant.state import OPTION, State, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.wishes import known_wishes, noted
from daogou.assistant.words import ATTRIBUTE
from daogou.config import nearest
from daogou.engine.catalogue import MONEY_FIELDS
from daogou.engine.filters import AnyOf, FieldKind, Filter, InRange, Not, render_filter
from daogou.errors import InvalidInput
from daogou.feeds.codec.money import minor_digits
from daogou.text import clean
from daogou.understanding import TEXT

T = TypeVar("T")


class Kept(enum.Enum):
    """What is left as it is."""

    KEPT = "kept"


KEPT: Final = Kept.KEPT
_FIELDS: Final = frozenset(
    ("price", "rating", "discount", "brand", "categories", "availability", "tags")
)
"""What a wish can be about besides attributes, options and words."""
_LISTS: Final[Mapping[str, Literal["must", "must-not", "prefer"]]] = {
    "must": "must",
    "mustNot": "must-not",
    "prefer": "prefer",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to become of the wishes; what is :data:`KEPT` stays.

    Attributes
    ----------
    goal, occasion
        Empty to forget it.
    must, must_not, prefer
        All wishes of that strength, in the place of those that there are.
    low, high, total
        Budgets in minor units, of one item and of everything; None to forget it. Those of one
        item count where they are others than the conversation has.
    quantity
        How many are wanted.
    """

    goal: str | Kept = KEPT
    must: tuple[Wish, ...] | Kept = KEPT
    must_not: tuple[Wish, ...] | Kept = KEPT
    prefer: tuple[Wish, ...] | Kept = KEPT
    low: int | Kept | None = KEPT
    high: int | Kept | None = KEPT
    total: int | Kept | None = KEPT
    quantity: int | Kept = KEPT
    occasion: str | Kept = KEPT


def edit(turn: Turn, changes: Edit) -> None:
    """Set wishes, and show what fits them now.

    Raises
    ------
    InvalidInput
        A wish is none that the shop could look for; ``field`` says which.
    """
    turn.intent = "edit_state"
    before = turn.state
    after = edited(turn, changes)
    gone = {wish.field for wish in before.wishes} - {wish.field for wish in after.wishes}
    turn.state = replace(
        after,
        listed=False,
        pending=None,
        asked=None,
        # What was just taken away is not asked for.
        skipped=tuple(dict.fromkeys((*after.skipped, *sorted(gone)))),
    )
    lines = [line.text for line in noted(turn)]
    if not lines:
        turn.say("state_empty")
        return
    told = ("；" if turn.language == "zh" else "; ").join(lines)
    than = tuple(i for line in noted(turn) for i in line.product_ids)
    turn.say("edited", wishes=turn.gate.wish(told, than))
    if turn.state.goal or turn.state.wishes:
        search(turn)
    turn.known = known_wishes(turn)


def edited(turn: Turn, changes: Edit) -> State:
    """The state of a turn with the changes made."""
    own = turn.state
    quantity = _or(changes.quantity, own.quantity)
    if quantity > turn.config.max_quantity:
        raise InvalidInput(
            f"quantity is {quantity}; this shop puts {turn.config.max_quantity} of a product into"
            " a cart at most.",
            field="quantity",
        )
    must = _made(turn, "must", _or(changes.must, own.must))
    state = replace(
        own,
        goal=clean(_or(changes.goal, own.goal)),
        occasion=clean(_or(changes.occasion, own.occasion)),
        must=_priced(turn, must, changes),
        must_not=_made(turn, "mustNot", _or(changes.must_not, own.must_not)),
        prefer=_made(turn, "prefer", _or(changes.prefer, own.prefer)),
        total=_or(changes.total, own.total),
        quantity=quantity,
    )
    if state.goal != turn.state.goal:
        # The order was asked for of what was looked for then.
        state = replace(state, order_by="", skipped=())
    return state


def _or(wanted: T | Kept, own: T) -> T:
    return own if isinstance(wanted, Kept) else wanted


def _priced(turn: Turn, must: tuple[Wish, ...], changes: Edit) -> tuple[Wish, ...]:
    """The wishes with the budget of one item, where it is another than before."""
    old = next((w for w in turn.state.must if w.field == "price"), None)
    had = (old.low, old.high) if old else (None, None)
    low, high = _or(changes.low, had[0]), _or(changes.high, had[1])
    if (low, high) == had:
        return must
    if low is not None and high is not None and low > high:
        raise InvalidInput(
            f"budget has min {low:g} above max {high:g}; expected the lower one as min, both in"
            " minor units.",
            field="budget",
        )
    rest = tuple(w for w in must if w.field != "price")
    if low is None and high is None:
        return rest
    return (*rest, price_wish(low, high, turn.gate.currency))


def _made(turn: Turn, name: str, wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """Wishes of one strength as the conversation holds them."""
    strength = _LISTS[name]
    made: list[Wish] = []
    for place, wish in enumerate(wishes):
        wish = replace(wish, strength=strength)
        own = next((w for w in turn.state.wishes if _same(w, wish)), None)
        # What it knows already stays as it is, also where the catalogue has changed since.
        kept = own or _checked(turn, wish, f"{name}[{place}]")
        if kept not in made:
            made.append(kept)
    if sum(wish.field == "price" for wish in made) > 1:
        raise InvalidInput(
            f"{name} has two wishes about the price; expected one, with low and high.", field=name
        )
    return tuple(made)


def _same(one: Wish, other: Wish) -> bool:
    return (one.field, one.strength, one.values, one.low, one.high) == (
        other.field,
        other.strength,
        other.values,
        other.low,
        other.high,
    )


def _checked(turn: Turn, wish: Wish, place: str) -> Wish:
    values = tuple(value for v in wish.values if (value := clean(v).strip()))
    bounds = [b for b in (wish.low, wish.high) if b is not None]
    wish = replace(wish, values=values, filter="", than=None)
    if bool(values) == bool(bounds):
        found = "both values and bounds" if values else "neither values nor low nor high"
        raise InvalidInput(f"{place} has {found}; expected one of these.", field=place)
    if not all(math.isfinite(b) for b in bounds) or bounds != sorted(bounds):
        raise InvalidInput(
            f"{place} has low above high; expected the lower one as low.", field=place
        )
    if wish.field == TEXT:
        if wish.strength != "must-not" or not values:
            raise InvalidInput(
                f"{place} is about words; expected them in the goal, or in values of mustNot.",
                field=f"{place}.field",
            )
        return replace(wish, values=values[:1])
    if wish.field.startswith(OPTION) and wish.field != OPTION:
        if not values or wish.strength == "prefer":
            raise InvalidInput(
                f"{place} is about an option of variants; expected values, in must or mustNot.",
                field=f"{place}.values",
            )
        return wish
    kind = _kind(turn.engine.filter_fields, wish.field, f"{place}.field")
    if kind == ("number" if values else "text"):
        wanted = "low or high" if values else "values"
        raise InvalidInput(
            f"{place} is about {wish.field}, which takes {wanted}.", field=f"{place}.field"
        )
    if wish.field == "availability" and values != ("IN_STOCK",):
        raise InvalidInput(
            f"{place} is about availability; expected the value IN_STOCK.", field=f"{place}.values"
        )
    return replace(wish, filter=_filter(wish, turn.gate.currency))


def _kind(fields: Mapping[str, FieldKind], field: str, place: str) -> FieldKind:
    known = {f: k for f, k in fields.items() if f in _FIELDS or f.startswith(ATTRIBUTE)}
    kind = known.get(field)
    if kind is None:
        raise InvalidInput(
            f"{place} is {field[:80]!r}; expected a field of this shop's products, such as price,"
            f" brand or attributes.color, or option.size of their variants.{nearest(field, known)}",
            field=place,
        )
    return kind


def _filter(wish: Wish, currency: str | None) -> str:
    node: Filter
    if wish.values:
        node = AnyOf(wish.field, wish.values)
    else:
        shift = minor_digits(currency) if currency and wish.field in MONEY_FIELDS else 0
        low, high = (
            None if bound is None else Decimal(str(bound)).scaleb(-shift)
            for bound in (wish.low, wish.high)
        )
        node = InRange(wish.field, low, high, high_inclusive=high is not None)
    return render_filter(Not(node) if wish.strength == "must-not" else node)
