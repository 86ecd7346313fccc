"""Whose doing a score is: an exact decomposition among groups of inputs.

Dimension letters: G groups, C = 2**G coalitions.
"""

from collections.abc import Callable
from math import factorial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daogou.features.items import Float64

Bools = NDArray[np.bool_]
MAX_GROUPS: Final = 16
"""Every group more doubles the number of coalitions; this is 65,536 of them."""


def coalitions(n_groups: int) -> Bools:
    """Every subset of the groups, bool [C, G]: row c has group g where bit g of c is set.

    Raises
    ------
    ValueError
        There are more than :data:`MAX_GROUPS`.
    """
    if n_groups > MAX_GROUPS:
        raise ValueError(
            f"{n_groups} groups have {2**n_groups:,} coalitions; expected {MAX_GROUPS} groups at"
            " most. Put features together into fewer groups."
        )
    return (np.arange(2**n_groups)[:, None] >> np.arange(n_groups) & 1).astype(np.bool_)


def shapley(value: Callable[[Bools], NDArray[Any]], n_groups: int) -> tuple[float, Float64]:
    """What each group adds to a value, on average over all orders in which groups could join.

    ``phi_g = sum over coalitions S without g of |S|! (G - |S| - 1)! / G!
    * (value(S + g) - value(S))``. Nothing is sampled: all coalitions are asked for. It is the
    only attribution that adds up to the value, gives nothing to a group that changes nothing,
    the same to two that do the same, and is additive over values.

    Parameters
    ----------
    value
        Takes bool [C, G], the groups of each coalition, and gives the value of each, [C]; it
        is called once. What an absent group is replaced by is for it to say.
    n_groups
        G.

    Returns
    -------
    float, float64 [G]
        The value of the empty coalition, and what each group adds to it: together the value
        of the full one, to the precision of float64.

    Raises
    ------
    ValueError
        There are more than :data:`MAX_GROUPS` groups.

    Notes
    -----
    L. Shapley, "A value for n-person games", 1953; as an explanation of a model's output
    S. Lundberg and S. Lee, "A unified approach to interpreting model predictions", NeurIPS
    2017.
    """
    members = coalitions(n_groups)
    values = np.asarray(value(members), np.float64)
    sizes = members.sum(axis=1)
    weights = np.array(
        [factorial(s) * factorial(n_groups - s - 1) / factorial(n_groups) for s in range(n_groups)]
    )
    added = np.zeros(n_groups)
    everyone = np.arange(len(members))
    for group in range(n_groups):
        without = everyone[~members[:, group]]
        added[group] = weights[sizes[without]] @ (values[without | 1 << group] - values[without])
    return float(values[0]), added
