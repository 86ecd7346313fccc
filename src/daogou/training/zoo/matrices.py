"""Interactions as sparse matrices, and cut to what a model looks at."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from daogou.features import Interactions
from daogou.features.items import Float32, Int32


def newest_lines(interactions: Interactions, n_lines: int) -> Interactions:
    """The newest ``n_lines`` of each visitor alone."""
    later = interactions.offsets()[interactions.visitor + 1] - np.arange(len(interactions)) - 1
    kept = later < n_lines
    return replace(
        interactions,
        visitor=interactions.visitor[kept],
        item=interactions.item[kept],
        time=interactions.time[kept],
        basket=interactions.basket[kept],
    )


def visitor_items(interactions: Interactions, worth: Float32 | None = None) -> sparse.csr_matrix:
    """Visitors by items, float32 [N, V]: the worth of the lines added up, or 1 without it."""
    ones = np.ones(len(interactions), np.float32)
    matrix = sparse.csr_matrix(
        (ones if worth is None else worth, (interactions.visitor, interactions.item)),
        (interactions.n_visitors, interactions.n_items),
    )  # equal places are added up
    if worth is None:
        matrix.data[:] = 1
    return matrix


def basket_numbers(interactions: Interactions) -> npt.NDArray[np.int64]:
    """Number of each line's basket among all visitors' baskets, never falling, int64 [L]."""
    new = np.diff(interactions.visitor, prepend=-1) | np.diff(interactions.basket, prepend=-1)
    return np.cumsum(new != 0) - 1


def buyers(interactions: Interactions) -> Int32:
    """How many visitors bought each item, int32 [V]."""
    matrix = visitor_items(interactions)
    return np.bincount(matrix.indices, minlength=interactions.n_items).astype(np.int32)
