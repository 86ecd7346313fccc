"""What a conversation has come to: goal, wishes, what was shown, the cart; JSON both ways."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from daogou.understanding.model import Strength

MOST_SEEN: Final = 200
"""So many products are remembered as seen, and as many as turned down; the oldest go first."""
MOST_FOCUSED: Final = 20
MOST_LISTS: Final = 8
"""So many lists are remembered with the slates that they came from."""
OPTION: Final = "option."
"""The field of a wish about a variant's option: ``"option.size"``."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that the product must have, must not have, or had better have.

    Attributes
    ----------
    field
        A field of the filter language, :data:`OPTION` and an option's name, or ``"text"``.
    values, low, high
        As :class:`~daogou.understanding.Constraint` has them.
    filter
        The same as an expression; empty for words and options, which a filter cannot say.
    than
        Of a price that another product's price bounds: that product.
    """

    field: str
    strength: Strength
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    filter: str = ""
    than: str | None = None


@dataclass(frozen=True, slots=True)
class CartLine:
    """A product in the cart, in the size that was chosen."""

    product_id: str
    variant_id: str | None = None
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer that was offered: what it reads, and what it sends."""

    text: str
    payload: str


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for a yes, or for a size.

    ``kind`` is ``"add"``, ``"remove"``, ``"change"`` (of a line's quantity) or ``"size"``.
    """

    kind: Literal["add", "remove", "change", "size"]
    lines: tuple[CartLine, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that was shown, and the slate of the engine that it was taken from."""

    recommendation_id: str
    policy_id: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class State:
    """A conversation's state after a turn.

    Attributes
    ----------
    goal
        What is looked for, in the shopper's words.
    must, must_not, prefer
        The wishes by strength, in the order in which they were said.
    total
        The budget for everything together, in minor units; that of one item is a wish.
    occasion
        What it is for, in the shopper's words.
    seen, liked, rejected
        Ids of products, the newest last.
    focused
        The products that were spoken of one by one, the one in focus last.
    cart
        What is to be bought.
    shown
        What was last listed, in its order.
    group
        What was last spoken of together: the list, or what was compared.
    order_by
        The order asked for, empty for relevance.
    language
        Of the last turn.
    asked
        The field that the last turn asked about.
    offers
        The quick replies of the last turn.
    skipped
        Fields that were asked about, and are not asked again.
    pending
        What the last turn wants confirmed.
    listed
        Whether the last turn listed the wishes by number.
    opened
        The product whose details were told last.
    lists
        The last lists that were shown, the newest last: what an event is attributed to.
    consulted
        In how many turns a language model was asked.
    """

    goal: str = ""
    must: tuple[Wish, ...] = ()
    must_not: tuple[Wish, ...] = ()
    prefer: tuple[Wish, ...] = ()
    total: int | None = None
    quantity: int = 1
    occasion: str = ""
    seen: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    focused: tuple[str, ...] = ()
    cart: tuple[CartLine, ...] = ()
    shown: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    order_by: str = ""
    language: str = "en"
    asked: str | None = None
    offers: tuple[Offer, ...] = ()
    skipped: tuple[str, ...] = ()
    pending: Pending | None = None
    listed: bool = False
    opened: str | None = None
    lists: tuple[Listing, ...] = ()
    consulted: int = 0

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """All of them, in the order in which they are numbered."""
        return (*self.must, *self.must_not, *self.prefer)

    @property
    def focus(self) -> str | None:
        """The product that "it" is."""
        return self.focused[-1] if self.focused else None

    @property
    def recommends(self) -> bool:
        """Whether the last list was of recommendations."""
        return bool(self.lists) and self.lists[-1].policy_id.endswith("/home")

    def with_wishes(self, wishes: tuple[Wish, ...]) -> "State":
        """The state with these wishes instead of its own."""
        return replace(
            self,
            must=tuple(w for w in wishes if w.strength == "must"),
            must_not=tuple(w for w in wishes if w.strength == "must-not"),
            prefer=tuple(w for w in wishes if w.strength == "prefer"),
        )

    def wishing(self, wish: Wish) -> "State":
        """With one wish more; of what contradicts it, what was said last wins."""
        kept = tuple(old for old in (_reduced(w, wish) for w in self.wishes) if old is not None)
        return self.with_wishes((*kept, wish))

    def focusing(self, product_id: str) -> "State":
        """With a product in focus."""
        rest = tuple(i for i in self.focused if i != product_id)
        return replace(self, focused=(*rest, product_id)[-MOST_FOCUSED:])

    def seeing(self, ids: tuple[str, ...]) -> "State":
        """With a list that was shown."""
        rest = tuple(i for i in self.seen if i not in ids)
        return replace(self, shown=ids, group=ids, seen=(*rest, *ids)[-MOST_SEEN:])

    def listing(self, shown: Listing) -> "State":
        """With a list that was taken from a slate."""
        return replace(self, lists=(*self.lists, shown)[-MOST_LISTS:])

    def list_of(self, product_id: str) -> Listing | None:
        """The newest list that showed a product."""
        return next((told for told in reversed(self.lists) if product_id in told.ids), None)

    def rejecting(self, ids: tuple[str, ...]) -> "State":
        """Without products that must never come back."""
        rest = tuple(i for i in self.rejected if i not in ids)
        return replace(
            self,
            rejected=(*rest, *ids)[-MOST_SEEN:],
            liked=tuple(i for i in self.liked if i not in ids),
            shown=tuple(i for i in self.shown if i not in ids),
            group=tuple(i for i in self.group if i not in ids),
            focused=tuple(i for i in self.focused if i not in ids),
        )


def _reduced(old: Wish, new: Wish) -> Wish | None:
    """What is left of an older wish once a newer one is said."""
    if old.field != new.field:
        return old
    if old.strength == new.strength == "must-not":
        return None if old.values == new.values else old
    if "must-not" in (old.strength, new.strength) and old.field != "price":
        # "Not red" and "blue" stand together; "not red" and "red" do not.
        both = set(old.values) & set(new.values)
        return None if both else old
    return None


def state_to_json(state: State) -> dict[str, Any]:
    """The state as JSON holds it; ``budget`` repeats the price of one item for a reader."""
    price = next((w for w in state.must if w.field == "price"), None)
    return {
        "goal": state.goal,
        "must": [_plain(w) for w in state.must],
        "mustNot": [_plain(w) for w in state.must_not],
        "prefer": [_plain(w) for w in state.prefer],
        "budget": {
            "min": price.low if price else None,
            "max": price.high if price else None,
            "total": state.total,
        },
        "quantity": state.quantity,
        "occasion": state.occasion,
        "seen": list(state.seen),
        "liked": list(state.liked),
        "rejected": list(state.rejected),
        "focused": list(state.focused),
        "cart": [_plain(line) for line in state.cart],
        "shown": list(state.shown),
        "group": list(state.group),
        "orderBy": state.order_by,
        "language": state.language,
        "asked": state.asked,
        "offers": [_plain(offer) for offer in state.offers],
        "skipped": list(state.skipped),
        "pending": None
        if state.pending is None
        else {
            "kind": state.pending.kind,
            "lines": [_plain(line) for line in state.pending.lines],
        },
        "listed": state.listed,
        "opened": state.opened,
        "lists": [_plain(told) for told in state.lists],
        "consulted": state.consulted,
    }


def state_from_json(document: Mapping[str, Any]) -> State:
    """The state that :func:`state_to_json` wrote."""
    pending = document["pending"]
    return State(
        goal=document["goal"],
        must=_wishes(document["must"]),
        must_not=_wishes(document["mustNot"]),
        prefer=_wishes(document["prefer"]),
        total=document["budget"]["total"],
        quantity=document["quantity"],
        occasion=document["occasion"],
        seen=tuple(document["seen"]),
        liked=tuple(document["liked"]),
        rejected=tuple(document["rejected"]),
        focused=tuple(document["focused"]),
        cart=_lines(document["cart"]),
        shown=tuple(document["shown"]),
        group=tuple(document["group"]),
        order_by=document["orderBy"],
        language=document["language"],
        asked=document["asked"],
        offers=tuple(Offer(**offer) for offer in document["offers"]),
        skipped=tuple(document["skipped"]),
        pending=Pending(pending["kind"], _lines(pending["lines"])) if pending else None,
        listed=document["listed"],
        opened=document.get("opened"),  # conversations of before there was an event log have none
        lists=tuple(
            Listing(**{**told, "ids": tuple(told["ids"])}) for told in document.get("lists", ())
        ),
        consulted=document.get("consulted", 0),  # nor did they count this
    )


def _plain(value: Wish | CartLine | Offer | Listing) -> dict[str, Any]:
    told = asdict(value)
    return {key: list(v) if isinstance(v, tuple) else v for key, v in told.items()}


def _wishes(rows: list[dict[str, Any]]) -> tuple[Wish, ...]:
    return tuple(Wish(**{**row, "values": tuple(row["values"])}) for row in rows)


def _lines(rows: list[dict[str, Any]]) -> tuple[CartLine, ...]:
    return tuple(CartLine(**row) for row in rows)
