"""A product as the words by which it is found."""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from daogou.text import tokenize
from daogou.text.normal import HAN
from daogou.types import Product

MAX_DESCRIPTION: Final = 200
"""Tokens of a description that count; more would only make the title weigh less."""


Script = Literal["han", "other"]
SCRIPTS: Final[tuple[Script, ...]] = ("han", "other")
"""Each script has a length of its own, so that a product does not fall behind in one
language because it is described in the other one too."""
_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")


def script_of(token: str) -> Script:
    """The script of a token; the segmenter makes none of two scripts."""
    return "han" if _HAN_CHARACTER.match(token) else "other"


@dataclass(frozen=True, slots=True)
class FieldWeights:
    """How many times a token counts, by the field in which it stands.

    This is BM25F with one length for all fields of a script: term frequencies are added up
    with these weights before they saturate. S. Robertson, H. Zaragoza and
    M. Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
    """

    title: int = 3
    brand: int = 2
    categories: int = 2
    attributes: int = 1
    description: int = 1


@dataclass(frozen=True, slots=True)
class LexicalDocument:
    """Tokens of one item, those of all its languages together."""

    item: int
    title: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    description: tuple[str, ...] = ()

    def frequencies(self, weights: FieldWeights) -> dict[Script, Counter[str]]:
        """Weighted term frequencies, by script."""
        counts: dict[Script, Counter[str]] = {script: Counter() for script in SCRIPTS}
        for name in ("title", "brand", "categories", "attributes", "description"):
            weight: int = getattr(weights, name)
            for token in getattr(self, name):
                counts[script_of(token)][token] += weight
        return counts


def lexical_document(item: int, product: Product) -> LexicalDocument:
    """The document of ``product`` as item number ``item``.

    The codes of the product and its variants (id, GTIN) count among the attributes.
    """
    texts = [product.localized[language] for language in sorted(product.localized)]
    attributes = [value for values in product.attributes.values() for value in values]
    attributes += product.tags
    attributes += [option for v in product.variants for option in v.options.values()]
    codes = (product.id, product.gtin, *(c for v in product.variants for c in (v.id, v.gtin)))
    described = _tokens([product.description, *(t.description for t in texts)])
    return LexicalDocument(
        item,
        title=_tokens([product.title, *(t.title for t in texts)]),
        brand=_tokens([product.brand]),
        categories=_tokens([*product.categories, *(c for t in texts for c in t.categories)]),
        attributes=tuple(dict.fromkeys(_tokens([*attributes, *codes]))),
        description=described[:MAX_DESCRIPTION],
    )


def item_text(product: Product) -> str:
    """What the text encoder reads of a product in its main language."""
    return item_texts(product)[product.language]


def item_texts(product: Product) -> dict[str, str]:
    """What the text encoder reads of a product, by language: title, and category where it adds."""
    texts = {product.language: _told(product.title, product.categories)}
    for language, text in product.localized.items():
        if text.title:
            told = _told(text.title, product.categories_in(language))
            texts.setdefault(language, told)
    return texts


def _told(title: str, categories: Sequence[str]) -> str:
    leaf = categories[0].rsplit(" > ", 1)[-1] if categories else ""
    parts = [title, leaf if leaf.lower() not in title.lower() else ""]
    return " . ".join(part for part in parts if part)


def _tokens(texts: Iterable[str | None]) -> tuple[str, ...]:
    distinct = dict.fromkeys(text for text in texts if text)
    return tuple(token for text in distinct for token in _tokens_of(text))


@functools.lru_cache(maxsize=16_384)
def _tokens_of(text: str) -> tuple[str, ...]:
    """Most texts of a catalogue (categories, brands, attributes) come again and again."""
    return tuple(tokenize(text))
