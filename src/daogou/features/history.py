"""A visitor's past as arrays, the same from the event log as from a training replay."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.features.items import Float32, Float64, Int32
from daogou.types import EventType, UserEvent

VIEW, CART, PURCHASE, REMOVE, REJECT = range(1, 6)
KINDS: Final[Mapping[EventType, int]] = {
    "detail-page-view": VIEW,
    "add-to-cart": CART,
    "purchase-complete": PURCHASE,
    "remove-from-cart": REMOVE,
    "not-interested": REJECT,
}
"""The events that say something of a visitor's taste; the others are not in a history."""
HISTORY_TYPES: Final[tuple[EventType, ...]] = tuple(KINDS)

MAX_EVENTS: Final = 1000
"""A history holds a visitor's newest events, so many at most, in training as in serving."""


@dataclass(frozen=True, slots=True)
class History:
    """Lines of a visitor's events, oldest first.

    Attributes
    ----------
    items
        Item numbers, int32 [L]. Products outside the catalogue are left out.
    kinds
        What was done (see :data:`KINDS`), int8 [L].
    times
        Seconds since 1970, float64 [L], never falling.
    quantities
        float32 [L].
    events
        Ordinal of the line's event within the history, int32 [L], never falling.
    """

    items: Int32
    kinds: npt.NDArray[np.int8]
    times: Float64
    quantities: Float32
    events: Int32

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def empty(cls) -> "History":
        """The history of a visitor of whom nothing is known."""
        return cls(
            np.zeros(0, np.int32),
            np.zeros(0, np.int8),
            np.zeros(0, np.float64),
            np.zeros(0, np.float32),
            np.zeros(0, np.int32),
        )

    @classmethod
    def from_events(cls, events: Iterable[UserEvent], index: Mapping[str, int]) -> "History":
        """Read a history from events (oldest first), keeping the newest :data:`MAX_EVENTS`."""
        told = [e for e in events if e.type in KINDS and e.lines][-MAX_EVENTS:]
        return cls.from_columns(
            types=[event.type for event in told],
            times=[event.time.timestamp() for event in told],
            lengths=[len(event.lines) for event in told],
            product_ids=[line.product_id for event in told for line in event.lines],
            quantities=[line.quantity for event in told for line in event.lines],
            index=index,
        )

    @classmethod
    def from_columns(
        cls,
        *,
        types: Sequence[str],
        times: Sequence[float],
        lengths: Sequence[int],
        product_ids: Sequence[str],
        quantities: Sequence[float],
        index: Mapping[str, int],
    ) -> "History":
        """Read a history from columns: type, time and number of lines of each event, oldest first.

        All types are in :data:`KINDS`, and there are :data:`MAX_EVENTS` events at most.
        """
        kind_of: Mapping[str, int] = {str(name): kind for name, kind in KINDS.items()}
        repeat = np.array(lengths, np.int64)
        items = np.fromiter((index.get(p, -1) for p in product_ids), np.int32, len(product_ids))
        kinds = np.array([kind_of[t] for t in types], np.int8)
        known = items >= 0
        return cls(
            items[known],
            np.repeat(kinds, repeat)[known],
            np.repeat(np.array(times, np.float64), repeat)[known],
            np.array(quantities, np.float32)[known],
            np.repeat(np.arange(len(types), dtype=np.int32), repeat)[known],
        )

    def slice(self, start: int, stop: int) -> "History":
        """Lines ``start`` to ``stop``; the arrays are views."""
        cut = slice(start, stop)
        return History(
            self.items[cut],
            self.kinds[cut],
            self.times[cut],
            self.quantities[cut],
            self.events[cut],
        )

    def before(self, end: int) -> "History":
        """The first ``end`` lines, no more than :data:`MAX_EVENTS` events of them.

        This is how a replay steps through a visitor's log.
        """
        start = 0
        if end and self.events[end - 1] >= MAX_EVENTS:
            start = int(np.searchsorted(self.events, self.events[end - 1] - MAX_EVENTS + 1))
        return self.slice(start, end)

    def of_kind(self, kind: int) -> "History":
        """The lines of one kind alone."""
        return self._kept(self.kinds == kind)

    def without(self, item: int) -> "History":
        """As if the visitor had never done anything with ``item``."""
        return self._kept(self.items != item)

    def _kept(self, keep: npt.NDArray[np.bool_]) -> "History":
        return History(
            self.items[keep],
            self.kinds[keep],
            self.times[keep],
            self.quantities[keep],
            self.events[keep],
        )
