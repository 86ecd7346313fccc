"""Nothing matches: what there is instead, and which wish stands in the way.

That no product meets every wish does not mean that the thing is not sold: the goal alone is
looked for, too, and the answer says which of the two it is.
"""

from collections.abc import Callable, Sequence
from typing import Final

from daogou.assistant.looking import Look, lines_of, look
from daogou.assistant.showing import present
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.wishes import wish_fact, wish_text
from daogou.types import ScoredProduct

Bounds = tuple[int | None, int | None]
MOST: Final = 3


def relax(turn: Turn, within: Bounds | None) -> None:
    """Offer the nearest that there is."""
    state = turn.state
    wishes = state.wishes
    if state.rejected and _without_rejections(turn, within):
        turn.say("rejected_all")
        return
    for wish in sorted(wishes, key=_attachment):
        rest = tuple(w for w in wishes if w is not wish)
        found = look(turn, state.goal, rest, order_by=state.order_by, within=within)
        if found.total and not found.partial:
            _tell(turn, wish, found)
            return
    anything = look(turn, state.goal, ())
    sold = anything.total > 0 and not anything.partial
    if within is not None and sold and not look(turn, state.goal, (), within=within).total:
        _over_total(turn, anything)
        return
    if wishes and sold:
        _give_up_all(turn, wishes, anything)
        return
    _not_called_so(turn)


def _attachment(wish: Wish) -> int:
    """How unwillingly a wish is given up: a price first, a refusal last."""
    if wish.strength == "must-not":
        return 3
    return {"price": 0, "rating": 1}.get(wish.field, 2)


def _without_rejections(turn: Turn, within: Bounds | None) -> bool:
    """Whether something matches that was turned down."""
    state = turn.state
    turn.set(rejected=())
    found = look(turn, state.goal, state.wishes, within=within)
    turn.set(rejected=state.rejected)
    return found.total > 0 and not found.partial and bool(state.goal or state.wishes)


def _tell(turn: Turn, wish: Wish, found: Look) -> None:
    state = turn.state
    facts = {"wish": wish_fact(turn, wish)}
    if state.goal:
        facts["goal"] = turn.gate.words(state.goal)
    if wish.strength == "must-not":
        if state.goal:
            turn.say("refused", **facts)
        else:
            turn.say("not_found", goal=facts["wish"])
        turn.button("without", f"/drop {wish.field}", wish=wish_text(turn, wish))
        return
    if wish.field == "price":
        items = sorted(found.items, key=_distance(wish))
        if state.goal:
            several = len(state.wishes) > 1 or state.total is not None
            turn.say("relaxed_price_many" if several else "relaxed_price", **facts)
        else:
            turn.say("relaxed_wishes", count=turn.gate.count(found.total, found.detail), **facts)
    else:
        items = list(found.items)
        key = "relaxed" if state.goal else "relaxed_wishes"
        turn.say(key, count=turn.gate.count(found.total, found.detail), **facts)
    present(turn, items[: turn.config.slate], found)
    turn.button("without", f"/drop {wish.field}", wish=wish_text(turn, wish))


def _distance(wish: Wish) -> Callable[[ScoredProduct], float]:
    def distance(item: ScoredProduct) -> float:
        price = item.product.price
        if price is None:
            return float("inf")
        above = price.amount - wish.high if wish.high is not None else 0.0
        below = wish.low - price.amount if wish.low is not None else 0.0
        return max(above, below, 0.0)

    return distance


def _over_total(turn: Turn, found: Look) -> None:
    """What is left of the total buys none of it: said, with what comes nearest."""
    state = turn.state
    left = turn.gate.left(state.total or 0, lines_of(turn, state.cart))
    facts = {"left": left, "total": turn.gate.money(state.total or 0)}
    goal = turn.gate.words(state.goal) if state.goal else wish_fact(turn, *state.wishes)
    turn.say("over_total_none", goal=goal, **facts)
    items = sorted(found.items, key=lambda i: i.product.price.amount if i.product.price else 0)
    _show(turn, items, found)


def _give_up_all(turn: Turn, wishes: Sequence[Wish], found: Look) -> None:
    refused = tuple(w for w in wishes if w.strength == "must-not")
    kept = look(turn, turn.state.goal, refused)
    found = kept if kept.total else found
    given_up = [w for w in wishes if w.strength != "must-not"] if kept.total else list(wishes)
    fact = wish_fact(turn, *given_up)
    count = turn.gate.count(found.total, found.detail)
    if turn.state.goal:
        turn.say("relaxed", goal=turn.gate.words(turn.state.goal), wish=fact, count=count)
    else:
        turn.say("relaxed_wishes", wish=fact, count=count)
    if kept.total:
        _show(turn, list(found.items), found)
    for wish in wishes[:MOST]:
        turn.button("without", f"/drop {wish.field}", wish=wish_text(turn, wish))


def _not_called_so(turn: Turn) -> None:
    state = turn.state
    told = turn.gate.words(state.goal) if state.goal else wish_fact(turn, *state.wishes)
    near = look(turn, state.goal, state.wishes, strict=False) if state.goal else None
    if near is None or not near.total:
        turn.say("not_found", goal=told)
        turn.set(goal="")  # nothing can be narrowed down in it
        return
    turn.say("near_meaning", goal=told)
    _show(turn, list(near.items), near)


def _show(turn: Turn, items: list[ScoredProduct], found: Look) -> None:
    present(turn, items[: turn.config.slate], found)
