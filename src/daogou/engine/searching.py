"""Search: from a query to the whole match set, its best part in the model's order."""

from dataclasses import dataclass

import numpy as np

from daogou.engine.filters import parse_filter
from daogou.engine.matching import Bools, evaluate_filter
from daogou.engine.proposing import propose
from daogou.engine.requests import SearchRequest
from daogou.engine.scoring import Query, judge, query_scores
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Float32, Int32
from daogou.retrieval import Candidates, Fused, Request, fuse
from daogou.retrieval.base import NO_ITEMS


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The ``[engine]`` table of daogou.toml.

    Attributes
    ----------
    candidates
        The best of a match set, so many at most, are put in order by the model; the others
        follow in the order of their words, or of their popularity.
    fill_below
        Where fewer products have the query's words, those of a near meaning join them.
    near
        A product is near in meaning from this cosine on.
    """

    candidates: int = 200
    fill_below: int = 24
    near: float = 0.4

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise ValueError(f"candidates is {self.candidates}; expected 1 or more, such as 200.")
        if not -1 <= self.near <= 1:
            raise ValueError(f"near is {self.near}; expected a cosine, such as 0.4.")


@dataclass(frozen=True, slots=True)
class Found:
    """A match set.

    Attributes
    ----------
    rows
        All matches, the best first, int32 [M].
    scores
        Of the first ones, in their order; float32.
    fused
        What each source said of the candidates that were ranked.
    """

    rows: Int32
    scores: Float32
    fused: Fused

    def mask(self, size: int) -> Bools:
        """The matches as bool [size]."""
        mask = np.zeros(size, np.bool_)
        mask[self.rows] = True
        return mask


def allowed_rows(view: View, text: str) -> Bools:
    """The shop's products that pass a filter expression, bool [V]."""
    catalogue = view.catalogue
    node = parse_filter(text, catalogue.fields()) if text.strip() else None
    if node is None:
        return catalogue.live.copy()
    passing = evaluate_filter(node, catalogue)
    passing &= catalogue.live
    return passing


def find(
    view: View, visit: Visit, query: Query | None, request: SearchRequest, config: EngineConfig
) -> Found:
    """Everything that matches, ranked; without a query, everything that passes the filter."""
    mask = allowed_rows(view, request.filter)
    ranked = not request.order_by
    if query is None:
        found = _by_taste(view, visit, mask, config, ranked=ranked)
    else:
        found = _by_words(view, visit, query, mask, config, ranked=ranked)
    if ranked:
        return found
    rows = view.catalogue.ordered(found.rows, request.order_by)
    return Found(rows, np.zeros(0, np.float32), found.fused)


def _by_words(
    view: View, visit: Visit, query: Query, mask: Bools, config: EngineConfig, *, ranked: bool
) -> Found:
    matches = view.lexical.match(query.tokens)
    passing = mask[matches.items]
    lexical = Candidates(matches.items[passing], matches.scores[passing], "lexical")
    near = _near(view, query, mask, config)
    rows = lexical.items
    known = np.isin(near.items, rows)
    if len(rows) < config.fill_below:
        rows = np.concatenate([rows, near.items[~known]])
    else:
        near = Candidates(near.items[known], near.scores[known], near.source)
    k = config.candidates
    best = Candidates(lexical.items[:k], lexical.scores[:k], "lexical")
    fused = fuse([best, near], k)
    if view.model is None or not ranked or not len(fused):
        return _in_order(fused.items, fused.scores, rows, fused)
    user = view.model.context(visit.history, visit.now, query.vector)
    told = query_scores(view, query, fused.items, lexical)
    judged = judge(view, view.model, visit, fused.items, user, told)
    return _in_order(fused.items, judged.scores.relevance, rows, fused)


def _near(view: View, query: Query, mask: Bools, config: EngineConfig) -> Candidates:
    """Products of a meaning near to the query's, none without a model."""
    if view.model is None or query.vector is None:
        return Candidates(NO_ITEMS, np.zeros(0, np.float32), "meaning")
    asked = Request(now=0.0, query_vector=query.vector, mask=mask)
    near = view.model.meaning.retrieve(asked, config.candidates // 2)
    count = int(np.count_nonzero(near.scores >= config.near))
    return Candidates(near.items[:count], near.scores[:count], near.source)


def _by_taste(
    view: View, visit: Visit, mask: Bools, config: EngineConfig, *, ranked: bool
) -> Found:
    """Browsing: for a visitor who is known, what the home page would propose comes first."""
    rows = view.popular(mask, len(mask)).items
    if view.model is None or not ranked or not len(visit.history):
        return Found(rows, view.stats.popularity_fast[rows], fuse([], 0))
    user = view.model.context(visit.history, visit.now, None)
    fused = fuse(propose("home", view, visit, mask, NO_ITEMS, user), config.candidates)
    judged = judge(view, view.model, visit, fused.items, user)
    return _in_order(fused.items, judged.scores.next, rows, fused)


def _in_order(candidates: Int32, scores: Float32, rows: Int32, fused: Fused) -> Found:
    """The candidates by falling score, then the other matches as they stand."""
    order = np.argsort(-scores, kind="stable")
    taken = np.zeros(int(rows.max(initial=-1)) + 1, np.bool_)
    taken[candidates] = True
    rest = rows[~taken[rows]]
    return Found(np.concatenate([candidates[order], rest]), scores[order], fused)
