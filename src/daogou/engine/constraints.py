"""What was understood of a query, as filters over the catalogue and as words on a page."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np

from daogou.engine.catalogue import ATTRIBUTE, MONEY_FIELDS, Catalogue
from daogou.engine.columns import PATH_SEPARATOR
from daogou.engine.filters import AnyOf, Filter, InRange, Not, render_filter
from daogou.engine.matching import Bools, evaluate_filter
from daogou.engine.requests import Applied, Chip
from daogou.engine.saying import beside, money_text, number_text
from daogou.retrieval import LexicalRetriever
from daogou.text import tokenize
from daogou.understanding import Constraint

WORDS: Final = "text"
"""The field of a constraint on words that are no value of any field."""
FREE: Final = "free"
_SENTENCES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "range": "{low} to {high}",
        "high": "up to {high}",
        "low": "from {low}",
        "around": "around {middle}",
        "relative": "cheaper than {title} ({below})",
        "not": "not {value}",
        "discount": "on sale",
        "rating": "{low} stars and up",
        "IN_STOCK": "in stock",
    },
    "zh": {
        "range": "{low}–{high}",
        "high": "不超过 {high}",
        "low": "{low} 起",
        "around": "{middle} 左右",
        "relative": "比「{title}」便宜（{below}）",
        "not": "不要{value}",
        "discount": "打折",
        "rating": "{low} 星以上",
        "IN_STOCK": "有货",
    },
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A constraint, resolved in the shop of the moment.

    Attributes
    ----------
    constraint
        As understood; where it named another product's price, with that price.
    mask
        Which products meet it, bool [V].
    node
        The same as a filter; None for words, which a filter cannot say.
    hard
        Whether what does not meet it is left out; else what meets it moves up.
    """

    constraint: Constraint
    mask: Bools
    node: Filter | None
    hard: bool


def resolve(
    constraint: Constraint, catalogue: Catalogue, lexical: LexicalRetriever, sure: float
) -> Wish:
    """Look up which products meet a constraint.

    Parameters
    ----------
    sure
        From this confidence on a constraint is hard, unless it is a mere preference.
    """
    node = to_filter(constraint, catalogue)
    if node is not None:
        mask = evaluate_filter(node, catalogue)
    else:
        mask = ~having_words(constraint.values, lexical, len(catalogue))
    return Wish(constraint, mask, node, is_hard(constraint, sure))


def is_hard(constraint: Constraint, sure: float) -> bool:
    """Whether a constraint leaves products out."""
    return constraint.strength != "prefer" and constraint.confidence >= sure


def cheaper_than(constraint: Constraint, price: float) -> Constraint:
    """A constraint that named a product, once its price is known, in minor units."""
    return replace(constraint, high=price - 1)


def to_filter(constraint: Constraint, catalogue: Catalogue) -> Filter | None:
    """The constraint in the filter language; None for words."""
    field = constraint.field
    if field == WORDS:
        return None
    node: Filter
    if constraint.values:
        node = AnyOf(field, constraint.values)
    else:
        shift = catalogue.decimal_shift(field)
        low, high = (
            None if bound is None else Decimal(str(bound)).scaleb(-shift)
            for bound in (constraint.low, constraint.high)
        )
        node = InRange(field, low, high, high_inclusive=high is not None)
    return Not(node) if constraint.strength == "must-not" else node


def having_words(phrases: tuple[str, ...], lexical: LexicalRetriever, size: int) -> Bools:
    """Which of ``size`` rows have all words of one of the phrases.

    Who wants no sugar does want what is sugar-free: that has the words and does not count.
    """
    found = np.zeros(size, np.bool_)
    for phrase in phrases:
        tokens = tokenize(phrase)
        having = lexical.having(tokens)
        found[having[~np.isin(having, lexical.having([*tokens, FREE]))]] = True
    return found


def chip(wish: Wish, text: str, catalogue: Catalogue, language: str, applied: Applied) -> Chip:
    """A wish as a page shows it; ``text`` is what it was read out of."""
    constraint = wish.constraint
    return Chip(
        id=constraint.id,
        field=constraint.field,
        strength=constraint.strength,
        label=label(wish, text, catalogue, language),
        start=constraint.start,
        end=constraint.end,
        confidence=constraint.confidence,
        applied=applied,
        filter=render_filter(wish.node) if wish.node is not None else "",
        values=constraint.values,
        low=constraint.low,
        high=constraint.high,
    )


def label(wish: Wish, text: str, catalogue: Catalogue, language: str) -> str:
    """A wish in a few words of ``language``, or in those that were typed."""
    said = _SENTENCES["zh" if language == "zh" else "en"]
    constraint = wish.constraint
    if constraint.values:
        words = _values(constraint, text, catalogue, language)
    elif constraint.relative:
        below = _range(constraint, catalogue, said)
        words = said["relative"].format(title=constraint.relative, below=below)
    elif constraint.field == "discount":
        words = said["discount"]
    else:
        words = _range(constraint, catalogue, said)
    if constraint.strength == "must-not":
        return beside(said["not"], value=words)
    return words


def _values(constraint: Constraint, text: str, catalogue: Catalogue, language: str) -> str:
    if constraint.field == "availability":
        said = _SENTENCES["zh" if language == "zh" else "en"]
        return said.get(constraint.values[0], constraint.values[0])
    typed = text[constraint.start : constraint.end]
    postings = catalogue.texts.get(constraint.field)
    if postings is None:
        return typed or constraint.values[0]
    vocabulary = postings.vocabulary
    named = (vocabulary.find([value]) for value in constraint.values)
    names = (vocabulary.label(codes[0], language) for codes in named if codes)
    leaves = dict.fromkeys(name.rsplit(PATH_SEPARATOR, 1)[-1] for name in names)
    return next(iter(leaves)) if len(leaves) == 1 else typed or ", ".join(leaves)


def _range(constraint: Constraint, catalogue: Catalogue, said: dict[str, str]) -> str:
    def number(value: float | None) -> str:
        if value is None:
            return ""
        if constraint.field in MONEY_FIELDS:
            return money_text(value, catalogue.currency)
        return number_text(value)

    low, high = constraint.low, constraint.high
    if constraint.field == "rating" and low is not None:
        return said["rating"].format(low=number_text(low))
    if constraint.around and low is not None and high is not None:
        words = said["around"].format(middle=number((low + high) / 2))
    else:
        form = (
            "range" if low is not None and high is not None else "low" if high is None else "high"
        )
        words = said[form].format(low=number(low), high=number(high))
    if constraint.field.startswith(ATTRIBUTE):
        return f"{constraint.field.removeprefix(ATTRIBUTE)} {words}"
    return words
