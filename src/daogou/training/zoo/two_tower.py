"""Fitting the text two-tower."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.export import Dim
from torch.nn import functional

from daogou.models.interaction import Interaction
from daogou.models.zoo.two_tower import Rescorer, TextTwoTower
from daogou.retrieval.sources.graph import LOOKED_AT, GraphSource, Reading
from daogou.retrieval.sources.rescored import RescoredSource
from daogou.training.zoo.graphs import EXAMPLE_SIZE, exported, graph_source
from daogou.training.zoo.keeping import Best, seeded
from daogou.training.zoo.visits import Visits

Texts = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class TwoTowerConfig:
    """How the text two-tower is made and trained.

    Attributes
    ----------
    width
        D, of the towers' vectors.
    hidden
        Of each tower's layer.
    interaction
        Of the re-scoring head; "inner" has none.
    shortlist
        So many of the nearest products are re-scored, where there is a head.
    negatives
        Other products of the batch that the head is taught to tell from the bought one.
    length
        So many of the newest lines of interest are browsed products.
    dropout
        In the towers.
    epochs, patience
        At most so many epochs; training stops after ``patience`` without a smaller loss on
        the held-out visitors.
    batch
        Examples in a step, each of whose products is a negative of the others.
    learning_rate, weight_decay
        Of AdamW.
    held_out
        Visitors, at most and no more than a fifth, kept from training to stop it.
    seed
        Of everything that is drawn.
    """

    width: int = 64
    hidden: int = 256
    interaction: Interaction = "inner"
    shortlist: int = 200
    negatives: int = 15
    length: int = 20
    dropout: float = 0.1
    epochs: int = 10
    patience: int = 2
    batch: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    held_out: int = 2000
    seed: int = 0

    @property
    def reading(self) -> Reading:
        """What is read of a history."""
        return Reading(self.length, kinds=LOOKED_AT)


@dataclass(frozen=True, slots=True)
class Batch:
    """Mean text browsed [B, T], query [B, T], asked [B], bought int64 [B]."""

    browsed: Tensor
    query: Tensor
    asked: Tensor
    bought: Tensor


@dataclass(frozen=True, slots=True)
class _Examples:
    """The visits with the texts that they speak of: products [V, T], queries [Q, T]."""

    visits: Visits
    texts: Tensor
    queries: Tensor

    def batch(self, rows: npt.NDArray[np.int64]) -> Batch:
        visits = self.visits
        browsed = torch.zeros(len(rows), self.texts.shape[1])
        for place, n in enumerate(rows.tolist()):
            items = visits.browsed[visits.offsets[n] : visits.offsets[n + 1]]
            if len(items):
                browsed[place] = self.texts[torch.from_numpy(items.astype(np.int64))].mean(0)
        asked = torch.from_numpy(visits.query[rows] >= 0)
        query = torch.zeros_like(browsed)
        query[asked] = self.queries[torch.from_numpy(visits.query[rows].astype(np.int64))[asked]]
        bought = torch.from_numpy(visits.bought[rows].astype(np.int64))
        return Batch(browsed, query, asked.float(), bought)


def train_two_tower(
    visits: Visits, texts: Texts, queries: Texts, config: TwoTowerConfig
) -> TextTwoTower:
    """The bought product is to be told from those of the batch's other examples."""
    examples = _Examples(
        visits, *(torch.from_numpy(x.astype(np.float32)) for x in (texts, queries))
    )
    rng = np.random.default_rng(config.seed)
    learned, measured = _split(visits, config.held_out, rng)
    counts = np.bincount(visits.bought[learned], minlength=len(texts))
    log_q = torch.from_numpy(np.log(np.maximum(counts, 1) / max(len(learned), 1))).float()  # [V]
    with seeded(config.seed):
        model = TextTwoTower(
            examples.texts,
            width=config.width,
            hidden=config.hidden,
            dropout=config.dropout,
            kind=config.interaction,
        )
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        best = Best(config.patience)
        for _ in range(config.epochs):
            model.train()
            order = rng.permutation(learned)
            for start in range(0, len(order), config.batch):
                batch = examples.batch(order[start : start + config.batch])
                loss = two_tower_loss(model, batch, log_q, config.negatives)
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            if best.after(model, _likelihood(model, examples, measured, log_q, config)):
                break
        best.restore(model)
    return model


def two_tower_loss(model: TextTwoTower, batch: Batch, log_q: Tensor, negatives: int) -> Tensor:
    """In-batch softmax with logQ correction, and where there is a head, its softmax too.

    Each product stands in a batch as often as it is bought; subtracting the log of that
    probability from all logits, the positive's too, leaves the softmax over the catalogue
    (Yi et al., 2019). Another example's product that is the same one is no negative.
    """
    u = model.visitor_vectors(batch.browsed, batch.query, batch.asked)  # [B, D]
    v = model.item_vectors(model.texts[batch.bought])  # [B, D]
    own = torch.arange(len(u))
    same = (batch.bought[:, None] == batch.bought) & (own[:, None] != own)
    logits = (u @ v.T - log_q[batch.bought]).masked_fill(same, -torch.inf)  # [B, B]
    loss = functional.cross_entropy(logits, own)
    if not any(True for _ in model.interaction.parameters()):
        return loss
    # The head sees the positive and products of examples further on, by shifting the batch.
    shifted = (own[:, None] + torch.arange(min(negatives + 1, len(u)))) % len(u)  # [B, 1 + N]
    pairs = model.interaction(u[:, None].expand(-1, shifted.shape[1], -1), v[shifted])
    wrong = same[own[:, None], shifted]
    return loss - functional.log_softmax(pairs.masked_fill(wrong, -torch.inf), 1)[:, 0].mean()


def fit_two_tower(
    visits: Visits,
    texts: Texts,
    queries: Texts,
    config: TwoTowerConfig | None = None,
    *,
    name: str = "two-tower",
) -> GraphSource:
    """The text two-tower as a source, which reads ``query_vector`` too.

    Parameters
    ----------
    texts
        Text vectors of the products, floating [V, T]; every product is proposed.
    queries
        Text vectors of the queries that ``visits`` speaks of, [Q, T].
    """
    config = config or TwoTowerConfig()
    model = train_two_tower(visits, texts, queries, config)
    known = np.full(len(texts), len(visits) > 0)
    source = graph_source(name, model, known, config.reading, text_width=texts.shape[1])
    if config.interaction == "inner":
        return source
    pairs = {
        "u": torch.full((EXAMPLE_SIZE, config.width), 0.1),
        "v": torch.eye(EXAMPLE_SIZE, config.width),
    }
    rows = Dim("rows", min=1, max=1 << 20)
    head = exported(Rescorer(model), pairs, {"u": {0: rows}, "v": {0: rows}})
    return RescoredSource.of(source, head, config.shortlist)


def _split(
    visits: Visits, most: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The examples to learn from, and the last one of each visitor that is measured on."""
    last = np.flatnonzero(np.diff(visits.visitor, append=-1))
    count = min(most, len(last) // 5)
    measured = np.sort(rng.permutation(last)[:count])
    learned = np.ones(len(visits), np.bool_)
    learned[measured] = False
    return np.flatnonzero(learned), measured


@torch.no_grad()
def _likelihood(
    model: TextTwoTower,
    examples: _Examples,
    rows: npt.NDArray[np.int64],
    log_q: Tensor,
    config: TwoTowerConfig,
) -> float | None:
    """Minus the mean loss of held-out examples; None where there are none."""
    model.eval()
    starts = range(0, len(rows), config.batch)
    batches = [examples.batch(rows[start : start + config.batch]) for start in starts]
    losses = [float(two_tower_loss(model, batch, log_q, config.negatives)) for batch in batches]
    return -float(np.mean(losses)) if losses else None
