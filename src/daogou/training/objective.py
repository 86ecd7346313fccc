"""The joint loss: L = sum of lambda_i L_i over the tasks that the shop's data supports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from daogou.models import HEADS, JointModel, exposure_loss, lambda_rank, listwise
from daogou.training.examples import Batch
from daogou.training.retrieval_loss import Negatives, Vectors, next_line_loss
from daogou.training.sequences import Packed

INTENT: Final = "intent"
INTENT_SMOOTHING: Final = 0.1
"""Of the labels: many queries are about more categories than that of the product they came from
(Szegedy et al., 2016). On the demo shop it took .13 from the log loss of validation."""
RETRIEVAL: Final = "retrieval"
"""Trains the towers alone, on whole histories."""
NEW_SHARE: Final = 0.3
"""What the order of a basket's new products counts beside that of all its products."""

LISTWISE: Final = 0.25
PAIRWISE: Final = 0.5
"""What the cross entropy of a list and LambdaRank's pairs count; the sum is about as large as the
cross entropy alone, so that the lambdas of the tasks keep their meaning."""


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
        query = torch.zeros(len(batch.query), model.content.sizes.text)
    lines = vectors(batch.lines) * (batch.kinds > 0)[..., None]
    u, states = model.context_tower(lines, batch.kinds, batch.ages, query, has_query)
    return u, states


def rank_logits(model: JointModel, batch: Batch, vectors: Vectors, u: Tensor, head: str) -> Tensor:
    """One head's logits for each list of a batch, [B, K]; padded rows are 0."""
    owner, _ = batch.mask.nonzero(as_tuple=True)
    v = vectors(batch.items[batch.mask])
    rows = model.ranker(u[owner], v, batch.wide[batch.mask])[:, HEADS.index(head)]
    return torch.zeros(batch.mask.shape).masked_scatter(batch.mask, rows)


@dataclass(frozen=True, slots=True)
class Step:
    """The batches of one step: lists by head, histories, and queries with their categories.

    ``asked`` are rows of the query vectors and ``about`` category codes, int64 [Q].
    """

    lists: Mapping[str, Batch]
    histories: Packed | None
    asked: Tensor
    about: Tensor


def task_losses(
    model: JointModel, step: Step, query_vectors: Tensor, negatives: Negatives
) -> dict[str, Tensor]:
    """Each task's own loss, unweighted."""
    losses: dict[str, Tensor] = {}
    if step.lists or step.histories:
        losses = _behaviour_losses(model, step, query_vectors, negatives)
    if len(step.asked):
        logits = model.category_logits(query_vectors[step.asked])
        # Without code 0: nothing is about it, and no label is smoothed onto it.
        losses[INTENT] = functional.cross_entropy(
            logits[:, 1:], step.about - 1, label_smoothing=INTENT_SMOOTHING
        )
    return losses


def _behaviour_losses(
    model: JointModel, step: Step, query_vectors: Tensor, negatives: Negatives
) -> dict[str, Tensor]:
    needed = [t for batch in step.lists.values() for t in (batch.lines, batch.items)]
    sampled = torch.zeros(0, dtype=torch.int64)
    if step.histories is not None:
        sampled = negatives.draw()
        needed += [sampled, step.histories.items]
    vectors = Vectors(model, *needed)
    losses = {
        head: _list_loss(model, head, batch, vectors, query_vectors)
        for head, batch in step.lists.items()
    }
    if step.histories is not None:
        losses[RETRIEVAL] = next_line_loss(model, step.histories, vectors, sampled, negatives)
    return losses


def _list_loss(
    model: JointModel, head: str, batch: Batch, vectors: Vectors, query_vectors: Tensor
) -> Tensor:
    u, _ = encode(model, batch, vectors, query_vectors)
    logits = rank_logits(model, batch, vectors, u, head)
    if head in ("click", "purchase"):
        return exposure_loss(logits, batch.labels, batch.mask, batch.rate)
    loss = listwise(logits, batch.labels, batch.mask)
    if head == "next":
        # What is new to the visitor is a ranking problem of its own, which the
        # repeat purchases on top would drown.
        loss = loss + NEW_SHARE * listwise(logits, batch.labels, batch.mask & batch.new)
    return LISTWISE * loss + PAIRWISE * lambda_rank(logits, batch.labels, batch.mask)


def listwise_ndcg(logits: Tensor, labels: Tensor, mask: Tensor, k: int = 10) -> Tensor:
    """NDCG@k of each list that has a positive, with the labels as gains, [B']."""
    told = (labels * mask).sum(1) > 0
    logits, labels = logits.masked_fill(~mask, -torch.inf)[told], (labels * mask)[told]
    k = min(k, labels.shape[1])
    discount = 1 / torch.log2(torch.arange(2, k + 2))
    gains = labels.gather(1, logits.topk(k, 1).indices)
    ideal = labels.topk(k, 1).values
    return (gains * discount).sum(1) / (ideal * discount).sum(1)
