"""Attribute values of products as codes: what the item tower learns of them.

Dimension letters: N products, A attribute values of a product at most.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from daogou.features.items import UNKNOWN, Codes, Int32
from daogou.types import Product

MOST_VALUES: Final = 12
"""A: of a product's values the most common ones in the shop, so many at most."""
FEWEST_PRODUCTS: Final = 3
"""A value that fewer products have says nothing of others, and is left out."""
LARGEST_VOCABULARY: Final = 20_000


def attribute_values(product: Product) -> Iterator[str]:
    """``key=value`` of each attribute value, and each tag, in small letters."""
    for key, values in product.attributes.items():
        for value in values:
            yield f"{key}={value}".lower()
    for tag in product.tags:
        yield f"tag={tag}".lower()


class AttributeCounter:
    """Counts values while a catalogue is read, and then numbers them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._told: list[tuple[str, ...]] = []

    def add(self, product: Product) -> None:
        """Note the values of the next product."""
        values = tuple(dict.fromkeys(attribute_values(product)))
        self._counts.update(values)
        self._told.append(values)

    def build(self) -> tuple[Codes, Int32]:
        """The vocabulary, most common first, and the codes of the products [N, A], 0 pads."""
        common = self._counts.most_common(LARGEST_VOCABULARY)
        words = Codes(value for value, count in common if count >= FEWEST_PRODUCTS)
        return words, attribute_codes(self._told, words)


def attribute_codes(told: Sequence[Iterable[str]], words: Codes) -> Int32:
    """Codes of values, int32 [N, A]; the most common ones of each product, 0 pads."""
    codes = np.zeros((len(told), MOST_VALUES), np.int32)
    for row, values in enumerate(told):
        known = sorted({code for v in values if (code := words.get(v)) != UNKNOWN})[:MOST_VALUES]
        codes[row, : len(known)] = known
    return codes
