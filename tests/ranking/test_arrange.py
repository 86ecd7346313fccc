from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from daogou.ranking.arrange import ARRANGERS, CATEGORY_WEIGHT, Arrange, dpp, mmr

# Candidates 0-2 are near copies in category 7; 3 is another kind, and scores a little lower.
SCORES = np.array([1.0, 0.95, 0.9, 0.85, 0.0], dtype=np.float32)
VECTORS = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
CATEGORIES = np.array([7, 7, 7, 8, 8], dtype=np.int32)


def order(
    diversity: float, size: int = 5, vectors: NDArray[np.float32] | None = VECTORS
) -> list[int]:
    return [int(i) for i in mmr(SCORES, vectors, CATEGORIES, diversity, size)]


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
    assert mmr(SCORES, None, missing, 0.9, 5).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("size", "length"), [(0, 0), (2, 2), (9, 5)])
def test_size_is_bounded_by_the_candidates(size: int, length: int) -> None:
    assert len(order(0.3, size)) == length


def test_no_candidates() -> None:
    none = np.empty(0, dtype=np.float32)
    assert mmr(none, None, none.astype(np.int32), 0.5, 12).size == 0


# --- determinantal point process


def kernel(
    vectors: NDArray[np.float32] | None, categories: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The likeness matrix as :func:`dpp` describes it, written down at once."""
    same = (categories[:, None] == categories) & (categories > 0)
    s = np.asarray(same, np.float64)
    if vectors is not None:
        s = CATEGORY_WEIGHT * s + (1 - CATEGORY_WEIGHT) * (1 + vectors @ vectors.T) / 2
    np.fill_diagonal(s, 1)
    return s


def worth(
    page: Sequence[int], scores: NDArray[np.float32], s: NDArray[Any], diversity: float
) -> float:
    """What the page is to have the most of, by a determinant of its own."""
    relevance = (scores - scores.min()) / np.ptp(scores)
    volume = np.linalg.slogdet(s[np.ix_(page, page)])[1]
    return float((1 - diversity) * relevance[list(page)].sum() + diversity * volume)


def random_shop(seed: int, size: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(size, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return rng.normal(size=size).astype(np.float32), vectors, rng.integers(0, 4, size, np.int32)


@pytest.mark.parametrize("diversity", [0.05, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_each_step_adds_the_most_by_determinants_worked_out_anew(
    seed: int, diversity: float
) -> None:
    scores, vectors, categories = random_shop(seed, 9)
    s = kernel(vectors, categories)
    page = dpp(scores, vectors, categories, diversity, 6).tolist()
    assert page[0] == scores.argmax()
    for step in range(1, len(page)):
        others = [i for i in range(9) if i not in page[:step]]
        worths = [worth([*page[:step], i], scores, s, diversity) for i in others]
        assert page[step] == others[int(np.argmax(worths))]


@pytest.mark.parametrize("seed", range(5))
def test_the_greedy_page_is_close_to_the_best_of_all_pages(seed: int) -> None:
    scores, vectors, categories = random_shop(seed, 9)
    s, first = kernel(vectors, categories), int(scores.argmax())
    page = dpp(scores, vectors, categories, 0.5, 4).tolist()
    others = [i for i in range(9) if i != first]
    pages = ([first, *rest] for rest in combinations(others, 3))
    best = max(worth(each, scores, s, 0.5) for each in pages)
    # Two points of relevance, of four at most, would be far off; greedy loses a few hundredths.
    assert worth(page, scores, s, 0.5) >= best - 0.1


def test_the_kernel_is_positive_semi_definite() -> None:
    _, vectors, categories = random_shop(1, 40)
    assert np.linalg.eigvalsh(kernel(vectors, categories)).min() > -1e-6


def test_dpp_keeps_the_order_of_the_scores_at_0_and_mixes_above() -> None:
    assert dpp(SCORES, VECTORS, CATEGORIES, 0.0, 5).tolist() == [0, 1, 2, 3, 4]
    assert dpp(SCORES, VECTORS, CATEGORIES, 0.2, 5).tolist()[:2] == [0, 3]
    assert dpp(SCORES, None, CATEGORIES, 0.2, 5).tolist()[:2] == [0, 3]


def test_dpp_fills_the_page_with_copies_by_their_score_when_nothing_else_is_left() -> None:
    # 3 spans something new; what is left are copies of 0 and of 3.
    assert dpp(SCORES, VECTORS, CATEGORIES, 0.5, 5).tolist() == [0, 3, 1, 2, 4]


def test_a_product_without_a_category_is_no_copy_of_another() -> None:
    missing = np.zeros(5, np.int32)
    assert dpp(SCORES, None, missing, 0.9, 5).tolist() == [0, 1, 2, 3, 4]


def test_many_likenesses_count_together_in_dpp_alone() -> None:
    # 3 is half like each of 0, 1 and 2, which are unlike each other; 4 is .6 like 0 alone.
    vectors = np.zeros((5, 5), np.float32)
    vectors[[0, 1, 2], [0, 1, 2]] = 1
    vectors[3, :4] = [0.55, 0.55, 0.55, np.sqrt(1 - 3 * 0.55**2)]
    vectors[4, [0, 4]] = [0.6, 0.8]
    scores = np.array([1, 1, 1, 0.5, 0.5], np.float32)
    categories = np.arange(1, 6, dtype=np.int32)
    # The largest likeness of 3 is .55 and that of 4 is .6; all together 3 is nearly spanned.
    assert mmr(scores, vectors, categories, 0.5, 5).tolist()[3] == 3
    assert dpp(scores, vectors, categories, 0.5, 5).tolist()[3] == 4


@pytest.mark.parametrize("arrange", ARRANGERS.values())
@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=30), st.floats(0, 1), st.integers(0, 40))
@settings(deadline=None)
def test_every_arranger_chooses_each_once_and_begins_with_a_best_one(
    arrange: Arrange, scores: list[float], diversity: float, size: int
) -> None:
    array = np.array(scores, dtype=np.float32)
    categories = np.arange(len(scores), dtype=np.int32) % 3
    chosen = arrange(array, None, categories, diversity, size).tolist()
    assert len(chosen) == len(set(chosen)) == min(size, len(scores))
    assert not chosen or array[chosen[0]] == array.max()
