"""Hand-computed values, and what is undefined."""

import math

import numpy as np
import pytest

from benchmarks.measures import (
    difference,
    graded_ndcg_at,
    mean_with_interval,
    ratio_of_means,
    recall_of_possible_at,
    reciprocal_rank,
)

GRADES = {"a": 3, "b": 2, "c": 1}


def test_ndcg_by_hand() -> None:
    ideal = 7 + 3 / math.log2(3) + 1 / 2
    assert graded_ndcg_at(["a", "b", "c"], GRADES) == pytest.approx(1)
    assert graded_ndcg_at(["x", "a"], GRADES) == pytest.approx(7 / math.log2(3) / ideal)
    assert graded_ndcg_at(["c", "b", "a"], GRADES, k=1) == pytest.approx(1 / 7)
    assert graded_ndcg_at([], GRADES) == 0
    assert math.isnan(graded_ndcg_at(["a"], {}))
    assert math.isnan(graded_ndcg_at(["a"], {"a": 0}))


def test_reciprocal_rank_by_hand() -> None:
    assert reciprocal_rank(["x", "c", "a"], GRADES) == 1 / 2
    assert reciprocal_rank(["x", "c", "a"], GRADES, least=3) == 1 / 3
    assert reciprocal_rank(["x"], GRADES) == 0
    assert math.isnan(reciprocal_rank(["x"], GRADES, least=4))


def test_recall_is_of_what_the_places_can_hold() -> None:
    assert recall_of_possible_at(["a", "x", "y"], GRADES, k=100, least=2) == 1 / 2
    assert recall_of_possible_at(["a", "x"], GRADES, k=2) == 1 / 2  # three are relevant, two fit
    assert recall_of_possible_at(["a", "b"], GRADES, k=2) == 1
    assert recall_of_possible_at(["a", "a"], GRADES, k=2) == 1 / 2  # one document counts once
    assert math.isnan(recall_of_possible_at([], {}))


def test_a_difference_is_paired() -> None:
    ours = np.linspace(0, 1, 50)
    better = difference(ours, ours - 0.1)
    assert (better.low, better.mean, better.high) == pytest.approx((0.1, 0.1, 0.1))
    alone = mean_with_interval(ours)
    assert alone.high - alone.low > 0.1  # of the values themselves it is wide


def test_a_ratio_of_means_and_its_bounds() -> None:
    english = np.array([1.0, 0.5, 0.0, 0.8])
    same = ratio_of_means(english * 0.9, english)
    assert (same.low, same.mean, same.high) == pytest.approx((0.9, 0.9, 0.9))
    other = ratio_of_means(english[::-1], english)
    assert other.mean == pytest.approx(1)
    assert other.low < 1 < other.high
    assert math.isnan(ratio_of_means(english, english * 0).mean)
