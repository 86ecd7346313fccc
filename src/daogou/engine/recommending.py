"""Recommendations: candidates of a placement, ranked, then arranged for the page."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.engine.answering import Stage, unmeasured
from daogou.engine.asking import allowed_rows
from daogou.engine.config import EngineConfig
from daogou.engine.exploring import FRESH_K, FRESH_WEIGHTS, fresh_candidates, fresh_rows
from daogou.engine.matching import Bools
from daogou.engine.proposing import MODEL, WEIGHTS, propose
from daogou.engine.requests import RecommendRequest
from daogou.engine.scoring import judge
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Float32, Float64, Int32
from daogou.features.stats import DAY
from daogou.ranking.exploration import chance
from daogou.ranking.pages import PageRules, Pool, lay_out
from daogou.retrieval import Candidates, Fused, fuse
from daogou.retrieval.sources import Opinion

POOL: Final = 400
"""Candidates that the model ranks, at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A page of recommendations.

    Attributes
    ----------
    rows, scores
        In the order of the page, int32 and float32 [N].
    judged
        What the ranker says of each, float32 [N], before anything else has a say; None where it
        was not asked.
    propensities
        How probable each is in its place, float64 [N].
    fused
        What each source said of all candidates.
    """

    rows: Int32
    scores: Float32
    judged: Float32 | None
    propensities: Float64
    fused: Fused


def anchor_rows(view: View, visit: Visit, request: RecommendRequest) -> Int32:
    """Rows that the page is about; for a cart also what the session put into it."""
    index = view.catalogue.table.index
    named = [index[i] for i in dict.fromkeys(request.product_ids) if i in index]
    if request.placement == "cart":
        named += [row for row in visit.in_cart.tolist() if row not in named]
    return np.array(named, np.int32)


def choose(
    view: View,
    visit: Visit,
    request: RecommendRequest,
    anchors: Int32,
    config: EngineConfig,
    stage: Stage = unmeasured,
) -> Chosen:
    """The page: nothing out of stock, waved away, in the cart or on the page already."""
    user, opinion = None, None
    with stage("retrieve"):
        if view.model is not None:
            user = view.model.context(visit.history, visit.now, None)
            opinion = view.model.panel.ask(visit.history, visit.now)
        fused = candidates(view, visit, request, anchors, user, config, opinion)
    with stage("rank"):
        judged = _judged(view, visit, fused, user, opinion)
        scores = _scores(view, request, fused, judged, opinion)
    with stage("arrange"):
        pool = _pool(view, visit, fused, scores, config)
        # One page for a visitor and a placement all day long.
        u = chance(request.visitor_id or "", request.placement, int(visit.now // DAY))
        page = lay_out(pool, _rules(visit, request, anchors, config), u)
    said = None if judged is None else judged[page.places]
    return Chosen(fused.items[page.places], page.scores, said, page.propensities, fused)


def _pool(view: View, visit: Visit, fused: Fused, scores: Float32, config: EngineConfig) -> Pool:
    rows = fused.items
    # Without an item tower the texts say what is alike.
    vectors = (view.model.items or view.model.text) if view.model is not None else None
    return Pool(
        scores=scores,
        popularity=view.stats.popularity_slow[rows],
        categories=view.catalogue.table.category[rows],
        fresh=_fresh(view, visit, config, rows),
        vectors=None if vectors is None else lambda places: vectors.take(rows[places]),
    )


def _rules(
    visit: Visit, request: RecommendRequest, anchors: Int32, config: EngineConfig
) -> PageRules:
    """What holds for this page: what one buys again is neither an experiment nor a hit parade."""
    again = request.placement == "buy-again"
    # Of a stranger, on a page that is about nothing, popularity is all that can be gone by.
    known = len(visit.history) > 0 or len(anchors) > 0
    return PageRules(
        size=request.page_size,
        diversity=request.diversity,
        arranger=config.arranger,
        popularity_control=config.popularity_control if known and not again else 0.0,
        explore_share=0.0 if again else config.explore_share,
    )


def _fresh(
    view: View, visit: Visit, config: EngineConfig, rows: Int32 | slice = slice(None)
) -> Bools:
    """Which of ``rows``, or of all, are fresh: bool [V] or as many as there are."""
    published = view.catalogue.numbers["published"][rows]
    return fresh_rows(published, view.stats.popularity_slow[rows], visit.now, config.fresh_days)


def candidates(
    view: View,
    visit: Visit,
    request: RecommendRequest,
    anchors: Int32,
    user: Float32 | None,
    config: EngineConfig,
    opinion: Opinion | None = None,
) -> Fused:
    """What may be on the page, :data:`POOL` products and a few fresh ones at most."""
    mask = allowed_rows(view, request.filter) & view.catalogue.available
    for excluded in (anchors, visit.in_cart, visit.rejected):
        mask[excluded] = False
    mask &= view.catalogue.live_without(request.excluded_ids)
    proposals = propose(request.placement, view, visit, mask, anchors, user, opinion)
    proposals += _filling(view, mask, proposals, request)
    weights = WEIGHTS.get(request.placement)
    if request.placement == "home" and config.explore_share > 0:
        # The other placements explore among what belongs to the products they are about.
        fresh = mask & _fresh(view, visit, config)
        proposals.append(fresh_candidates(view, visit, fresh, user))
        return fuse(proposals, POOL + FRESH_K, FRESH_WEIGHTS)
    return fuse(proposals, POOL, weights)


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


def _judged(
    view: View, visit: Visit, fused: Fused, user: Float32 | None, opinion: Opinion | None
) -> Float32 | None:
    """What the ranker says of the candidates, [K]; None where there is none, or no history."""
    model = view.model
    if model is None or user is None or "next" not in model.heads:
        return None
    if not len(visit.history) or not len(fused):
        return None
    return judge(view, model, visit, fused.items, user, opinion=opinion).scores.next


def _scores(
    view: View,
    request: RecommendRequest,
    fused: Fused,
    judged: Float32 | None,
    opinion: Opinion | None,
) -> Float32:
    """Scores of the candidates, [K].

    A visitor of whom nothing is known gets the sources' order: what is popular.
    """
    if judged is None:
        return fused.scores
    weights = WEIGHTS.get(request.placement)
    if weights is None:
        if view.model is None or opinion is None:
            return judged
        return view.model.panel.led(opinion, fused.items, judged)
    place = np.argsort(-judged, kind="stable")
    by_model = Candidates(fused.items[place], judged[place], MODEL)
    # Fusion adds up 1 / (60 + rank): what the model's order adds is added here.
    added = fuse([by_model], len(fused), weights)
    scores = np.zeros(len(view.catalogue), np.float32)
    scores[added.items] = added.scores
    return np.asarray(fused.scores + scores[fused.items], np.float32)
