import numpy as np
import pytest

from daogou.ranking.popularity import without_popularity

POPULAR = np.array([np.e**4 - 1, np.e**2 - 1, 0], np.float32)  # logs 4, 2, 0: z = 1.22, 0, -1.22
SCORES = np.array([3.0, 2.0, 1.0], np.float32)  # standard deviation sqrt(2/3), as in z


def test_at_0_the_scores_are_what_they_were() -> None:
    assert without_popularity(SCORES, POPULAR, 0.0) is SCORES


def test_at_1_a_standard_deviation_is_taken_for_each_of_popularity() -> None:
    # The scores are the popularity, standardised: nothing is left of them but their mean.
    assert without_popularity(SCORES, POPULAR, 1.0) == pytest.approx([2, 2, 2], abs=1e-5)
    assert without_popularity(SCORES, POPULAR, 0.5) == pytest.approx([2.5, 2, 1.5], abs=1e-5)


def test_the_dial_means_the_same_on_any_scale() -> None:
    moved = without_popularity(np.float32(1 / 60) * SCORES - np.float32(7), POPULAR, 0.3)
    assert moved == pytest.approx(without_popularity(SCORES, POPULAR, 0.3) / 60 - 7, abs=1e-5)


@pytest.mark.parametrize("size", [0, 1])
def test_one_candidate_is_no_more_popular_than_the_others(size: int) -> None:
    assert without_popularity(SCORES[:size], POPULAR[:size], 1.0).tolist() == [3.0][:size]


def test_where_all_sell_alike_nothing_is_taken() -> None:
    assert without_popularity(SCORES, np.ones(3, np.float32), 1.0).tolist() == [3, 2, 1]
