"""The numeric view of a catalogue: one row an item, in the order of the bundle.

Dimension letters used in this package and above: V items, K candidates, L
history lines, F features, D model width.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daogou.types import Product

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

UNKNOWN = 0
"""Code of a missing category, department or brand; real codes start at 1."""


class Codes:
    """A growing vocabulary: word to code and back. Code 0 is the missing word."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words: list[str] = [""]
        self._codes: dict[str, int] = {"": UNKNOWN}
        for word in words:
            if word:
                self.add(word)

    def __len__(self) -> int:
        return len(self.words)

    def add(self, word: str) -> int:
        """The code of ``word``, which is given the next free one if it is new."""
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = len(self.words)
            self.words.append(word)
        return code

    def get(self, word: str) -> int:
        """The code of ``word``, or 0 where it is not known."""
        return self._codes.get(word, UNKNOWN)


@dataclass(frozen=True, slots=True)
class ItemTable:
    """Items as arrays.

    Attributes
    ----------
    ids
        Product ids in item order, V of them.
    index
        Product id to item number.
    category
        Code of the item's first, whole category path, int32 [V]; 0 where there is none.
    department
        Code of that path's outermost part, int32 [V].
    brand
        Code of the brand, int32 [V].
    price
        Minor units, float32 [V]; NaN where the product has no price.
    categories, departments, brands
        The vocabularies of those codes.
    """

    ids: tuple[str, ...]
    index: dict[str, int]
    category: Int32
    department: Int32
    brand: Int32
    price: Float32
    categories: Codes
    departments: Codes
    brands: Codes

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_products(cls, products: Iterable[Product]) -> "ItemTable":
        """Number the products in the order in which they come."""
        categories, departments, brands = Codes(), Codes(), Codes()
        ids: list[str] = []
        rows: list[tuple[int, int, int]] = []
        prices: list[float] = []
        for product in products:
            path = product.categories[0] if product.categories else ""
            ids.append(product.id)
            rows.append(
                (
                    categories.add(path),
                    departments.add(path.split(" > ", 1)[0]),
                    brands.add(product.brand or ""),
                )
            )
            prices.append(product.price.amount if product.price else np.nan)
        return cls.from_codes(
            ids,
            np.array(rows, np.int32).reshape(-1, 3),
            np.array(prices, np.float32),
            categories,
            departments,
            brands,
        )

    @classmethod
    def from_codes(
        cls,
        ids: Sequence[str],
        codes: Int32,
        price: Float32,
        categories: Codes,
        departments: Codes,
        brands: Codes,
    ) -> "ItemTable":
        """Build the table from its parts; ``codes`` is [V, 3]: category, department, brand."""
        return cls(
            ids=tuple(ids),
            index={product_id: i for i, product_id in enumerate(ids)},
            category=np.ascontiguousarray(codes[:, 0]),
            department=np.ascontiguousarray(codes[:, 1]),
            brand=np.ascontiguousarray(codes[:, 2]),
            price=price,
            categories=categories,
            departments=departments,
            brands=brands,
        )
