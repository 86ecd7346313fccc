"""The training loop: joint steps over the tasks' lists, early stopping, resumption."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from daogou.evaluation import auc
from daogou.features import ShopLog
from daogou.features.items import Float32
from daogou.models import JointModel
from daogou.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from daogou.training.config import Plan
from daogou.training.examples import Batch, Lists, collate, shuffled
from daogou.training.objective import (
    LossWeights,
    Negatives,
    Vectors,
    encode,
    joint_loss,
    listwise_ndcg,
    rank_logits,
)

Report = Callable[[int, int, Progress], None]
"""Told of each step: steps done, steps in all, and where training stood after the last epoch."""


@dataclass(frozen=True, slots=True)
class Data:
    """What training reads: lists by task, the log for their histories, query vectors [Q, T]."""

    log: ShopLog
    train: Mapping[str, Lists]
    validation: Mapping[str, Lists]
    query_vectors: Tensor
    popularity: Float32

    def tasks(self) -> list[str]:
        """The tasks that have examples."""
        return [task for task, lists in self.train.items() if len(lists)]


def fit(
    model: JointModel,
    data: Data,
    plan: Plan,
    weights: LossWeights,
    *,
    seed: int,
    signature: str,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> Progress:
    """Train ``model`` and leave it with the weights of its best epoch.

    An epoch passes once over the baskets' lists; the other tasks' lists are drawn
    beside them. All that is drawn depends on the seed and the epoch alone, so that
    training resumed from a checkpoint takes the same steps as one that never stopped.
    """
    tasks = [task for task in data.tasks() if getattr(weights, task) > 0]
    sample = np.concatenate([data.train[task].wide[::7] for task in tasks])
    model.ranker.fit_scale(torch.from_numpy(sample.astype(np.float32)))
    steps = max(1, -(-max(len(data.train[task]) for task in tasks[:1]) // plan.batch))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True
    )
    progress, best = Progress(signature), _snapshot(model)
    if checkpoint and (found := load_checkpoint(checkpoint, signature, model, optimizer)):
        progress, best = found
    while progress.epoch < plan.epochs and not _stale(progress, plan.patience):
        losses = _epoch(model, data, plan, weights, optimizer, tasks, steps, seed, progress, report)
        measured = validate(model, data)
        progress.epoch += 1
        for name, value in losses.items():
            progress.losses.setdefault(name, []).append(value)
        for name, value in {**measured, "score": _score(measured)}.items():
            progress.validation.setdefault(name, []).append(value)
        if int(np.argmax(progress.validation["score"])) == progress.epoch - 1:
            progress.best_epoch, best = progress.epoch, _snapshot(model)
        if checkpoint:
            save_checkpoint(checkpoint, progress, model, optimizer, best)
        if report:
            report(progress.epoch * steps, plan.epochs * steps, progress)
    model.load_state_dict(best)
    return progress


def _epoch(
    model: JointModel,
    data: Data,
    plan: Plan,
    weights: LossWeights,
    optimizer: torch.optim.Optimizer,
    tasks: list[str],
    steps: int,
    seed: int,
    progress: Progress,
    report: Report | None,
) -> dict[str, float]:
    """One pass; the mean loss of each task."""
    model.train()
    torch.manual_seed(seed * 1000 + progress.epoch)
    rng = np.random.default_rng([seed, progress.epoch])
    generator = torch.Generator().manual_seed(seed * 1000 + progress.epoch)
    negatives = Negatives(data.popularity, plan.negatives, generator)
    total_steps, sums = steps * plan.epochs, dict[str, float]()
    for step, batches in enumerate(
        itertools.islice(_batches(model, data, plan, tasks, rng), steps)
    ):
        done = progress.epoch * steps + step
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * _schedule(done / total_steps)
        loss, parts = joint_loss(model, batches, data.query_vectors, negatives, weights)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        if report:
            report(done + 1, total_steps, progress)
    return {name: value / steps for name, value in sums.items()}


def _schedule(share: float) -> float:
    """Warm up over the first twentieth, then fall along a cosine to a twentieth."""
    if share < 0.05:
        return max(share / 0.05, 0.02)
    return 0.05 + 0.95 * 0.5 * (1 + float(np.cos(np.pi * (share - 0.05) / 0.95)))


def _batches(
    model: JointModel, data: Data, plan: Plan, tasks: list[str], rng: np.random.Generator
) -> Iterator[dict[str, Batch]]:
    sizes = {task: plan.batch if task == "next" else max(plan.batch // 2, 1) for task in tasks}
    streams = {task: shuffled(len(data.train[task]), sizes[task], rng) for task in tasks}
    while True:
        yield {
            task: collate(data.train[task], next(stream), data.log, model.config.length)
            for task, stream in streams.items()
        }


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


def validate(model: JointModel, data: Data) -> dict[str, float]:
    """NDCG@10 of baskets, of what is new in them, and of queries; AUC of exposures."""
    found: dict[str, float] = {}
    for task, lists in data.validation.items():
        if not len(lists):
            continue
        results = list(predict(model, data, lists, task))
        if task == "purchase":
            logits = torch.cat([z[b.mask] for b, z in results]).numpy()
            labels = torch.cat([b.labels[b.mask] for b, _ in results]).numpy()
            found["auc_purchase"] = auc(logits, labels)
            continue
        found[f"ndcg_{task}"] = _mean([listwise_ndcg(z, b.labels, b.mask) for b, z in results])
        if task == "next":
            found["ndcg_explore"] = _mean(
                [listwise_ndcg(z, b.labels, b.mask & b.new) for b, z in results]
            )
    return found


def _mean(parts: list[Tensor]) -> float:
    values = torch.cat(parts)
    return float(values.mean()) if len(values) else float("nan")


def _score(measured: Mapping[str, float]) -> float:
    """What early stopping watches: the mean of all metrics that are defined."""
    values = [value for value in measured.values() if np.isfinite(value)]
    return float(np.mean(values)) if values else 0.0


def _stale(progress: Progress, patience: int) -> bool:
    return progress.epoch - progress.best_epoch >= patience and progress.epoch > 0


def _snapshot(model: JointModel) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
