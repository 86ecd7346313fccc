"""Fitting LightGCN."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daogou.features import Interactions
from daogou.models.zoo.lightgcn import Bipartite, LightGCN, Spread
from daogou.retrieval.sources.graph import GraphSource, Reading
from daogou.training.zoo.graphs import graph_source
from daogou.training.zoo.holdout import Split, hold_out, ndcg
from daogou.training.zoo.keeping import Best, seeded, shuffled


@dataclass(frozen=True, slots=True)
class LightGCNConfig:
    """How LightGCN is made and trained.

    Attributes
    ----------
    width
        D, of the embeddings.
    layers
        K: how often they spread.
    length
        So many of a visitor's newest distinct items are folded in at serving.
    epochs, patience
        At most so many epochs; training stops after ``patience`` measurements without a
        better NDCG.
    measure_every
        Epochs from one measurement to the next.
    batch
        Purchases in a step. A step spreads over the whole graph, whatever its size.
    negatives
        Items that each purchase is held against.
    learning_rate
        Of Adam.
    l2
        On the unspread embeddings of a batch, as in the paper.
    held_out
        Visitors, at most, whose last item is kept from training to stop it.
    seed
        Of everything that is drawn.
    """

    width: int = 64
    layers: int = 2
    length: int = 200
    epochs: int = 60
    patience: int = 3
    measure_every: int = 4
    batch: int = 16_384
    negatives: int = 4
    learning_rate: float = 0.01
    l2: float = 1e-4
    held_out: int = 2000
    seed: int = 0

    @property
    def reading(self) -> Reading:
        """What is read of a history."""
        return Reading(self.length, distinct=True)


def train_lightgcn(split: Split, config: LightGCNConfig) -> LightGCN:
    """Each purchase is to score above items drawn at random (BPR), after spreading."""
    n_visitors = len(split.train)
    visitors, items = _pairs(split)
    with seeded(config.seed):
        model = LightGCN(
            Bipartite.of(visitors, items, n_visitors, split.n_items),
            n_visitors=n_visitors,
            width=config.width,
            layers=config.layers,
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
        best = Best(config.patience)
        for epoch in range(1, config.epochs + 1):
            model.train()
            for rows in shuffled(len(items), config.batch):
                users, bought = visitors[rows], items[rows]
                drawn = torch.randint(split.n_items, (len(rows), config.negatives))
                loss = bpr(model.spread(), users, bought, drawn)
                own = model.nodes[torch.cat([users, bought + n_visitors])]
                loss = loss + config.l2 * own.square().sum() / len(rows)
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            if epoch % config.measure_every:
                continue
            if best.after(model, ndcg(model, split, config.reading)):
                break
        best.restore(model)
    return model


def bpr(spread: Spread, users: Tensor, bought: Tensor, drawn: Tensor) -> Tensor:
    """Mean of ``-log sigmoid(score of the bought - score of a drawn item)``.

    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009. A
    drawn item that the visitor did buy is rare in a catalogue, and is let be.

    Parameters
    ----------
    users, bought
        int64 [B] each.
    drawn
        int64 [B, N].
    """
    user = spread.visitors[users]  # [B, D]
    positive = (user * spread.items[bought]).sum(1, keepdim=True)  # [B, 1]
    negative = torch.einsum("bd,bnd->bn", user, spread.items[drawn])  # [B, N]
    return functional.softplus(negative - positive).mean()


def fit_lightgcn(
    interactions: Interactions, config: LightGCNConfig | None = None, *, name: str = "lightgcn"
) -> GraphSource:
    """LightGCN as a source; visitors are folded in, as the model's class tells."""
    config = config or LightGCNConfig()
    split = hold_out(interactions, config.held_out, config.seed)
    return graph_source(name, train_lightgcn(split, config), split.known, config.reading)


def _pairs(split: Split) -> tuple[Tensor, Tensor]:
    """Who bought what, each pair once: int64 [P] each."""
    owner = np.repeat(np.arange(len(split.train)), [len(items) for items in split.train])
    items = np.concatenate([np.zeros(0, np.int32), *split.train])
    pairs = np.unique(np.stack([owner, items]), axis=1).astype(np.int64)
    return torch.from_numpy(pairs[0].copy()), torch.from_numpy(pairs[1].copy())
