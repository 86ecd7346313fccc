"""Fitting SASRec."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from daogou.features import Interactions
from daogou.models.catalogue_softmax import catalogue_softmax
from daogou.models.zoo.base import Side
from daogou.models.zoo.sasrec import SASRec
from daogou.retrieval.sources.graph import GraphSource, Reading
from daogou.training.zoo.graphs import graph_source
from daogou.training.zoo.holdout import Split, hold_out, ndcg, padded_batches, windows
from daogou.training.zoo.keeping import Best, seeded

FORGOTTEN: Final = 0.5
Told = Callable[[SASRec, int], None]


@dataclass(frozen=True, slots=True)
class SASRecConfig:
    """How SASRec is made and trained.

    Attributes
    ----------
    width
        D, of item vectors and states.
    length
        L: how many of a visitor's newest purchased lines are read.
    layers, heads
        Of the Transformer.
    dropout
        Of the lines that go in and within the blocks.
    epochs, patience
        At most so many epochs; training stops after ``patience`` without a better NDCG.
    lines
        Lines of a batch, padding counted in.
    learning_rate, weight_decay
        Of AdamW.
    cold
        Propose and read items too that nobody bought in training, by what their attributes
        and texts say alone. In a step the own rows of :data:`FORGOTTEN` of the items are left
        out for it, so that attributes and texts learn to do without.
    held_out
        Visitors, at most, whose last item is kept from training to stop it.
    seed
        Of everything that is drawn.
    """

    width: int = 64
    length: int = 50
    layers: int = 2
    heads: int = 2
    dropout: float = 0.3
    epochs: int = 30
    patience: int = 3
    lines: int = 1024
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    cold: bool = False
    held_out: int = 2000
    seed: int = 0

    @property
    def reading(self) -> Reading:
        """What is read of a history."""
        return Reading(self.length)


def train_sasrec(
    split: Split,
    config: SASRecConfig,
    side: Side | None = None,
    told: Told = lambda *_: None,
) -> SASRec:
    """Every line but a window's first is predicted from those before it.

    The softmax is over the items that training meets: of the others it would learn that
    nobody buys what has such a text.

    Parameters
    ----------
    told
        Told of the model and of how many lines were predicted: of none before the first step,
        then after each step. It leaves the model in training mode; what it raises ends the
        training.
    """
    met = torch.from_numpy(split.known)
    place = torch.cumsum(met, 0) - 1  # of each item among those that are met
    with seeded(config.seed):
        model = SASRec(
            split.n_items,
            width=config.width,
            length=config.length,
            layers=config.layers,
            heads=config.heads,
            dropout=config.dropout,
            side=side,
            forgotten=FORGOTTEN if config.cold else 0.0,
        )
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        best, known = Best(config.patience), known_items(split, config)
        pieces, rng = windows(split.train, config.length), np.random.default_rng(config.seed)
        told(model, 0)
        for _ in range(config.epochs):
            model.train()
            for batch in padded_batches(pieces, config.lines, rng):
                table, bias = model.outputs()
                states = model.states(table[batch.items[:, :-1]])  # [B, L, D]
                follows = batch.real[:, 1:]
                x, items = states[follows], batch.items[:, 1:][follows]  # [N, D], [N]
                rows = torch.arange(len(items))
                loss = catalogue_softmax(x, table[met], bias[met], rows, place[items])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                told(model, len(items))
            model.know_nothing_of(~met)
            if best.after(model, ndcg(model, split, config.reading, known)):
                break
        best.restore(model)
    return model


def known_items(split: Split, config: SASRecConfig) -> npt.NDArray[np.bool_]:
    """The items that the model can propose, bool [V]: those met, or all of them."""
    met = split.known
    return np.full(split.n_items, met.any()) if config.cold else met


def fit_sasrec(
    interactions: Interactions,
    config: SASRecConfig | None = None,
    *,
    side: Side | None = None,
    name: str = "sasrec",
) -> GraphSource:
    """SASRec as a source.

    Parameters
    ----------
    side
        Attributes, tags and texts of the items, whose embeddings join the items'.
    """
    config = config or SASRecConfig()
    split = hold_out(interactions, config.held_out, config.seed)
    model = train_sasrec(split, config, side)
    return graph_source(name, model, known_items(split, config), config.reading)
