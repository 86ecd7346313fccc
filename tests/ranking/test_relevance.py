"""How well products answer a query by content alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from daogou.ranking import Evidence, RelevanceWeights, relevance
from daogou.ranking.relevance import agreement, feedback


def floats(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def order(evidence: Evidence, weights: RelevanceWeights | None = None) -> list[int]:
    return [int(n) for n in np.argsort(-relevance(evidence, weights), kind="stable")]


def test_words_alone() -> None:
    assert order(Evidence(floats(2, 7, 0))) == [1, 0, 2]
    np.testing.assert_allclose(relevance(Evidence(floats(2, 8, 0))), [0.25, 1, 0])


def test_words_count_as_a_share_of_what_is_possible() -> None:
    """The fewer of the query's words any product has, the more its meaning counts."""
    lexical, meaning = floats(2, 1), floats(0.1, 0.4)
    assert order(Evidence(lexical, meaning, possible=4.0)) == [1, 0]
    assert order(Evidence(lexical, meaning, possible=2.5)) == [0, 1]
    np.testing.assert_allclose(relevance(Evidence(lexical, possible=4.0)), [1, 0.5])


def test_a_title_with_all_the_words_leads() -> None:
    lexical, title = floats(3, 2.9, 2.8), floats(0.5, 1, 0.99)
    assert order(Evidence(lexical, title=title)) == [1, 0, 2]


def test_no_words_match_at_all() -> None:
    meaning = floats(0.1, 0.4, -0.2)
    assert order(Evidence(floats(0, 0, 0), meaning)) == [1, 0, 2]


def test_the_scale_of_lexical_scores_does_not_matter() -> None:
    lexical, meaning = floats(3, 2, 1), floats(0.1, 0.3, 0.5)
    np.testing.assert_allclose(
        relevance(Evidence(lexical, meaning)), relevance(Evidence(100 * lexical, meaning)), 1e-6
    )


def test_meaning_breaks_what_words_leave_open() -> None:
    assert order(Evidence(floats(1, 1, 1), floats(0.2, 0.1, 0.3))) == [2, 0, 1]


def test_constraints_lift() -> None:
    evidence = Evidence(floats(1, 0.9), constraints=floats(0, 1))
    assert order(evidence) == [1, 0]
    assert order(evidence, RelevanceWeights(constraints=0)) == [0, 1]


def test_what_the_best_have_in_common_leads() -> None:
    """Three best of one kind lift the fourth of that kind above a stranger of equal score."""
    kind, stranger = floats(1, 0), floats(0, 1)
    vectors = np.stack([kind, kind, kind, stranger, kind])
    lexical = floats(1, 0.9, 0.8, 0.5, 0.5)
    assert order(Evidence(lexical, vectors=vectors)) == [0, 1, 2, 4, 3]
    still = RelevanceWeights(feedback=0)
    assert order(Evidence(lexical, vectors=vectors), still) == [0, 1, 2, 3, 4]


def test_feedback_by_hand() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    # The best are 0 and 2, worth 1 and (nearly) 0.
    np.testing.assert_allclose(feedback(vectors, floats(3, 1, 2), 2), [1, 0, 0.6], atol=1e-5)


@pytest.mark.parametrize("k", [0, 1])
def test_few_candidates(k: int) -> None:
    evidence = Evidence(
        np.zeros(k, np.float32),
        np.zeros(k, np.float32),
        np.zeros((k, 4), np.float32),
        np.zeros(k, np.float32),
        np.zeros(k, np.bool_),
    )
    assert relevance(evidence).shape == (k,)
    assert np.isfinite(relevance(evidence)).all()


def test_wishes_count_by_how_sure_they_are_and_how_widely_told() -> None:
    met = np.array([[True, False, False, True], [True, True, False, False]])
    told = np.array([[True, True, True, True], [True, True, False, False]])
    # The second wish is about a field that half of the candidates have.
    found = agreement(np.array([0.8, 1.0]), met, told)
    np.testing.assert_allclose(found, [(0.8 + 0.5) / 2, 0.5 / 2, 0, 0.8 / 2], rtol=1e-6)


def test_a_field_that_hardly_any_candidate_has_says_hardly_anything() -> None:
    met = np.zeros((1, 100), np.bool_)
    met[0, 7] = True
    assert agreement(np.array([1.0]), met, met)[7] == pytest.approx(0.01)


def test_no_wishes() -> None:
    none = np.zeros((0, 3), np.bool_)
    assert agreement(np.zeros(0), none, none).tolist() == [0, 0, 0]
    assert agreement(np.ones(1), np.zeros((1, 0), bool), np.zeros((1, 0), bool)).shape == (0,)
