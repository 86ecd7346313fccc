"""Another number of what is in the cart, or waits for a yes: "make it 5", 再加两个, "one less"."""

from dataclasses import replace

from daogou.assistant.carting import (
    ask_to_remove,
    confirm,
    decline,
    items_fact,
    propose,
    set_quantities,
    tell_if_over,
)
from daogou.assistant.gate import total_of
from daogou.assistant.looking import lines_of
from daogou.assistant.state import CartLine, Pending
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.text import read_numeral


def change_quantity(turn: Turn, act: Act) -> None:
    """Another number of what is in the cart, or waits for a yes: "make it 5", 再加两个."""
    number = next((n for n in (act.match.groupdict().values() if act.match else ()) if n), "")
    told = read_numeral(number)
    if told is None or told != int(told):
        turn.say("unread")
        return
    count, pending = int(told), turn.state.pending
    if pending is not None and pending.kind in ("add", "size"):
        _change_pending(turn, pending, count)
        return
    turn.set(pending=None)
    line = _line_meant(turn, act)
    if line is None:
        turn.say("which")
        for product, _, _ in lines_of(turn, turn.state.cart)[: turn.config.slate]:
            turn.offer(product.title_in(turn.language), f"/show {product.id}")
        return
    wanted = {"more": line.quantity + count, "less": line.quantity - count}.get(act.topic, count)
    _change(turn, line, wanted)


def _change_pending(turn: Turn, pending: Pending, count: int) -> None:
    if count < 1:
        decline(turn)
        return
    lines = tuple(replace(x, quantity=_at_most(turn, count)) for x in pending.lines)
    if pending.kind == "add":
        confirm(turn, lines)
        return
    product = turn.gate.product(lines[0].product_id)
    if product is None:
        turn.say("gone")
    else:
        propose(turn, [product], lines[0].quantity)


def _line_meant(turn: Turn, act: Act) -> CartLine | None:
    """What is pointed at, else what is in focus, else the newest, of what is in the cart."""
    cart = turn.state.cart
    for ids in (act.pointed.ids, turn.state.focused[-1:]):
        told = [line for line in cart if line.product_id in ids]
        if told:
            return told[-1]
    return None if act.pointed or not cart else cart[-1]


def _at_most(turn: Turn, count: int) -> int:
    if count > turn.config.max_quantity:
        turn.say("too_many", count=turn.gate.setting(str(turn.config.max_quantity)))
    return min(count, turn.config.max_quantity)


def _change(turn: Turn, line: CartLine, count: int) -> None:
    """At once, where the total allows it: it was said how many of what, and can be said again."""
    if count < 1:
        ask_to_remove(turn, [line])
        return
    changed = replace(line, quantity=_at_most(turn, count))
    full = lines_of(turn, [changed])
    if not full:
        turn.say("gone")
        return
    rest = [other for other in turn.state.cart if other is not line]
    after = [*lines_of(turn, rest), *full]
    total = turn.state.total
    for product, _, _ in full:
        turn.card(product)
    if total is not None and total_of(after) > total and count > line.quantity:
        turn.say("confirm_change", items=items_fact(turn, full))
        turn.say("confirm_over_total", sum=turn.gate.sum(after), total=turn.gate.money(total))
        turn.set(pending=Pending("change", (changed,)))
        turn.button("yes", "/yes")
        turn.button("no", "/no")
        return
    set_quantities(turn, full)
    tell_if_over(turn)
    turn.button("show_cart", "/cart")
