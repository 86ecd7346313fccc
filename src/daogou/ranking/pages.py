"""From ranked candidates to a page: popularity held back, variety, places to explore."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daogou.features.items import Float32, Float64, Int32
from daogou.ranking.arrange import ARRANGERS, Arranger
from daogou.ranking.exploration import interleave, propensities
from daogou.ranking.popularity import without_popularity

CHOICE: Final = 5
"""A page is arranged out of so many times its size."""


@dataclass(frozen=True, slots=True)
class PageRules:
    """How a page is made.

    Attributes
    ----------
    size
        How many products, N; fewer where there are fewer candidates.
    diversity, arranger
        See :mod:`daogou.ranking.arrange`.
    popularity_control
        See :func:`~daogou.ranking.popularity.without_popularity`.
    explore_share
        See :mod:`daogou.ranking.exploration`.
    """

    size: int
    diversity: float = 0.0
    arranger: Arranger = "mmr"
    popularity_control: float = 0.0
    explore_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Pool:
    """What a page is made of, K candidates in any order.

    Attributes
    ----------
    scores
        float32 [K], higher is better.
    popularity
        Decayed purchases, float32 [K].
    categories
        Codes, int32 [K].
    fresh
        Which may have an exploring place, bool [K].
    vectors
        Gives the vectors [M, D] of M of them, by their places; None where there are none.
    """

    scores: Float32
    popularity: Float32
    categories: Int32
    fresh: NDArray[np.bool_]
    vectors: Callable[[NDArray[np.intp]], Float32] | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes
    ----------
    places
        The chosen candidates in their order, as places in the pool, intp [N].
    scores
        Of each, float32 [N], with what was taken off for popularity.
    propensities
        How probable each is in its place, float64 [N]; 1 where nothing was left to chance.
    """

    places: NDArray[np.intp]
    scores: Float32
    propensities: Float64


def lay_out(pool: Pool, rules: PageRules, u: float) -> Page:
    """Make a page; ``u``, 0 to 1, stands for chance."""
    scores = without_popularity(pool.scores, pool.popularity, rules.popularity_control)
    order = np.argsort(-scores, kind="stable")
    best = order[: CHOICE * rules.size]
    vectors = _unit(pool.vectors(best)) if pool.vectors else None
    arrange = ARRANGERS[rules.arranger]
    chosen = arrange(scores[best], vectors, pool.categories[best], rules.diversity, rules.size)
    page: list[int] = best[chosen].tolist()
    chances = np.ones(len(page))
    if rules.explore_share > 0:
        shown = set(page)
        fresh = [place for place in order[pool.fresh[order]].tolist() if place not in shown]
        ranked, share = page, rules.explore_share
        page = interleave(ranked, fresh, share, u)
        chances = propensities(ranked, fresh, share, u)
    places = np.array(page, np.intp)
    return Page(places, scores[places], chances)


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)
