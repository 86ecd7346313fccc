"""Tables that training computes for the retrievers; serving imports none of it, nor scipy."""

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from daogou.features import Neighbours
from daogou.features.items import Float32, Float64, Int32
from daogou.features.stats import DAY

PAIRS_AT_ONCE: Final = 8_000_000
"""Upper bound of the pairs that are held at a time; 12 bytes each."""


def build_item_to_item(
    baskets: npt.NDArray[np.int64] | Int32,
    items: Int32,
    n_items: int,
    *,
    times: Float64 | None = None,
    as_of: float | None = None,
    decay: float = 1.0,
    n_neighbours: int = 50,
    damping: float = 10.0,
    max_basket: int = 200,
) -> Neighbours:
    """Items that are bought (or viewed) together, as a table of nearest neighbours.

    The weight of items i and j is the damped cosine of their baskets,
    ``w_ij / sqrt((w_i + damping) (w_j + damping))``: w_ij adds up the baskets that
    have both, w_i those that have i. Damping keeps two items that met once from being
    the nearest of all. (B. Sarwar et al., "Item-based collaborative filtering
    recommendation algorithms", WWW 2001.)

    Parameters
    ----------
    baskets, items
        One row a line, [L] each: number of its basket or session, number of its item.
    times, as_of, decay
        Where times (seconds) are given, a basket is worth ``decay`` of itself a day
        earlier than ``as_of``, which is the newest line's time by default.
    max_basket
        Baskets with more distinct items are left out: they say little of each
        pair, and cost the square of their length.

    Returns
    -------
    Neighbours
        [V, n_neighbours], best first; an item is never its own neighbour.
    """
    if n_neighbours < 1:
        raise ValueError(f"n_neighbours is {n_neighbours}; expected 1 or more, such as 50.")
    if not len(items):
        return Neighbours(
            np.full((n_items, n_neighbours), -1, np.int32),
            np.zeros((n_items, n_neighbours), np.float32),
        )
    basket_items, weighted = _basket_matrix(
        baskets, items, n_items, times, as_of, decay, max_basket
    )
    item_baskets = weighted.T.tocsr()  # [V, B]
    held = np.asarray(item_baskets.sum(axis=1), np.float64).ravel()
    scale = damped_scale(held, damping)
    return nearest_by_product(item_baskets, basket_items, scale, scale, n_neighbours)


def damped_scale(held: Float64, damping: float) -> Float32:
    """``1 / sqrt(held + damping)`` of what each item holds [V]; 0 where that is nothing."""
    scale = 1 / np.sqrt(np.where(held > 0, held + damping, 1))
    return np.where(held > 0, scale, 0).astype(np.float32)


def nearest_by_product(
    left: sparse.csr_matrix,
    right: sparse.csr_matrix,
    left_scale: Float32,
    right_scale: Float32,
    n_neighbours: int,
) -> Neighbours:
    """The largest entries of each row of ``diag(left_scale) left right diag(right_scale)``.

    Parameters
    ----------
    left, right
        Items by contexts [V, B] and contexts by items [B, V], such as baskets; no entry
        is negative. The product is never held as a whole.
    left_scale, right_scale
        Of the item whose neighbours are sought and of the neighbour, [V] each.

    Returns
    -------
    Neighbours
        [V, n_neighbours], best first; an item is never its own neighbour.
    """
    n_items = left.shape[0]
    out = Neighbours(
        np.full((n_items, n_neighbours), -1, np.int32),
        np.zeros((n_items, n_neighbours), np.float32),
    )
    # Upper bound of the pairs of each item: the lengths of its contexts, added up.
    bound = np.asarray((left > 0) @ np.diff(right.indptr), np.int64).ravel()
    chunk = np.cumsum(bound) // PAIRS_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), n_items]
    for start, end in itertools.pairwise(edges):
        pairs = (left[start:end] @ right).tocsr()  # [v, V]
        for row in range(end - start):
            item, cells = start + row, slice(pairs.indptr[row], pairs.indptr[row + 1])
            near = pairs.indices[cells]
            value = pairs.data[cells] * right_scale[near] * left_scale[item]
            value[near == item] = 0
            _keep_best(out, item, near, value)
    return out


def _basket_matrix(
    baskets: npt.NDArray[np.int64] | Int32,
    items: Int32,
    n_items: int,
    times: Float64 | None,
    as_of: float | None,
    decay: float,
    max_basket: int,
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Baskets by items [B, V], of ones and of the baskets' worth."""
    _, rows = np.unique(baskets, return_inverse=True)
    n_baskets = int(rows.max()) + 1
    lines = sparse.csr_matrix(
        (np.ones(len(items), np.float32), (rows, items)), (n_baskets, n_items)
    )
    lines.data[:] = 1  # an item counts once a basket
    worth = np.ones(n_baskets, np.float32)
    if times is not None:
        newest = np.full(n_baskets, -np.inf)
        np.maximum.at(newest, rows, times)
        until = float(times.max()) if as_of is None else as_of
        worth = (decay ** (np.maximum(until - newest, 0) / DAY)).astype(np.float32)
    kept = np.flatnonzero(np.diff(lines.indptr) <= max_basket)
    lines = lines[kept]
    return lines, sparse.diags(worth[kept]).astype(np.float32) @ lines


def _keep_best(out: Neighbours, item: int, near: Int32, value: npt.NDArray[np.float32]) -> None:
    n = min(out.items.shape[1], int(np.count_nonzero(value)))
    if not n:
        return
    if n < len(value):
        chosen = np.argpartition(-value, n - 1)[:n]
        near, value = near[chosen], value[chosen]
    order = np.lexsort((near, -value))[:n]
    out.items[item, :n] = near[order]
    out.weights[item, :n] = value[order]
