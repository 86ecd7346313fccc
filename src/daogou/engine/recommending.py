"""Recommendations: candidates of a placement, ranked, then arranged for the page."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.engine.asking import allowed_rows
from daogou.engine.matching import Bools
from daogou.engine.proposing import MODEL, WEIGHTS, propose
from daogou.engine.requests import RecommendRequest
from daogou.engine.scoring import judge
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Float32, Int32
from daogou.ranking.arrange import arrange
from daogou.retrieval import Candidates, Fused, fuse

POOL: Final = 400
"""Candidates that the model ranks, at most."""
CHOICE: Final = 5
"""A page is arranged out of so many times its size."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A page of recommendations.

    Attributes
    ----------
    rows, scores
        In the order of the page, int32 and float32 [N].
    fused
        What each source said of all candidates.
    """

    rows: Int32
    scores: Float32
    fused: Fused


def anchor_rows(view: View, visit: Visit, request: RecommendRequest) -> Int32:
    """Rows that the page is about; for a cart also what the session put into it."""
    index = view.catalogue.table.index
    named = [index[i] for i in dict.fromkeys(request.product_ids) if i in index]
    if request.placement == "cart":
        named += [row for row in visit.in_cart.tolist() if row not in named]
    return np.array(named, np.int32)


def choose(view: View, visit: Visit, request: RecommendRequest, anchors: Int32) -> Chosen:
    """The page: nothing out of stock, waved away, in the cart or on the page already."""
    mask = allowed_rows(view, request.filter) & view.catalogue.available
    for excluded in (anchors, visit.in_cart, visit.rejected):
        mask[excluded] = False
    user = None
    if view.model is not None:
        user = view.model.context(visit.history, visit.now, None)
    proposals = propose(request.placement, view, visit, mask, anchors, user)
    proposals += _filling(view, mask, proposals, request)
    weights = WEIGHTS.get(request.placement)
    fused = fuse(proposals, POOL, weights)
    scores = _scores(view, visit, request, fused, user)
    order = np.argsort(-scores, kind="stable")[: CHOICE * request.page_size]
    rows = fused.items[order]
    vectors = None
    if view.model is not None:
        # Without an item tower the texts say what is alike.
        vectors = _unit((view.model.items or view.model.text).take(rows))
    categories = view.catalogue.table.category[rows]
    page = arrange(scores[order], vectors, categories, request.diversity, request.page_size)
    return Chosen(rows[page], scores[order][page], fused)


def _filling(
    view: View, mask: Bools, proposals: list[Candidates], request: RecommendRequest
) -> list[Candidates]:
    """Popular products, where the others would leave the page half empty.

    Not for what one bought before: there a short list is the truth.
    """
    names = {p.source for p in proposals}
    if request.placement == "buy-again" or "popular" in names:
        return []
    proposed = np.unique(np.concatenate([p.items for p in proposals]))
    missing = request.page_size - len(proposed)
    if missing <= 0:
        return []
    others = mask.copy()
    others[proposed] = False
    return [view.popular(others, missing)]


def _scores(
    view: View, visit: Visit, request: RecommendRequest, fused: Fused, user: Float32 | None
) -> Float32:
    """Final scores of the candidates, [K].

    A visitor of whom nothing is known gets the sources' order: what is popular.
    """
    model = view.model
    if model is None or user is None or "next" not in model.heads:
        return fused.scores
    if not len(visit.history) or not len(fused):
        return fused.scores
    judged = judge(view, model, visit, fused.items, user).scores.next
    weights = WEIGHTS.get(request.placement)
    if weights is None:
        return judged
    place = np.argsort(-judged, kind="stable")
    by_model = Candidates(fused.items[place], judged[place], MODEL)
    # Fusion adds up 1 / (60 + rank): what the model's order adds is added here.
    added = fuse([by_model], len(fused), weights)
    scores = np.zeros(len(view.catalogue), np.float32)
    scores[added.items] = added.scores
    return np.asarray(fused.scores + scores[fused.items], np.float32)


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)
