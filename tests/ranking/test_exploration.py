"""The probabilities are those of the pages that are made: counted, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.ranking.exploration import chance, exploring_places, interleave, propensities

RANKED = list(range(12))
FRESH = [100, 101, 102]


def test_without_a_share_nothing_changes() -> None:
    assert interleave(RANKED, FRESH, 0.0, 0.99) == RANKED
    assert propensities(RANKED, FRESH, 0.0, 0.99).tolist() == [1.0] * 12


def test_the_best_of_the_fresh_ones_takes_the_first_exploring_place() -> None:
    # .25 p + .3 passes 1 at place 3, 2 at place 7 and 3 at place 11.
    assert exploring_places(12, 0.25, 0.3) == [3, 7, 11]
    assert interleave(RANKED, FRESH, 0.25, 0.3) == [0, 1, 2, 100, 3, 4, 5, 101, 6, 7, 8, 102]


def test_the_first_place_is_the_best_products_even_if_all_others_explore() -> None:
    assert interleave([7, 8, 9], FRESH, 1.0, 0.5) == [7, 100, 101]


def test_where_the_fresh_ones_are_used_up_the_others_move_up() -> None:
    assert interleave(RANKED[:6], [100], 0.5, 0.0) == [0, 1, 100, 2, 3, 4]
    assert interleave(RANKED[:6], [], 0.5, 0.0) == RANKED[:6]
    assert propensities(RANKED[:6], [], 0.5, 0.0).tolist() == [1.0] * 6


def test_every_place_but_the_first_explores_with_the_share_as_its_probability() -> None:
    draws = (np.arange(20_000) + 0.5) / 20_000
    counted = np.zeros(12)
    for u in draws:
        counted[exploring_places(12, 0.15, float(u))] += 1
    assert counted[0] == 0
    assert counted[1:] / 20_000 == pytest.approx(np.full(11, 0.15), abs=1e-3)


def test_propensities_by_hand() -> None:
    # One of the places 1 to 4 explores: 1 for u from .75 on, 2 from .5, 3 from .25, 4 below. So
    # product 1 keeps place 1 in three cases of four, and product 2 comes to place 3 in two.
    assert interleave(RANKED[:5], FRESH, 0.25, 0.6) == [0, 1, 100, 2, 3]
    assert propensities(RANKED[:5], FRESH, 0.25, 0.6) == pytest.approx([1, 0.75, 0.25, 0.5, 0.75])


@given(
    size=st.integers(1, 30),
    n_fresh=st.integers(0, 5),
    share=st.floats(0, 1),
    u=st.floats(0, 1, exclude_max=True),
)
def test_propensities_are_the_share_of_draws_that_show_the_same(
    size: int, n_fresh: int, share: float, u: float
) -> None:
    ranked, fresh = list(range(size)), list(range(100, 100 + n_fresh))
    page = interleave(ranked, fresh, share, u)
    assert len(page) == len(set(page)) == size
    draws = (np.arange(400) + 0.5) / 400
    pages = np.array([interleave(ranked, fresh, share, float(v)) for v in draws])
    counted = (pages == np.array(page)).mean(axis=0)
    assert propensities(ranked, fresh, share, u) == pytest.approx(counted, abs=0.011)


def test_chance_is_stable_and_even() -> None:
    assert chance("v1", "home", 20_000) == chance("v1", "home", 20_000)
    drawn = np.array([chance(f"v{n}", "home", 20_000) for n in range(5000)])
    assert 0 <= drawn.min() <= drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx(np.full(10, 500), abs=100)
    tomorrow = np.array([chance(f"v{n}", "home", 20_001) for n in range(5000)])
    assert abs(np.corrcoef(drawn, tomorrow)[0, 1]) < 0.05
