"""Fitting Mult-VAE."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from daogou.features import Interactions
from daogou.models.catalogue_softmax import catalogue_softmax
from daogou.models.zoo.multvae import MultVAE
from daogou.retrieval.sources.graph import GraphSource, Reading
from daogou.training.zoo.graphs import graph_source
from daogou.training.zoo.holdout import Split, hold_out, ndcg
from daogou.training.zoo.keeping import Best, seeded, shuffled


@dataclass(frozen=True, slots=True)
class MultVAEConfig:
    """How Mult-VAE is made and trained.

    Attributes
    ----------
    hidden, latent
        H and Z, of the hidden layers and of the code.
    length
        So many of a visitor's newest distinct items are read.
    dropout
        Share of a visitor's items that fall out of the input in a step.
    beta, anneal_steps
        The weight of the divergence grows evenly to ``beta`` in so many steps, and stays.
    epochs, patience
        At most so many epochs; training stops after ``patience`` without a better NDCG.
    batch
        Visitors in a step.
    learning_rate
        Of Adam.
    held_out
        Visitors, at most, whose last item is kept from training to stop it.
    seed
        Of everything that is drawn.
    """

    hidden: int = 128
    latent: int = 64
    length: int = 500
    dropout: float = 0.5
    beta: float = 0.2
    anneal_steps: int = 600
    epochs: int = 40
    patience: int = 3
    batch: int = 256
    learning_rate: float = 4e-3
    held_out: int = 2000
    seed: int = 0

    @property
    def reading(self) -> Reading:
        """What is read of a history."""
        return Reading(self.length, distinct=True)


def train_multvae(split: Split, config: MultVAEConfig) -> MultVAE:
    """Each visitor's items are to be likely given those that did not fall out of the input."""
    sets = [torch.from_numpy(config.reading.items(items).astype(np.int64)) for items in split.train]
    with seeded(config.seed):
        model = MultVAE(
            split.n_items, hidden=config.hidden, latent=config.latent, dropout=config.dropout
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
        best = Best(config.patience)
        step = 0
        for _ in range(config.epochs):
            model.train()
            for visitors in shuffled(len(sets), config.batch):
                items, offsets, owner = _ragged([sets[n] for n in visitors.tolist()])
                encoded = model.encode(items, offsets)
                table, bias = model.outputs()
                # Mean over the visitors of the sum over their items, as in the paper.
                likelihood = catalogue_softmax(model.sample(encoded), table, bias, owner, items)
                likelihood = likelihood * (len(items) / len(visitors))
                beta = config.beta * min(1.0, step / config.anneal_steps)
                loss = likelihood + beta * encoded.divergence().mean()
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                step += 1
            if best.after(model, ndcg(model, split, config.reading)):
                break
        best.restore(model)
    return model


def fit_multvae(
    interactions: Interactions, config: MultVAEConfig | None = None, *, name: str = "mult-vae"
) -> GraphSource:
    """Mult-VAE as a source."""
    config = config or MultVAEConfig()
    split = hold_out(interactions, config.held_out, config.seed)
    return graph_source(name, train_multvae(split, config), split.known, config.reading)


def _ragged(sets: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Sets one after the other [P], where each begins [B], and whose each item is [P]."""
    sizes = torch.tensor([len(items) for items in sets])
    offsets = torch.cumsum(sizes, 0) - sizes
    return torch.cat(sets), offsets, torch.arange(len(sets)).repeat_interleave(sizes)
