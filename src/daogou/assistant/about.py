"""About products that were shown: in focus, asked about, compared, liked, turned down."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daogou.assistant.comparing import compare, first_of_group
from daogou.assistant.finding import search
from daogou.assistant.gate import Fact
from daogou.assistant.looking import option_of, variant_names
from daogou.assistant.quoting import quote
from daogou.assistant.reading import read
from daogou.assistant.recommending import show_recommended
from daogou.assistant.references import Pointed
from daogou.assistant.rules import words_of
from daogou.assistant.state import OPTION, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.wishes import wish_text
from daogou.assistant.words import (
    ATTRIBUTE,
    field_name,
    kind_of,
    listed,
    telling,
    value_text,
)
from daogou.engine.saying import money_text
from daogou.text import normalize, parse_garment_sizes, tokenize
from daogou.types import Product
from daogou.understanding.vocabulary import any_of

OF: Final = "5"
"""Ratings are of so many stars."""


def one_of(turn: Turn, pointed: Pointed) -> Product | None:
    """The product that is meant; asks which where that is not clear."""
    if pointed.missing or pointed.vague:
        turn.say("no_such")
        _offer_all(turn, turn.state.shown)
        return None
    ids = pointed.ids or ((turn.state.focus,) if turn.state.focus else ())
    if len(ids) > 1:
        turn.say("which")
        _offer_all(turn, ids)
        return None
    product = turn.gate.product(ids[0]) if ids else None
    if product is None:
        turn.say("gone" if ids else "which")
        if ids:
            turn.state = replace(
                turn.state,
                shown=tuple(i for i in turn.state.shown if i != ids[0]),
                focused=tuple(i for i in turn.state.focused if i != ids[0]),
                group=tuple(i for i in turn.state.group if i != ids[0]),
            )
        else:
            _offer_all(turn, turn.state.shown)
        return None
    turn.state = turn.state.focusing(product.id)
    return product


def _offer_all(turn: Turn, ids: Sequence[str]) -> None:
    for product in turn.gate.products(ids[: turn.config.slate]):
        turn.offer(product.title_in(turn.language), f"/show {product.id}")


def choose(turn: Turn, act: Act) -> None:
    """Put a product in focus and tell what its record says first."""
    if act.pointed.several and len(act.pointed.ids) > 1:
        compare(turn, act)
        return
    if act.pointed.order_by and len(turn.state.group) > 1:
        first_of_group(turn, act.pointed)
        return
    product = one_of(turn, act.pointed)
    if product is not None:
        tell(turn, product)


def tell(turn: Turn, product: Product) -> None:
    """A product's card."""
    turn.open(product)
    turn.say("focus", title=turn.gate.title(product), price=turn.gate.price(product))
    for key, values in telling(product)[:3]:
        _value(turn, product, f"{ATTRIBUTE}{key}", values, key="about_value")
    tell_sizes(turn, product, key="about_sizes")
    turn.card(product)
    turn.button("add", f"/add {product.id}")


# --- questions about a product


def ask_product(turn: Turn, act: Act) -> None:
    """Answer from the record, else from the merchant's articles, else not."""
    product = one_of(turn, act.pointed)
    if product is None:
        return
    turn.open(product)
    title = turn.gate.title(product)
    if act.topic == "price":
        _price(turn, product, title)
    elif act.topic == "stock":
        _stock(turn, product, title)
    elif act.topic == "sizes":
        _asked_sizes(turn, product, title, act.text)
    elif act.topic == "rating":
        _rating(turn, product, title)
    elif act.topic == "is":
        _is(turn, product, title, act)
    else:
        _attribute(turn, product, title, act.topic, act.text)
    turn.card(product)


def _price(turn: Turn, product: Product, title: Fact) -> None:
    if product.price is None:
        turn.say("fact_price_none", title=title)
        return
    turn.say("fact_price", title=title, price=turn.gate.price(product))
    was = product.original_price
    if was and was.amount > product.price.amount and was.currency == product.price.currency:
        told = money_text(was.amount, was.currency)
        turn.say("fact_was", was=Fact("price", told, (product.id,), "originalPrice"))


def _stock(turn: Turn, product: Product, title: Fact) -> None:
    key = {"IN_STOCK": "fact_in_stock", "OUT_OF_STOCK": "fact_out"}.get(
        product.availability, "fact_other_stock"
    )
    there = [v for v in product.variants if v.availability != "OUT_OF_STOCK"]
    if product.variants and not there:
        key = "fact_out"
    turn.say(key, title=title)
    if key != "fact_out":
        tell_sizes(turn, product, key="about_sizes")


def tell_sizes(turn: Turn, product: Product, key: str = "fact_sizes") -> None:
    """Which variants are there, and which are sold out."""
    for told, out in ((key, False), ("fact_sizes_out", True)):
        names = variant_names(product, out=out)
        if names:
            options = turn.gate.value(product, "variants", listed(names, turn.language), str(out))
            turn.say(told, title=turn.gate.title(product), options=options)


def _asked_sizes(turn: Turn, product: Product, title: Fact, text: str) -> None:
    if not product.variants:
        turn.say("fact_no_sizes", title=title)
        return
    for size in parse_garment_sizes(text):
        wish = Wish(f"{OPTION}size", "must", (size.value.upper(),))
        told = [v for variant in product.variants for _, v in option_of(variant, "size")]
        if not any(normalize(v) == size.value for v in told):
            turn.say("fact_no_size", title=title, options=turn.gate.words(wish_text(turn, wish)))
    tell_sizes(turn, product)


def _rating(turn: Turn, product: Product, title: Fact) -> None:
    if product.rating is None:
        turn.say("fact_untold", title=title)
        return
    turn.say(
        "fact_rating",
        title=title,
        rating=turn.gate.rating(product),
        of=turn.gate.setting(OF),
        count=turn.gate.value(
            product, "ratingCount", str(product.rating_count), str(product.rating_count)
        ),
    )


def _attribute(turn: Turn, product: Product, title: Fact, topic: str, question: str) -> None:
    if topic == "size" and product.variants:
        _asked_sizes(turn, product, title, question)
        return
    if topic == "brand" and product.brand:
        _value(turn, product, "brand", (product.brand,))
        return
    for key, values in product.attributes.items():
        if kind_of(key) == topic:
            _value(turn, product, f"{ATTRIBUTE}{key}", values)
            return
    if topic == "color" and (
        names := [v for x in product.variants for _, v in option_of(x, topic)]
    ):
        _value(turn, product, f"{OPTION}color", tuple(dict.fromkeys(names)))
        return
    _from_articles(turn, product, title, question)


def tell_attribute(turn: Turn, product: Product, key: str) -> None:
    """What the record says of an attribute, else that it says nothing."""
    values = dict(telling(product)).get(key)
    if values:
        _value(turn, product, f"{ATTRIBUTE}{key}", values)
    else:
        turn.say("fact_untold", title=turn.gate.title(product))


def _value(
    turn: Turn, product: Product, field: str, values: tuple[str, ...], key: str = "fact_value"
) -> None:
    told = listed([value_text(v, turn.language) for v in values], turn.language)
    turn.say(
        key,
        title=turn.gate.title(product),
        name=turn.gate.words(field_name(field, turn.language, values)),
        value=turn.gate.value(product, field, told, " ".join(values)),
    )


def _is(turn: Turn, product: Product, title: Fact, act: Act) -> None:
    """Yes or no, where the record tells the attribute that is asked about."""
    wanted = read(turn.engine, act.rest or act.text, turn.language, turn.gate.currency)
    for wish in wanted.wishes:
        if wish.field.startswith(ATTRIBUTE):
            values = product.attributes.get(wish.field.removeprefix(ATTRIBUTE), ())
            if values:
                _yes_or_no(turn, product, wish.field, values, yes=bool({*values} & {*wish.values}))
                return
        if wish.field.startswith(OPTION):
            _asked_sizes(turn, product, title, act.text)
            return
        if wish.field == "availability":
            _stock(turn, product, title)
            return
    asked = set(tokenize(" ".join(words_of(act.rest))))
    for key, values in product.attributes.items():
        for value in values:
            names = {value, *(value_text(value, la) for la in ("en", "zh"))}
            if any(asked & set(tokenize(name)) for name in names):
                _yes_or_no(turn, product, f"{ATTRIBUTE}{key}", values, yes=True)
                return
        if _mentions(act.text, key):
            _value(turn, product, f"{ATTRIBUTE}{key}", values)
            return
    _from_articles(turn, product, title, act.text)


def _mentions(text: str, key: str) -> bool:
    names = {key.replace("_", " "), field_name(key, "en"), field_name(key, "zh")}
    return re.search(any_of(names), text) is not None


def _yes_or_no(
    turn: Turn, product: Product, field: str, values: tuple[str, ...], *, yes: bool
) -> None:
    told = listed([value_text(v, turn.language) for v in values], turn.language)
    turn.say(
        "fact_yes" if yes else "fact_no",
        title=turn.gate.title(product),
        value=turn.gate.value(product, field, told, " ".join(values)),
    )


def _from_articles(turn: Turn, product: Product, title: Fact, question: str) -> None:
    if not quote(turn, question, product.id):
        turn.say("fact_untold", title=title)


# --- what the shopper thinks of them


def reject(turn: Turn, act: Act) -> None:
    """Never show these again; go on with what is left."""
    products = turn.gate.products(act.pointed.ids)
    if act.pointed.missing or not products:
        turn.say("no_such")
        return
    if len(products) > 1 and not act.pointed.several:
        turn.say("which")
        _offer_all(turn, act.pointed.ids)
        return
    by_wishes = bool(turn.state.goal or turn.state.wishes)
    turn.state = turn.state.rejecting(tuple(p.id for p in products))
    for product in products:
        turn.note("not-interested", product)
        turn.say("rejected", title=turn.gate.title(product))
    if by_wishes:
        search(turn, more=True, again=True)
    elif turn.state.recommends:
        show_recommended(turn, "recommended")


def like(turn: Turn, act: Act) -> None:
    """Note what is liked, and have it in focus."""
    product = one_of(turn, act.pointed)
    if product is None:
        return
    liked = tuple(i for i in turn.state.liked if i != product.id)
    turn.set(liked=(*liked, product.id))
    turn.say("liked", title=turn.gate.title(product))
    turn.card(product)
    turn.button("add", f"/add {product.id}")
