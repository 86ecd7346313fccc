"""Put ranked products in order for a page: the best ones, but not twelve of a kind."""

import numpy as np
from numpy.typing import NDArray

from daogou.features.items import UNKNOWN

CATEGORY_WEIGHT = 0.5
"""How much of the likeness of two products is their shared category; the rest is their vectors'."""


def arrange(
    scores: NDArray[np.float32],
    vectors: NDArray[np.float32] | None,
    categories: NDArray[np.int32],
    diversity: float,
    size: int,
) -> NDArray[np.intp]:
    """Choose and order ``size`` of K candidates by maximal marginal relevance.

    Each step takes the candidate with the highest ``(1 - diversity) * relevance
    - diversity * likeness``, where relevance is the score scaled to 0..1 over
    the candidates and likeness is that to the most alike product chosen so far.

    Parameters
    ----------
    scores
        float32 [K], higher is better; on any scale, and in any order.
    vectors
        float32 [K, D] with unit rows, or None where there are none: then the
        category alone says what is alike.
    categories
        int32 [K] category codes; an unknown one (0) is like no other.
    diversity
        0 for the order of the scores, 1 for variety regardless of them.
    size
        How many to choose; fewer come back when K is smaller.

    Returns
    -------
    intp [min(size, K)]
        Indexes into the candidates. Ties go to the earlier candidate.

    Notes
    -----
    Carbonell and Goldstein, "The use of MMR, diversity-based reranking for
    reordering documents and producing summaries", SIGIR 1998.
    """
    size = min(size, len(scores))
    if size <= 0:
        return np.empty(0, dtype=np.intp)
    if diversity <= 0:
        return np.argsort(-scores, kind="stable")[:size]
    relevance = _unit_range(scores)
    likeness = np.zeros(len(scores))  # [K], to the most alike chosen one
    open_ = np.ones(len(scores), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < size:
        gain = (1 - diversity) * relevance - diversity * likeness
        gain[~open_] = -np.inf
        # The first choice is the best product whatever the dial says.
        best = int(np.argmax(gain if chosen else scores))
        chosen.append(best)
        open_[best] = False
        np.maximum(likeness, _likeness_to(best, vectors, categories), out=likeness)
    return np.array(chosen, dtype=np.intp)


def _unit_range(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    low, high = float(scores.min()), float(scores.max())
    return np.subtract(scores, low, dtype=np.float64) / ((high - low) or 1.0)


def _likeness_to(
    one: int, vectors: NDArray[np.float32] | None, categories: NDArray[np.int32]
) -> NDArray[np.float64]:
    """How alike every candidate is to ``one``, 0 to 1: float64 [K]."""
    same = np.asarray((categories == categories[one]) & (categories > UNKNOWN), np.float64)
    if vectors is None:
        return same
    cosine = np.maximum(vectors @ vectors[one], 0.0)
    return np.asarray(CATEGORY_WEIGHT * same + (1 - CATEGORY_WEIGHT) * cosine)
