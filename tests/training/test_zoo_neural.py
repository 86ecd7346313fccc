"""The neural reference models under the contract of all sources, and what each alone can do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from daogou.features import Interactions
from daogou.features.items import Float32
from daogou.models.zoo.base import Side
from daogou.retrieval.base import Request
from daogou.retrieval.sources import GraphSource, RescoredSource, Source
from daogou.training.zoo.gru import Dialogue, GruConfig, fit_gru, intent_logits, train_gru
from daogou.training.zoo.holdout import hold_out
from daogou.training.zoo.lightgcn import LightGCNConfig, fit_lightgcn, train_lightgcn
from daogou.training.zoo.multvae import MultVAEConfig, fit_multvae, train_multvae
from daogou.training.zoo.sasrec import SASRecConfig, fit_sasrec, train_sasrec
from daogou.training.zoo.two_tower import TwoTowerConfig, fit_two_tower
from daogou.training.zoo.visits import Visits
from tests.retrieval.source_contract import (
    ANSWER,
    NOW,
    V,
    cycles,
    interactions,
    planted,
    purchases,
)
from tests.training.zoo_contract import NeuralContract

SASREC = SASRecConfig(
    width=16, length=12, epochs=12, patience=9, lines=128, learning_rate=0.03, dropout=0.1
)
GRU = GruConfig(
    width=16, hidden=32, length=12, epochs=20, patience=9, lines=128, learning_rate=0.03,
    dropout=0.1,
)  # fmt: skip
LIGHTGCN = LightGCNConfig(width=16, epochs=12, batch=256, learning_rate=0.05)
MULTVAE = MultVAEConfig(
    hidden=32, latent=16, epochs=40, batch=16, learning_rate=0.02, anneal_steps=50
)
TWO_TOWER = TwoTowerConfig(width=16, hidden=32, batch=128, epochs=20, learning_rate=0.01)
NO_QUERIES: Float32 = np.zeros((0, 8), np.float32)


def asking(items: list[int], **more: Any) -> Request:
    return Request(now=NOW, history=purchases(items), **more)


def texts(n_items: int) -> Float32:
    """An item's text says its parity, and a little which one it is."""
    rng = np.random.default_rng(5)
    vectors = 0.3 * rng.normal(size=(V, 8)).astype(np.float32)
    vectors[:, :2] += np.eye(2, dtype=np.float32)[np.arange(V) % 2]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray((vectors / lengths)[:n_items], np.float32)


def side(n_items: int) -> Side:
    numbers = torch.arange(n_items)
    vectors = torch.from_numpy(texts(n_items))
    tags = torch.stack([numbers % 5, (numbers % 2) * 7], 1)
    return Side(torch.stack([numbers % 3, numbers // 10], 1), tags, vectors)


class TasteContract(NeuralContract):
    def test_three_purchases_tell_the_taste(self, source: Source) -> None:
        for parity in (0, 1):
            past = [2 + parity, 8 + parity, 4 + parity]
            found = source.retrieve(asking(past, mask=~np.isin(np.arange(V), past)), 8)
            assert (found.items % 2 == parity).mean() >= 7 / 8, found


class CycleContract(NeuralContract):
    asked = asking([ANSWER - 4, ANSWER - 3, ANSWER - 2, ANSWER - 1])

    @classmethod
    def taught(cls) -> Interactions:
        return cycles(V)

    def test_each_item_has_one_that_follows(self, source: Source) -> None:
        right = [
            source.retrieve(asking([(n - 2) % V, (n - 1) % V, n]), 1).items[0] == (n + 1) % V
            for n in range(V)
        ]
        assert np.mean(right) > 0.8


class TestSASRec(CycleContract):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return fit_sasrec(data, replace(SASREC, **over))

    def test_a_table_that_is_both_is_kept_once(self, source: Source) -> None:
        assert isinstance(source, GraphSource)
        assert source.tables.inputs is source.tables.vectors


class TestSASRecWithSideInformation(CycleContract):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return fit_sasrec(data, replace(SASREC, **over), side=side(data.n_items))


class TestGru(CycleContract):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return fit_gru(data, replace(GRU, **over))


class TestGruWithDialogue(CycleContract):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return fit_gru(data, replace(GRU, **over), dialogue(data.n_items))


class TestLightGCN(TasteContract):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return fit_lightgcn(data, replace(LIGHTGCN, **over))


class TestMultVAE(TasteContract):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return fit_multvae(data, replace(MULTVAE, **over))


class TestTwoTower(TasteContract):
    proposes_unbought = True

    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        config = replace(TWO_TOWER, **over)
        seen = Visits.from_interactions(data, config.length)
        return fit_two_tower(seen, texts(data.n_items), NO_QUERIES, config)


class TestTwoTowerRescoredByNeuralTensor(TestTwoTower):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return super().model(data, interaction="tensor", shortlist=40, **over)

    def test_the_shortlist_alone_is_proposed(self, source: Source) -> None:
        assert isinstance(source, RescoredSource)
        assert len(source.retrieve(self.asked, V)) == 40


# --- items that nobody bought


@pytest.mark.usefixtures("in_torch")
@pytest.mark.parametrize("cold", [False, True])
def test_what_nobody_bought_is_found_by_its_text_if_it_shall_be(cold: bool) -> None:
    warm = planted(V)
    kept = warm.item >= 10
    columns = {name: getattr(warm, name)[kept] for name in ("visitor", "item", "time", "basket")}
    source = fit_sasrec(replace(warm, **columns), replace(SASREC, cold=cold), side=side(V))
    mask = np.arange(V) < 10
    for parity in (0, 1):
        past = [20 + parity, 42 + parity, 34 + parity]
        found = source.retrieve(asking(past, mask=mask), 10)
        assert len(found) == (10 if cold else 0)
        assert (found.items[:5] % 2 == parity).all()
    read = source.retrieve(asking([2, 4]), 10)
    assert len(read) == (10 if cold else 0)


def test_of_an_item_that_nobody_bought_no_row_of_its_own_is_left() -> None:
    data = interactions([[0, 1, 2], [2, 1, 0]] * 10, 5)
    model = train_sasrec(hold_out(data, 0, 0), replace(SASREC, cold=True, epochs=2), side(5))
    own = model.items.identity.weight
    assert (own[3:] == 0).all()
    assert (own[:3] != 0).all()
    torch.testing.assert_close(model.bias[3:], model.bias[:3].mean().expand(2))


# --- what is said


def dialogue(n_items: int) -> Dialogue:
    """Category 1 has the even items and is asked for by one vector, category 2 by another."""
    rng = np.random.default_rng(1)
    about = rng.integers(1, 3, 200).astype(np.int32)
    vectors = 0.1 * rng.normal(size=(200, 8)).astype(np.float32)
    vectors[np.arange(200), about] += 1
    category = (np.arange(n_items) % 2 + 1).astype(np.int32)
    return Dialogue(category, 3, vectors.astype(np.float32), about)


@pytest.mark.usefixtures("in_torch")
def test_an_utterance_turns_the_recommendations_to_its_category() -> None:
    rng = np.random.default_rng(3)
    bought = [(rng.permutation(V // 2)[:6] * 2 + visitor % 2).tolist() for visitor in range(120)]
    source = fit_gru(interactions(bought, V), GRU, dialogue(V))
    for category in (1, 2):
        said = np.eye(8, dtype=np.float32)[category]
        for past in ([], [2, 8], [3, 9]):
            found = source.retrieve(asking(past, query_vector=said), 5)
            assert (found.items % 2 + 1 == category).all()


def test_the_intent_head_knows_what_utterances_are_about() -> None:
    said = dialogue(V)
    model = train_gru(hold_out(planted(V), 10, 0), GRU, said)
    logits = intent_logits(model, said.vectors)
    assert logits.shape == (200, 3)
    assert (logits.argmax(1) == said.about).mean() > 0.95


def test_a_gru_without_dialogue_reads_no_utterance() -> None:
    model = train_gru(hold_out(cycles(5), 0, 0), replace(GRU, epochs=1))
    with pytest.raises(ValueError, match="text_width=0"):
        model.intent(torch.zeros(1, 0))


@pytest.mark.usefixtures("in_torch")
def test_a_query_alone_finds_products_by_their_texts() -> None:
    """What is asked for is bought, whatever was browsed."""
    rng = np.random.default_rng(2)
    bought = rng.integers(0, V, 600).astype(np.int32)
    nothing, offsets = np.zeros(0, np.int32), np.zeros(601, np.int64)
    seen = Visits(np.arange(600, dtype=np.int32), bought, bought, nothing, offsets)
    source = fit_two_tower(seen, texts(V), texts(V), replace(TWO_TOWER, epochs=40))
    asked = [
        source.retrieve(Request(now=NOW, query_vector=vector), 3).items.tolist()
        for vector in texts(V)
    ]
    assert np.mean([n in found for n, found in enumerate(asked)]) > 0.9


@pytest.mark.parametrize(
    "train",
    [
        lambda split: train_sasrec(split, replace(SASREC, epochs=1)),
        lambda split: train_gru(split, replace(GRU, epochs=1), dialogue(V)),
        lambda split: train_lightgcn(split, replace(LIGHTGCN, epochs=1)),
        lambda split: train_multvae(split, replace(MULTVAE, epochs=1)),
    ],
    ids=["sasrec", "gru", "lightgcn", "mult-vae"],
)
def test_every_weight_is_reached_by_a_finite_gradient(train: Callable[..., nn.Module]) -> None:
    model = train(hold_out(cycles(V), 0, 0))
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert torch.isfinite(weight).all(), name
