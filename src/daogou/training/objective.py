"""The joint loss: L = sum of lambda_i L_i over the tasks that the shop's data supports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daogou.features.items import Float32
from daogou.models import HEADS, JointModel, exposure_loss, listwise, sampled_softmax
from daogou.training.examples import Batch

INTENT: Final = "intent"
INTENT_SMOOTHING: Final = 0.1
"""Of the labels: many queries are about more categories than that of the product they came from
(Szegedy et al., 2016). On the demo shop it took .13 from the log loss of validation."""
RETRIEVAL: Final = "retrieval"
"""Trains the towers alone, beside the head "next"."""


class Negatives:
    """Items sampled by smoothed popularity, shared by a batch.

    The smoothing exponent 0.75 is word2vec's (Mikolov et al., 2013).
    """

    def __init__(self, popularity: Float32, count: int, generator: torch.Generator) -> None:
        weight = np.power(popularity.astype(np.float64) + 0.1, 0.75)
        q = weight / weight.sum()
        self.count, self.generator = count, generator
        self.cumulative = torch.from_numpy(np.cumsum(q))
        self.log_expected = torch.from_numpy(np.log(q * count)).float()

    def draw(self) -> tuple[Tensor, Tensor]:
        """Item numbers int64 [N] and the log of their expected count in the sample [N]."""
        draws = torch.rand(self.count, generator=self.generator, dtype=torch.float64)
        items = torch.searchsorted(self.cumulative, draws).clamp(max=len(self.cumulative) - 1)
        return items, self.log_expected[items]


class Vectors:
    """Item vectors of one step: each distinct item goes through the tower once."""

    def __init__(self, model: JointModel, *items: Tensor) -> None:
        self.distinct = torch.unique(torch.cat([i.reshape(-1) for i in items]))
        self.table = model.item_vectors(self.distinct)

    def __call__(self, items: Tensor) -> Tensor:
        """``v`` of items that were announced, int64 [...] -> [..., D]."""
        return self.table[torch.searchsorted(self.distinct, items)]


def encode(
    model: JointModel, batch: Batch, vectors: Vectors, query_vectors: Tensor
) -> tuple[Tensor, Tensor]:
    """Run the context tower over a batch: ``u`` [B, D] and the states at the lines [B, L, D].

    ``query_vectors`` is [Q, T].
    """
    has_query = (batch.query >= 0).float()
    if len(query_vectors):
        query = query_vectors[batch.query.clamp(min=0)] * has_query[:, None]
    else:
        query = torch.zeros(len(batch.query), model.content.text.shape[1])
    u, states = model.context_tower(vectors(batch.lines), batch.kinds, batch.ages, query, has_query)
    return u, states


def rank_logits(model: JointModel, batch: Batch, vectors: Vectors, u: Tensor, head: str) -> Tensor:
    """One head's logits for each list of a batch, [B, K]; padded rows are 0."""
    owner, _ = batch.mask.nonzero(as_tuple=True)
    v = vectors(batch.items[batch.mask])
    rows = model.ranker(u[owner], v, batch.wide[batch.mask])[:, HEADS.index(head)]
    return torch.zeros(batch.mask.shape).masked_scatter(batch.mask, rows)


@dataclass(frozen=True, slots=True)
class Step:
    """The batches of one step: lists by head, and queries with their categories.

    ``asked`` are rows of the query vectors and ``about`` category codes, int64 [Q].
    """

    lists: Mapping[str, Batch]
    asked: Tensor
    about: Tensor


def joint_loss(
    model: JointModel,
    step: Step,
    query_vectors: Tensor,
    negatives: Negatives,
    weights: Mapping[str, float],
) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum and each task's own loss; ``weights`` are the lambdas by task."""
    losses = _list_losses(model, step.lists, query_vectors, negatives) if step.lists else {}
    if len(step.asked):
        logits = model.category_logits(query_vectors[step.asked])
        losses[INTENT] = functional.cross_entropy(
            logits, step.about, label_smoothing=INTENT_SMOOTHING
        )
    total = torch.stack([weights[task] * loss for task, loss in losses.items()]).sum()
    return total, {task: float(loss.detach()) for task, loss in losses.items()}


def _list_losses(
    model: JointModel,
    batches: Mapping[str, Batch],
    query_vectors: Tensor,
    negatives: Negatives,
) -> dict[str, Tensor]:
    sampled, log_expected = negatives.draw()
    everything = [t for b in batches.values() for t in (b.lines, b.items)]
    vectors = Vectors(model, sampled, *everything)
    losses: dict[str, Tensor] = {}
    for task, batch in batches.items():
        u, states = encode(model, batch, vectors, query_vectors)
        logits = rank_logits(model, batch, vectors, u, task)
        if task in ("click", "purchase"):
            losses[task] = exposure_loss(logits, batch.labels, batch.mask, batch.rate)
        else:
            losses[task] = listwise(logits, batch.labels, batch.mask)
        if task == "next":
            # What is new to the visitor is a ranking problem of its own, which the
            # repeat purchases on top would drown.
            losses[task] = losses[task] + 0.3 * listwise(
                logits, batch.labels, batch.mask & batch.new
            )
            losses[RETRIEVAL] = retrieval_loss(batch, vectors, u, states, sampled, log_expected)
    return losses


def retrieval_loss(
    batch: Batch, vectors: Vectors, u: Tensor, states: Tensor, sampled: Tensor, log_expected: Tensor
) -> Tensor:
    """Next item by sampled softmax, from the context and from each line of the history.

    The context predicts every positive of its list, a line the line after it.
    """
    owner, place = ((batch.labels > 0) & batch.mask).nonzero(as_tuple=True)
    follows = (batch.kinds[:, :-1] > 0) & (batch.kinds[:, 1:] > 0)
    contexts = torch.cat([u[owner], states[:, :-1][follows]])
    targets = torch.cat([batch.items[owner, place], batch.lines[:, 1:][follows]])
    if not len(targets):
        return u.sum() * 0
    return sampled_softmax(
        contexts,
        vectors(targets),
        vectors(sampled),
        log_expected,
        targets[:, None] == sampled[None, :],
    )


def listwise_ndcg(logits: Tensor, labels: Tensor, mask: Tensor, k: int = 10) -> Tensor:
    """NDCG@k of each list that has a positive, with the labels as gains, [B']."""
    told = (labels * mask).sum(1) > 0
    logits, labels = logits.masked_fill(~mask, -torch.inf)[told], (labels * mask)[told]
    k = min(k, labels.shape[1])
    discount = 1 / torch.log2(torch.arange(2, k + 2))
    gains = labels.gather(1, logits.topk(k, 1).indices)
    ideal = labels.topk(k, 1).values
    return (gains * discount).sum(1) / (ideal * discount).sum(1)
