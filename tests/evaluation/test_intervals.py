"""Intervals over visitors and seeds, on numbers whose spread is known."""

import math

import numpy as np
import pytest

from daogou.evaluation import Interval, Resampling, bootstrap


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_draws_are_kept_and_give_what_bootstrap_gives() -> None:
    rng = np.random.default_rng(0)
    groups, values = np.repeat(np.arange(50), 3), rng.random(150)
    values[4] = np.nan
    resampling = Resampling(groups)
    assert resampling.mean(values) == bootstrap(values, groups) == resampling.mean(values)


def test_the_width_is_that_of_the_central_limit_theorem() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap(values, np.arange(400), rounds=4000)
    assert width(found) == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_seeds_that_differ_widen_the_interval() -> None:
    cases = np.random.default_rng(2).random(400)
    groups = np.arange(400)
    one = Resampling(groups).mean(cases)
    same = Resampling(groups).mean(np.stack([cases] * 4))
    other = Resampling(groups).mean(np.stack([cases + step for step in (-0.3, -0.1, 0.1, 0.3)]))
    assert (same.mean, same.low, same.high) == pytest.approx((one.mean, one.low, one.high))
    assert other.mean == pytest.approx(one.mean)
    # The mean of 4 draws from the four steps has a variance of .05 / 4.
    assert width(other) == pytest.approx(math.hypot(width(one), 2 * 1.96 * 0.112), rel=0.15)


def test_pairs_are_drawn_together() -> None:
    rng = np.random.default_rng(3)
    theirs = rng.random(300)
    resampling = Resampling(np.arange(300))
    steady = resampling.difference(theirs + 0.1, theirs)
    assert (steady.mean, steady.low, steady.high) == pytest.approx((0.1, 0.1, 0.1))
    unlike = resampling.difference(rng.random(300) + 0.1, theirs)
    assert width(unlike) > 0.05


def test_a_difference_over_seeds_has_the_mean_of_the_seeds() -> None:
    theirs = np.zeros(20)
    ours = np.stack([np.full(20, 0.2), np.full(20, 0.4)])
    found = Resampling(np.arange(20)).difference(ours, theirs)
    assert (found.mean, found.low, found.high) == pytest.approx((0.3, 0.2, 0.4))


def test_what_is_undefined_stays_so() -> None:
    nothing = np.full(3, np.nan)
    resampling = Resampling(np.arange(3))
    assert math.isnan(resampling.mean(nothing).mean)
    assert math.isnan(resampling.difference(np.ones(3), nothing).low)
    assert math.isnan(Resampling(np.zeros(0, int)).mean(np.zeros(0)).high)
