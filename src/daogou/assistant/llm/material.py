"""What a language model may speak of in a turn: slots that stand for facts, words of records."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from daogou.assistant.gate import Fact, Said
from daogou.assistant.looking import variant_names
from daogou.assistant.rules import load
from daogou.assistant.turn import Turn
from daogou.assistant.words import ATTRIBUTE, field_name, listed, value_text
from daogou.text import normalize, singular, tokenize
from daogou.text.normal import HAN
from daogou.types import Product

MOST_ATTRIBUTES: Final = 6
MOST_PRODUCTS: Final = 9
_KEY: Final = re.compile(r"[a-z0-9_]{1,24}")
WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
HAN_RUN: Final = re.compile(f"[{HAN}]+")


@dataclass(frozen=True, slots=True)
class Slot:
    """A fact under a name: ``{p1.price}``.

    Attributes
    ----------
    product_id
        Whose it is; None for a fact of no product.
    """

    key: str
    fact: Fact
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """All that may be spoken of.

    Attributes
    ----------
    slots
        By their keys.
    products
        In the order of their numbers: the first is ``p1``.
    words
        The words of each product's record, by its id.
    shown
        Ids of the products that the answer shows; of all, where it shows none.
    """

    slots: Mapping[str, Slot]
    products: tuple[Product, ...]
    words: Mapping[str, frozenset[str]]
    shown: tuple[str, ...]

    def slot_of(self, fact: Fact) -> str | None:
        """The key of a fact; None where it has none."""
        for key, slot in self.slots.items():
            told = slot.fact
            if (told.kind, told.text, told.product_ids) == (fact.kind, fact.text, fact.product_ids):
                return key
        return None


def gather(turn: Turn, product_ids: Iterable[str], lines: Sequence[Said]) -> Material:
    """The material of a turn: products by their ids, and the facts of lines."""
    products = tuple(turn.gate.products(product_ids)[:MOST_PRODUCTS])
    slots: dict[str, Slot] = {}
    for n, product in enumerate(products, 1):
        for name, fact in _facts(turn, product):
            slots[f"p{n}.{name}"] = Slot(f"p{n}.{name}", fact, product.id)
    cards = tuple(card.id for card in turn.cards)
    material = Material(
        slots,
        products,
        {p.id: record_words(p) for p in products},
        cards or tuple(p.id for p in products),
    )
    own = len(slots)
    for line in lines:
        for fact in line.facts:
            if fact.text and material.slot_of(fact) is None:
                key = f"f{len(slots) - own + 1}"
                slots[key] = Slot(key, fact, next(iter(fact.product_ids), None))
    return material


def _facts(turn: Turn, product: Product) -> Iterable[tuple[str, Fact]]:
    gate = turn.gate
    yield "title", gate.title(product)
    if product.price is not None:
        yield "price", gate.price(product)
    if product.rating is not None:
        yield "rating", gate.rating(product)
    if product.brand:
        yield "brand", gate.value(product, "brand", product.brand, product.brand)
    names = variant_names(product, out=False)
    if names:
        told = listed(names, turn.language)
        yield "options", gate.value(product, "variants", told, "False")
    for n, (key, values) in enumerate(list(product.attributes.items())[:MOST_ATTRIBUTES], 1):
        told = listed([value_text(v, turn.language) for v in values], turn.language)
        name = key.lower().replace(" ", "_")
        safe = name if _KEY.fullmatch(name) else f"attribute{n}"
        yield safe, gate.value(product, f"{ATTRIBUTE}{key}", told, " ".join(values))


def record_words(product: Product) -> frozenset[str]:
    """What a product's record calls it, but for its prose: that may say anything."""
    texts = [product.title, product.title_in("zh"), *product.categories]
    for local in product.localized.values():
        texts += [local.title or "", *(local.categories or ())]
    for key, values in product.attributes.items():
        texts += [key, *values]
        for language in ("en", "zh"):
            texts += [field_name(key, language), *(value_text(v, language) for v in values)]
    never = words_of_list("never", "en") | words_of_list("never", "zh")
    found: set[str] = set()
    for text in texts:
        plain = normalize(text)
        found |= {singular(word) for word in WORD.findall(plain)}
        for run in HAN_RUN.findall(plain):
            found |= _parts(run)
    return frozenset(word for word in found if word not in never)


def _parts(run: str) -> set[str]:
    """A run of Chinese and its words of two characters and more."""
    return {run, *(token for token in tokenize(run) if len(token) > 1)}


@functools.cache
def words_of_list(name: str, language: str) -> frozenset[str]:
    """A list of ``data/plain.toml``."""
    return frozenset(load("plain.toml")[name][language].split())
