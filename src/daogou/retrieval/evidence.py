"""What a request tells of a visitor's taste: which items, and how much each of them counts."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.features.history import CART, PURCHASE, VIEW
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY
from daogou.retrieval.base import Request

RECENT_LINES: Final = 60
"""How many of the newest lines of a history count."""
INTEREST: Final = (VIEW, CART, PURCHASE)
"""The kinds of lines that tell of interest."""


@dataclass(frozen=True, slots=True)
class LineWeights:
    """How much a line of a history counts.

    Attributes
    ----------
    decay
        What a line is worth a day later; 1.0 where age does not matter.
    position_decay
        What a line is worth an event later; 1.0 where order does not matter. The lines of
        one event, such as a basket, have no order among each other and share their position.
    max_lines
        So many of the newest lines count at all.
    distinct
        An item that has several lines counts by the weightiest of them; otherwise by all,
        added up.
    """

    decay: float = 1.0
    position_decay: float = 1.0
    max_lines: int = RECENT_LINES
    distinct: bool = False


def weighted_lines(
    request: Request, weights: LineWeights, kinds: tuple[int, ...] = INTEREST
) -> tuple[Int32, Float32]:
    """The anchor, each item of it worth 1; without one, the newest lines of ``kinds``.

    Returns
    -------
    tuple
        Items, int32 [L], and what each is worth, float32 [L].
    """
    if len(request.anchor):
        return request.anchor, np.ones(len(request.anchor), np.float32)
    history = request.history
    told = np.flatnonzero(np.isin(history.kinds, kinds))
    told = told[max(len(told) - weights.max_lines, 0) :]
    age = np.maximum(request.now - history.times[told], 0) / DAY
    order = np.cumsum(np.diff(history.events[told], prepend=-1) > 0)
    later = order.max(initial=0) - order
    worth = weights.decay**age * weights.position_decay**later
    return history.items[told], worth.astype(np.float32)


def weighted_items(
    request: Request, weights: LineWeights, n_items: int, kinds: tuple[int, ...] = INTEREST
) -> tuple[Int32, Float32]:
    """:func:`weighted_lines` by item: each once, in rising order, and below ``n_items`` only."""
    lines, worth = weighted_lines(request, weights, kinds)
    items, place = np.unique(lines, return_inverse=True)
    total = np.zeros(len(items), np.float32)
    if weights.distinct:
        np.maximum.at(total, place, worth)
    else:
        total = np.bincount(place, weights=worth, minlength=len(items)).astype(np.float32)
    known = items < n_items
    return items[known].astype(np.int32), total[known]


def known_items(request: Request) -> Int32:
    """Every item that the request's anchor or any line of interest names, rising, int32 [K]."""
    told = request.history.items[np.isin(request.history.kinds, INTEREST)]
    return np.unique(np.concatenate([told, request.anchor])).astype(np.int32)
