"""Several products side by side: a table of what their records say, and the first of a few."""

from collections.abc import Sequence
from typing import Final

from daogou.assistant.looking import variant_names
from daogou.assistant.references import Pointed, named
from daogou.assistant.reply import Comparison, Row
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.words import field_name, label, listed, telling, value_text
from daogou.engine.saying import number_text
from daogou.types import Product

MOST_COMPARED: Final = 4


def compare(turn: Turn, act: Act) -> None:
    """A table of what the records say."""
    ids = act.pointed.ids if len(act.pointed.ids) > 1 else ()
    if not ids and act.pointed.one and turn.state.focus not in (None, act.pointed.one):
        ids = (turn.state.focus or "", act.pointed.one)
    if not ids and turn.state.focus and not act.pointed:
        other = named(act.rest, turn.state, turn.gate)
        ids = (turn.state.focus, other[0]) if other and other[0] != turn.state.focus else ()
    side_by_side(turn, ids or turn.state.group[:3])


def side_by_side(turn: Turn, ids: Sequence[str]) -> None:
    """Products side by side, and what a shopper would look at first in words."""
    products = turn.gate.products(ids)[:MOST_COMPARED]
    if len(products) < 2:
        turn.say("compare_few")
        return
    turn.say("compared")
    turn.comparison = Comparison(tuple(p.id for p in products), tuple(_rows(turn, products)))
    for product in products:
        turn.card(product)
        turn.button("add", f"/add {product.id}")
    turn.quick = turn.quick[:0]
    prices = [p.price for p in products]
    titles = [product.title_in(turn.language) for product in products]
    if len(products) == 2 and prices[0] and prices[1]:
        one, other = sorted(products, key=lambda p: p.price.amount if p.price else 0)
        if prices[0].amount == prices[1].amount:
            turn.say("compare_same", price=turn.gate.price(one))
        elif titles[0] == titles[1]:
            place = "first" if one is products[0] else "second"
            turn.say(f"compare_{place}_cheaper", difference=turn.gate.difference(one, other))
        else:
            turn.say(
                "compare_cheaper",
                title=turn.gate.title(one),
                other=turn.gate.title(other),
                difference=turn.gate.difference(one, other),
            )
    turn.set(group=tuple(p.id for p in products))
    for number, (product, title) in enumerate(zip(products, titles, strict=True), 1):
        told = f"{number}. {title}" if titles.count(title) > 1 else title
        turn.offer(told, f"/show {product.id}")


def _rows(turn: Turn, products: Sequence[Product]) -> list[Row]:
    language = turn.language
    rows = [
        Row(field_name("price", language), tuple(turn.gate.price(p).text for p in products)),
        Row(
            field_name("rating", language),
            tuple(number_text(p.rating) if p.rating is not None else "" for p in products),
        ),
        Row(field_name("brand", language), tuple(p.brand or "" for p in products)),
    ]
    keys = dict.fromkeys(key for p in products for key, _ in telling(p))
    for key in keys:
        told = [
            listed([value_text(v, language) for v in p.attributes.get(key, ())], language)
            for p in products
        ]
        values = [v for p in products for v in p.attributes.get(key, ())]
        rows.append(Row(field_name(key, language, values), tuple(told)))
    sizes = [listed(variant_names(p, out=False), language) for p in products]
    if any(sizes):
        rows.append(Row(field_name("size", language), tuple(sizes)))
    stock = {"OUT_OF_STOCK": label("out_of_stock", language)}
    there = label("in_stock", language)
    rows.append(
        Row(
            field_name("availability", language),
            tuple(stock.get(p.availability, there) for p in products),
        )
    )
    return [row for row in rows if any(row.values)]


def first_of_group(turn: Turn, pointed: Pointed) -> None:
    """The cheaper of the two: told as such, by what it compared."""
    product = turn.gate.product(pointed.ids[0])
    if product is None:
        turn.say("gone")
        return
    group = turn.state.group
    detail = {"group": list(group), "orderBy": pointed.order_by}
    key = f"top_group_{pointed.order_by.replace(' ', '_')}"
    facts = {
        "title": turn.gate.top(product, detail),
        "price": turn.gate.price(product),
        "count": turn.gate.count(len(group), {"group": list(group)}),
    }
    if pointed.order_by.startswith("rating"):
        facts["rating"] = turn.gate.rating(product)
    turn.say(key, **facts)
    turn.state = turn.state.focusing(product.id)
    turn.card(product)
    turn.button("add", f"/add {product.id}")
