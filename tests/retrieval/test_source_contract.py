"""The classical sources under the contract of all sources."""

from daogou.features import Interactions
from daogou.retrieval import Request
from daogou.retrieval.sources import Source
from daogou.training import zoo
from tests.retrieval.source_contract import (
    ANSWER,
    NOW,
    SourceContract,
    V,
    interactions,
    planted,
    purchases,
)


class TestItemToItem(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_item_to_item(data)


class TestSequentialRules(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_sequential_rules(data)


class TestEase(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_ease(data, zoo.EaseConfig(regularisation=10.0))


class TestEaseWithNegativeWeights(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_ease(data, zoo.EaseConfig(regularisation=10.0, kept="absolute"))


class TestItem2Vec(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_item2vec(data, zoo.Item2VecConfig(width=8, batch_size=256, epochs=30))


class TestUserToUser(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_user_to_user(data)


class TestAls(SourceContract):
    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_als(data, zoo.AlsConfig(width=4, regularisation=1.0))


class TestPersonal(SourceContract):
    """Who asks has bought the answer more often than anything else."""

    asked = Request(now=NOW, history=purchases([ANSWER, 3, ANSWER, 7, ANSWER, 8]))

    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return zoo.fit_personal(data)


class TestPopularity(SourceContract):
    """Everybody has bought the answer."""

    needs_a_history = False

    @classmethod
    def fit(cls, data: Interactions) -> Source:
        more = [ANSWER] * 30 if data.n_items == V and len(data) == len(planted(V)) else []
        bought = [*(items.tolist() for items in data.sequences()), more]
        return zoo.fit_popularity(interactions(bought, data.n_items))
