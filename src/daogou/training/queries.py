"""Known-item queries derived from product text, for a shop that has no query log.

A visitor who bought "Carbonated soft drink, 2 L bottle" may have typed "soft
drink". Such queries are not shoppers' own words, and reports say that they are
derived. The method is that of simulated known-item topics (Azzopardi, de Rijke
and Balog, 2007): draw a document, then a few of its words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from daogou.features import Basket
from daogou.text import tokenize

_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class DerivedQuery:
    """A query, and the basket and item that it was derived from."""

    basket: Basket
    item: int
    text: str
    language: str
    tokens: tuple[str, ...]


def derive_queries(
    baskets: Sequence[Basket],
    titles: Mapping[str, Sequence[str]],
    count: int,
    seed: int,
) -> list[DerivedQuery]:
    """Draw ``count`` queries, each from one product of one basket.

    Parameters
    ----------
    titles
        Language to the titles of all items, in item order; an empty title gives no query.

    Returns
    -------
    list
        At most ``count``: a title without a word gives none.
    """
    rng = np.random.default_rng(seed)
    if not baskets or not titles:
        return []
    languages = sorted(titles)
    queries = []
    for row in rng.integers(len(baskets), size=count):
        basket = baskets[int(row)]
        item = int(rng.choice(basket.items))
        language = languages[int(rng.integers(len(languages)))]
        text = _some_words(titles[language][item], language, rng)
        if tokens := tuple(tokenize(text)):
            queries.append(DerivedQuery(basket, item, text, language, tokens))
    return queries


def _some_words(title: str, language: str, rng: np.random.Generator) -> str:
    """One to three neighbouring words of a title."""
    if language == "zh":
        words, glue = [t for t in tokenize(title) if not t.isascii()], ""
    else:
        words, glue = _WORD.findall(title), " "
    if not words:
        return ""
    size = min(int(rng.integers(1, 4)), len(words))
    start = int(rng.integers(len(words) - size + 1))
    return glue.join(words[start : start + size])
