"""Why a product stands where it stands: every number that went into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from daogou.engine.attributing import Contributions, contributions
from daogou.engine.counterfactual import Counterfactual, counterfactual, evidence
from daogou.engine.proposing import propose
from daogou.engine.scoring import judge
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Int32
from daogou.retrieval.base import NO_ITEMS
from daogou.types import Reason


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a source said of a product: its place, from 0, and its score there."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What one product of the history does for another: its score with that one, and without."""

    product_id: str
    score: float
    without: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would become of a product had the visitor never done anything with another one.

    Attributes
    ----------
    removed
        Id of the other one: it may be the product itself.
    score_before, score_after
        Of head "next", a logit.
    rank_before, rank_after
        From 1, by that score, among the candidates for the visitor's home page; None where the
        product is not among them. The candidates stay the same ones.
    """

    removed: str
    score_before: float
    score_after: float
    rank_before: int | None
    rank_after: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one product for one visitor at this moment.

    Attributes
    ----------
    product_id, policy_id
        Of what, and under which bundle.
    features
        By group, the values of the wide features; empty without a ranker.
    scores
        What each head that was taught says, by its name; empty without a ranker.
    sources
        The sources that propose the product for the home page, by name.
    reasons
        As the home page would give them.
    contributions
        What each group of features adds to the score by which the home page is ordered. None
        where the ranker does not order it: there is none, or the visitor has no history.
    evidence
        What each product of the history does for this one, the largest effect first; of a long
        history the most promising :data:`~daogou.engine.counterfactual.MAX_TESTED`.
    counterfactual
        What would become of the product without the first of those; None where it would not
        fall.
    """

    product_id: str
    policy_id: str
    features: Mapping[str, Mapping[str, float]]
    scores: Mapping[str, float]
    sources: Mapping[str, Proposed]
    reasons: tuple[Reason, ...]
    contributions: Contributions | None = None
    evidence: tuple[Effect, ...] = ()
    counterfactual: WhatIf | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the model says of one product, by the names of :class:`Explanation`."""

    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    contributions: Contributions | None = None
    evidence: tuple[Effect, ...] = ()
    counterfactual: WhatIf | None = None


def measured(view: View, visit: Visit, row: int, candidates: Int32) -> Measured:
    """Ask the model about one row, beside the candidates for the home page, int32 [K]."""
    model = view.model
    if model is None or not model.heads or model.items is None:
        return Measured()
    rows = candidates if row in candidates else np.append(candidates, np.int32(row))
    place = int(np.flatnonzero(rows == row)[0])
    user = model.context(visit.history, visit.now, None)
    judged = judge(view, model, visit, rows, user)
    names = (name for group in model.groups.values() for name in group)
    values = dict(zip(names, judged.wide[place].tolist(), strict=True))
    features = {
        group: {name: values[name] for name in names} for group, names in model.groups.items()
    }
    scores = {head: float(getattr(judged.scores, head)[place]) for head in model.heads}
    if "next" not in model.heads or not len(visit.history):
        return Measured(features, scores)
    parts = contributions(model, user, model.items.take(rows), judged.wide, place)
    drops = evidence(view, model, visit, row, scores["next"])
    ids = view.catalogue.table.ids
    effects = tuple(Effect(ids[drop.removed], drop.score, drop.without) for drop in drops)
    what_if = None
    if drops and drops[0].holds:
        among = judged.scores.next[: len(candidates)]
        found = counterfactual(view, model, visit, row, drops[0], candidates, among)
        what_if = _told(found, ids)
    return Measured(features, scores, parts, effects, what_if)


def _told(found: Counterfactual, ids: Sequence[str]) -> WhatIf:
    drop = found.drop
    return WhatIf(
        removed=ids[drop.removed],
        score_before=drop.score,
        score_after=drop.without,
        rank_before=found.rank,
        rank_after=found.rank_without,
    )


def proposed(view: View, visit: Visit, row: int) -> dict[str, Proposed]:
    """Which sources propose a row for the home page."""
    user = None if view.model is None else view.model.context(visit.history, visit.now, None)
    mask = view.catalogue.live & view.catalogue.available
    found = {}
    for candidates in propose("home", view, visit, mask, NO_ITEMS, user):
        for rank in np.flatnonzero(candidates.items == row).tolist():
            found[candidates.source] = Proposed(rank, float(candidates.scores[rank]))
    return found
