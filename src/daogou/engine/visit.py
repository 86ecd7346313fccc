"""Who is asking: the visitor's past and present, read anew at each request."""

from dataclasses import dataclass

import numpy as np

from daogou.engine.catalogue import Catalogue
from daogou.features import HISTORY_TYPES, MAX_EVENTS, History
from daogou.features.compute import SESSION_SECONDS
from daogou.features.history import CART, PURCHASE, REJECT, REMOVE
from daogou.features.items import Int32
from daogou.store import Store


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor at one moment.

    Attributes
    ----------
    history
        Everything that the log tells of the visitor's taste, oldest first.
    now
        Seconds since 1970.
    """

    history: History
    now: float

    @classmethod
    def read(
        cls,
        store: Store,
        catalogue: Catalogue,
        visitor_id: str | None,
        now: float,
        *,
        until: float | None = None,
    ) -> "Visit":
        """Read the newest events from the log; nobody has an empty history.

        Events after ``until`` (seconds since 1970) are left out, all others count.
        """
        if not visitor_id:
            return cls(History.empty(), now)
        told = store.visitor_lines(visitor_id, HISTORY_TYPES, MAX_EVENTS)
        history = History.from_columns(
            types=told.types,
            times=told.times,
            lengths=told.lengths,
            product_ids=told.product_ids,
            quantities=told.quantities,
            index=catalogue.table.index,
        )
        if until is not None:
            history = history.slice(0, int(np.searchsorted(history.times, until, side="right")))
        return cls(history, now)

    @property
    def as_of(self) -> float:
        """A moment, in seconds since 1970, that no known event is later than.

        A client's clock may run ahead of the server's.
        """
        return max(self.now, float(self.history.times[-1])) if len(self.history) else self.now

    @property
    def in_cart(self) -> Int32:
        """Rows that this session put into the cart and has neither removed nor bought."""
        told = np.isin(self.history.kinds, (CART, REMOVE, PURCHASE))
        items = self.history.items[told]
        # The last line of a product decides; np.unique finds the first, so look from the end.
        rows, last = np.unique(items[::-1], return_index=True)
        last = len(items) - 1 - last
        kept = self.history.kinds[told][last] == CART
        recent = self.now - self.history.times[told][last] < SESSION_SECONDS
        in_cart: Int32 = rows[kept & recent]
        return in_cart

    @property
    def rejected(self) -> Int32:
        """Rows that the visitor waved away."""
        return np.unique(self.history.items[self.history.kinds == REJECT])
