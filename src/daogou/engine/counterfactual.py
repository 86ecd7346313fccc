"""What the ranker would say had the visitor not done something: it is asked again without it.

Nothing here is an approximation of the model. Of the history every line of a product is
left out, features and context vector are computed anew, and the ranker says what it says.
The candidates and the shop's statistics stay as they are: it is the visitor's past that
is in question, not the shop's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.engine.drops import Drop
from daogou.engine.model import Model
from daogou.engine.scoring import wide_features
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Float32, Int32
from daogou.retrieval.sources import JOINT

MAX_TESTED: Final = 30
"""Of a long history so many products are left out one at a time, the most promising first."""
MAX_REMOVED: Final = 3
"""For one page so many products are left out of the history: each costs some 3 ms in a shop of
70,000 products, of which the fitted sources take 2.4. To what the others would carry, another
reason is given."""


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What would become of a product's place.

    Attributes
    ----------
    drop
        Of its score.
    rank, rank_without
        From 1, by that score, among the candidates for the visitor's home page; None where it
        is not among them.
    """

    drop: Drop
    rank: int | None
    rank_without: int | None


def rescored(view: View, model: Model, visit: Visit, removed: Int32, rows: Int32) -> Float32:
    """What head "next" says of each of ``rows`` without the one beside it in ``removed``.

    Both int32 [R], at least one; float32 [R] comes back. Each distinct row that is removed costs
    one computation of features; the context tower and the ranker are run once.
    """
    if model.ranker is None or model.items is None:
        return np.zeros(len(rows), np.float32)
    distinct, of = np.unique(removed, return_inverse=True)
    visits = [Visit(visit.history.without(int(row)), visit.now) for row in distinct]
    users = model.contexts([past.history for past in visits], visit.now)  # [distinct, D]
    wide: list[Float32] = []
    places = [np.flatnonzero(of == number) for number in range(len(distinct))]
    for past, place in zip(visits, places, strict=True):
        wide.append(wide_features(view, past, rows[place]))
    order = np.concatenate(places)
    said = model.ranker.score(
        users[of[order]], model.items.take(rows[order]), np.concatenate(wide)
    ).next
    scores = np.empty(len(rows), np.float32)
    scores[order] = said
    return scores


def verified(
    view: View, visit: Visit, ties: Mapping[int, int], scores: Mapping[int, float]
) -> dict[int, Drop]:
    """Which products of a page the ranker places for something that was bought.

    Parameters
    ----------
    ties
        By row, in the order of the page: the row of the history that it goes with most.
    scores
        By row, what the ranker says with the whole history.

    Returns
    -------
    dict
        By row, of those whose score does fall where its tie is taken out; of a page with many
        different ties the first :data:`MAX_REMOVED` are tested.
    """
    if view.model is None or not ties or view.model.panel.champion != JOINT:
        return {}  # What the ranker says is no reason where another one orders the page.
    tested = list(dict.fromkeys(ties.values()))[:MAX_REMOVED]
    asked = [row for row, tie in ties.items() if tie in tested]
    removed = np.array([ties[row] for row in asked], np.int32)
    without = rescored(view, view.model, visit, removed, np.array(asked, np.int32))
    drops = {
        row: Drop(ties[row], scores[row], said)
        for row, said in zip(asked, without.tolist(), strict=True)
    }
    return {row: drop for row, drop in drops.items() if drop.holds}


def promising(view: View, visit: Visit, row: int) -> Int32:
    """Products of the history that may carry ``row``, int32, :data:`MAX_TESTED` at most.

    The product itself first, then by how much they go with it, then the newest.
    """
    items, first = np.unique(visit.history.items[::-1], return_index=True)
    near = view.stats.neighbours
    known = items < len(near.items)
    weights = np.zeros(len(items))
    weights[known] = np.where(near.items[items[known]] == row, near.weights[items[known]], 0).sum(1)
    weights[items == row] = np.inf
    best: Int32 = items[np.lexsort((first, -weights))][:MAX_TESTED]
    return best


def evidence(view: View, model: Model, visit: Visit, row: int, score: float) -> tuple[Drop, ...]:
    """What each product of the history does for ``row``, the largest drop first."""
    removed = promising(view, visit, row)
    if not len(removed):
        return ()
    without = rescored(view, model, visit, removed, np.full(len(removed), row, np.int32))
    order = np.argsort(without, kind="stable")
    return tuple(Drop(int(removed[n]), score, float(without[n])) for n in order)


def counterfactual(
    view: View, model: Model, visit: Visit, row: int, drop: Drop, candidates: Int32, scores: Float32
) -> Counterfactual:
    """The product's place among the ``candidates`` [K], by their ``scores`` [K], and without."""
    place = np.flatnonzero(candidates == row)
    if not len(place):
        return Counterfactual(drop, None, None)
    removed = np.full(len(candidates), drop.removed, np.int32)
    without = rescored(view, model, visit, removed, candidates)
    rank, rank_without = (
        1 + int(np.count_nonzero(said > said[place[0]])) for said in (scores, without)
    )
    return Counterfactual(drop, rank, rank_without)
