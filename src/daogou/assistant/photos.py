"""A message with a photo: what looks like it, and what that says of the wish.

The photo is looked at and dropped. What stays in the state is what the products that look like it
have in common, as wishes that can be seen, edited and taken back like any other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from daogou.assistant.finding import forget_goal
from daogou.assistant.looking import look
from daogou.assistant.reading import Wanted, filter_of, read
from daogou.assistant.showing import present
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.wishes import is_about_text, wish_fact
from daogou.assistant.words import ATTRIBUTE, kind_of
from daogou.engine import beside_photo
from daogou.errors import InvalidInput
from daogou.types import Product

JUDGED: Final = 8
"""So many of the most alike say what kind of thing the photo shows."""
NEAREST: Final = 3
"""So many say what it looks like: of the same kind there are others in other colours."""
AGREED: Final = 0.6
"""What at least this share of them has in common is what it shows."""
VISIBLE: Final = ("color", "pattern")
"""Attributes that a photo shows; a season or a warranty is none."""
_PATH: Final = " > "


def find_by_photo(turn: Turn, photo: bytes, text: str) -> None:
    """Show what looks like a photo, within what the words beside it ask for.

    Raises
    ------
    InvalidInput
        The photo cannot be read.
    """
    turn.intent = "photo"
    wanted = read(turn.engine, beside_photo(text), turn.language, turn.gate.currency)
    goal = " ".join(w for w in wanted.goal.split() if w.lower() not in wanted.unknown)
    state = forget_goal(turn.state).with_wishes(
        tuple(w for w in turn.state.wishes if is_about_text(w))
    )
    for wish in wanted.wishes:
        state = state.wishing(wish)
    turn.state = state
    turn.set(goal=goal, total=wanted.total, order_by=wanted.order_by)
    within = None if wanted.total is None else (None, wanted.total)
    try:
        found = look(
            turn, goal, turn.state.wishes, order_by=wanted.order_by, within=within,
            strict=False, image=photo,
        )  # fmt: skip
    except InvalidInput as error:
        raise InvalidInput(str(error), field="image") from error
    if not found.items:
        turn.say("photo_none")
        turn.set(goal="", order_by="")
        return
    if found.partial and wanted.wishes:
        turn.say("photo_relaxed", wishes=wish_fact(turn, *wanted.wishes))
    for wish in shown_by([item.product for item in found.items[:JUDGED]], wanted):
        turn.state = turn.state.wishing(wish)
    if turn.state.wishes:
        turn.say("photo_found_wishes", wishes=wish_fact(turn, *turn.state.wishes))
    else:
        turn.say("photo_found")
    chosen = found.items[: turn.config.slate]
    present(turn, chosen, found)
    turn.set(order_by="")
    if turn.state.wishes:
        turn.button("more", "/more")
    if len(chosen) > 1:
        turn.button("compare", "/compare " + " ".join(item.product.id for item in chosen[:2]))


def shown_by(products: Sequence[Product], wanted: Wanted) -> Iterator[Wish]:
    """What products that look like a photo have in common: a category, and what can be seen.

    ``products`` come with the most alike first. What the words said goes before what the photo
    shows: no wish is made of a field that ``wanted`` has one of.
    """
    said = {w.field for w in wanted.wishes}
    if "categories" not in said and not wanted.names_kind:
        path = _common_path(products)
        if path:
            yield Wish("categories", "must", (path,), filter=filter_of("categories", (path,)))
    nearest = products[:NEAREST]
    for key in dict.fromkeys(key for product in nearest for key in product.attributes):
        field = f"{ATTRIBUTE}{key}"
        if kind_of(key) in VISIBLE and field not in said:
            value = _agreed([v for p in nearest for v in p.attributes.get(key, ())], len(nearest))
            if value:
                yield Wish(field, "prefer", (value,), filter=filter_of(field, (value,)))


def _common_path(products: Sequence[Product]) -> str:
    """The innermost category that most of them are in; empty where they have none in common."""
    paths = [p.categories[0].split(_PATH) for p in products if p.categories]
    for depth in range(max(map(len, paths), default=0), 0, -1):
        outer = [_PATH.join(path[:depth]) for path in paths if len(path) >= depth]
        if path := _agreed(outer, len(products)):
            return path
    return ""


def _agreed(values: Sequence[str], among: int) -> str:
    """The value that at least :data:`AGREED` of so many products have; empty for none."""
    value, count = Counter(values).most_common(1)[0] if values else ("", 0)
    return value if count >= AGREED * among else ""
