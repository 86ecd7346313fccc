"""The cart: the size first, then a yes, then in; a budget is never exceeded silently."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daogou.assistant.about import one_of
from daogou.assistant.gate import Fact, price_of, total_of
from daogou.assistant.looking import lines_of, same_option, suits, variant_names
from daogou.assistant.reading import read, size_alone, whole_number
from daogou.assistant.references import NOTHING, Pointed, named
from daogou.assistant.reply import Call, cart_to_json
from daogou.assistant.rules import acts, without, words_of
from daogou.assistant.state import OPTION, CartLine, Pending, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.wishes import wish_fact
from daogou.assistant.words import ATTRIBUTE, kind_of, label, listed
from daogou.text import parse_garment_sizes, read_numeral
from daogou.text.numerals import NUMERAL
from daogou.types import Product, Variant

Line = tuple[Product, Variant | None, int]
_COUNTED: Final = re.compile(
    rf"(?<!第)(?<!这)(?<!那)(?P<n>{NUMERAL}) ?(?:of (?:it|them|those|these|this|that|the)\b|x\b|×"
    r"|pieces?\b|pairs?\b|packs?\b|件|个|条|双|份|盒|瓶|包|只|台)"
)
_AROUND: Final = frozenset(acts()["frames"]["cart"])
_LEADING: Final = re.compile(
    rf"(?:add|buy|take|order|get|put)(?: me)? (?P<n>{NUMERAL})\b(?! ?(?:cm|kg|gb|g|l)\b)"
)


def add(turn: Turn, act: Act) -> None:
    """Ask for a size where there are several, then whether it is to go in."""
    pointed = act.pointed or _by_name(turn, act)
    if pointed.several and len(pointed.ids) > 1:
        products = turn.gate.products(pointed.ids)
    else:
        product = one_of(turn, pointed)
        products = [product] if product else []
    if not products:
        return
    quantity = _quantity(turn, act.text)
    wished = (
        read(turn.engine, act.rest, turn.language, turn.gate.currency).wishes if act.rest else ()
    )
    for wish in wished:
        if wish.field.startswith((OPTION, ATTRIBUTE)) and _is_option(products, wish):
            turn.state = turn.state.wishing(
                Wish(f"{OPTION}{kind_of(wish.field.split('.', 1)[1])}", "must", wish.values)
            )
    said = _options_said(products, act.text)
    propose(turn, products, quantity, said)


def _by_name(turn: Turn, act: Act) -> Pointed:
    """What the sentence calls by its name; what it names and was not shown is not guessed at."""
    if act.pointed.vague or act.pointed.missing:
        return act.pointed
    text = _COUNTED.sub(" ", act.text)
    for size in [*parse_garment_sizes(text)][::-1]:
        text = without(text, (size.start, size.end))
    left = [w for w in words_of(text) if w not in _AROUND and not any(c.isdigit() for c in w)]
    left = [w for w in left if size_alone(w) is None and read_numeral(w) is None]
    if not left:
        return NOTHING
    ids = named(" ".join(left), turn.state, turn.gate)
    return Pointed(ids, vague=not ids)


def _is_option(products: Sequence[Product], wish: Wish) -> bool:
    kind = kind_of(wish.field.split(".", 1)[1])
    return any(kind_of(k) == kind for p in products for v in p.variants for k in v.options)


def _options_said(products: Sequence[Product], text: str) -> tuple[str, ...]:
    """Values of options that the sentence names outright: "in m"."""
    values = {o for p in products for v in p.variants for o in v.options.values()}
    said = re.findall(r"[a-z0-9.]+|[一-鿿]+", text)
    return tuple(v for v in values if any(same_option(v, [word]) for word in said))


def _quantity(turn: Turn, text: str) -> int:
    match = _COUNTED.search(text) or _LEADING.search(text)
    number = read_numeral(match["n"]) if match else None
    if number is None or number < 1 or number != int(number):
        return turn.state.quantity
    if number > turn.config.max_quantity:
        turn.say("too_many", count=turn.gate.setting(str(turn.config.max_quantity)))
        return turn.config.max_quantity
    return int(number)


def propose(
    turn: Turn, products: Sequence[Product], quantity: int = 1, said: tuple[str, ...] = ()
) -> None:
    """Choose the variants and ask for a yes; a size that is not clear is asked for first."""
    lines: list[CartLine] = []
    for product in products:
        line = _line(turn, product, quantity, said)
        if line is None:
            return
        lines.append(line)
    confirm(turn, tuple(lines))


def _line(turn: Turn, product: Product, quantity: int, said: tuple[str, ...]) -> CartLine | None:
    title = turn.gate.title(product)
    there = [v for v in product.variants if v.availability != "OUT_OF_STOCK"]
    if product.availability == "OUT_OF_STOCK" or (product.variants and not there):
        turn.say("cannot_add", title=title)
        turn.card(product)
        return None
    if not product.variants:
        return CartLine(product.id, None, quantity)
    wishes = [w for w in turn.state.must if w.field.startswith((OPTION, f"{ATTRIBUTE}size"))]
    options = [Wish(f"{OPTION}{w.field.split('.', 1)[1]}", "must", w.values) for w in wishes]
    meant = [v for v in product.variants if not said or _has_all(v, said)]
    if not said:
        meant = [v for v in meant if all(suits(v, w) for w in options)]
    fitting = [v for v in meant if v.availability != "OUT_OF_STOCK"]
    if len(fitting) == 1:
        return CartLine(product.id, fitting[0].id, quantity)
    if not fitting and (said or options):
        asked = list(said) or [v for w in options for v in w.values]
        told = turn.gate.words(listed(asked, turn.language))
        turn.say("size_out" if meant else "size_none", title=title, option=told)
    names = variant_names(product, out=False)
    shown = turn.gate.value(product, "variants", listed(names, turn.language), "False")
    turn.say("choose_size", title=title, options=shown)
    turn.state = turn.state.focusing(product.id)
    turn.set(pending=Pending("size", (CartLine(product.id, None, quantity),)))
    turn.card(product)
    for variant in there[:8]:
        turn.offer(
            " / ".join(variant.options.values()), f"/add {product.id} {variant.id} {quantity}"
        )
    return None


def _has_all(variant: Variant, said: tuple[str, ...]) -> bool:
    return all(any(same_option(o, [word]) for o in variant.options.values()) for word in said)


def pick_size(turn: Turn, act: Act) -> bool:
    """Take a message for the size that was asked for; whether it is one."""
    pending = turn.state.pending
    if pending is None or pending.kind == "remove" or len(pending.lines) != 1:
        return False
    number = whole_number(act.text)
    if pending.kind == "add" and number is not None:
        return _change_quantity(turn, pending.lines[0], number)
    if pending.kind == "add" and size_alone(act.text) is None:
        return False
    line = pending.lines[0]
    product = turn.gate.product(line.product_id)
    if product is None or not product.variants:
        return False
    said = _options_said([product], act.text)
    size = size_alone(act.text)
    if not said and size is None:
        return False
    turn.set(pending=None)
    turn.intent = "add"
    if not said and size is not None:
        said = (size,)
    propose(turn, [product], line.quantity, said)
    return True


def _change_quantity(turn: Turn, line: CartLine, number: int) -> bool:
    """Ask again for another number of what waits for a yes."""
    turn.intent = "add"
    turn.set(pending=None)
    confirm(turn, (replace(line, quantity=min(number, turn.config.max_quantity)),))
    return True


def confirm(turn: Turn, lines: tuple[CartLine, ...]) -> None:
    """Ask whether lines are to go into the cart, and tell of a budget that they break."""
    full = lines_of(turn, lines)
    if not full:
        turn.say("gone")
        return
    turn.say("confirm_add", items=items_fact(turn, full), price=turn.gate.sum(full))
    _tell_of_budgets(turn, full)
    turn.set(pending=Pending("add", lines))
    for product, _, _ in full:
        turn.card(product)
    if len(full) == 1:
        turn.state = turn.state.focusing(full[0][0].id)
    turn.quick = []
    turn.button("yes", "/yes")
    turn.button("no", "/no")


def _tell_of_budgets(turn: Turn, full: Sequence[Line]) -> None:
    state = turn.state
    after = [*lines_of(turn, state.cart), *full]
    if state.total is not None and total_of(after) > state.total:
        turn.say("confirm_over_total", sum=turn.gate.sum(after), total=turn.gate.money(state.total))
    limit = next((w for w in state.must if w.field == "price" and w.high is not None), None)
    for product, variant, _ in full:
        price = price_of(product, variant)
        if limit and limit.high is not None and price and price.amount > limit.high:
            turn.say(
                "confirm_over_item",
                price=turn.gate.price(product, variant),
                wish=wish_fact(turn, limit),
            )


def items_fact(turn: Turn, lines: Sequence[Line]) -> Fact:
    """Lines in words: titles, options and numbers."""
    told = []
    for product, variant, quantity in lines:
        title = turn.gate.title(product).text
        if variant is not None:
            option = " / ".join(variant.options.values())
            title = label("in_size", turn.language, title=title, option=option)
        if quantity > 1:
            title = label("times", turn.language, n=str(quantity), title=title)
        told.append(title)
    ids = tuple(product.id for product, _, _ in lines)
    detail = {"lines": [[p.id, v.id if v else None, n] for p, v, n in lines]}
    return Fact("title", listed(told, turn.language), ids, "lines", detail)


def accept(turn: Turn) -> None:
    """Do what was asked about."""
    pending = turn.state.pending
    turn.set(pending=None)
    if pending is None:
        turn.say("thanks")
        return
    full = lines_of(turn, pending.lines)
    if pending.kind == "remove":
        gone = {(line.product_id, line.variant_id) for line in pending.lines}
        kept = tuple(c for c in turn.state.cart if (c.product_id, c.variant_id) not in gone)
        turn.set(cart=kept)
        turn.say("removed", items=items_fact(turn, full))
    else:
        cart = {(line.product_id, line.variant_id): line.quantity for line in turn.state.cart}
        for product, variant, quantity in full:
            key = (product.id, variant.id if variant else None)
            cart[key] = min(cart.get(key, 0) + quantity, turn.config.max_quantity)
        turn.set(cart=tuple(CartLine(p, v, n) for (p, v), n in cart.items()), quantity=1)
        total = turn.gate.sum(lines_of(turn, turn.state.cart))
        turn.say("added", items=items_fact(turn, full), sum=total)
        _tell_if_over(turn)
    turn.calls.append(
        Call(
            "remove_from_cart" if pending.kind == "remove" else "add_to_cart",
            {"lines": cart_to_json(pending.lines)},
            {"cart": cart_to_json(turn.state.cart)},
        )
    )
    turn.button("show_cart", "/cart")


def decline(turn: Turn) -> None:
    """Leave the cart as it is."""
    turn.set(pending=None)
    turn.say("not_added")


def remove(turn: Turn, act: Act) -> None:
    """Ask whether what is pointed at is to leave the cart."""
    state = turn.state
    ids = act.pointed.ids or named(act.rest, state, turn.gate)
    in_cart = [line for line in state.cart if line.product_id in ids]
    if not in_cart and len(state.cart) == 1 and not words_of(act.rest):
        in_cart = list(state.cart)
    if not in_cart:
        turn.say("which")
        for line in state.cart[: turn.config.slate]:
            product = turn.gate.product(line.product_id)
            if product is not None:
                turn.offer(product.title_in(turn.language), f"/remove {line.product_id}")
        return
    turn.set(pending=Pending("remove", tuple(in_cart)))
    turn.say("confirm_remove", items=items_fact(turn, lines_of(turn, in_cart)))
    turn.button("yes", "/yes")
    turn.button("no", "/no")


def show_cart(turn: Turn, act: Act) -> None:
    """What is in the cart and what it comes to."""
    del act
    lines = lines_of(turn, turn.state.cart)
    if not lines:
        turn.say("cart_empty")
        return
    turn.say("cart", items=items_fact(turn, lines), sum=turn.gate.sum(lines))
    _tell_if_over(turn)
    for product, _, _ in lines:
        turn.card(product)


def _tell_if_over(turn: Turn) -> None:
    total = turn.state.total
    if total is not None and total_of(lines_of(turn, turn.state.cart)) > total:
        turn.say("cart_over", total=turn.gate.money(total))
