"""How sure a mean is: percentile bootstraps over whole visitors, and over seeds beside them.

Dimension letters: N cases, G groups (visitors), S seeds, R rounds.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating] | npt.NDArray[np.integer] | npt.NDArray[np.bool_]
Bool = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]

_AT_ONCE: Final = 64
"""So many rounds are multiplied at a time, so that only these are ever kept as float64."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the bounds of its confidence interval."""

    mean: float
    low: float
    high: float


UNDEFINED: Final = Interval(float("nan"), float("nan"), float("nan"))


class Resampling:
    """Rounds of a bootstrap that are drawn once, then asked for any number of metrics.

    Cases of one visitor are alike; drawing visitors instead of cases keeps the interval
    honest (cluster bootstrap: Cameron, Gelbach and Miller, 2008). Where a model was fitted
    with several seeds, a round draws seeds as well, independently of the visitors (the
    pigeonhole bootstrap: Owen, 2007), so that the interval covers both: other visitors, and
    another fit. With S seeds the part of the seeds comes out too small by (S - 1) / S, as any
    bootstrap of so few does; with one seed it is that of the visitors alone.

    Parameters
    ----------
    groups
        [N]: the number of the group that each case belongs to.
    level, rounds, seed
        Share of the rounds inside the bounds, R, and the seed of all draws.
    """

    def __init__(
        self, groups: Numbers, *, level: float = 0.95, rounds: int = 1000, seed: int = 0
    ) -> None:
        self.groups: Numbers = groups
        self.level, self.rounds, self.seed = level, rounds, seed
        self._drawn: dict[bytes, _Draws] = {}

    def mean(self, values: Numbers) -> Interval:
        """Mean of ``values`` [N], or [S, N] over seeds; a case that is NaN counts nowhere."""
        columns = _by_seed(values)
        told = _complete(columns)
        if not told.any():
            return UNDEFINED
        means = self._over_seeds(columns[:, told], told, stream=0)
        return self._interval(float(columns[:, told].mean()), means)

    def difference(self, ours: Numbers, theirs: Numbers) -> Interval:
        """Mean of ``ours`` less that of ``theirs``, [N] or [S, N] each, case by case.

        Both are drawn with the same visitors in each round, which is what pairs them; their
        seeds have nothing in common, and are drawn apart.
        """
        left, right = _by_seed(ours), _by_seed(theirs)
        told = _complete(left) & _complete(right)
        if not told.any():
            return UNDEFINED
        left, right = left[:, told], right[:, told]
        means = self._over_seeds(left, told, stream=0) - self._over_seeds(right, told, stream=1)
        return self._interval(float(left.mean() - right.mean()), means)

    def _over_seeds(self, columns: Float64, told: Bool, stream: int) -> Float64:
        """Each round's mean over its visitors and its seeds, [R]; ``columns`` is [S, told]."""
        key = told.tobytes()
        if key not in self._drawn:
            self._drawn[key] = _Draws.of(self.groups[told], self.rounds, self.seed)
        return over_seeds(self._drawn[key].means(columns), self.seed, stream)

    def _interval(self, mean: float, means: Float64) -> Interval:
        low, high = np.quantile(means, [(1 - self.level) / 2, (1 + self.level) / 2])
        return Interval(mean, float(low), float(high))


def over_seeds(rounds: Float64, seed: int, stream: int) -> Float64:
    """Each round's mean over seeds that are drawn for it, [R], of ``rounds`` [R, S].

    Statistics of one ``stream`` share the draws; one seed is no draw.
    """
    n_rounds, seeds = rounds.shape
    if seeds == 1:
        return rounds[:, 0]
    rng = np.random.default_rng((seed, stream, 1))
    times = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=n_rounds)  # [R, S]
    averaged: Float64 = (rounds * times).sum(axis=1) / seeds
    return averaged


def _by_seed(values: Numbers) -> Float64:
    """``values`` as [S, N]."""
    numbers: Float64 = np.asarray(values, np.float64)
    return numbers if numbers.ndim > 1 else numbers[None]


def _complete(columns: Float64) -> Bool:
    """The cases in which every seed has a value, [N]."""
    complete: Bool = ~np.isnan(columns.sum(axis=0))  # one NaN makes the sum one
    return complete


@dataclass(frozen=True, slots=True)
class _Draws:
    """How often each round drew each group.

    Attributes
    ----------
    place
        Number of each case's group, 0 to G-1, [N].
    times
        [R, G]; uint16, since drawing is most of a bootstrap's time and is kept for the next.
    """

    place: npt.NDArray[np.intp]
    times: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, groups: Numbers, rounds: int, seed: int) -> "_Draws":
        _, place = np.unique(groups, return_inverse=True)
        n = int(place.max()) + 1
        rng = np.random.default_rng(seed)
        chances = np.full(n, 1 / n)
        times = np.empty((rounds, n), np.uint16)
        for start in range(0, rounds, _AT_ONCE):
            part = times[start : start + _AT_ONCE]
            part[:] = rng.multinomial(n, chances, size=len(part))
        return cls(place, times)

    def means(self, columns: Float64) -> Float64:
        """Mean over the cases of the drawn groups, [R, S], of ``columns`` [S, N]."""
        counts = np.bincount(self.place)
        totals = [np.bincount(self.place, weights=column) for column in columns]
        sums = np.stack([counts, *totals], axis=1).astype(np.float64)  # [G, 1 + S]
        drawn = np.concatenate(
            [
                self.times[start : start + _AT_ONCE].astype(np.float64) @ sums
                for start in range(0, len(self.times), _AT_ONCE)
            ]
        )
        means: Float64 = drawn[:, 1:] / drawn[:, :1]
        return means


def bootstrap(
    values: Numbers, groups: Numbers, *, level: float = 0.95, rounds: int = 1000, seed: int = 0
) -> Interval:
    """Mean of ``values`` with a percentile bootstrap interval over whole groups.

    NaN values count nowhere; without any other value all three are NaN. For several metrics
    of the same cases keep a :class:`Resampling`: nearly all the time goes into its draws.

    Parameters
    ----------
    values, groups
        [N] each: what is averaged, and the number of the group that it belongs to.
    """
    return Resampling(groups, level=level, rounds=rounds, seed=seed).mean(values)
