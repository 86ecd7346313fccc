"""What a model in training is worth on what it does not learn from."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daogou.evaluation import auc
from daogou.features.items import Int32
from daogou.models import JointModel
from daogou.training.data import Data
from daogou.training.examples import Batch, Lists, collate
from daogou.training.objective import encode, listwise_ndcg, rank_logits
from daogou.training.retrieval_loss import Vectors


@torch.no_grad()
def predict(
    model: JointModel, data: Data, lists: Lists, task: str, batch: int = 64
) -> Iterator[tuple[Batch, Tensor]]:
    """Run a task's head over lists, in their order: batches and logits [B, K]."""
    model.eval()
    for start in range(0, len(lists), batch):
        rows = np.arange(start, min(start + batch, len(lists)))
        found = collate(lists, rows, data.log, model.config.length)
        vectors = Vectors(model, found.lines, found.items)
        u, _ = encode(model, found, vectors, data.query_vectors)
        yield found, rank_logits(model, found, vectors, u, task)


def first_of_lists(model: JointModel, data: Data, lists: Lists, k: int = 10) -> list[Int32]:
    """The first ``k`` items of each list as the head "next" orders them."""
    found: list[Int32] = []
    for batch, logits in predict(model, data, lists, "next"):
        best = logits.masked_fill(~batch.mask, -torch.inf).topk(min(k, logits.shape[1]), 1).indices
        chosen, there = batch.items.gather(1, best), batch.mask.gather(1, best)
        found += [
            row[kept].numpy().astype(np.int32) for row, kept in zip(chosen, there, strict=True)
        ]
    return found


def validate(model: JointModel, data: Data) -> dict[str, float]:
    """NDCG@10 of baskets, of what is new in them, and of queries; AUC of exposures; intents."""
    found: dict[str, float] = {}
    for task, lists in data.validation.items():
        if not len(lists):
            continue
        results = list(predict(model, data, lists, task))
        if task in ("click", "purchase"):
            logits = torch.cat([z[b.mask] for b, z in results]).numpy()
            labels = torch.cat([b.labels[b.mask] for b, _ in results]).numpy()
            found[f"auc_{task}"] = auc(logits, labels)
            continue
        found[f"ndcg_{task}"] = _mean([listwise_ndcg(z, b.labels, b.mask) for b, z in results])
        if task == "relevance":
            found["ndcg_graded"] = _mean([listwise_ndcg(z, b.grades, b.mask) for b, z in results])
        if task == "next":
            found["ndcg_explore"] = _mean(
                [listwise_ndcg(z, b.labels, b.mask & b.new) for b, z in results]
            )
    return found | intent_metrics(model, data)


def intent_metrics(model: JointModel, data: Data) -> dict[str, float]:
    """Accuracy among the first and the first five categories, and log loss; {} without intents."""
    logits, labels = _intent_logits(model, data)
    return _told(logits, labels, "intent") if len(labels) else {}


def name_metrics(model: JointModel, data: Data) -> dict[str, float]:
    """The baseline of the intent head: the category whose name is nearest in meaning.

    Its one number, the scale of the cosines, is fitted to the validation queries
    themselves, as the head's temperature is.
    """
    if not data.intents or not len(data.intents["validation"]):
        return {}
    intents = data.intents["validation"]
    asked = data.query_vectors[torch.from_numpy(intents.query.astype(np.int64))]
    labels = torch.from_numpy(intents.category.astype(np.int64))
    cosines = asked @ model.content.names.T
    cosines[:, 0] = -1e4
    scales = torch.arange(1.0, 60.0, 1.0)
    losses = torch.stack([functional.cross_entropy(s * cosines, labels) for s in scales])
    return _told(scales[int(losses.argmin())] * cosines, labels, "intent_baseline")


def calibrate_intent(model: JointModel, data: Data) -> None:
    """Set the intent head's temperature on the validation queries."""
    model.intent.temperature.fill_(1.0)
    logits, labels = _intent_logits(model, data)
    if len(labels):
        model.intent.calibrate(logits, labels)


@torch.no_grad()
def _intent_logits(model: JointModel, data: Data) -> tuple[Tensor, Tensor]:
    """Of the validation queries [Q, C], and what they are about [Q]; none without intents."""
    if not data.intents:
        return torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64)
    model.eval()
    intents = data.intents["validation"]
    asked = data.query_vectors[torch.from_numpy(intents.query.astype(np.int64))]
    return model.category_logits(asked), torch.from_numpy(intents.category.astype(np.int64))


def _told(logits: Tensor, labels: Tensor, name: str) -> dict[str, float]:
    best = logits.topk(min(5, logits.shape[1]), 1).indices == labels[:, None]
    return {
        f"accuracy_{name}": float(best[:, 0].float().mean()),
        f"accuracy_{name}_5": float(best.any(1).float().mean()),
        f"log_loss_{name}": float(functional.cross_entropy(logits, labels)),
    }


def _mean(parts: list[Tensor]) -> float:
    values = torch.cat(parts)
    return float(values.mean()) if len(values) else float("nan")
