"""The gate: whatever an answer tells of a product comes through here, out of its record.

A sentence is a template and facts; a fact knows the record that it was read from. So every
answer can be checked again: what is not of a template is of a fact, and a fact is of a record or
of the shopper's own words. :func:`ungrounded` does that for any text, whoever wrote it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from daogou.engine.saying import money_text, number_text
from daogou.store import Store
from daogou.text import normalize
from daogou.types import Money, Product, Variant

Kind = Literal[
    "title",      # a product's
    "price",      # of a product or one of its variants
    "value",      # of an attribute, an option, the brand or the rating
    "money",      # computed of prices: a sum, a difference, what is left of a budget
    "count",      # of what a search found
    "top",        # the title of what comes first in an order over all that matches
    "words",      # the shopper's own
    "wish",       # a wish of the shopper, in words
    "quote",      # of a source
    "setting",    # of the shop's settings
]  # fmt: skip
_NUMBER: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
SUPERLATIVES: Final = re.compile(
    r"\b(?:cheapest|dearest|priciest|best|worst|lowest|highest|largest|smallest|newest)\b"
    r"|最(?!好(?:是|不)|后|近|接近)|唯一"
)
"""Words that claim something about all products."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is told, and what it rests on.

    Attributes
    ----------
    text
        As it is said.
    product_ids
        The products whose records it was read from.
    name
        Of the record: ``"price"``, ``"attributes.color"``.
    detail
        What is needed to compute it again, such as the search that was counted.
    """

    kind: Kind
    text: str
    product_ids: tuple[str, ...] = ()
    name: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, the facts in it, and the key of its template."""

    text: str
    facts: tuple[Fact, ...] = ()
    key: str = ""


class Gate:
    """Reads facts out of records, for one turn.

    Parameters
    ----------
    language
        In which titles are told.
    currency
        The shop's.
    """

    def __init__(self, store: Store, language: str, currency: str | None) -> None:
        self._store = store
        self.language = language
        self.currency = currency
        self._records: dict[str, Product | None] = {}

    def keep(self, products: Iterable[Product]) -> None:
        """Remember records that were read already."""
        self._records.update((product.id, product) for product in products)

    def products(self, ids: Iterable[str]) -> list[Product]:
        """The records that there still are, in the order of ``ids``."""
        wanted = list(dict.fromkeys(ids))
        missing = [i for i in wanted if i not in self._records]
        if missing:
            found = self._store.products(missing)
            self._records.update((i, found.get(i)) for i in missing)
        return [record for i in wanted if (record := self._records[i]) is not None]

    def product(self, product_id: str | None) -> Product | None:
        """A record, None where it is gone."""
        return next(iter(self.products([product_id])), None) if product_id else None

    def title(self, product: Product) -> Fact:
        """What it is called."""
        return Fact("title", product.title_in(self.language), (product.id,), "title")

    def price(self, product: Product, variant: Variant | None = None) -> Fact:
        """What it costs; empty where its record has no price."""
        money = price_of(product, variant)
        text = money_text(money.amount, money.currency) if money else ""
        detail = {"variant": variant.id} if variant else {}
        return Fact("price", text, (product.id,), "price", detail)

    def value(self, product: Product, name: str, text: str, raw: str) -> Fact:
        """A value of its record, ``raw``, as it is said, ``text``."""
        return Fact("value", text, (product.id,), name, {"raw": raw})

    def rating(self, product: Product) -> Fact:
        """Its mean rating."""
        return Fact("value", number_text(product.rating or 0), (product.id,), "rating")

    def sum(self, lines: Sequence[tuple[Product, Variant | None, int]]) -> Fact:
        """What several cost together."""
        amount = total_of(lines)
        parts = [[p.id, v.id if v else None, n] for p, v, n in lines]
        ids = tuple(dict.fromkeys(p.id for p, _, _ in lines))
        text = money_text(amount, self.currency)
        return Fact("money", text, ids, "sum", {"lines": parts})

    def left(self, total: int, lines: Sequence[tuple[Product, Variant | None, int]]) -> Fact:
        """What the cart leaves of a budget for everything; nothing where it is over it."""
        parts = [[p.id, v.id if v else None, n] for p, v, n in lines]
        text = money_text(max(total - total_of(lines), 0), self.currency)
        ids = tuple(dict.fromkeys(p.id for p, _, _ in lines))
        return Fact("money", text, ids, "left", {"lines": parts, "total": total})

    def difference(self, one: Product, other: Product) -> Fact:
        """By how much their prices differ."""
        prices = [p.price.amount if p.price else 0 for p in (one, other)]
        text = money_text(abs(prices[0] - prices[1]), self.currency)
        return Fact("money", text, (one.id, other.id), "difference")

    def count(self, number: int, detail: Mapping[str, Any]) -> Fact:
        """How many a search found."""
        return Fact("count", str(number), detail=detail)

    def top(self, product: Product, detail: Mapping[str, Any]) -> Fact:
        """What comes first in an order over all that a search found."""
        return Fact("top", product.title_in(self.language), (product.id,), "title", detail)

    def money(self, amount: int) -> Fact:
        """An amount that the shopper named."""
        return Fact("wish", money_text(amount, self.currency), (), "budget")

    @staticmethod
    def words(text: str) -> Fact:
        """The shopper's own words."""
        return Fact("words", text)

    @staticmethod
    def wish(text: str, product_ids: tuple[str, ...] = ()) -> Fact:
        """A wish of the shopper; of a bound that is a product's price, with that product."""
        return Fact("wish", text, product_ids)

    @staticmethod
    def setting(text: str) -> Fact:
        """What the merchant has set."""
        return Fact("setting", text)

    @staticmethod
    def quote(text: str, source: str) -> Fact:
        """An extract of a source."""
        return Fact("quote", text, detail={"source": source})


def price_of(product: Product, variant: Variant | None = None) -> Money | None:
    """The price of a product, or of a variant that has one of its own."""
    return (variant.price if variant else None) or product.price


def total_of(lines: Sequence[tuple[Product, Variant | None, int]]) -> int:
    """What several cost together, in minor units; what has no price counts nothing."""
    prices = ((price_of(p, v), n) for p, v, n in lines)
    return sum(money.amount * n for money, n in prices if money)


def ungrounded(text: str, facts: Iterable[Fact], said: str = "") -> list[str]:
    """What a text claims and no fact backs: numbers, and words that compare with everything.

    Parameters
    ----------
    said
        What the shopper wrote, whose numbers and words may be repeated.
    """
    facts = list(facts)
    backed = normalize(" ".join([said, *(fact.text for fact in facts)]))
    numbers = set(_NUMBER.findall(backed))
    found = [n for n in _NUMBER.findall(normalize(text)) if n not in numbers]
    if not any(fact.kind in ("top", "quote") for fact in facts):
        claimed = SUPERLATIVES.findall(normalize(text))
        found += [word for word in claimed if word not in backed]
    return found
