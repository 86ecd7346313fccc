"""How sure a statistic is that is no mean: whole visitors drawn anew, and seeds beside them.

The same bootstrap as :class:`daogou.evaluation.Resampling`, which is made for means of many cases.
Dimension letters: N cases, G groups (visitors), R rounds, S seeds.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daogou.evaluation.intervals import Interval, over_seeds

Array = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]
ROUNDS: Final = 500
BINS: Final = 15
"""Of equal mass, of the calibration error."""
_LEAST: Final = 1e-12


class Rounds:
    """Draws of whole groups; every statistic is told of the cases as they are, then of each round.

    Parameters
    ----------
    groups
        [N]: the number of the group that each case belongs to.
    rounds, seed
        R, and the seed of the draws.
    """

    def __init__(self, groups: Array, *, rounds: int = ROUNDS, seed: int = 0) -> None:
        distinct, self.place = np.unique(groups, return_inverse=True)
        n = len(distinct)
        self.times: Float64 = np.ones((1 + rounds, n))  # [1 + R, G]
        if n:
            rng = np.random.default_rng(seed)
            self.times[1:] = rng.multinomial(n, np.full(n, 1 / n), size=rounds)

    def mean(self, values: Array, weights: Array | None = None) -> Float64:
        """Weighted mean of ``values`` [N], [1 + R]; a case that is NaN counts nowhere."""
        told = ~np.isnan(values)
        weight = told.astype(np.float64) if weights is None else told * weights
        return _ratio(self._summed(np.where(told, values, 0) * weight), self._summed(weight))

    def auc(self, scores: Array, labels: Array, weights: Array | None = None) -> Float64:
        """Probability that a positive scores above a negative, [1 + R]; a tie counts half.

        As :func:`daogou.evaluation.auc`, of ``scores`` and ``labels`` (0 or 1), [N] each. With
        ``weights`` [N] a case counts as so many.
        """
        _, step = np.unique(scores, return_inverse=True)
        weight = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
        steps, sides = int(step.max(initial=-1)) + 1, (labels > 0, labels <= 0)
        found = np.full(len(self.times), np.nan)
        for number, times in enumerate(self.times):
            up, down = (
                np.bincount(step[s], weights=weight[s] * times[self.place[s]], minlength=steps)
                for s in sides
            )
            below = np.cumsum(down) - down / 2
            if (pairs := up.sum() * down.sum()) > 0:
                found[number] = up @ below / pairs
        return found

    def log_loss(self, probabilities: Array, labels: Array, weights: Array) -> Float64:
        """Mean negative log likelihood of ``labels``, weighted, in nats, [1 + R]."""
        p = np.clip(probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
        return self.mean(-np.where(labels > 0, np.log(p), np.log1p(-p)), weights)

    def calibration_error(self, probabilities: Array, labels: Array, weights: Array) -> Float64:
        """Expected calibration error over :data:`BINS` bins, [1 + R].

        The bins are those of all cases and have equal weight there, as in
        :func:`daogou.evaluation.reliability`; what is in them is drawn. An error is never below
        0, so that by chance alone the rounds lie a little above the whole.
        """
        order = np.argsort(probabilities, kind="stable")
        reached = np.cumsum(weights[order].astype(np.float64))
        if not len(reached):
            return np.full(len(self.times), np.nan)
        bins = np.empty(len(order), np.int64)
        bins[order] = np.minimum((reached / reached[-1] * BINS).astype(np.int64), BINS - 1)
        apart = weights * (probabilities.astype(np.float64) - labels)
        off = sum(np.abs(self._summed(np.where(bins == b, apart, 0))) for b in range(BINS))
        return _ratio(np.asarray(off), self._summed(weights))

    def macro_f1(self, predicted: Array, labels: Array) -> Float64:
        """Mean F1 of the categories that any case is about, [1 + R]; both are codes, [N].

        A category that is never predicted has 0 (Opitz and Burst, "Macro F1 and macro F1", 2019:
        the mean of the categories' F1, not the F1 of the means).
        """
        n = int(max(predicted.max(initial=0), labels.max(initial=0))) + 1
        right = predicted == labels
        found = np.full(len(self.times), np.nan)
        for number, times in enumerate(self.times):
            drawn = times[self.place]
            about = np.bincount(labels, weights=drawn, minlength=n)
            told = np.bincount(predicted, weights=drawn, minlength=n)
            hits = np.bincount(labels[right], weights=drawn[right], minlength=n)
            asked = about > 0
            if asked.any():
                found[number] = (2 * hits / np.maximum(about + told, 1))[asked].mean()
        return found

    def _summed(self, values: Array) -> Float64:
        """Sum of ``values`` [N] in each round, [1 + R]."""
        groups = self.times.shape[1]
        sums: Float64 = self.times @ np.bincount(self.place, weights=values, minlength=groups)
        return sums


def _ratio(above: Float64, below: Float64) -> Float64:
    defined = below > 0
    found: Float64 = np.where(defined, above / np.where(defined, below, 1), np.nan)
    return found


def interval(rounds: Float64, *, level: float = 0.95, seed: int = 0) -> Interval:
    """The mean over seeds of a statistic, and bounds that draw visitors and seeds, [S, 1 + R].

    With one seed they are those of the visitors alone (the pigeonhole bootstrap: Owen, 2007).
    """
    return _bounded(rounds[:, 0].mean(), _means(rounds, seed, 0), level)


def difference(
    ours: Float64, theirs: Float64, *, paired: bool, level: float = 0.95, seed: int = 0
) -> Interval:
    """The same of ``ours`` less ``theirs``, [S, 1 + R] each; both were drawn by the same rounds.

    Parameters
    ----------
    paired
        Whether fits of one seed have something in common, and so are drawn together.
    """
    if paired:
        return interval(ours - theirs, level=level, seed=seed)
    draws = _means(ours, seed, 0) - _means(theirs, seed, 1)
    return _bounded(ours[:, 0].mean() - theirs[:, 0].mean(), draws, level)


def _means(rounds: Float64, seed: int, stream: int) -> Float64:
    return over_seeds(np.asarray(rounds[:, 1:].T, np.float64), seed, stream)


def _bounded(mean: float, draws: Float64, level: float) -> Interval:
    if np.isnan(draws).all():
        return Interval(float(mean), float("nan"), float("nan"))
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(low), float(high))
