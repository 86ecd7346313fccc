"""Metrics as pure functions.

Undefined is NaN, never 0: a list without a relevant item has no NDCG, and a set of
labels of one kind has no AUC.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating] | npt.NDArray[np.integer] | npt.NDArray[np.bool_]


def ndcg_at(ranked: Numbers, relevant: Numbers, k: int = 10) -> float:
    """Normalised discounted cumulative gain of a ranked list of ids, each relevant or not.

    Jarvelin and Kekalainen, 2002, with gain 1 and discount 1 / log2(rank + 1).

    Parameters
    ----------
    ranked
        Ids, best first; fewer than ``k`` count as if nothing relevant followed.
    relevant
        The distinct ids that should have come.
    """
    if len(relevant) == 0:
        return float("nan")
    discount = 1 / np.log2(np.arange(2, k + 2))
    hits = _hits(ranked[:k], relevant)
    ideal = discount[: min(k, len(relevant))].sum()
    return float(discount[: len(hits)][hits].sum() / ideal)


def recall_at(ranked: Numbers, relevant: Numbers, k: int = 10) -> float:
    """Share of the relevant ids among the first ``k``."""
    if len(relevant) == 0:
        return float("nan")
    return float(_hits(ranked[:k], relevant).sum() / len(relevant))


def reciprocal_rank_at(ranked: Numbers, relevant: Numbers, k: int = 10) -> float:
    """One over the rank of the first relevant id among the first ``k``; 0 where there is none."""
    if len(relevant) == 0:
        return float("nan")
    hits = np.flatnonzero(_hits(ranked[:k], relevant))
    return 1 / (1 + int(hits[0])) if len(hits) else 0.0


def hit_at(ranked: Numbers, relevant: Numbers, k: int = 10) -> float:
    """1 where any of the first ``k`` is relevant, else 0; for one relevant id this is recall."""
    if len(relevant) == 0:
        return float("nan")
    return float(_hits(ranked[:k], relevant).any())


def _hits(ranked: Numbers, relevant: Numbers) -> npt.NDArray[np.bool_]:
    """Which of the ranked are relevant; for a list of ten a set is ten times np.isin's speed."""
    wanted = set(relevant.tolist())
    return np.array([item in wanted for item in ranked.tolist()], bool)


def auc(scores: Numbers, labels: Numbers) -> float:
    """Probability that a positive scores above a negative; a tie counts half.

    By ranks (Mann and Whitney, 1947). Labels are 0 or 1.
    """
    positive = np.asarray(labels, np.float64) > 0
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    _, place, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[place]  # tied scores share the mean of their ranks
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def coverage(recommended: Numbers, n_items: int) -> float:
    """Share of the catalogue that was recommended to anybody."""
    return len(np.unique(recommended)) / n_items if n_items else float("nan")


@dataclass(frozen=True, slots=True)
class Reliability:
    """Calibration by bins of equal weight: mean prediction and observed rate of each bin."""

    predicted: npt.NDArray[np.float64]
    observed: npt.NDArray[np.float64]
    error: float


def reliability(
    probabilities: Numbers, labels: Numbers, weights: Numbers, bins: int = 10
) -> Reliability:
    """Compare predicted probabilities with what happened.

    Parameters
    ----------
    weights
        How many cases each row stands for: the inverse of its sampling rate.

    Returns
    -------
    Reliability
        ``error`` is the expected calibration error, weighted by the bins' weight.
    """
    order = np.argsort(probabilities, kind="stable")
    p, y, w = (np.asarray(a, np.float64)[order] for a in (probabilities, labels, weights))
    if w.sum() == 0:
        nothing = np.zeros(0)
        return Reliability(nothing, nothing, float("nan"))
    place = np.minimum((np.cumsum(w) / w.sum() * bins).astype(int), bins - 1)
    weight = np.bincount(place, weights=w, minlength=bins)
    kept = weight > 0
    predicted = np.bincount(place, weights=w * p, minlength=bins)[kept] / weight[kept]
    observed = np.bincount(place, weights=w * y, minlength=bins)[kept] / weight[kept]
    error = float((np.abs(predicted - observed) * weight[kept]).sum() / weight.sum())
    return Reliability(predicted, observed, error)
