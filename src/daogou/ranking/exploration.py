"""Places of a page for products that are new or have hardly been tried.

A page is a function of one number u, 0 to 1, that stands for chance: whoever draws it
from the visitor and the day gives each visitor a page that is stable for the day and
another one tomorrow. Since it is one number, the probability of each product in each
place is a length on that line, and exact.
"""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np

from daogou.features.items import Float64

FIRST_PLACE: Final = 1
"""The best product keeps place 0."""


def chance(*of: object) -> float:
    """A number from 0 to 1 that looks drawn, and is the same each time for the same things."""
    digest = blake2b("\0".join(map(str, of)).encode("utf-8", "replace"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53


def exploring_places(size: int, share: float, u: float) -> list[int]:
    """Which of ``size`` places are for exploring, rising.

    Systematic sampling (W. and L. Madow, 1944): place p is chosen where
    ``floor(share * p + u)`` has grown. Each place but the first is chosen with the
    probability ``share`` exactly if u is uniform, they lie as far apart as they can, and a
    page has the same number of them every day, or one more.
    """
    reached = np.floor(share * np.arange(size) + u)
    return [p for p in range(FIRST_PLACE, size) if reached[p] > reached[p - 1]]


def interleave(ranked: Sequence[int], fresh: Sequence[int], share: float, u: float) -> list[int]:
    """A page: ``ranked`` in its order, with the first of ``fresh`` in the exploring places.

    Parameters
    ----------
    ranked, fresh
        Products, the best first; none is in both.

    Returns
    -------
    list
        As long as ``ranked``, whose last ones give way. Where ``fresh`` is used up, the
        others move up.
    """
    places = set(exploring_places(len(ranked), share, u)[: len(fresh)])
    own, other = iter(ranked), iter(fresh)
    return [next(other if place in places else own) for place in range(len(ranked))]


def propensities(ranked: Sequence[int], fresh: Sequence[int], share: float, u: float) -> Float64:
    """How probable each product of the page of ``u`` is in its place, float64 [N].

    As a function of u the page is constant between the points where an exploring place
    moves; the probability is the total length of the intervals that have that product in
    that place.
    """
    size = len(ranked)
    page = np.array(interleave(ranked, fresh, share, u))
    ends = np.unique(np.concatenate([[0.0, 1.0], -(share * np.arange(size)) % 1.0]))
    total = np.zeros(size)
    for low, high in pairwise(ends.tolist()):
        other = interleave(ranked, fresh, share, (low + high) / 2)
        total += (high - low) * (page == np.array(other))
    return total
