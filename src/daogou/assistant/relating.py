"""Something cheaper, something dearer, one size up: than what is in focus, else the first."""

from dataclasses import replace
from typing import Final

from daogou.assistant.about import tell_sizes
from daogou.assistant.finding import search
from daogou.assistant.looking import look, option_of
from daogou.assistant.reading import price_wish
from daogou.assistant.state import OPTION, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.words import kind_of, label

_SIZES: Final = ("XS", "S", "M", "L", "XL", "2XL", "3XL")


def relate(turn: Turn, act: Act) -> None:
    """Something cheaper, something dearer, one size up: than what is in focus, else the first."""
    if act.topic in ("bigger", "smaller"):
        _next_size(turn, 1 if act.topic == "bigger" else -1)
        return
    products = turn.gate.products((turn.state.focus,) if turn.state.focus else turn.state.shown)
    priced = [p for p in products if p.price]
    if not priced:
        turn.say("which")
        return
    cheaper = act.topic == "cheaper"
    prices = [p.price.amount for p in priced if p.price]
    bound = min(prices) if cheaper else max(prices)
    product = next(p for p in priced if p.price and p.price.amount == bound)
    low, high = (None, bound - 1) if cheaper else (bound + 1, None)
    wish = replace(price_wish(low, high, turn.gate.currency), than=product.id)
    before = turn.state
    turn.state = replace(before.wishing(wish), order_by="" if cheaper else before.order_by)
    found = look(turn, turn.state.goal, turn.state.wishes)
    if not found.total:
        turn.state = before
        key = "nothing_cheaper" if cheaper else "nothing_dearer"
        turn.say(key, title=turn.gate.title(product), price=turn.gate.price(product))
        return
    if cheaper:
        turn.say("cheaper_than", title=turn.gate.title(product), price=turn.gate.price(product))
    search(turn)


def _next_size(turn: Turn, step: int) -> None:
    product = turn.gate.product(turn.state.focus)
    wish = next((w for w in turn.state.must if kind_of(w.field.split(".", 1)[-1]) == "size"), None)
    sizes = list(_SIZES)
    if product is not None and product.variants:
        sizes = [v for variant in product.variants for _, v in option_of(variant, "size")]
    current = wish.values[0] if wish else None
    if current is None or current not in sizes:
        turn.say("no_next_size")
        return
    place = sizes.index(current) + step
    if not 0 <= place < len(sizes):
        told = turn.gate.words(label("size", turn.language, value=current))
        if product is not None:
            turn.say("fact_no_size", title=turn.gate.title(product), options=told)
            tell_sizes(turn, product)
        return
    turn.state = turn.state.wishing(Wish(f"{OPTION}size", "must", (sizes[place],)))
    if product is None:
        search(turn)
        return
    tell_sizes(turn, product)
    turn.card(product)
    turn.button("add", f"/add {product.id}")
