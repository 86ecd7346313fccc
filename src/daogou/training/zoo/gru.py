"""Fitting the GRU with two tasks: the next item, and what an utterance is about."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from daogou.features import Interactions
from daogou.features.items import Float32, Int32
from daogou.models.catalogue_softmax import catalogue_softmax
from daogou.models.zoo.gru import GruMultiTask
from daogou.retrieval.sources.graph import GraphSource, Reading
from daogou.training.zoo.graphs import graph_source
from daogou.training.zoo.holdout import Padded, Split, hold_out, ndcg, padded_batches, windows
from daogou.training.zoo.keeping import Best, seeded


@dataclass(frozen=True, slots=True)
class GruConfig:
    """How the GRU is made and trained.

    Attributes
    ----------
    width
        D, of item and category vectors.
    hidden
        Of the GRU's state and of the reader of utterances.
    length
        L: how many of a visitor's newest purchased lines are read.
    dropout
        Of what goes into the GRU and of its states.
    alpha, beta
        Weights of the tasks: L = alpha L_rec + beta L_dia.
    epochs, patience
        At most so many epochs; training stops after ``patience`` without a better NDCG.
    lines
        Lines of a batch, padding counted in.
    utterances
        Of a batch, beside the lines.
    learning_rate, weight_decay
        Of AdamW.
    held_out
        Visitors, at most, whose last item is kept from training to stop it.
    seed
        Of everything that is drawn.
    """

    width: int = 64
    hidden: int = 128
    length: int = 50
    dropout: float = 0.3
    alpha: float = 1.0
    beta: float = 0.2
    epochs: int = 30
    patience: int = 3
    lines: int = 1024
    utterances: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    held_out: int = 2000
    seed: int = 0

    @property
    def reading(self) -> Reading:
        """What is read of a history."""
        return Reading(self.length)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What is known of categories and of what shoppers say.

    Attributes
    ----------
    item_category
        Code of each item's category, int32 [V]; 0 is unknown.
    n_categories
        C, code 0 included.
    vectors
        Text vectors of utterances, float32 [Q, T].
    about
        The category that each is about, int32 [Q].
    """

    item_category: Int32
    n_categories: int
    vectors: Float32
    about: Int32

    @classmethod
    def silent(cls, n_items: int) -> "Dialogue":
        """No categories, and nobody says anything."""
        nothing = np.zeros(0, np.int32)
        return cls(np.zeros(n_items, np.int32), 1, np.zeros((0, 0), np.float32), nothing)


def train_gru(split: Split, config: GruConfig, dialogue: Dialogue | None = None) -> GruMultiTask:
    """Next item from every state, and the category of utterances drawn beside each batch."""
    dialogue = dialogue or Dialogue.silent(split.n_items)
    queries = torch.from_numpy(dialogue.vectors)
    about = torch.from_numpy(dialogue.about.astype(np.int64))
    with seeded(config.seed):
        model = GruMultiTask(
            torch.from_numpy(dialogue.item_category.astype(np.int64)),
            n_categories=dialogue.n_categories,
            text_width=queries.shape[1],
            width=config.width,
            hidden=config.hidden,
            dropout=config.dropout,
        )
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        best = Best(config.patience)
        pieces, rng = _pieces(split, config), np.random.default_rng(config.seed)
        for _ in range(config.epochs):
            model.train()
            for batch in padded_batches(pieces, config.lines, rng):
                loss = config.alpha * recommendation_loss(model, batch)
                if len(about):
                    drawn = torch.randint(len(about), (config.utterances,))
                    intent = functional.cross_entropy(model.intent(queries[drawn]), about[drawn])
                    loss = loss + config.beta * intent
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            if best.after(model, ndcg(model, split, config.reading)):
                break
        best.restore(model)
    return model


def recommendation_loss(model: GruMultiTask, batch: Padded) -> Tensor:
    """L_rec: cross entropy of each item given those before it, over the whole catalogue."""
    table = model.inputs()
    states = model.states(table[batch.items[:, :-1]])  # [B, L, D]
    x, items = states[batch.real], batch.items[batch.real]  # [N, D], [N]
    return catalogue_softmax(x, table, model.bias, torch.arange(len(items)), items)


def fit_gru(
    interactions: Interactions,
    config: GruConfig | None = None,
    dialogue: Dialogue | None = None,
    *,
    name: str = "gru",
) -> GraphSource:
    """The GRU as a source, which reads ``query_vector`` too where there is a ``dialogue``."""
    config = config or GruConfig()
    split = hold_out(interactions, config.held_out, config.seed)
    model = train_gru(split, config, dialogue)
    text_width = dialogue.vectors.shape[1] if dialogue else 0
    return graph_source(name, model, split.known, config.reading, text_width=text_width)


def intent_logits(model: GruMultiTask, queries: Float32) -> npt.NDArray[np.float32]:
    """What utterances [Q, T] are about, logits [Q, C]; for the evaluation of that head."""
    model.eval()
    with torch.no_grad():
        return np.asarray(model.intent(torch.from_numpy(queries)).numpy(), np.float32)


def _pieces(split: Split, config: GruConfig) -> list[Int32]:
    """Windows of the sequences; a visitor's only item follows the empty history."""
    return windows(split.train, config.length) + [s for s in split.train if len(s) == 1]
