"""What every data set is read into: products, a log of purchases, and the cases to be answered.

Dimension letters: N visitors, L lines of the log, V items.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daogou.evaluation import View
from daogou.features import Basket, Exposures, History, Interactions, ItemTable, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Float32, Float64, Int32
from daogou.features.log import Searches
from daogou.types import Product

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A shop to recommend in.

    Attributes
    ----------
    name
        As in the table.
    products
        V of them; a title is empty where the set has none.
    table
        Their brands, categories and prices as codes, as far as the set has them.
    attributes
        Codes of each item's attributes, V arrays; empty ones where the set has none.
    log
        Purchases alone, those of the cases included.
    until, final_until
        Seconds since 1970. A model may be fitted to what is older than ``until`` while it is
        chosen on ``validation``, and to what is older than ``final_until`` before ``test``.
        They are the same where the published protocol fits once.
    validation, test
        The cases. What a visitor did before a case is known when it is asked, also where it
        came after ``until``.
    views
        What is asked, the first of them being what counts: all items, say, or those alone
        that the visitor had not bought (``explore``).
    longest
        A history is cut to so many of its newest items; None for all.
    """

    name: str
    products: tuple[Product, ...]
    table: ItemTable
    attributes: tuple[Int32, ...]
    log: ShopLog
    until: float
    final_until: float
    validation: tuple[Basket, ...]
    test: tuple[Basket, ...]
    views: tuple[View, ...]
    longest: int | None = None

    @property
    def n_items(self) -> int:
        """V."""
        return len(self.products)

    @property
    def has_titles(self) -> bool:
        """Whether there is any text to read."""
        return any(product.title for product in self.products)

    def interactions(self, *, final: bool = True) -> Interactions:
        """All that a collaborative model may be fitted to: before the test, or the validation."""
        until = self.final_until if final else self.until
        return Interactions.from_log(self.log, self.n_items, until)

    def counts(self, *, final: bool = True) -> Float32:
        """How often each item was bought in that, float32 [V]."""
        items = self.interactions(final=final).item
        return np.bincount(items, minlength=self.n_items).astype(np.float32)

    def summary(self) -> str:
        """How large it is, in a line."""
        return (
            f"{self.name}: {len(self.log.visitors):,} visitors, {self.n_items:,} items,"
            f" {len(self.log.lines):,} events, {len(self.test):,} test cases"
        )


def purchase_log(
    visitors: Sequence[str],
    lengths: Sequence[int],
    items: Int32,
    times: Float64,
    events: Int32,
    quantities: Float32 | None = None,
) -> ShopLog:
    """A log of purchases alone, from lines by visitor and then in time, [L] each.

    Parameters
    ----------
    lengths
        How many lines each visitor has, N of them.
    events
        Ordinal of each line's purchase within its visitor.
    quantities
        1 each where there are none.
    """
    n = len(items)
    nothing = np.zeros(0, np.int32)
    moments, rates = np.zeros(0), np.zeros(0, np.float32)
    return ShopLog(
        visitors=tuple(visitors),
        offsets=offsets_of(lengths),
        lines=History(
            items,
            np.full(n, PURCHASE, np.int8),
            times,
            np.ones(n, np.float32) if quantities is None else quantities,
            events,
        ),
        exposures=Exposures(nothing, nothing, moments, nothing, rates, nothing),
        queries=(),
        searches=Searches(nothing, moments, nothing),
    )


def offsets_of(lengths: Sequence[int]) -> Int64:
    """Where each run begins, int64 [N + 1]."""
    return np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)


def positions(lengths: Sequence[int]) -> Int32:
    """0, 1, 2, ... within each run, int32 [L]."""
    starts = np.repeat(offsets_of(lengths)[:-1], lengths)
    return (np.arange(len(starts)) - starts).astype(np.int32)


def joined(arrays: Iterable[Int32]) -> Int32:
    """All of them in one; none gives an empty one."""
    return np.concatenate([np.zeros(0, np.int32), *arrays])
