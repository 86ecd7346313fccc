"""How much each head should say in the order of search results: measured, not guessed.

A derived query of the newest days is answered; what its visitor then bought is known, and
so is what answers the query whoever asks. The more the heads that know the visitor say, the
higher comes what is bought, until what was asked for gives way to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from daogou.bundle import Bundle
from daogou.encoders import TextEncoder
from daogou.errors import TrainingError
from daogou.features import load_items
from daogou.features.history import PURCHASE
from daogou.features.items import Float32
from daogou.features.stats import DAY
from daogou.ranking import JointRanker
from daogou.retrieval.dense import DenseRetriever
from daogou.retrieval.lexical import LexicalRetriever
from daogou.retrieval.sources import load_panel
from daogou.store import Store
from daogou.text import detect_language
from daogou.training.config import TrainingConfig
from daogou.training.examples import Lists
from daogou.training.objective import listwise_ndcg
from daogou.training.queries import derive_of_baskets
from daogou.training.replay import Asked, Indexes, Replay, StatsClock
from daogou.training.shop import Shop, read_shop


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a weighting of the heads gives.

    Attributes
    ----------
    weights
        By head, as :meth:`daogou.ranking.Scores.blend` takes them.
    bought
        NDCG@10 of what the visitor then bought, among what answers the query in full.
    graded
        NDCG@10 of the grades, which know no visitor.
    queries
        How many had a purchase to be found.
    """

    weights: Mapping[str, float]
    bought: float
    graded: float
    queries: int


def weigh_heads(
    store: Store,
    bundle: Bundle,
    encoder: TextEncoder,
    config: TrainingConfig,
    weightings: Sequence[Mapping[str, float]],
    *,
    count: int = 2000,
) -> list[Weighed]:
    """Answer ``count`` queries of the days that ``bundle`` was validated on, in each weighting.

    Raises
    ------
    TrainingError
        There is no basket in those days, or the bundle is of another catalogue.
    """
    shop = read_shop(store, encoder, lambda *_: None)
    lists, vectors = _answers(shop, bundle, encoder, config, count)
    ranker, items = JointRanker(bundle), np.asarray(bundle.array("item_vectors"))
    bought: list[list[Tensor]] = [[] for _ in weightings]
    graded: list[list[Tensor]] = [[] for _ in weightings]
    for n in range(len(lists)):
        rows, visitor, time = lists.rows(n), int(lists.visitor[n]), float(lists.time[n])
        history = shop.log.history(visitor, int(lists.end[n]))
        user = ranker.context(history, time, items, vectors[int(lists.query[n])])
        unasked = ranker.context(history, time, items)
        wide = lists.wide[rows].astype(np.float32)
        scores = ranker.score(user, items[lists.items[rows]], wide, unasked)
        basket, grades = shop.log.done(visitor, time, 1.0, (PURCHASE,)), lists.grades[rows]
        found = np.isin(lists.items[rows], basket) & (grades == 1)
        for place, weights in enumerate(weightings):
            score = scores.blend(weights)
            bought[place].append(_ndcg(score, found.astype(np.float32)))
            graded[place].append(_ndcg(score, grades))
    return [
        Weighed(weights, float(own.mean()), float(torch.cat(all_).mean()), len(own))
        for weights, own, all_ in zip(weightings, map(torch.cat, bought), graded, strict=True)
    ]


def _answers(
    shop: Shop, bundle: Bundle, encoder: TextEncoder, config: TrainingConfig, count: int
) -> tuple[Lists, Float32]:
    """What derived queries find, with grades and features, and the queries' vectors [Q, T]."""
    table, stats = load_items(bundle)
    if table.ids != shop.table.ids:
        raise TrainingError(
            f"Bundle {bundle.id} is of another catalogue than the store. Run `daogou train`."
        )
    since = stats.as_of - config.validation_days * DAY
    baskets = list(shop.log.baskets(since, stats.as_of, config.min_basket))
    derived = derive_of_baskets(shop.words, baskets, count, config.seed)
    if not derived:
        raise TrainingError(
            f"There is no basket of {config.min_basket} products in the newest"
            f" {config.validation_days} days of bundle {bundle.id}. Import newer purchases."
        )
    texts = [query.text for query in derived]
    encoded = encoder.encode(texts, kind="query")
    vectors = shop.centring.apply(encoded, [detect_language(text) for text in texts])
    asked = [Asked(n, query.tokens, vectors[n]) for n, query in enumerate(derived)]
    clock = StatsClock(shop.log, table, stats.neighbours, stats.as_of)
    replay = Replay(shop.log, table, clock, load_panel(bundle), None, config.seed)
    return replay.queries(derived, asked, _indexes(bundle, shop), shop.words), vectors


def _indexes(bundle: Bundle, shop: Shop) -> Indexes:
    meaning = DenseRetriever.open(
        bundle.path("dense_text"), "meaning", "query_vector", bundle.array("text_vectors")
    )
    return Indexes(LexicalRetriever.open(bundle.path("lexical")), meaning, shop.texts)


def _ndcg(scores: Float32, gains: Float32) -> Tensor:
    """NDCG@10 of one list, [1]; [0] where nothing in it has a gain."""
    logits, labels = torch.from_numpy(scores)[None], torch.from_numpy(gains)[None]
    return listwise_ndcg(logits, labels, torch.ones_like(labels, dtype=torch.bool))
