"""Codes and hashed crosses of candidates, the same in training as in serving.

Dimension letters: V items, K candidates, X crosses.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.features import History, ItemTable
from daogou.features.history import PURCHASE
from daogou.features.items import Int32

Int64 = npt.NDArray[np.int64]

CROSSES: Final = (
    "newest_item x item",
    "newest_category x category",
    "newest_brand x brand",
    "newest_category x brand",
)
"""The columns of :func:`crosses`: of the visitor's newest purchase with the candidate."""


def code_sizes(table: ItemTable) -> tuple[int, int, int, int]:
    """How many codes each column of :func:`codes` has."""
    vocabularies = (table.categories, table.departments, table.brands)
    categories, departments, brands = (len(codes) for codes in vocabularies)
    return categories, departments, brands, len(table)


def codes(table: ItemTable, items: Int32) -> Int64:
    """Codes of the items' category, department and brand, and their numbers, int64 [K, 4]."""
    columns = (table.category[items], table.department[items], table.brand[items], items)
    return np.stack(columns, 1).astype(np.int64)


def crosses(history: History, items: Int32, table: ItemTable, buckets: int) -> Int64:
    """Crosses of the newest purchase with each candidate, hashed to 1 ... ``buckets`` - 1.

    A cross is memorised as one feature, whatever its parts say (Cheng et al., 2016).

    Returns
    -------
    ndarray
        int64 [K, X]; 0 where nothing was bought yet or a code is unknown.
    """
    bought = history.items[history.kinds == PURCHASE]
    if not len(bought):
        return np.zeros((len(items), len(CROSSES)), np.int64)
    newest = bought[-1:]
    # An item's number begins with 0, where the other codes say "unknown".
    left = (newest + 1, table.category[newest], table.brand[newest], table.category[newest])
    right = (items + 1, table.category[items], table.brand[items], table.brand[items])
    return np.stack([_hashed(x, a, b, buckets) for x, a, b in _numbered(left, right)], 1)


def _numbered(left: Sequence[Int32], right: Sequence[Int32]) -> list[tuple[int, Int32, Int32]]:
    return [(x, a, b) for x, (a, b) in enumerate(zip(left, right, strict=True))]


def _hashed(cross: int, left: Int32, right: Int32, buckets: int) -> Int64:
    """Buckets of pairs of codes, [1] and [K] -> [K].

    Multiplicative hashing with odd constants from the golden ratio (Knuth, volume 3, 6.4),
    and the upper bits, which depend on all the lower ones. Crosses share the buckets.
    """
    mixed = left.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) + right.astype(np.uint64) + np.uint64(cross << 40)
    mixed = mixed * np.uint64(0xBF58476D1CE4E5B9)
    place = (mixed >> np.uint64(33)) % np.uint64(buckets - 1) + np.uint64(1)
    return np.where((left > 0) & (right > 0), place, np.uint64(0)).astype(np.int64)
