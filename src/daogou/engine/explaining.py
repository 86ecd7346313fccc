"""Why a product stands where it stands: every number that went into it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daogou.engine.proposing import propose
from daogou.engine.scoring import judge
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features import FEATURES, GROUPS
from daogou.retrieval.base import NO_ITEMS
from daogou.types import Reason


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a source said of a product: its place, from 0, and its score there."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one product for one visitor at this moment.

    Attributes
    ----------
    product_id, policy_id
        Of what, and under which bundle.
    features
        By group, the values of :data:`daogou.features.FEATURES`; empty without a ranker.
    scores
        What each head that was taught says, by its name; empty without a ranker.
    sources
        The sources that propose the product for the home page, by name.
    reasons
        As the home page would give them.
    """

    product_id: str
    policy_id: str
    features: Mapping[str, Mapping[str, float]]
    scores: Mapping[str, float]
    sources: Mapping[str, Proposed]
    reasons: tuple[Reason, ...]


def measured(
    view: View, visit: Visit, row: int
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Features by group, and scores by head, of one row."""
    if view.model is None or not view.model.heads:
        return {}, {}
    rows = np.array([row], np.int32)
    user = view.model.context(visit.history, visit.now, None)
    judged = judge(view, view.model, visit, rows, user)
    values = dict(zip(FEATURES, judged.wide[0].tolist(), strict=True))
    features = {group: {name: values[name] for name in names} for group, names in GROUPS.items()}
    return features, {head: float(getattr(judged.scores, head)[0]) for head in view.model.heads}


def proposed(view: View, visit: Visit, row: int) -> dict[str, Proposed]:
    """Which sources propose a row for the home page."""
    user = None if view.model is None else view.model.context(visit.history, visit.now, None)
    mask = view.catalogue.live & view.catalogue.available
    found = {}
    for candidates in propose("home", view, visit, mask, NO_ITEMS, user):
        for rank in np.flatnonzero(candidates.items == row).tolist():
            found[candidates.source] = Proposed(rank, float(candidates.scores[rank]))
    return found
