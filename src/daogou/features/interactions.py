"""What visitors bought, in their order: all that a collaborative model is fitted to.

Dimension letters: N visitors, L lines, V items.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daogou.features.history import PURCHASE
from daogou.features.items import Float32, Float64, Int32
from daogou.features.log import ShopLog, first_of_each


@dataclass(frozen=True, slots=True)
class Interactions:
    """Purchased lines by visitor and then in time, an item once a basket.

    Attributes
    ----------
    visitor
        Number of the visitor, never falling, int32 [L].
    item
        int32 [L].
    time
        Seconds since 1970, never falling within a visitor, float64 [L].
    basket
        Ordinal of the purchase within its visitor, never falling within a visitor, int32 [L].
    n_visitors, n_items
        N and V.
    as_of
        Seconds since 1970: everything here is older.
    """

    visitor: Int32
    item: Int32
    time: Float64
    basket: Int32
    n_visitors: int
    n_items: int
    as_of: float

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def from_log(cls, log: ShopLog, n_items: int, until: float) -> "Interactions":
        """The purchases of a log before ``until``, in seconds."""
        n = len(log.visitors)
        owner = np.repeat(np.arange(n, dtype=np.int32), np.diff(log.offsets))
        kept = (log.lines.kinds == PURCHASE) & (log.lines.times < until)
        visitor, item, basket = owner[kept], log.lines.items[kept], log.lines.events[kept]
        first = first_of_each(visitor, basket, item)
        return cls(
            visitor[first],
            item[first],
            log.lines.times[kept][first],
            basket[first],
            n,
            n_items,
            until,
        )

    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each visitor's lines begin, int64 [N + 1]."""
        counts = np.bincount(self.visitor, minlength=self.n_visitors)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def sequences(self) -> Iterator[Int32]:
        """The items of each visitor who bought anything, oldest first."""
        offsets = self.offsets()
        for visitor in np.flatnonzero(np.diff(offsets)).tolist():
            yield self.item[offsets[visitor] : offsets[visitor + 1]]

    def worth(self, decay: float) -> Float32:
        """What each line is worth if it loses to ``decay`` of itself a day, float32 [L]."""
        age = np.maximum(self.as_of - self.time, 0) / 86_400.0
        return np.asarray(decay**age, np.float32)
