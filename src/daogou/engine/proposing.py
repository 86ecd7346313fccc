"""Which sources propose products for a placement."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from daogou.engine.matching import Bools
from daogou.engine.requests import Placement
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.history import PURCHASE
from daogou.features.items import UNKNOWN, Float32, Int32
from daogou.retrieval import (
    Candidates,
    ItemToItemRetriever,
    PersonalFrequencyRetriever,
    Request,
)
from daogou.retrieval.proposals import PERSONAL_K, POPULAR_K, RELATED_K, TASTE_K
from daogou.retrieval.sources import Opinion

SIMILAR_K: Final = 120
MODEL: Final = "model"
"""The name under which the model's order takes part in a fusion."""
WEIGHTS: Final[Mapping[Placement, Mapping[str, float]]] = {
    "similar": {"meaning": 3.0, "category": 1.0, MODEL: 1.0, "popular": 0.1},
    "goes-with": {"item-to-item": 3.0, MODEL: 1.0, "popular": 0.1},
    "cart": {"item-to-item": 1.0, MODEL: 1.0, "popular": 0.1},
}
"""Placements that are about products: what leads there, and how much the model has to say.
What is merely popular only fills the page. On the other placements the model alone decides."""


def propose(
    placement: Placement,
    view: View,
    visit: Visit,
    mask: Bools,
    anchors: Int32,
    user: Float32 | None,
    opinion: Opinion | None = None,
) -> list[Candidates]:
    """Candidates of every source that serves the placement; to a stranger, what is popular.

    Parameters
    ----------
    mask
        What may be proposed, bool [V].
    anchors
        Rows that the page is about, int32 [A].
    user
        The context vector, [D]; None, or of width 0, without a ranker.
    opinion
        Of the fitted sources about the visitor; they are asked where it is None.
    """
    request = Request(visit.now, visit.history, user_vector=user, anchor=anchors, mask=mask)
    related = ItemToItemRetriever(view.stats.neighbours)
    personal = PersonalFrequencyRetriever()
    match placement:
        case "home" if not len(visit.history) and not len(anchors):
            return [view.popular(mask, POPULAR_K)]
        case "home":
            proposals = [
                personal.retrieve(request, PERSONAL_K),
                related.retrieve(request, RELATED_K),
                view.popular(mask, POPULAR_K),
            ]
        case "similar":
            proposals = [_of_like_meaning(view, mask, anchors), _of_category(view, mask, anchors)]
        case "goes-with":
            proposals = [related.retrieve(request, RELATED_K)]
        case "buy-again":
            bought = np.zeros(len(mask), np.bool_)
            bought[visit.history.of_kind(PURCHASE).items] = True
            again = Request(visit.now, visit.history, mask=mask & bought)
            proposals = [personal.retrieve(again, len(mask))]
        case "cart":
            proposals = [
                related.retrieve(request, RELATED_K),
                personal.retrieve(request, PERSONAL_K),
            ]
    if view.model is not None and placement in ("home", "cart"):
        if view.model.taste is not None:
            proposals.append(view.model.taste.retrieve(request, TASTE_K))
        opinion = opinion or view.model.panel.ask(visit.history, visit.now)
        proposals += opinion.propose(mask)
    return proposals


def _of_like_meaning(view: View, mask: Bools, anchors: Int32) -> Candidates:
    """Products whose texts are nearest to those of the anchors."""
    if view.model is None or not len(anchors):
        return Candidates(anchors[:0], np.zeros(0, np.float32), "meaning")
    mean = view.model.text.take(anchors).mean(axis=0)
    vector = np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
    asked = Request(now=0.0, query_vector=vector, mask=mask)
    return view.model.meaning.retrieve(asked, SIMILAR_K)


def _of_category(view: View, mask: Bools, anchors: Int32) -> Candidates:
    """The most popular products of the anchors' categories."""
    category = view.catalogue.table.category
    wanted = np.zeros(len(view.catalogue.table.categories), np.bool_)
    wanted[category[anchors]] = True
    wanted[UNKNOWN] = False
    popular = view.popular(mask & wanted[category], POPULAR_K)
    return Candidates(popular.items, popular.scores, "category")
