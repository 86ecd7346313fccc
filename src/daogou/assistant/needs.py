"""Needs that take several products: each part searched, the total kept within the budget."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from daogou.assistant.carting import items_fact
from daogou.assistant.gate import total_of
from daogou.assistant.looking import left_of_total, look
from daogou.assistant.reading import read
from daogou.assistant.rules import load
from daogou.assistant.state import CartLine, Pending, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.words import label, listed, speech
from daogou.text import normalize, read_numeral, singular, tokenize
from daogou.text.numerals import NUMERAL
from daogou.types import Product
from daogou.understanding.vocabulary import any_of

_PEOPLE: Final = re.compile(
    rf"for (?P<n>{NUMERAL})(?: people| persons?| of us| adults| friends)?(?![\w$])"
    rf"|(?P<zh>{NUMERAL}) ?(?:个人|人份|人|位)"
)
_ASIDE: Final = re.compile(r" *[,;:|/(（，、]| (?:from|with|in|for|of|by|without) ")
"""Where a title goes on to what its product comes from, with or in."""
MOST_PEOPLE: Final = 50
CHOICES: Final = 6
"""So many products of a part are looked at, to find one that the budget still buys."""


@dataclass(frozen=True, slots=True)
class Part:
    """A product in a bundle, how many of it, and the words that it answers."""

    product: Product
    quantity: int
    words: str


@functools.cache
def _needs() -> tuple[tuple[re.Pattern[str], Mapping[str, Any]], ...]:
    rows = load("needs.toml")["need"]
    return tuple(
        (re.compile("|".join([any_of(row["names"]), *row.get("triggers", ())])), row)
        for row in rows
    )


def need_in(text: str) -> Mapping[str, Any] | None:
    """The need that a sentence speaks of."""
    return next((row for pattern, row in _needs() if pattern.search(text)), None)


def people_in(text: str) -> int:
    """For how many it is to be; one where that is not said."""
    match = _PEOPLE.search(text)
    number = read_numeral(match["n"] or match["zh"]) if match else None
    return min(max(int(number), 1), MOST_PEOPLE) if number is not None else 1


def bundle(turn: Turn, act: Act, need: Mapping[str, Any]) -> None:
    """Put a bundle together and offer it as a whole."""
    language = speech(turn.language)
    people = people_in(act.text)
    text = _PEOPLE.sub(" ", act.text)
    wanted = read(turn.engine, text, turn.language, turn.gate.currency)
    price = next((w for w in wanted.wishes if w.field == "price" and w.high is not None), None)
    budget = wanted.total
    if budget is None and price is not None and price.high is not None:
        budget = int(price.high)  # a price said of a bundle is that of all of it, and of it alone
    if wanted.total is not None:
        turn.set(total=wanted.total)
    for wish in wanted.wishes:
        if wish.strength == "must-not":
            turn.state = turn.state.wishing(wish)
    left = left_of_total(turn.state, turn) if budget is None else budget
    parts, missing, out = _fill(turn, need["parts"], people, left, language)
    name = turn.gate.words(need["title"][language])
    if not parts:
        turn.say("bundle_none", need=name)
        return
    lines = [(part.product, None, part.quantity) for part in parts]
    turn.say("bundle", need=name, items=items_fact(turn, lines), sum=turn.gate.sum(lines))
    limit = turn.state.total if budget is None else budget
    if limit is not None:
        turn.say("bundle_within", total=turn.gate.money(limit))
    if out:
        turn.say("bundle_left", items=turn.gate.words(listed(out, turn.language)))
    if missing:
        turn.say("bundle_missing", words=turn.gate.words(listed(missing, turn.language)))
    for part in parts:
        turn.card(part.product, label("why_part", turn.language, goal=part.words))
    turn.state = turn.state.seeing(tuple(part.product.id for part in parts))
    ready = [p for p in parts if not p.product.variants]
    sized = [(p.product, None, 1) for p in parts if p.product.variants]
    turn.set(goal="", focused=(), pending=None)
    if sized:
        turn.say("bundle_sizes", items=items_fact(turn, sized))
        for product, _, _ in sized:
            turn.offer(product.title_in(turn.language), f"/show {product.id}")
    elif ready:
        lines_of_cart = tuple(CartLine(p.product.id, None, p.quantity) for p in ready)
        turn.set(pending=Pending("add", lines_of_cart))
        turn.button("add_all", "/yes")
        turn.button("no", "/no")


def _fill(
    turn: Turn, rows: Sequence[Mapping[str, Any]], people: int, left: int | None, language: str
) -> tuple[list[Part], list[str], list[str]]:
    """The parts that the budget buys, what was not found, and what was left out."""
    chosen: list[Part] = []
    missing: list[str] = []
    out: list[str] = []
    refused = turn.state.must_not
    for row in rows:
        words, products = _called(turn, row[language], refused)
        if not products:
            missing.append(words)
            continue
        quantity = ceil(people / row["serves"]) if row["serves"] else 1
        spent = total_of([(p.product, None, p.quantity) for p in chosen])
        fits = [
            p
            for p in products
            if left is None or spent + (p.price.amount if p.price else 0) * quantity <= left
        ]
        if fits:
            chosen.append(Part(fits[0], quantity, words))
        else:
            out.append(words)
    return chosen, missing, out


def _called(
    turn: Turn, names: Sequence[str], refused: tuple[Wish, ...]
) -> tuple[str, list[Product]]:
    """What is in stock under the first of the names that titles have, with that name.

    What a name calls comes first: of "salad" a salad, and only then fruit from the salad bar. A
    name that is in no title is passed over; where all are, what the first one finds counts.
    """
    second: tuple[str, list[Product]] = (names[0], [])
    for name in names:
        found = look(turn, name, refused)
        products = [
            item.product
            for item in found.items
            if item.product.price and item.product.availability != "OUT_OF_STOCK"
        ]
        if not products or found.partial:
            continue
        likeness = {product.id: naming(product, name) for product in products}
        products.sort(key=lambda product: -likeness[product.id])
        if likeness[products[0].id]:
            return name, products[:CHOICES]
        if not second[1]:
            second = name, products[:CHOICES]
    return second


def naming(product: Product, name: str) -> int:
    """How much a name is that of a product: 2 is what it is, 1 is in its title, 0 is neither.

    A title tells what a product is in the last words before it says how much of it there is, and
    from where: "Vegetable salad, deli" is a salad, "Salad dressing" is none.
    """
    words = _words(name)
    best = 0
    for language in ("en", "zh"):
        title = product.title_in(language)
        told = _words(_ASIDE.split(normalize(title), maxsplit=1)[0])
        if words and told[-len(words) :] == words:
            return 2
        if words and set(words) <= set(_words(title)):
            best = 1
    return best


def _words(text: str) -> list[str]:
    """Words in the singular, without sizes."""
    found = (singular(token) for token in tokenize(text))
    return [word for word in found if not any(map(str.isdigit, word))]
