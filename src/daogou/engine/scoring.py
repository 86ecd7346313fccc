"""Ask the trained model what it says of candidates."""

from dataclasses import dataclass

import numpy as np

from daogou.engine.model import Model
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features import QueryScores, compute
from daogou.features.items import Float32, Int32
from daogou.ranking import Scores
from daogou.retrieval import Candidates
from daogou.retrieval.sources import Opinion


@dataclass(frozen=True, slots=True)
class Query:
    """A query as the retrievers read it.

    ``vector`` is its centred text vector, None without a bundle.
    """

    tokens: tuple[str, ...]
    vector: Float32 | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the model was told of candidates (wide features, [K, F]), and what it says."""

    wide: Float32
    scores: Scores


def judge(
    view: View,
    model: Model,
    visit: Visit,
    rows: Int32,
    user: Float32,
    query: QueryScores | None = None,
    opinion: Opinion | None = None,
) -> Judged:
    """Features and scores of ``rows`` [K]; ``user`` is the context vector, [D], with any query.

    Without a ranker the scores are zeros: they put nothing in another order. The sources are
    asked unless their ``opinion`` of the visitor is known.
    """
    wide = wide_features(view, visit, rows, query, opinion)
    if model.ranker is None or model.items is None:
        return Judged(wide, Scores.nothing(len(rows)))
    unasked = None
    if query is not None and model.ranker.asked < set(model.heads):
        unasked = model.context(visit.history, visit.now, None)
    return Judged(wide, model.ranker.score(user, model.items.take(rows), wide, unasked))


def wide_features(
    view: View,
    visit: Visit,
    rows: Int32,
    query: QueryScores | None = None,
    opinion: Opinion | None = None,
) -> Float32:
    """What the ranker is told of ``rows`` [K] beside the towers' vectors, [K, F]."""
    table = view.catalogue.table
    own = compute(visit.history, rows, visit.now, table, view.stats, query)
    if view.model is None:
        return own
    # Answers to a query are ranked by what was asked: the sources, who were not, are silent.
    panel = view.model.panel
    if query is not None:
        return np.concatenate([own, panel.silent(len(rows))], axis=1)
    opinion = opinion or panel.ask(visit.history, visit.now)
    return np.concatenate([own, opinion.wide(rows)], axis=1)


def query_scores(view: View, query: Query, rows: Int32, lexical: Candidates) -> QueryScores:
    """How well ``rows`` [K] answer a query; ``lexical`` has the BM25 scores of all matches."""
    words = np.zeros(len(view.catalogue), np.float32)
    words[lexical.items] = lexical.scores
    semantic = np.zeros(len(rows), np.float32)
    if view.model is not None and query.vector is not None:
        semantic = view.model.meaning.score(query.vector, rows)
    return QueryScores(words[rows], semantic, view.lexical.title_match(rows, query.tokens))
