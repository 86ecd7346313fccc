"""Queries derived from the catalogue's own texts, for a shop that has no query log.

A visitor who bought "Carbonated soft drink, 2 L bottle" may have typed "soft drink",
"drink bottle 2 L" or the category's name. Such queries are not shoppers' own words, and
reports say that they are derived. The method is that of simulated known-item topics
(Azzopardi, de Rijke and Balog, 2007): draw a document, then some of its words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.features import Basket
from daogou.features.items import Int32
from daogou.text import tokenize
from daogou.text.units import QUANTITY

_WORD = re.compile(r"[^\W\d_]{2,}")
_SIZE = re.compile(QUANTITY)
PATH: Final = " > "


@dataclass(frozen=True, slots=True)
class CatalogueWords:
    """The texts of a catalogue that queries are derived from.

    Attributes
    ----------
    titles
        Language to the titles of all items, in item order.
    paths
        Language to the category paths, one a category code; "" where there is none.
    category
        Category code of each item, int32 [V].
    brands
        Brand of each item; "" where it has none.
    """

    titles: Mapping[str, Sequence[str]]
    paths: Mapping[str, Sequence[str]]
    category: Int32
    brands: Sequence[str]

    def told(self, item: int, language: str) -> "Told":
        """What is told of an item in a language."""
        paths = self.paths.get(language)
        path = paths[int(self.category[item])] if paths else ""
        outer, _, leaf = path.rpartition(PATH)
        parent = outer.rsplit(PATH, 1)[-1]
        return Told(self.titles[language][item], leaf, parent, self.brands[item], language)

    def category_names(self) -> list[tuple[str, int]]:
        """The name of each category in each language, and the category's code."""
        leaves = {
            (path.rsplit(PATH, 1)[-1], code): None
            for paths in self.paths.values()
            for code, path in enumerate(paths)
            if path
        }
        return list(leaves)

    def category_tokens(self, item: int) -> frozenset[str]:
        """The words of the names of an item's category, in all languages."""
        code = int(self.category[item])
        return frozenset(t for paths in self.paths.values() for t in tokenize(paths[code]))


@dataclass(frozen=True, slots=True)
class Told:
    """An item's texts in one language; ``leaf`` and ``parent`` name its category."""

    title: str
    leaf: str
    parent: str
    brand: str
    language: str

    @property
    def glue(self) -> str:
        """What stands between two words of the language."""
        return "" if self.language == "zh" else " "

    def words(self) -> list[str]:
        """The words of the title, without numbers."""
        if self.language == "zh":
            return [t for t in tokenize(self.title) if not t.isascii()]
        return _WORD.findall(self.title)

    def type(self) -> str:
        """What kind of thing it is: its category, or else the title up to the first comma."""
        return self.leaf or re.split("[,，]", self.title, maxsplit=1)[0]

    def size(self) -> str:
        """The last quantity in the title, as it is written there."""
        found = [m[0] for m in _SIZE.finditer(self.title.lower())]
        return found[-1] if found else ""


@dataclass(frozen=True, slots=True)
class DerivedQuery:
    """A query, the item that it was derived from, and the basket in which that was bought."""

    item: int
    text: str
    tokens: tuple[str, ...]
    basket: Basket | None = None


Rng = np.random.Generator


def _neighbouring(told: Told, rng: Rng) -> str:
    """One to three neighbouring words of the title."""
    words = told.words()
    size = min(int(rng.integers(1, 4)), len(words))
    start = int(rng.integers(len(words) - size + 1))
    return told.glue.join(words[start : start + size])


def _any_order(told: Told, rng: Rng) -> str:
    """Two to four words of the title, in any order."""
    words = list(dict.fromkeys(told.words()))
    size = min(int(rng.integers(2, 5)), len(words))
    return " ".join(words[i] for i in rng.permutation(len(words))[:size])


def _category(told: Told, rng: Rng) -> str:
    """The name of the category, now and then with its parent's."""
    if told.parent and rng.random() < 0.25:
        return f"{told.leaf} {told.parent}"
    return told.leaf


def _brand_and_type(told: Told, rng: Rng) -> str:
    """Both, in either order; a brand alone is about no type of thing."""
    parts = [told.brand, told.type()] if rng.random() < 0.7 else [told.type(), told.brand]
    return " ".join(parts) if told.brand else ""


def _type_and_size(told: Told, rng: Rng) -> str:
    """Both, in either order."""
    size = told.size()
    parts = [told.type(), size] if rng.random() < 0.8 else [size, told.type()]
    return " ".join(parts) if size else ""


def _whole(told: Told, rng: Rng) -> str:
    """The whole title, as one who copies it."""
    del rng
    return told.title


STYLES: Final[Sequence[tuple[float, Callable[[Told, Rng], str]]]] = (
    (0.35, _neighbouring),
    (0.15, _any_order),
    (0.20, _category),
    (0.10, _brand_and_type),
    (0.10, _type_and_size),
    (0.10, _whole),
)
"""Ways to ask for a product, and how often each is drawn."""


def derive_query(
    words: CatalogueWords, item: int, rng: Rng, basket: Basket | None = None
) -> DerivedQuery | None:
    """One query for an item, in one of the catalogue's languages; None where it has no words."""
    languages = sorted(words.titles)
    told = words.told(item, languages[int(rng.integers(len(languages)))])
    style = int(rng.choice(len(STYLES), p=[share for share, _ in STYLES]))
    text = STYLES[style][1](told, rng) or _neighbouring(told, rng)
    tokens = tuple(tokenize(text))
    return DerivedQuery(item, text, tokens, basket) if tokens else None


def derive_of_baskets(
    words: CatalogueWords, baskets: Sequence[Basket], count: int, seed: int
) -> list[DerivedQuery]:
    """Draw at most ``count`` queries, each for one product of one basket."""
    rng = np.random.default_rng(seed)
    if not baskets or not words.titles:
        return []
    found = []
    for row in rng.integers(len(baskets), size=count):
        basket = baskets[int(row)]
        found.append(derive_query(words, int(rng.choice(basket.items)), rng, basket))
    return [query for query in found if query]


def derive_of_products(
    words: CatalogueWords, items: Int32, count: int, seed: int
) -> list[DerivedQuery]:
    """Draw at most ``count`` queries for products among ``items`` that have a category.

    Every other one is for a category drawn first, so that the small ones are asked for too.
    """
    rng = np.random.default_rng(seed)
    items = items[words.category[items] > 0]
    if not len(items) or not words.titles:
        return []
    order = items[np.argsort(words.category[items], kind="stable")]
    starts = np.flatnonzero(np.diff(words.category[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    found = []
    for number in range(count):
        if number % 2:
            group = int(rng.integers(len(starts)))
            row = int(rng.integers(starts[group], ends[group]))
        else:
            row = int(rng.integers(len(order)))
        found.append(derive_query(words, int(order[row]), rng))
    return [query for query in found if query]


def held_out(words: CatalogueWords, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Mark a share of the distinct titles; products of one title stay together, bool [V]."""
    # In a fixed order of languages, so that a training that is resumed holds out the same.
    languages = [words.titles[language] for language in sorted(words.titles)]
    titles = ["\n".join(texts) for texts in zip(*languages, strict=True)]
    distinct, group = np.unique(np.array(titles, dtype=np.str_), return_inverse=True)
    chosen = np.random.default_rng(seed).random(len(distinct)) < share
    return np.asarray(chosen[group], np.bool_)
