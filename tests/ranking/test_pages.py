import numpy as np

from daogou.ranking.pages import CHOICE, PageRules, Pool, lay_out

SCORES = np.array([0.5, 0.9, 0.8, 0.7, 0.1, 0.2], np.float32)
POOL = Pool(
    scores=SCORES,
    popularity=np.array([0, 90, 80, 70, 0, 0], np.float32),
    categories=np.array([1, 2, 2, 2, 3, 3], np.int32),
    fresh=np.array([False, False, True, False, True, True]),
    vectors=None,
)


def test_all_dials_at_0_give_the_order_of_the_scores() -> None:
    page = lay_out(POOL, PageRules(4), 0.5)
    assert page.places.tolist() == [1, 2, 3, 0]
    assert page.scores.tolist() == SCORES[[1, 2, 3, 0]].tolist()
    assert page.propensities.tolist() == [1, 1, 1, 1]


def test_variety_is_by_category_where_there_are_no_vectors() -> None:
    for rules in (PageRules(2, diversity=0.5), PageRules(2, diversity=0.5, arranger="dpp")):
        assert lay_out(POOL, rules, 0.5).places.tolist() == [1, 0]


def test_vectors_of_any_length_are_taken_of_the_best_alone() -> None:
    asked: list[list[int]] = []

    def vectors(
        places: np.ndarray[tuple[int], np.dtype[np.intp]],
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        asked.append(places.tolist())
        return np.full((len(places), 3), 100, np.float32)  # all alike

    pool = Pool(SCORES, POOL.popularity, np.zeros(6, np.int32), POOL.fresh, vectors)
    assert lay_out(pool, PageRules(1, diversity=0.9), 0.5).places.tolist() == [1]
    assert asked == [[1, 2, 3, 0, 5][:CHOICE]]


def test_control_changes_the_scores_that_are_told() -> None:
    page = lay_out(POOL, PageRules(6, popularity_control=1.0), 0.5)
    assert page.places[0] == 0  # unsold, and of those the best
    assert page.scores.tolist() == sorted(page.scores.tolist(), reverse=True)


def test_exploring_takes_the_best_fresh_ones_that_are_not_on_the_page() -> None:
    page = lay_out(POOL, PageRules(3, explore_share=1.0), 0.5)
    assert page.places.tolist() == [1, 5, 4]  # 2 is fresh, and on the page by its score: not again
    page = lay_out(POOL, PageRules(3, explore_share=0.5), 0.5)
    assert page.places.tolist() == [1, 5, 2]
    assert page.propensities.tolist() == [1.0, 0.5, 0.5]


def test_an_empty_pool_is_an_empty_page() -> None:
    none = np.zeros(0, np.float32)
    pool = Pool(none, none, none.astype(np.int32), none.astype(np.bool_), None)
    for rules in (PageRules(5), PageRules(5, 0.5, "dpp", 0.5, 0.5)):
        page = lay_out(pool, rules, 0.5)
        assert (len(page.places), len(page.scores), len(page.propensities)) == (0, 0, 0)
