"""Proves an answer: every fact again from the records, every number and claim from a fact.

It reads the catalogue of the test, and nothing of the assistant's own reading of it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from daogou.assistant import Assistant, Fact, Reply, State, ungrounded
from daogou.assistant.words import value_text
from daogou.engine import Engine, SearchRequest
from daogou.engine.saying import money_text, number_text
from daogou.text import normalize
from daogou.types import Product

NUMBER: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


def without_tokens(state: State) -> State:
    """A state without what every slate has of its own, and whether a language model was asked."""
    lists = tuple(replace(listing, recommendation_id="") for listing in state.lists)
    return replace(state, lists=lists, consulted=0)


def check(
    reply: Reply, products: Mapping[str, Product], engine: Engine, said: list[str]
) -> list[str]:
    """What is wrong with an answer; empty where every fact of it is proven.

    Parameters
    ----------
    said
        Everything that the shopper has said so far.
    """
    faults = []
    for fact in reply.facts:
        fault = _fault(fact, reply, products, engine, said)
        if fault:
            faults.append(f"{fact.kind} {fact.text!r}: {fault}")
    faults += [f"ungrounded {claim!r}" for claim in ungrounded(reply.text, reply.facts)]
    faults += _names(reply, products, said)
    faults += _cards(reply, products)
    faults += _table(reply, products)
    return faults


def _fault(
    fact: Fact,
    reply: Reply,
    products: Mapping[str, Product],
    engine: Engine,
    said: list[str],
) -> str | None:
    unknown = [i for i in fact.product_ids if i not in products]
    if unknown:
        return f"of {unknown}, which the shop does not have"
    told = [products[i] for i in fact.product_ids]
    if fact.kind == "title":
        titles = [p.title_in(reply.language) for p in told]
        return None if all(t in fact.text for t in titles) else f"the records say {titles}"
    if fact.kind == "price":
        return _price(fact, told[0])
    if fact.kind == "value":
        return _value(fact, told[0], reply.language)
    if fact.kind == "money":
        return _money(fact, products)
    if fact.kind == "count":
        return _count(fact, engine, reply)
    if fact.kind == "top":
        return _top(fact, told[0], products, engine, reply)
    if fact.kind in ("words", "wish"):
        return _of_shopper(fact, products, said)
    return None


def _price(fact: Fact, product: Product) -> str | None:
    money = product.original_price if fact.name == "originalPrice" else product.price
    if variant_id := fact.detail.get("variant"):
        variant = next(v for v in product.variants if v.id == variant_id)
        money = variant.price or money
    right = money_text(money.amount, money.currency) if money else ""
    return None if fact.text == right else f"the record says {right}"


def _value(fact: Fact, product: Product, language: str) -> str | None:
    if fact.name == "rating":
        right = {number_text(product.rating or 0)}
    elif fact.name == "ratingCount":
        right = {str(product.rating_count)}
    elif fact.name == "variants":
        out = fact.detail["raw"] == "True"
        names = [
            " / ".join(v.options.values())
            for v in product.variants
            if (v.availability == "OUT_OF_STOCK") == out
        ]
        right = {"、".join(names), ", ".join(names)}
    elif fact.name == "brand":
        right = {product.brand or ""}
    else:
        values = product.attributes[fact.name.removeprefix("attributes.")]
        right = {", ".join(values), "、".join(value_text(v, language) for v in values)}
        right.add(", ".join(value_text(v, language) for v in values))
    return None if fact.text in right else f"the record says {right}"


def _money(fact: Fact, products: Mapping[str, Product]) -> str | None:
    if fact.name == "difference":
        one, other = (products[i].price for i in fact.product_ids)
        amount = abs((one.amount if one else 0) - (other.amount if other else 0))
    else:
        amount = 0
        for product_id, variant_id, quantity in fact.detail["lines"]:
            product = products[product_id]
            variant = next((v for v in product.variants if v.id == variant_id), None)
            price = (variant.price if variant else None) or product.price
            amount += (price.amount if price else 0) * quantity
    if fact.name == "left":
        amount = max(fact.detail["total"] - amount, 0)
    right = money_text(amount, "USD")
    return None if fact.text == right else f"the prices come to {right}"


def _matching(fact: Fact, engine: Engine, reply: Reply) -> list[Product]:
    detail = fact.detail
    request = SearchRequest(
        detail["query"],
        page_size=1000,
        filter=detail["filter"],
        excluded_ids=tuple(detail["without"]),
        language=reply.language,
        strict=detail["strict"],
    )
    found = [item.product for item in engine.search(request).slate.items]
    for field, values in detail["options"]:
        found = [p for p in found if _in_stock(p, field.removeprefix("option."), values)]
    return found


def _in_stock(product: Product, option: str, values: list[str]) -> bool:
    return any(
        v.availability != "OUT_OF_STOCK" and v.options.get(option) in values
        for v in product.variants
    )


def _count(fact: Fact, engine: Engine, reply: Reply) -> str | None:
    group = fact.detail.get("group")
    right = len(group) if group else len(_matching(fact, engine, reply))
    return None if fact.text == str(right) else f"there are {right}"


def _top(
    fact: Fact, product: Product, products: Mapping[str, Product], engine: Engine, reply: Reply
) -> str | None:
    group = fact.detail.get("group")
    among = [products[i] for i in group] if group else _matching(fact, engine, reply)
    field, _, direction = fact.detail["orderBy"].partition(" ")
    values = [v for p in among if (v := _measure(p, field)) is not None]
    best = max(values) if direction == "desc" else min(values)
    return None if _measure(product, field) == best else f"{best} is"


def _measure(product: Product, field: str) -> float | None:
    if field == "price":
        return product.price.amount if product.price else None
    return product.rating if field == "rating" else None


def _of_shopper(fact: Fact, products: Mapping[str, Product], said: list[str]) -> str | None:
    """Numbers of a wish are the shopper's own, or the price of the product that it names."""
    heard = set(NUMBER.findall(normalize(" ".join(said))))
    heard |= {n for s in said for n in _spelled(s)}
    for product_id in fact.product_ids:
        price = products[product_id].price
        heard |= set(NUMBER.findall(money_text(price.amount, price.currency))) if price else set()
    text = re.sub(r"(?:^|[;；])\s*\d+\. ", " ", fact.text)  # the numbers of a list
    told = {value for n in heard if (value := _value_of(n)) is not None}
    near = told | {round(value * factor, 2) for value in told for factor in (0.8, 1.2)}
    for number in NUMBER.findall(text):
        plain = number.replace(",", "")
        if number not in heard and _value_of(number) not in near and not _offered(plain, said):
            return f"the shopper never said {number}"
    return None


def _value_of(number: str) -> float | None:
    try:
        return float(number.replace(",", ""))
    except ValueError:  # "1.2.3"
        return None


def _spelled(text: str) -> list[str]:
    from daogou.text.numerals import NUMERAL, read_numeral

    found = (read_numeral(m[0]) for m in re.finditer(NUMERAL, normalize(text)))
    return [number_text(float(n)) for n in found if n is not None]


def _offered(number: str, said: list[str]) -> bool:
    """Whether it is of a quick reply that was pressed: "/price 2000 4000" is in minor units."""
    pressed = [w for s in said if s.startswith("/price") for w in s.split()[1:] if w != "*"]
    return any(abs((_value_of(number) or 0) - int(w) / 100) < 0.02 for w in pressed)


def _names(reply: Reply, products: Mapping[str, Product], said: list[str]) -> list[str]:
    """Titles and brands in the text that no fact put there."""
    rest = reply.text
    for fact in sorted(reply.facts, key=lambda f: -len(f.text)):
        if fact.text:
            rest = rest.replace(fact.text, " ")
    heard = normalize(" ".join(said))
    faults = []
    for product in products.values():
        for name in (product.title, product.title_in("zh"), product.brand or ""):
            if name and name in rest and normalize(name) not in heard:
                faults += [f"names {name!r} without a fact"]
    return faults


def _cards(reply: Reply, products: Mapping[str, Product]) -> list[str]:
    faults = []
    for card in reply.products:
        product = products.get(card.id)
        if product is None:
            faults.append(f"shows {card.id}, which the shop does not have")
        elif (card.title, card.price, card.uri, card.availability) != (
            product.title_in(reply.language),
            product.price,
            product.uri,
            product.availability,
        ):
            faults.append(f"the card of {card.id} is not its record")
        if card.id in reply.state.rejected:
            faults.append(f"shows {card.id}, which was turned down")
    return faults


def _table(reply: Reply, products: Mapping[str, Product]) -> list[str]:
    if reply.comparison is None:
        return []
    faults = []
    for row in reply.comparison.rows:
        for product_id, value in zip(reply.comparison.product_ids, row.values, strict=True):
            if value and value not in _everything(products[product_id], reply.language):
                faults.append(f"the table says {value!r} of {product_id}")
    return faults


def _everything(product: Product, language: str) -> set[str]:
    told = {v for values in product.attributes.values() for v in values}
    told |= {value_text(v, language) for v in told}
    price = product.price
    sizes = [
        " / ".join(v.options.values()) for v in product.variants if v.availability != "OUT_OF_STOCK"
    ]
    stock = product.availability == "OUT_OF_STOCK"
    return told | {
        money_text(price.amount, price.currency) if price else "",
        number_text(product.rating or 0),
        product.brand or "",
        ", ".join(sizes),
        "、".join(sizes),
        *(("out of stock", "缺货") if stock else ("in stock", "有货")),
    }


def talk(
    assistant: Assistant, *messages: str, visitor: str | None = None, language: str = "en"
) -> Reply:
    """The answer to the last of several messages of a new conversation."""
    reply = assistant.begin(visitor, language)
    for message in messages:
        reply = assistant.say(reply.conversation_id, message)
    return reply
