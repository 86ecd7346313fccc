"""Shapley values against their definition: the mean over all orders of joining."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from daogou.ranking.attribution import coalitions, shapley

Bools = NDArray[np.bool_]


def by_all_orders(values: NDArray[Any], n_groups: int) -> list[float]:
    """What each group adds when it joins, over every order of joining (n! of them)."""
    added = np.zeros(n_groups)
    orders = list(permutations(range(n_groups)))
    for order in orders:
        members = 0
        for group in order:
            added[group] += values[members | 1 << group] - values[members]
            members |= 1 << group
    found: list[float] = (added / len(orders)).tolist()
    return found


@pytest.mark.parametrize("n_groups", [1, 2, 3, 5, 6])
def test_it_is_the_mean_over_all_orders(n_groups: int) -> None:
    values = np.random.default_rng(n_groups).normal(size=2**n_groups)
    base, added = shapley(lambda _: values, n_groups)
    assert added.tolist() == pytest.approx(by_all_orders(values, n_groups))
    assert base == values[0]
    assert base + added.sum() == pytest.approx(values[-1], abs=1e-12)


def test_a_sum_gives_each_its_own_and_a_product_is_shared() -> None:
    def value(present: Bools) -> NDArray[Any]:
        a, b, c, d = present.T.astype(float)
        return np.asarray(10 + 2 * a - 3 * b + 6 * a * c + 0 * d)

    base, added = shapley(value, 4)
    assert base == 10
    assert added == pytest.approx([2 + 3, -3, 3, 0])


def test_a_group_that_changes_nothing_gets_exactly_0() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=8)

    def value(present: Bools) -> NDArray[Any]:
        return np.asarray(drawn[present[:, :3] @ np.array([1, 2, 4])])

    assert shapley(value, 4)[1][3] == 0


def test_every_coalition_is_asked_for_once_and_in_one_call() -> None:
    calls: list[Bools] = []

    def value(present: Bools) -> NDArray[Any]:
        calls.append(present)
        return np.zeros(len(present))

    shapley(value, 5)
    assert len(calls) == 1
    assert len(np.unique(calls[0], axis=0)) == len(calls[0]) == 32
    assert not coalitions(5)[0].any()
    assert coalitions(5)[-1].all()


def test_too_many_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="17 groups have 131,072 coalitions"):
        coalitions(17)
