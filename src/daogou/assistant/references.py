"""What a shopper points at: "the second one", "the cheaper of the two", 那款蓝色的, 上一个."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from daogou.assistant.gate import Gate
from daogou.assistant.rules import load, words_of
from daogou.assistant.state import State
from daogou.assistant.words import value_text
from daogou.text import read_numeral, tokenize
from daogou.types import Product

_TABLE: Final = load("references.toml")
ORDINALS: Final[list[str]] = _TABLE["ordinals"]["en"]


@functools.cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_TABLE["patterns"][name])


@dataclass(frozen=True, slots=True)
class Pointed:
    """What was pointed at.

    Attributes
    ----------
    ids
        The products; more than one where several were meant, or where it is not clear.
    spans
        Where the sentence says it.
    several
        Whether more than one was meant.
    missing
        Whether it points at a place of the list that there is not.
    order_by
        Of "the cheaper of the two": what it compared by.
    vague
        Whether it describes a product ("the blue one") and none that was shown is so.
    """

    ids: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    several: bool = False
    missing: bool = False
    order_by: str = ""
    vague: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids) or self.missing

    @property
    def one(self) -> str | None:
        """The product, where it is clear which."""
        return self.ids[0] if len(self.ids) == 1 else None


NOTHING: Final = Pointed()
_RECENT: Final = 12
"""So many of the products seen before are looked at, too, where a list has no such one."""


@dataclass(frozen=True, slots=True)
class _Context:
    text: str
    state: State
    gate: Gate
    products: list[Product] = field(default_factory=list)


def point(text: str, state: State, gate: Gate) -> Pointed:
    """Find what a sentence points at, the most particular way of pointing first."""
    among = (*state.shown, *state.group, *(line.product_id for line in state.cart))
    if not among and not state.focused:
        return NOTHING
    context = _Context(text, state, gate)
    for way in _WAYS:
        found = way(context)
        if found or found.vague:
            return found
    return NOTHING


def _several(context: _Context) -> Pointed:
    match = _pattern("several").search(context.text)
    if not match:
        return NOTHING
    n = _number(match["n"] or match["n_zh"])
    return Pointed(context.state.shown[:n], (match.span(),), several=True)


def _pair(context: _Context) -> Pointed:
    match = _pattern("pair").search(context.text)
    if not match or not context.state.shown:
        return NOTHING
    places = [_number(match["a"]), _number(match["b"])]
    if max(places) > len(context.state.shown) or min(places) < 1:
        return NOTHING
    ids = tuple(context.state.shown[n - 1] for n in places)
    return Pointed(ids, (match.span(),), several=True)


def _ordinals(context: _Context) -> Pointed:
    shown = context.state.shown or tuple(line.product_id for line in context.state.cart)
    ids, spans, missing = [], [], False
    for match in _pattern("ordinal").finditer(context.text):
        place = _place(match, len(shown))
        if place is None or not shown:
            continue
        spans.append(match.span())
        if 1 <= place <= len(shown):
            ids.append(shown[place - 1])
        else:
            missing = True
    return Pointed(tuple(dict.fromkeys(ids)), tuple(spans), len(ids) > 1, missing and not ids)


def _place(match: re.Match[str], size: int) -> int | None:
    if match["word"]:
        return size if match["word"] == "last" else ORDINALS.index(match["word"]) + 1
    if match["last"]:
        return size
    told = match["digit"] or match["number"] or match["zh"]
    number = read_numeral(told)
    return None if number is None else int(number)


def _compared(context: _Context) -> Pointed:
    match = _pattern("compared_group").search(context.text)
    match = match or _pattern("compared").search(context.text)
    group = context.state.group
    if not match or len(group) < 2:
        return NOTHING
    order = next(key for key, words in _TABLE["orders"].items() if match["which"] in words)
    products = context.gate.products(group)
    by_rating = order.startswith("rating")
    values = {
        p.id: (p.rating if by_rating else p.price.amount if p.price else None) for p in products
    }
    told = {i: v for i, v in values.items() if v is not None}
    if not told:
        return NOTHING
    best = max(told.values()) if order.endswith("desc") else min(told.values())
    ids = tuple(i for i in group if told.get(i) == best)
    return Pointed(ids[:1], (match.span(),), order_by=order)


def _previous(context: _Context) -> Pointed:
    match = _pattern("previous").search(context.text)
    if not match or not context.state.focused:
        return NOTHING
    return Pointed((context.state.focused[-2:][0],), (match.span(),))


def _described(context: _Context) -> Pointed:
    """The blue one, 那款蓝色的: by what the records of the shown products say."""
    match = _pattern("described").search(context.text)
    if not match:
        return NOTHING
    said = match["en"] or match["zh_after"] or match["zh_before"]
    if not words_of(said):
        return NOTHING
    found = _saying(context, said)
    return Pointed(found, (match.span(),)) if found else Pointed(vague=True)


def _group(context: _Context) -> Pointed:
    match = _pattern("group").search(context.text)
    group = context.state.group
    # 加两个 says how many, where there are not just two.
    if not match or len(group) < 2 or (match["pair"] and len(group) > 2):
        return NOTHING
    return Pointed(group, (match.span(),), several=True)


def _it(context: _Context) -> Pointed:
    match = _pattern("it").search(context.text)
    if not match:
        return NOTHING
    state = context.state
    ids = (state.focus,) if state.focus else state.shown
    return Pointed(ids, (match.span(),))


_WAYS: Final[tuple[Callable[[_Context], Pointed], ...]] = (
    _several,
    _ordinals,
    _pair,
    _compared,
    _previous,
    _described,
    _group,
    _it,
)


def named(text: str, state: State, gate: Gate) -> tuple[str, ...]:
    """The shown products, or those in the cart, that have all words of a sentence."""
    words = words_of(text)
    if not words:
        return ()
    context = _Context(text, state, gate)
    return _saying(context, " ".join(words))


def _saying(context: _Context, said: str) -> tuple[str, ...]:
    state = context.state
    cart = tuple(line.product_id for line in state.cart)
    wanted = set(tokenize(" ".join(words_of(said))))
    if not wanted:
        return ()
    for among in (state.group, state.shown, cart, state.focused, state.seen[-_RECENT:]):
        products = context.gate.products(among)
        ids = tuple(p.id for p in products if wanted <= _tokens(p))
        if ids:
            return ids
    return ()


def _tokens(product: Product) -> set[str]:
    """Every word of a record that a shopper may call the product by, in both languages."""
    values = [v for told in product.attributes.values() for v in told]
    texts: Sequence[str] = (
        product.title,
        product.brand or "",
        *(text.title or "" for text in product.localized.values()),
        *product.categories,
        *product.categories_in("zh"),
        *values,
        *(value_text(v, language) for v in values for language in ("en", "zh")),
    )
    return set(tokenize(" ".join(texts)))


def _number(said: str) -> int:
    if said.isdigit():
        return int(said)
    number = read_numeral(said)
    return 0 if number is None else int(number)
