"""Which groups of features make a product's score: the exact decomposition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.engine.model import Model
from daogou.features.items import Float32
from daogou.ranking.attribution import Bools, shapley

LIKENESS: Final = "likeness"
"""The group of what the two towers say of each other, beside those of the wide features."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """A score, and what it is made of.

    Attributes
    ----------
    score
        What head "next", by which the home page is ordered, says of the product: a logit.
    base
        What it says of the mean of the candidates for that page.
    groups
        By group of features, and :data:`LIKENESS`: what it adds to ``base``. Together with it,
        the score.
    """

    score: float
    base: float
    groups: Mapping[str, float]


def contributions(
    model: Model, user: Float32, vectors: Float32, wide: Float32, place: int
) -> Contributions | None:
    """Shapley values of the groups for one of K candidates; None without a ranker.

    A group that is absent has the mean of the candidates, so that the parts say why this
    product stands where it stands and not where the mean does. What is the same for all
    candidates, such as how often the visitor comes, adds nothing: it moves no product.

    Parameters
    ----------
    user
        Context vector, [D].
    vectors, wide
        Of the candidates, [K, D] and [K, F].
    place
        Which of them.
    """
    ranker = model.ranker
    if ranker is None:
        return None
    names = (*model.groups, LIKENESS)
    # float64: a mean of many equal float32 is not that number.
    mean_wide = wide.mean(axis=0, dtype=np.float64).astype(np.float32)
    mean_vector = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    group_of = {name: n for n, group in enumerate(model.groups.values()) for name in group}
    column = np.array([group_of[name] for name in ranker.columns])

    def value(present: Bools) -> Float32:  # [C, G] -> [C]
        told = np.where(present[:, column], wide[place], mean_wide)
        v = np.where(present[:, -1:], vectors[place], mean_vector)
        return ranker.score(user, v, told).next

    base, added = shapley(value, len(names))
    parts = dict(zip(names, added.tolist(), strict=True))
    return Contributions(score=base + float(added.sum()), base=base, groups=parts)
