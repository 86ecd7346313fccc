"""User-to-user: the stored visitors whom a new one is compared with."""

from dataclasses import dataclass, field

import numpy as np

from daogou.features import Interactions
from daogou.retrieval.sources import LineWeights, UserNeighbourSource, VisitorItems
from daogou.training.zoo.matrices import newest_lines, visitor_items


@dataclass(frozen=True, slots=True)
class UserToUserConfig:
    """Who is stored, and how many of them vote.

    Attributes
    ----------
    n_neighbours
        So many of the nearest visitors vote.
    max_items
        Of each visitor, so many of the newest lines are stored.
    max_visitors
        So many visitors are stored, those who bought last; a request compares at most these.
    weights
        How much a line of the asking visitor's history counts.
    """

    n_neighbours: int = 100
    max_items: int = 100
    max_visitors: int = 200_000
    weights: LineWeights = field(
        default_factory=lambda: LineWeights(position_decay=0.6, distinct=True)
    )


def fit_user_to_user(
    interactions: Interactions, config: UserToUserConfig | None = None
) -> UserNeighbourSource:
    """Store the visitors' items; idf_i = log(1 + N / n_i), with n_i the visitors who have i."""
    config = config or UserToUserConfig()
    matrix = visitor_items(newest_lines(interactions, config.max_items))  # [N, V]
    active = np.flatnonzero(np.diff(matrix.indptr))
    if len(active) > config.max_visitors:
        newest = interactions.time[interactions.offsets()[active + 1] - 1]
        active = np.sort(active[np.argsort(-newest, kind="stable")[: config.max_visitors]])
    matrix = matrix[active]
    matrix.sort_indices()
    held = np.bincount(matrix.indices, minlength=interactions.n_items)
    visitors = VisitorItems(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        np.log1p(len(active) / np.maximum(held, 1)).astype(np.float32),
    )
    return UserNeighbourSource(
        "user-to-user", visitors, n_neighbours=config.n_neighbours, weights=config.weights
    )
