"""Put ranked products in order for a page: the best ones, but not twelve of a kind.

Two ways to trade score for variety, with one dial, 0 (by score) to 1 (by variety).
Dimension letters: K candidates, D width of a vector, N places on the page.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from daogou.features.items import UNKNOWN

CATEGORY_WEIGHT: Final = 0.5
"""How much of the likeness of two products is their shared category; the rest is their vectors'."""
LEAST_VOLUME: Final = 1e-6
"""What the determinant is multiplied by, at least, for one product more: a copy of another one
would make it 0, and all pages with a copy in them equally bad."""

Arranger = Literal["mmr", "dpp"]
Arrange = Callable[
    [NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.int32], float, int],
    NDArray[np.intp],
]


def mmr(
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
    if diversity <= 0 or size <= 0:
        return _by_score(scores, size)
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


def dpp(
    scores: NDArray[np.float32],
    vectors: NDArray[np.float32] | None,
    categories: NDArray[np.int32],
    diversity: float,
    size: int,
) -> NDArray[np.intp]:
    """Choose and order ``size`` of K candidates as a determinantal point process would have them.

    The page Y that is sought has the highest ``(1 - diversity) * sum of relevance
    + diversity * log det S_Y``: the determinant is the squared volume that the chosen
    products span, and products that are alike span little. S is the likeness of two
    products as :func:`mmr` has it, but with ``(1 + cosine) / 2`` in the place of the
    positive part of the cosine, which alone would not be positive semi-definite.
    Unlike :func:`mmr`, it counts how alike a product is to all those chosen together.

    Parameters and what is returned are those of :func:`mmr`. Takes O(K N (N + D)).

    Notes
    -----
    Greedy maximisation with an incremental Cholesky factor, as in L. Chen, G. Zhang and
    E. Zhou, "Fast greedy MAP inference for determinantal point process to improve
    recommendation diversity", NeurIPS 2018: their algorithm 1, and their trade-off of
    relevance and diversity. They stop where no product adds volume any more; a page has
    to be filled, so that here a product adds :data:`LEAST_VOLUME` at least.
    """
    size = min(size, len(scores))
    if diversity <= 0 or size <= 0:
        return _by_score(scores, size)
    relevance = _unit_range(scores)
    factor = np.zeros((size, len(scores)))  # [N, K], rows of the Cholesky factor
    volume = np.ones(len(scores))  # [K], by what the determinant would be multiplied
    open_ = np.ones(len(scores), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < size:
        gain = (1 - diversity) * relevance + diversity * np.log(np.maximum(volume, LEAST_VOLUME))
        gain[~open_] = -np.inf
        # The first choice is the best product whatever the dial says.
        best = int(np.argmax(gain if chosen else scores))
        step, past = len(chosen), factor[: len(chosen)]
        chosen.append(best)
        open_[best] = False
        if volume[best] > LEAST_VOLUME:  # a copy spans nothing new
            likeness = _kernel_row(best, vectors, categories)
            factor[step] = (likeness - past[:, best] @ past) / np.sqrt(volume[best])
            volume -= factor[step] ** 2
    return np.array(chosen, dtype=np.intp)


ARRANGERS: Final[Mapping[Arranger, Arrange]] = {"mmr": mmr, "dpp": dpp}
"""By their names in the settings."""


def _by_score(scores: NDArray[np.float32], size: int) -> NDArray[np.intp]:
    return np.argsort(-scores, kind="stable")[: max(size, 0)]


def _unit_range(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    low, high = float(scores.min()), float(scores.max())
    return np.subtract(scores, low, dtype=np.float64) / ((high - low) or 1.0)


def _likeness_to(
    one: int, vectors: NDArray[np.float32] | None, categories: NDArray[np.int32]
) -> NDArray[np.float64]:
    """How alike every candidate is to ``one``, 0 to 1: float64 [K]."""
    same = _same_category(one, categories)
    if vectors is None:
        return same
    cosine = np.maximum(vectors @ vectors[one], 0.0)
    return np.asarray(CATEGORY_WEIGHT * same + (1 - CATEGORY_WEIGHT) * cosine)


def _kernel_row(
    one: int, vectors: NDArray[np.float32] | None, categories: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The row of a positive semi-definite S with a diagonal of ones: float64 [K]."""
    row = _same_category(one, categories)
    if vectors is not None:
        cosine = np.asarray(vectors @ vectors[one], np.float64)
        row = CATEGORY_WEIGHT * row + (1 - CATEGORY_WEIGHT) * (1 + cosine) / 2
    row[one] = 1.0  # also of a product without a category
    return row


def _same_category(one: int, categories: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.asarray((categories == categories[one]) & (categories > UNKNOWN), np.float64)
