"""Popularity, and the visitor's own frequency and recency: what every model has to beat."""

from dataclasses import dataclass, field

import numpy as np

from daogou.features import Interactions
from daogou.features.stats import SLOW_DECAY
from daogou.retrieval.sources import LineWeights, PersonalSource, PopularitySource


@dataclass(frozen=True, slots=True)
class PopularityConfig:
    """How purchases are counted.

    Attributes
    ----------
    decay
        What a purchase is worth a day later.
    """

    decay: float = SLOW_DECAY


@dataclass(frozen=True, slots=True)
class PersonalConfig:
    """How a visitor's own purchases are counted.

    Attributes
    ----------
    weights
        How much a line counts, when it is asked.
    """

    weights: LineWeights = field(
        default_factory=lambda: LineWeights(decay=SLOW_DECAY, max_lines=10_000)
    )


def fit_popularity(
    interactions: Interactions, config: PopularityConfig | None = None
) -> PopularitySource:
    """What everybody buys."""
    worth = interactions.worth((config or PopularityConfig()).decay)
    counts = np.bincount(interactions.item, weights=worth, minlength=interactions.n_items)
    return PopularitySource("popularity", counts.astype(np.float32))


def fit_personal(
    interactions: Interactions, config: PersonalConfig | None = None
) -> PersonalSource:
    """What the visitor buys, by how often and how recently; nothing is learned of others."""
    return PersonalSource(
        "personal-frequency", interactions.n_items, (config or PersonalConfig()).weights
    )
