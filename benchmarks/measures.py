"""What a ranked list of graded results is worth, and how sure that is.

Undefined is NaN, as in :mod:`daogou.evaluation.metrics`, whose intervals are used.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.evaluation import Interval, bootstrap

Float64 = npt.NDArray[np.float64]
ROUNDS: Final = 5000


def graded_ndcg_at(ranked: Sequence[str], grades: Mapping[str, int], k: int = 10) -> float:
    """Normalised discounted cumulative gain with gain 2^grade - 1 and discount 1 / log2(rank + 1).

    C. Burges et al., "Learning to rank using gradient descent", ICML 2005.

    Parameters
    ----------
    ranked
        Ids, best first; one without a grade counts as 0.
    grades
        Grade of each judged document.
    """
    gains = 2.0 ** np.array([grades.get(id_, 0) for id_ in ranked[:k]], np.float64) - 1
    ideal = 2.0 ** np.sort(np.fromiter(grades.values(), np.float64, len(grades)))[::-1][:k] - 1
    discount = 1 / np.log2(np.arange(2, k + 2))
    best = float(ideal @ discount[: len(ideal)])
    return float(gains @ discount[: len(gains)]) / best if best > 0 else float("nan")


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], least: int = 1) -> float:
    """One over the rank of the first document of grade ``least`` or more; 0 where none comes."""
    if not any(grade >= least for grade in grades.values()):
        return float("nan")
    ranks = (n for n, id_ in enumerate(ranked, start=1) if grades.get(id_, 0) >= least)
    first = next(ranks, None)
    return 1 / first if first else 0.0


def recall_of_possible_at(
    ranked: Sequence[str], grades: Mapping[str, int], k: int = 100, least: int = 1
) -> float:
    """Relevant documents among the first ``k``, as a share of as many as ``k`` places can hold.

    Where fewer than ``k`` documents are relevant this is recall; where there are thousands, as of
    a head category, plain recall would be near 0 for a perfect list.
    """
    relevant = {id_ for id_, grade in grades.items() if grade >= least}
    if not relevant:
        return float("nan")
    return len(relevant & set(ranked[:k])) / min(len(relevant), k)


def mean_with_interval(values: Float64) -> Interval:
    """Mean over queries with its 95% bootstrap interval, each query drawn by itself."""
    return bootstrap(values, np.arange(len(values)), rounds=ROUNDS)


def difference(ours: Float64, theirs: Float64) -> Interval:
    """Mean of the paired differences, query by query, with its 95% bootstrap interval."""
    return mean_with_interval(ours - theirs)


def ratio_of_means(upper: Float64, lower: Float64, *, rounds: int = ROUNDS) -> Interval:
    """Mean of ``upper`` over mean of ``lower``, paired, with a 95% percentile bootstrap interval.

    Both [N]: the same needs, asked for in two languages, say. NaN where the lower mean is 0.
    """
    if len(upper) == 0 or lower.mean() == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    drawn = np.random.default_rng(0).integers(len(upper), size=(rounds, len(upper)))
    means = upper[drawn].mean(axis=1), lower[drawn].mean(axis=1)
    ratios = np.divide(*means, out=np.full(rounds, np.nan), where=means[1] > 0)
    low, high = np.nanquantile(ratios, [0.025, 0.975])
    return Interval(float(upper.mean() / lower.mean()), float(low), float(high))
