"""Sources of the models that are trained by gradients, or read titles.

Dimension letters: V items, T size of a text vector, L history length.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.knowledge import (
    UTTERANCES,
    Texts,
    dialogue_of,
    has_dialogue,
    queries_for,
    side_of,
)
from benchmarks.recommend.lists import lists_of
from daogou.encoders.base import unit
from daogou.features.history import PURCHASE
from daogou.features.items import Float32
from daogou.retrieval import Candidates, Request
from daogou.retrieval.base import allowed, best, nothing
from daogou.retrieval.sources import Source
from daogou.training import zoo
from daogou.training.zoo.visits import Visits

NAME: Final = "text neighbours"


def lightgcn(dataset: Dataset, seed: int) -> Source:
    """From purchases alone."""
    return zoo.fit_lightgcn(dataset.interactions(), zoo.LightGCNConfig(seed=seed))


def mult_vae(dataset: Dataset, seed: int) -> Source:
    """From purchases alone."""
    return zoo.fit_multvae(dataset.interactions(), zoo.MultVAEConfig(seed=seed))


def sasrec(dataset: Dataset, seed: int, *, cold: bool) -> Source:
    """From purchases, attributes and titles."""
    config = zoo.SASRecConfig(seed=seed, cold=cold)
    return zoo.fit_sasrec(dataset.interactions(), config, side=side_of(dataset))


def gru(dataset: Dataset, seed: int) -> Source:
    """From purchases, and from utterances derived from titles where items have kinds too."""
    dialogue = dialogue_of(dataset, seed) if has_dialogue(dataset) else None
    return zoo.fit_gru(dataset.interactions(), zoo.GruConfig(seed=seed), dialogue)


def two_tower(dataset: Dataset, seed: int) -> Source:
    """From titles bought after titles; before some purchases, their title was asked for too."""
    config, texts = zoo.TwoTowerConfig(seed=seed), Texts(dataset)
    visits = Visits.from_interactions(dataset.interactions(), config.length)
    # As many as keep the encoding short; the others are learned from without a query.
    drawn = np.random.default_rng(seed).permutation(len(visits))[
        : min(UTTERANCES, len(visits) // 2)
    ]
    said = queries_for(dataset, visits.bought[drawn], seed)
    query = np.full(len(visits), -1, np.int32)
    query[drawn] = [n if text else -1 for n, text in enumerate(said)]
    return zoo.fit_two_tower(replace(visits, query=query), texts.vectors, texts.of(said), config)


def ranker(dataset: Dataset, seed: int, model: Literal["wide-deep", "deepfm"]) -> Source:
    """From lists as the joint ranker's, out of the newest baskets."""
    lists, stats = lists_of(dataset, seed)
    config = zoo.WideDeepConfig(model=model, seed=seed)
    return zoo.fit_wide_deep(lists, dataset.log, dataset.table, stats, config)


@dataclass(frozen=True)
class TextNeighbours:
    """Items by the cosine of their title with the mean of the history's; nothing is learned.

    Attributes
    ----------
    vectors
        Of the titles, float32 [V, T].
    """

    vectors: Float32
    name: str = NAME

    @classmethod
    def of(cls, dataset: Dataset) -> "TextNeighbours":
        """Read the titles."""
        return cls(Texts(dataset).vectors)

    def retrieve(self, request: Request, k: int) -> Candidates:
        """The nearest titles, whatever their sign; nothing without a history."""
        bought = request.history.items[request.history.kinds == PURCHASE]  # [L]
        if not len(bought):
            return nothing(self.name)
        u = unit(self.vectors[bought].mean(0, keepdims=True))[0]  # [T]
        items = np.arange(len(self.vectors), dtype=np.int32)
        items = items[allowed(items, request.mask)]
        return best(items, (self.vectors @ u)[items], k, self.name)
