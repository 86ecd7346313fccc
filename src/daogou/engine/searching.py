"""Search: from a query to the whole match set, its best part in the model's order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from daogou.engine.asking import Asked
from daogou.engine.catalogue import ATTRIBUTE
from daogou.engine.config import EngineConfig
from daogou.engine.constraints import Wish
from daogou.engine.matching import Bools
from daogou.engine.proposing import propose
from daogou.engine.scoring import Query, judge, query_scores
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features import QueryScores
from daogou.features.items import Float32, Int32
from daogou.ranking.relevance import Evidence, agreement, relevance
from daogou.retrieval import Candidates, Fused, Request, fuse
from daogou.retrieval.base import NO_ITEMS
from daogou.text import tokenize

CLEAR: Final = 0.6
"""From this share of the best match's BM25 on a product clearly has what was asked for."""
_LEAST: Final = 1e-6


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
    by_meaning
        Whether no product has a word of the query, and these are the nearest in meaning.
    """

    rows: Int32
    scores: Float32
    fused: Fused
    by_meaning: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """What has the words of a query, before any filter.

    ``rows`` is int32 [M], the best first, ``scores`` their BM25.
    """

    rows: Int32
    scores: Float32

    def passing(self, mask: Bools) -> Candidates:
        """Those in ``mask``, bool [V]."""
        kept = mask[self.rows]
        return Candidates(self.rows[kept], self.scores[kept], "lexical")


def match(view: View, asked: Asked) -> Matched:
    """Everything that has the words; without a query, everything, the most popular first."""
    if asked.says_nothing:
        return Matched(NO_ITEMS, np.zeros(0, np.float32))
    if asked.lexical is None:
        return Matched(view.order, view.stats.popularity_fast[view.order])
    found = view.lexical.match(asked.lexical)
    return Matched(found.items, found.scores)


def find(view: View, visit: Visit, asked: Asked, matched: Matched, config: EngineConfig) -> Found:
    """Everything that has the words and passes the filters and the hard wishes, ranked."""
    mask = asked.mask
    if asked.query is None:
        found = _by_taste(view, visit, asked, matched.passing(mask), config)
    else:
        found = _by_words(view, visit, asked, asked.query, matched.passing(mask), config)
    if not asked.order_by:
        return found
    rows = view.catalogue.ordered(found.rows, asked.order_by)
    if asked.query is not None:
        rows = _clear_first(rows, clear_rows(view, asked, matched))
    return replace(found, rows=rows, scores=np.zeros(0, np.float32))


def eligible(matched: Matched, found: Found, size: int) -> Bools:
    """What a facet may count under another filter, bool [V]: what matches the words."""
    mask = np.zeros(size, np.bool_)
    mask[matched.rows] = True
    mask[found.rows] = True
    return mask


def pinned(rows: Int32, pins: Sequence[tuple[int, int]]) -> Int32:
    """``rows`` with others put at fixed places: ``pins`` are (place from 1, row), rising."""
    fixed = [row for _, row in pins]
    order = rows[~np.isin(rows, fixed)].tolist()
    for place, row in pins:
        order.insert(place - 1, row)  # beyond the end is at the end
    return np.array(order, np.int32)


def _by_words(
    view: View, visit: Visit, asked: Asked, query: Query, lexical: Candidates, config: EngineConfig
) -> Found:
    rows = lexical.items
    near = _near(view, query, asked, config)
    known = np.isin(near.items, rows)
    by_meaning = not len(rows) and len(near) > 0
    answering = len(rows)
    if not asked.order_by:  # in an order by price any word suffices: the rest is far down
        having = view.lexical.having(asked.core or query.tokens)
        answering = int(np.count_nonzero(np.isin(rows, having)))
    if answering < config.fill_below:
        rows = np.concatenate([rows, near.items[~known]])
    else:
        near = Candidates(near.items[known], near.scores[known], near.source)
    k = config.candidates
    best = Candidates(lexical.items[:k], lexical.scores[:k], lexical.source)
    fused = fuse([best, near, *_lifted(asked, lexical, k // 4)], k)
    if asked.order_by or not len(fused):
        scores = fused.scores
    else:
        scores = _scores(view, visit, asked, query, lexical, fused.items, config)
        scores = moved(scores, fused.items, asked)
    return in_order(fused.items, scores, rows, fused, by_meaning=by_meaning)


def _near(view: View, query: Query, asked: Asked, config: EngineConfig) -> Candidates:
    """Products of a meaning near to the query's, none without a model."""
    if view.model is None or query.vector is None:
        return Candidates(NO_ITEMS, np.zeros(0, np.float32), "meaning")
    request = Request(now=0.0, query_vector=query.vector, mask=asked.mask)
    near = view.model.meaning.retrieve(request, config.candidates // 2)
    kept = near.scores >= config.near
    for phrase in asked.apart:
        kept &= ~np.isin(near.items, view.lexical.having(phrase))
    return Candidates(near.items[kept], near.scores[kept], near.source)


def _lifted(asked: Asked, lexical: Candidates, k: int) -> list[Candidates]:
    """The best of what something moves up, which would else not be among the candidates."""
    lifted = []
    for mask in [w.mask for w in asked.soft] + [m for m, boost in asked.boosts if boost > 0]:
        inside = np.flatnonzero(mask[lexical.items])[:k]
        lifted.append(Candidates(lexical.items[inside], lexical.scores[inside], "boosted"))
    return lifted


def _scores(
    view: View,
    visit: Visit,
    asked: Asked,
    query: Query,
    lexical: Candidates,
    rows: Int32,
    config: EngineConfig,
) -> Float32:
    """How well each of ``rows`` answers the query for this visitor, [K]."""
    told = query_scores(view, query, rows, lexical)
    if asked.otherwise is not None:
        told = _better(told, query_scores(view, asked.otherwise, rows, lexical))
    by_content = on_content(view, asked, query, told, rows)
    if view.model is None or not view.model.heads:
        return by_content
    user = view.model.context(visit.history, visit.now, query.vector)
    heads = judge(view, view.model, visit, rows, user, told).scores
    blended = heads.blend(config.heads)
    return np.asarray(config.weight_content * by_content + blended, np.float32)


def on_content(view: View, asked: Asked, query: Query, told: QueryScores, rows: Int32) -> Float32:
    """How well ``rows`` [K] answer by their words and their meaning alone, [K]."""
    return relevance(_evidence(view, asked, query, told, rows))


def _better(one: QueryScores, other: QueryScores) -> QueryScores:
    """The better of two wordings, for each product."""
    return QueryScores(
        one.lexical,  # of both wordings already
        np.maximum(one.semantic, other.semantic),
        np.maximum(one.title_match, other.title_match),
    )


def _evidence(view: View, asked: Asked, query: Query, told: QueryScores, rows: Int32) -> Evidence:
    """What is known of ``rows`` as answers, from content alone."""
    evidence = Evidence(
        told.lexical,
        title=told.title_match,
        constraints=_agreement(view, asked, rows),
        possible=view.lexical.possible(asked.lexical) if asked.lexical else None,
    )
    if view.model is None or query.vector is None:
        return evidence
    return replace(evidence, meaning=told.semantic, vectors=view.model.text.take(rows))


def _agreement(view: View, asked: Asked, rows: Int32) -> Float32 | None:
    """How far ``rows`` meet the wishes that are not sure, [K]; the sure ones are met by all.

    A guess at an attribute counts only where the words do not find it, as in another language:
    else they have counted already.
    """
    leaning = [wish for wish in asked.soft if not _is_found_by_words(view, asked, wish)]
    if not leaning:
        return None
    confidences = np.array([wish.constraint.confidence for wish in leaning])
    met = np.array([wish.mask[rows] for wish in leaning])
    told = np.array([view.catalogue.told(wish.constraint.field, rows) for wish in leaning])
    return agreement(confidences, met, told)


def _is_found_by_words(view: View, asked: Asked, wish: Wish) -> bool:
    constraint = wish.constraint
    if not constraint.field.startswith(ATTRIBUTE):
        return False
    return len(view.lexical.having(tokenize(asked.typed[constraint.start : constraint.end]))) > 0


def moved(scores: Float32, rows: Int32, asked: Asked) -> Float32:
    """The scores with boosts: a boost of 1 lifts by the distance from the last to the first."""
    if not len(rows):
        return scores
    reach = max(float(np.ptp(scores)), _LEAST)
    moved = scores.astype(np.float64)
    for mask, boost in asked.boosts:
        moved += boost * reach * mask[rows]
    return moved.astype(np.float32)


def _by_taste(
    view: View, visit: Visit, asked: Asked, popular: Candidates, config: EngineConfig
) -> Found:
    """Browsing: for a visitor who is known, what the home page would propose comes first."""
    rows, scores = popular.items, popular.scores
    k = config.candidates
    if asked.order_by:
        return Found(rows, scores, fuse([], 0))
    known = view.model is not None and "next" in view.model.heads and len(visit.history) > 0
    if not known and not asked.boosts:
        return Found(rows, scores, fuse([], 0))
    lifted = _lifted(asked, popular, k // 4)
    if not known or view.model is None:
        best = Candidates(rows[:k], scores[:k], "popular")
        fused = fuse([best, *lifted], k)
        order = np.argsort(view.stats.popularity_fast[fused.items] * -1, kind="stable")
        judged = np.empty(len(fused), np.float32)
        judged[order] = np.linspace(1, 0, len(fused), dtype=np.float32)
    else:
        user = view.model.context(visit.history, visit.now, None)
        opinion = view.model.panel.ask(visit.history, visit.now)
        proposed = propose("home", view, visit, asked.mask, NO_ITEMS, user, opinion)
        fused = fuse([*proposed, *lifted], k)
        judged = judge(view, view.model, visit, fused.items, user, opinion=opinion).scores.next
    return in_order(fused.items, moved(judged, fused.items, asked), rows, fused)


def clear_rows(view: View, asked: Asked, matched: Matched) -> Int32:
    """What clearly has the words, before any filter: the best first; without words, everything.

    That is what has all of them; where nothing has, what scores well.
    """
    if asked.query is None:
        return matched.rows
    having = view.lexical.having(asked.core or asked.query.tokens)
    if len(having):
        clear = matched.rows[np.isin(matched.rows, having)]
        if len(clear):
            return clear
    return matched.rows[matched.scores >= CLEAR * float(matched.scores.max(initial=0.0))]


def clear_of(matched: Matched, clear: Int32) -> Matched:
    """The rows of ``matched`` that are among ``clear``."""
    kept = np.isin(matched.rows, clear)
    return Matched(matched.rows[kept], matched.scores[kept])


def only(found: Found, clear: Int32) -> Found:
    """What was found, without what is not among ``clear``."""
    kept = np.isin(found.rows, clear)
    scores = found.scores[kept[: len(found.scores)]]
    return replace(found, rows=found.rows[kept], scores=scores, by_meaning=False)


def _clear_first(rows: Int32, clear: Int32) -> Int32:
    """In an order by price or the like: what clearly matches the words before what hardly does.

    Else the cheapest of all that has one word of three would lead.
    """
    leading = np.isin(rows, clear)
    return np.concatenate([rows[leading], rows[~leading]])


def in_order(
    candidates: Int32, scores: Float32, rows: Int32, fused: Fused, *, by_meaning: bool = False
) -> Found:
    """The candidates by falling score, then the other matches as they stand."""
    order = np.argsort(-scores, kind="stable")
    taken = np.zeros(int(max(rows.max(initial=-1), candidates.max(initial=-1))) + 1, np.bool_)
    taken[candidates] = True
    rest = rows[~taken[rows]]
    return Found(np.concatenate([candidates[order], rest]), scores[order], fused, by_meaning)
