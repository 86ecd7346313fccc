"""A score that falls where something is taken out of a visitor's history."""

from dataclasses import dataclass
from typing import Final

LEAST_DROP: Final = 1e-4
"""Scores (logits) that differ by less are equal: a batch of another size rounds otherwise."""


@dataclass(frozen=True, slots=True)
class Drop:
    """What the ranker says of a product, and what it says without one of the history's.

    Attributes
    ----------
    removed
        The row whose lines were left out.
    score, without
        Of head "next", a logit: with the whole history, and without that row.
    """

    removed: int
    score: float
    without: float

    @property
    def holds(self) -> bool:
        """Whether the score does fall."""
        return self.score - self.without > LEAST_DROP
