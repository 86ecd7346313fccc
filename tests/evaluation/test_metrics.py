import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.evaluation import (
    auc,
    bootstrap,
    coverage,
    hit_at,
    ndcg_at,
    recall_at,
    reciprocal_rank_at,
    reliability,
)


def test_ndcg_by_hand() -> None:
    # Hits at ranks 1 and 3 of two relevant: (1 + 1/2) / (1 + 1/log2(3)).
    found = ndcg_at(np.array([7, 1, 9]), np.array([7, 9]), k=3)
    assert found == pytest.approx(1.5 / (1 + 1 / math.log2(3)))


def test_ndcg_ideal_is_cut_at_k() -> None:
    assert ndcg_at(np.array([1, 2]), np.array([1, 2, 3, 4]), k=2) == pytest.approx(1.0)


def test_a_short_list_counts_as_padded() -> None:
    assert ndcg_at(np.array([5]), np.array([5, 6]), k=10) == pytest.approx(
        1 / (1 + 1 / math.log2(3))
    )


def test_nothing_relevant_has_no_value() -> None:
    nobody = np.zeros(0, int)
    assert math.isnan(ndcg_at(np.array([1]), nobody))
    assert math.isnan(recall_at(np.array([1]), nobody))


def test_recall_by_hand() -> None:
    assert recall_at(np.array([1, 2, 3, 4]), np.array([2, 4, 8]), k=3) == pytest.approx(1 / 3)


def test_auc_by_hand_with_a_tie() -> None:
    # Pairs of positive and negative: (.9 > .1), (.9 > .5), (.5 > .1), (.5 = .5) -> 3.5 / 4.
    scores, labels = np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 1, 0, 0])
    assert auc(scores, labels) == pytest.approx(3.5 / 4)


def test_auc_of_one_class_is_undefined() -> None:
    assert math.isnan(auc(np.array([0.1, 0.2]), np.array([1, 1])))
    assert math.isnan(auc(np.zeros(0), np.zeros(0)))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_ordered_pairs(rows: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([s for s, _ in rows]), np.array([y for _, y in rows])
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[labels] for n in scores[~labels]]
    if pairs:
        assert auc(scores, labels) == pytest.approx(sum(pairs) / len(pairs))
    else:
        assert math.isnan(auc(scores, labels))


def test_coverage() -> None:
    assert coverage(np.array([[1, 2], [2, 3]]), 12) == pytest.approx(0.25)


def test_bootstrap_of_equal_values_has_no_width() -> None:
    found = bootstrap(np.full(20, 0.4), np.arange(20))
    assert (found.mean, found.low, found.high) == pytest.approx((0.4, 0.4, 0.4))


def test_bootstrap_draws_whole_groups() -> None:
    # One visitor with all the ones: drawing rows would give a far narrower interval.
    values = np.repeat([1.0, 0.0], [50, 50])
    by_row = bootstrap(values, np.arange(100))
    by_visitor = bootstrap(values, np.repeat([0, 1], 50))
    assert by_visitor.high - by_visitor.low > 2 * (by_row.high - by_row.low)


def test_bootstrap_leaves_out_nan() -> None:
    assert bootstrap(np.array([0.2, np.nan, 0.4]), np.arange(3)).mean == pytest.approx(0.3)
    assert math.isnan(bootstrap(np.array([np.nan]), np.arange(1)).low)


def test_reliability_weighs_sampled_rows() -> None:
    # One of 1 sure positive, one negative that stands for 9: predicted .1 and observed .1.
    found = reliability(np.array([0.1, 0.1]), np.array([1, 0]), np.array([1, 9]), bins=1)
    assert found.observed[0] == pytest.approx(0.1)
    assert found.error == pytest.approx(0.0)


def test_reciprocal_rank_and_hit_by_hand() -> None:
    ranked, relevant = np.array([4, 7, 9]), np.array([9, 7, 1])
    assert reciprocal_rank_at(ranked, relevant, k=3) == 0.5
    assert reciprocal_rank_at(ranked, relevant, k=1) == 0.0
    assert hit_at(ranked, relevant, k=2) == 1.0
    assert hit_at(ranked, relevant, k=1) == 0.0
    nobody = np.zeros(0, int)
    assert math.isnan(hit_at(ranked, nobody))
    assert math.isnan(reciprocal_rank_at(ranked, nobody))
