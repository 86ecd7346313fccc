"""What a sentence asks of a product: the search's own reading, as goal and wishes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from daogou.assistant.rules import framed, spoken, totals, words_of
from daogou.assistant.state import OPTION, Wish
from daogou.assistant.words import ATTRIBUTE, field_name, kind_of
from daogou.engine import Chip, Engine, SearchRequest
from daogou.engine.filters import AnyOf, Filter, InRange, render_filter
from daogou.feeds.codec.money import minor_digits
from daogou.text import parse_garment_sizes, tokenize
from daogou.text.numerals import NUMERAL, read_numeral
from daogou.understanding import SURE, TEXT, left_over, split_words
from daogou.understanding.vocabulary import any_of

SUPERLATIVE: Final = 0.9
"""From this confidence on an order is asked for as such: "the dearest", and not "cheap"."""
_OTHER_CURRENCY: Final = 0.3
"""So sure is the parser of an amount in another currency than the shop's."""
_LIKELY: Final = 0.6
"""From this confidence on a colour, a material or a measure is meant, 棉 alone as well."""
_IN_SIZE: Final = re.compile(
    r"\bin (?P<size>\d\d(?:\.5)?|\d?x{0,4}[sl]|m)(?![\w%.]| ?(?:dollars|usd|days))"
)
_PREFERRED: Final = re.compile(r"\b(preferably|ideally|rather|if possible),? (?:in|with|from|of)\b")
_SIZE: Final = re.compile(
    r"(?:in )?(?:an? )?(?:size |尺码)?(?P<size>\d?x{0,4}[sl]|m)(?: ?[码号])?"
    r"(?: size)?(?: please|吧|的)?"
)
_COUNT: Final = re.compile(
    rf"(?P<n>{NUMERAL})(?: (?=[a-z]{{3,}})|(?:个|件|条|双|只|瓶|盒|包|份|台|部))"
)
"""How many of a thing are wanted: "3 mugs", 两双跑鞋."""
_NAMING: Final = frozenset(("color", "colour", "size", "wear", "颜色"))
"""Small words that may be a part of what a kind of thing is called."""
_NUMBER: Final = re.compile(NUMERAL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sentence asks for.

    Attributes
    ----------
    goal
        Words to look for, in the shopper's own form; empty for none.
    wishes
        What else it says of the product.
    total
        A budget for everything together, in minor units.
    order_by
        The order that is asked for.
    superlative
        Whether what comes first in it is asked for.
    begins, refines
        How the sentence begins: as a new search, or as one that goes on.
    names_kind
        Whether it names a category of the shop.
    foreign_money
        Whether it names an amount of another currency than the shop's.
    quantity
        How many are wanted, where that is said.
    unknown
        Words that no product has.
    """

    goal: str = ""
    wishes: tuple[Wish, ...] = ()
    total: int | None = None
    order_by: str = ""
    superlative: bool = False
    begins: bool = False
    refines: bool = False
    names_kind: bool = False
    foreign_money: bool = False
    quantity: int | None = None
    unknown: tuple[str, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing to look for in it."""
        return not (self.goal or self.wishes or self.order_by or self.total is not None)


def read(engine: Engine, text: str, language: str, currency: str | None) -> Wanted:
    """Read a sentence."""
    begins = framed("find").match(text)
    text = text[begins.end() :] if begins else text
    refines = None if begins else framed("refine").match(text)
    text = text[refines.end() :] if refines else text
    size = size_alone(text)
    if size is not None:
        wish = Wish(f"{OPTION}size", "must", (size,))
        return Wanted(wishes=(wish,), begins=bool(begins), refines=bool(refines))
    whole = totals().search(text)
    if whole:
        text = totals().sub(lambda m: "预算 " if "预算" in m[0] else " ", text)
    text = _PREFERRED.sub(r"\1", text)
    count = _COUNT.match(text) if begins else None
    text = text[count.end() :] if count else text
    reading = engine.understand(text, language)
    understood = reading.understanding
    if understood is None:
        return Wanted(begins=bool(begins), refines=bool(refines))
    spans = list(understood.set_aside)
    wishes: list[Wish] = []
    total = None
    bare = not words_of(reading.words)
    for chip in reading.chips:
        read_as, taken = _wish(chip, text, sure=bare)
        if read_as is None:
            continue
        spans += taken
        than = next(
            (c.relative for c in understood.constraints if c.id == chip.id and c.relative), None
        )
        wishes.append(_relative(engine, read_as, than, language) if than else read_as)
    foreign = False
    prices = [c for c in understood.constraints if c.field == "price" and c.confidence < SURE]
    told = left_over(understood.text, [*spans, *((c.start, c.end) for c in prices)])
    lone = not words_of(told)
    for constraint in prices:
        span = (constraint.start, constraint.end)
        if constraint.confidence <= _OTHER_CURRENCY:
            foreign = True
            spans.append(span)
        elif lone and not bare and not whole:
            spans.append(span)  # 150左右的: there is nothing else that it could be about
            wishes.append(price_wish(constraint.low, constraint.high, currency))
        elif constraint.low is None and constraint.high is not None and not bare:
            spans.append(span)  # "shirt 50 or less": a model in a search, a budget in a talk
            wishes.append(price_wish(None, constraint.high, currency))
    if whole:
        limit = next((c for c in understood.constraints if c.field == "price" and c.high), None)
        if limit is not None and limit.high is not None:
            around = limit.around and limit.low is not None
            total = round(((limit.low or 0) + limit.high) / 2 if around else limit.high)
            wishes = [w for w in wishes if w.field != "price"]
            spans.append((limit.start, limit.end))
    for told_size, span in _sizes(text, wishes):
        wishes.append(told_size)
        spans.append(span)
    left = left_over(understood.text, spans)
    refused = {t for w in wishes if w.field == TEXT for t in tokenize(" ".join(w.values))}
    kinds = " ".join(text[c.start : c.end] for c in reading.chips if c.field == "categories")
    # "Hair color" is a kind of thing, and no wish about a colour.
    named = _NAMING.intersection(split_words(kinds))
    words = [w for w in split_words(left) if w in named or words_of(w)]
    words = [w for w in words if not refused or not set(tokenize(w)) <= refused]
    sort = understood.sort
    return Wanted(
        goal=spoken(words, left),
        wishes=tuple(wishes),
        total=total,
        order_by=reading.order_by,
        superlative=bool(sort and sort.confidence >= SUPERLATIVE),
        begins=bool(begins),
        refines=bool(refines),
        names_kind=any(chip.field == "categories" for chip in reading.chips),
        foreign_money=foreign,
        quantity=_whole(count["n"]) if count else None,
        unknown=tuple(word for word in reading.unknown if word in words),
    )


def _wish(chip: Chip, text: str, *, sure: bool) -> tuple[Wish | None, list[tuple[int, int]]]:
    """A chip as a wish, with the places that say it; None for what is a mere guess."""
    span = (chip.start, chip.end)
    if chip.field == "categories":
        return None, []
    strength = "must"
    if chip.strength == "must-not":
        strength = "must-not"
    elif chip.strength == "prefer":
        strength = "prefer"
    told = [span]
    if chip.confidence < SURE and strength == "must":
        key = _key_beside(chip, text)
        if key is not None:
            told.append(key)
        elif not (sure and chip.field == "price") and not _is_likely(chip):
            return None, []
    wish = Wish(
        field=chip.field,
        strength="must" if strength == "must" else "prefer" if strength == "prefer" else "must-not",
        values=chip.values if chip.field != TEXT else chip.values[:1],
        low=chip.low,
        high=chip.high,
        filter=chip.filter,
    )
    return wish, told


def _is_likely(chip: Chip) -> bool:
    if not chip.field.startswith(ATTRIBUTE) or chip.confidence < _LIKELY:
        return False
    measured = any(c.isdigit() for value in chip.values for c in value)
    return measured or kind_of(chip.field.removeprefix(ATTRIBUTE)) in ("color", "material")


def _key_beside(chip: Chip, text: str) -> tuple[int, int] | None:
    """Where the attribute is named beside its value: the sleeve of "long sleeve"."""
    if not chip.field.startswith(ATTRIBUTE):
        return None
    key = chip.field.removeprefix(ATTRIBUTE)
    names = any_of({key.replace("_", " "), f"{key}s", field_name(key, "en"), field_name(key, "zh")})
    for match in re.finditer(names, text):
        if match.start() - chip.end in (0, 1) or chip.start - match.end() in (0, 1):
            return match.span()
    return None


def _relative(engine: Engine, wish: Wish, words: str, language: str) -> Wish:
    """A price below another product's, with that product."""
    found = engine.search(SearchRequest(words, page_size=5, language=language))
    for item in found.slate.items:
        price = item.product.price
        if price and wish.high is not None and price.amount == int(wish.high) + 1:
            return replace(wish, than=item.product.id)
    return wish


def _sizes(text: str, wishes: Iterable[Wish]) -> Iterator[tuple[Wish, tuple[int, int]]]:
    """Sizes that are no attribute of the catalogue: options of variants."""
    if any(kind_of(w.field.removeprefix(ATTRIBUTE)) == "size" for w in wishes):
        return
    for size in parse_garment_sizes(text):
        yield Wish(f"{OPTION}size", "must", (size.value.upper(),)), (size.start, size.end)
        return
    match = _IN_SIZE.search(text)
    if match:
        yield Wish(f"{OPTION}size", "must", (match["size"].upper(),)), match.span()


def size_alone(text: str) -> str | None:
    """The size of a sentence that says a size of clothes and nothing else; else None.

    A number alone may be anything, and is none.
    """
    words = words_of(text)
    match = _SIZE.fullmatch(text) or (_SIZE.fullmatch(words[0]) if len(words) == 1 else None)
    return match["size"].upper() if match else None


def _whole(text: str) -> int | None:
    number = read_numeral(text)
    return int(number) if number is not None and number == int(number) and number >= 1 else None


def whole_number(text: str) -> int | None:
    """The number that a sentence is, but for small words; None where it says more."""
    words = words_of(text)
    return _whole(words[0]) if len(words) == 1 else None


def amount_in(text: str, currency: str | None) -> int | None:
    """The first number of a sentence as an amount of the shop's currency."""
    match = _NUMBER.search(text)
    number = read_numeral(match[0]) if match else None
    return None if number is None else int(number.scaleb(minor_digits(currency or "USD")))


def filter_of(field: str, values: tuple[str, ...]) -> str:
    """A filter on values."""
    return render_filter(AnyOf(field, values))


def price_filter(low: float | None, high: float | None, currency: str | None) -> str:
    """A filter on prices in minor units, both ends included."""
    shift = minor_digits(currency) if currency else 0
    ends = [None if b is None else Decimal(int(b)).scaleb(-shift) for b in (low, high)]
    node: Filter = InRange("price", ends[0], ends[1], high_inclusive=ends[1] is not None)
    return render_filter(node)


def price_wish(low: float | None, high: float | None, currency: str | None) -> Wish:
    """A wish about the price of one item."""
    return Wish("price", "must", low=low, high=high, filter=price_filter(low, high, currency))
