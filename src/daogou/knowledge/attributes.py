"""Questions that a product's own record answers: "is it waterproof?", 这个多重."""

import csv
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, cast

from daogou.knowledge.extracts import Extract
from daogou.knowledge.terms import is_asking_word, stem, terms
from daogou.text import Dimension, normalize, parse_sizes, tokenize
from daogou.types import Product

SHOWN_OTHERWISE: Final = frozenset({"emoji", "campaigns"})
"""Attributes that are for pages and reports, and answer nobody."""
_SIZES: Final = ("size", "sizes", "package size", "规格", "尺寸")
_SAYS_NOTHING: Final = frozenset(
    stem(word)
    for word in str.split(
        "product item exact exactly actual overall total product's come comes contain contains "
        "information detail details please currently available roughly about "
        "商品 产品 东西 款 件 这件 那件 那款 具体 到底 大概 大约 信息 属于 一共 总共 有多 多 含 "
        "包 瓶 盒 袋"
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that records may say, how shoppers ask for it, and its names in records.

    ``dimension`` is that of a size which answers too, where the record has no such name: a
    package of 16 oz says how heavy it is.
    """

    forms: tuple[str, ...]
    keys: frozenset[str]
    dimension: Dimension | None


@dataclass(frozen=True, slots=True)
class _Fact:
    """One field of a record with its values, and the words of the question that ask for it."""

    form: str
    field: str
    values: tuple[str, ...]


def attribute_answer(question: str, product: Product, language: str) -> Extract | None:
    """The attribute of a product that answers a question, or None.

    Every word of the question has to be accounted for: by how the attribute is asked for, by
    its name or value, or by the product's title. "How do I freeze this size?" does not
    ask for the size.
    """
    text = normalize(question)
    known = _words_of(product, language)
    best: _Fact | None = None
    for fact in _facts(text, product):
        longer = best is None or len(fact.form) > len(best.form)
        if longer and _accounts_for(text, fact, known):
            best = fact
    if best is None:
        return None
    told = ", ".join(best.values)
    return Extract(
        text=told,
        language=product.language,
        source="attribute",
        id=product.id,
        title=product.title_in(language),
        field=best.field,
        start=0,
        end=len(told),
        uri=product.uri,
    )


def _facts(text: str, product: Product) -> Iterator[_Fact]:
    """The fields that the question may be asking for."""
    fields = [
        (_plain(key), f"attributes.{key}", values)
        for key, values in product.attributes.items()
        if values and key not in SHOWN_OTHERWISE
    ]
    if product.brand:
        fields.insert(0, ("brand", "brands", (product.brand,)))
    for concept in asked_for():
        form = max((form for form in concept.forms if _has(text, form)), key=len, default=None)
        if form is None:
            continue
        named = [field for field in fields if field[0] in concept.keys]
        if not named and concept.dimension:
            named = [f for f in fields if f[0] in _SIZES and _measures(f[2], concept.dimension)]
        for _, field, values in named:
            yield _Fact(form, field, values)
    for key, field, values in fields:
        if _has(text, key):
            yield _Fact(key, field, values)
        for value in values:
            if len(value) > 2 and _has(text, normalize(value)):
                yield _Fact(normalize(value), field, values)


def _accounts_for(text: str, fact: _Fact, known: frozenset[str]) -> bool:
    """Whether nothing is left of the question but asking words and what the record is about."""
    left = tokenize(text.replace(fact.form, " ")) if text != fact.form else []
    said = known | {term for value in fact.values for term in terms(value)}
    said |= set(terms(fact.form))
    return all(
        stem(token) in said or stem(token) in _SAYS_NOTHING or (is_asking_word(token))
        for token in left
    )


def _words_of(product: Product, language: str) -> frozenset[str]:
    """The words that name the product."""
    kinds = (path.rpartition(" > ")[2] for path in product.categories_in(language))
    named = (product.title, product.title_in(language), product.brand or "", *kinds)
    return frozenset(term for text in named for term in terms(text))


def _measures(values: Sequence[str], dimension: Dimension) -> bool:
    return any(size.dimension == dimension for value in values for size in parse_sizes(value))


def _plain(key: str) -> str:
    return " ".join(normalize(key).replace("_", " ").replace("-", " ").split())


def _has(text: str, form: str) -> bool:
    """Whether a text has a form; a Latin one as whole words."""
    if form not in text:
        return False
    if not (form[0].isascii() or form[-1].isascii()):
        return True
    left = r"(?<![a-z0-9])" if form[0].isascii() else ""
    right = r"(?![a-z0-9])" if form[-1].isascii() else ""
    return re.search(f"{left}{re.escape(form)}{right}", text) is not None


@functools.cache
def asked_for() -> tuple[Asked, ...]:
    """The rows of ``data/attributes.tsv``."""
    table = files("daogou.knowledge").joinpath("data/attributes.tsv").read_text("utf-8")
    lines = [line for line in table.splitlines() if line and not line.startswith("#")]
    found = []
    for _, english, chinese, keys, dimension in list(csv.reader(lines, delimiter="\t"))[1:]:
        forms = tuple(normalize(form) for form in f"{english}|{chinese}".split("|"))
        names = frozenset(_plain(key) for key in keys.split("|"))
        found.append(Asked(forms, names, cast("Dimension", dimension) if dimension else None))
    return tuple(found)
