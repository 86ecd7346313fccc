"""Sequential rules: what is bought after what."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy import sparse

from daogou.features import Interactions, Neighbours
from daogou.retrieval.building import damped_scale, nearest_by_product
from daogou.retrieval.sources import LineWeights, NeighbourSource
from daogou.training.zoo.matrices import basket_numbers

NAME: Final = "sequential-rules"


@dataclass(frozen=True, slots=True)
class SequentialRulesConfig:
    """How far apart two purchases may be, and what their pair is worth.

    Attributes
    ----------
    window
        So many baskets later at most. A pair n baskets apart is worth 1 / n.
    backward
        What a pair is worth as evidence for the item that came first; 0.0 where only what
        came after counts, 1.0 where direction does not matter.
    n_neighbours
        Rules kept of each item.
    damping
        Added to the counts by which a rule is normalised, as in item-to-item.
    decay
        What a pair is worth a day later.
    max_items
        Baskets of more items are left out: they say little of each pair.
    weights
        How much a line of the asking visitor's history counts.
    """

    window: int = 10
    backward: float = 0.2
    n_neighbours: int = 100
    damping: float = 50.0
    decay: float = 1.0
    max_items: int = 200
    weights: LineWeights = field(default_factory=lambda: LineWeights(position_decay=0.5))


def fit_sequential_rules(
    interactions: Interactions, config: SequentialRulesConfig | None = None
) -> NeighbourSource:
    """Pairs of what a visitor bought in this order, weighted by their distance.

    The weight of the rule from i to j is ``w_ij / sqrt((n_i + damping) (n_j + damping))``:
    w_ij adds up 1 / distance over the pairs, n counts the baskets that have an item. The
    distance is in baskets, since a basket has no order within. (M. Ludewig and D. Jannach,
    "Evaluation of session-based recommendation algorithms", UMUAI 2018, SR; the
    normalisation is that of item-to-item, so that what is popular does not follow everything.)
    """
    config = config or SequentialRulesConfig()
    if not len(interactions):
        return NeighbourSource(NAME, Neighbours.none(interactions.n_items), config.weights)
    baskets = basket_numbers(interactions)
    n_baskets = int(baskets[-1]) + 1
    items = sparse.csr_matrix(
        (np.ones(len(interactions), np.float32), (baskets, interactions.item)),
        (n_baskets, interactions.n_items),
    )  # [B, V]
    items.data[:] = 1
    items = sparse.diags((np.diff(items.indptr) <= config.max_items).astype(np.float32)) @ items
    items.eliminate_zeros()
    held = np.bincount(items.indices, minlength=interactions.n_items).astype(np.float64)
    scale = damped_scale(held, config.damping)
    table = nearest_by_product(
        items.T.tocsr(),
        (_succession(interactions, config) @ items).tocsr(),
        scale,
        scale,
        config.n_neighbours,
    )
    return NeighbourSource(NAME, table, config.weights)


def _succession(interactions: Interactions, config: SequentialRulesConfig) -> sparse.csr_matrix:
    """What basket b' is worth as the successor of basket b, float32 [B, B]."""
    first = np.flatnonzero(np.diff(basket_numbers(interactions), prepend=-1))
    visitor, n = interactions.visitor[first], len(first)
    worth = interactions.worth(config.decay)[first]
    out = sparse.csr_matrix((n, n), dtype=np.float32)
    for distance in range(1, min(config.window, n - 1) + 1):
        same = visitor[:-distance] == visitor[distance:]
        later = np.where(same, worth[distance:] / distance, 0).astype(np.float32)
        out += sparse.diags(later, distance, shape=(n, n))
        if config.backward:
            out += sparse.diags(config.backward * later, -distance, shape=(n, n))
    out = out.tocsr().astype(np.float32)
    out.eliminate_zeros()
    return out
