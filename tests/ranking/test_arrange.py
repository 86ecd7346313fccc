import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from daogou.ranking.arrange import arrange

# Candidates 0-2 are near copies in category 7; 3 is another kind, and scores a little lower.
SCORES = np.array([1.0, 0.95, 0.9, 0.85, 0.0], dtype=np.float32)
VECTORS = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
CATEGORIES = np.array([7, 7, 7, 8, 8], dtype=np.int32)


def order(
    diversity: float, size: int = 5, vectors: NDArray[np.float32] | None = VECTORS
) -> list[int]:
    return [int(i) for i in arrange(SCORES, vectors, CATEGORIES, diversity, size)]


def test_no_diversity_keeps_the_order_of_the_scores() -> None:
    assert order(0.0) == [0, 1, 2, 3, 4]


def test_a_little_diversity_brings_the_other_kind_forward() -> None:
    # After 0: copies have .8 * .95 - .2 * 1 = .56, candidate 3 has .8 * .85 = .68.
    assert order(0.2)[:3] == [0, 3, 1]


def test_full_diversity_still_starts_with_the_best() -> None:
    assert order(1.0)[:2] == [0, 3]


def test_without_vectors_the_category_alone_counts() -> None:
    assert order(0.2, vectors=None)[:3] == [0, 3, 1]


def test_a_missing_category_is_like_no_other() -> None:
    missing = np.zeros(5, np.int32)
    assert arrange(SCORES, None, missing, 0.9, 5).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("size", "length"), [(0, 0), (2, 2), (9, 5)])
def test_size_is_bounded_by_the_candidates(size: int, length: int) -> None:
    assert len(order(0.3, size)) == length


def test_no_candidates() -> None:
    none = np.empty(0, dtype=np.float32)
    assert arrange(none, None, none.astype(np.int32), 0.5, 12).size == 0


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30), st.floats(0, 1))
def test_every_order_is_a_permutation_that_starts_with_a_best_one(
    scores: list[float], diversity: float
) -> None:
    array = np.array(scores, dtype=np.float32)
    categories = np.arange(len(scores), dtype=np.int32) % 3
    chosen = arrange(array, None, categories, diversity, len(scores)).tolist()
    assert sorted(chosen) == list(range(len(scores)))
    assert array[chosen[0]] == array.max()
