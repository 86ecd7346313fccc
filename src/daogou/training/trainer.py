"""The training loop: joint steps over the tasks' lists, early stopping, resumption."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from daogou.models import JointModel, TaskWeights, gradients
from daogou.models.weighting import Weighting
from daogou.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from daogou.training.config import Plan
from daogou.training.data import Data
from daogou.training.examples import collate, shuffled
from daogou.training.objective import INTENT, RETRIEVAL, Step, task_losses
from daogou.training.retrieval_loss import Negatives
from daogou.training.schedule import schedule, snapshot
from daogou.training.sequences import Packed, cut_log, packed_batches
from daogou.training.validating import calibrate_intent, validate

Report = Callable[[int, int, Progress], None]
"""Told of each step: steps done, steps in all, and where training stood after the last epoch."""


@dataclass(frozen=True, slots=True)
class Course:
    """How to train.

    Attributes
    ----------
    weights, weighting
        The lambda of each task, and how they change while training.
    signature
        Of the data and settings; a checkpoint of others is not resumed.
    checkpoint
        The file from which an interrupted training goes on; None keeps none.
    steps
        Of an epoch; None takes :func:`epoch_steps`.
    """

    plan: Plan
    weights: Mapping[str, float]
    weighting: Weighting
    seed: int
    signature: str
    checkpoint: Path | None = None
    steps: int | None = None

    def size(self, task: str) -> int:
        """How many examples of a task are in a step."""
        shares = {"next": 1.0, INTENT: 4.0}
        return max(1, int(self.plan.batch * shares.get(task, 0.5)))


def fit(
    model: JointModel, data: Data, course: Course, report: Report = lambda *_: None
) -> Progress:
    """Train ``model`` and leave it with the weights of its best epoch.

    An epoch passes at least once over the baskets' lists and the intents; the other tasks'
    lists are drawn beside them. All that is drawn depends on the seed and the epoch alone,
    so that training resumed from a checkpoint takes the same steps as one that never stopped.
    """
    return _Training(model, data, course, report).run()


def epoch_steps(data: Data, course: Course) -> int:
    """Steps of an epoch: one pass at least over the baskets' lists and over the intents.

    Without either of them a pass over the first task's lists.
    """
    leading = [task for task in ("next", INTENT) if task in data.tasks] or data.tasks[:1]
    return max((-(-_examples(data, task) // course.size(task)) for task in leading), default=0)


def _examples(data: Data, task: str) -> int:
    return len(data.intents["train"] if task == INTENT else data.train[task])


GRADIENTS_EVERY: Final = 50
"""Steps between two looks at how the tasks pull at the towers; one costs some four steps."""


class _Training:
    """One training: what it holds from the first epoch to the last."""

    def __init__(self, model: JointModel, data: Data, course: Course, report: Report) -> None:
        self.model, self.data, self.course, self.report = model, data, course, report
        self.sizes = {task: course.size(task) for task in data.tasks}
        if data.heads:
            sample = np.concatenate([data.train[head].wide[::7] for head in data.heads])
            model.ranker.features.fit(torch.from_numpy(sample.astype(np.float32)))
            model.ranker.chain.fill_(float(data.chain))
        self.reads_histories = bool(data.heads) and course.weights[RETRIEVAL] > 0
        trained = (*data.tasks, *([RETRIEVAL] if self.reads_histories else []))
        self.weights = TaskWeights({t: course.weights[t] for t in trained}, course.weighting)
        # Not the replayed days: of histories that hold a list's basket the towers would know it.
        self.pieces = cut_log(data.log, data.start, model.config.length)
        self.steps = epoch_steps(data, course) if course.steps is None else course.steps
        self.total = self.steps * course.plan.epochs
        groups: list[dict[str, Any]] = [
            {"params": list(model.parameters())},
            # The tasks' variances are not pulled towards zero: that is where they begin.
            {"params": list(self.weights.parameters()), "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(
            groups,
            lr=course.plan.learning_rate,
            weight_decay=course.plan.weight_decay,
            fused=True,
        )
        self.progress, self.best = Progress(course.signature), snapshot(model)

    def run(self) -> Progress:
        """Train until the epochs are done or nothing gets better."""
        path, plan = self.course.checkpoint, self.course.plan
        if path and (
            found := load_checkpoint(
                path, self.course.signature, self.model, self.weights, self.optimizer
            )
        ):
            self.progress, self.best = found
        progress = self.progress
        while self.steps and progress.epoch < plan.epochs and not _stale(progress, plan.patience):
            losses = self._epoch()
            measured = validate(self.model, self.data)
            progress.epoch += 1
            for name, value in losses.items():
                progress.losses.setdefault(name, []).append(value)
            for name, value in self.weights.current().items():
                progress.weights.setdefault(name, []).append(value)
            for name, value in {**measured, "score": _score(measured)}.items():
                progress.validation.setdefault(name, []).append(value)
            if progress.validation["score"][-1] >= max(progress.validation["score"]):
                progress.best_epoch, self.best = progress.epoch, snapshot(self.model)
            if path:
                save_checkpoint(path, progress, self.model, self.weights, self.optimizer, self.best)
            self.report(progress.epoch * self.steps, self.total, progress)
        self.model.load_state_dict(self.best)
        calibrate_intent(self.model, self.data)
        return progress

    def _epoch(self) -> dict[str, float]:
        """One pass; the mean loss of each task."""
        seed = self.course.seed * 1000 + self.progress.epoch
        self.model.train()
        torch.manual_seed(seed)
        rng = np.random.default_rng([self.course.seed, self.progress.epoch])
        generator = torch.Generator().manual_seed(seed)
        negatives = Negatives.of(self.data.popularity, self.course.plan.negatives, generator)
        sums: dict[str, float] = {}
        for number, step in enumerate(itertools.islice(self._draw(rng), self.steps)):
            done = self.progress.epoch * self.steps + number
            for name, value in self._step(step, negatives, done).items():
                sums[name] = sums.get(name, 0.0) + value
            self.report(done + 1, self.total, self.progress)
        return {name: value / self.steps for name, value in sums.items()}

    def _step(self, step: Step, negatives: Negatives, done: int) -> dict[str, float]:
        """One step of the optimiser; ``done`` steps lie behind."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.course.plan.learning_rate * schedule(done / self.total)
        losses = task_losses(self.model, step, self.data.query_vectors, negatives)
        if done % GRADIENTS_EVERY == 0:
            self._look_at_gradients(losses)
        self.optimizer.zero_grad()
        torch.autograd.backward(self.weights(losses))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return {task: float(loss.detach()) for task, loss in losses.items()}

    def _look_at_gradients(self, losses: Mapping[str, Tensor]) -> None:
        """Note how the tasks pull at the shared towers, and balance them if that is asked for."""
        shared = [
            parameter
            for tower in (self.model.item_tower, self.model.context_tower)
            for name, parameter in tower.named_parameters()
            # The tables of single items are touched by few rows of a step.
            if not name.startswith("identity")
        ]
        norms, cosines = gradients(losses, shared)
        self.weights.rebalance(norms)
        noted = self.progress.cosines
        for (a, b), cosine in cosines.items():
            noted.setdefault(f"{a}, {b}", []).append(cosine)

    def _draw(self, rng: np.random.Generator) -> Iterator[Step]:
        data, length = self.data, self.model.config.length
        streams = {
            task: shuffled(_examples(data, task), size, rng) for task, size in self.sizes.items()
        }
        nothing = torch.zeros(0, dtype=torch.int64)
        histories = self._histories(rng) if self.reads_histories else itertools.repeat(None)
        while True:
            rows = {task: next(stream) for task, stream in streams.items()}
            asked = about = nothing
            if INTENT in rows:
                intents, chosen = data.intents["train"], rows.pop(INTENT)
                asked = torch.from_numpy(intents.query[chosen].astype(np.int64))
                about = torch.from_numpy(intents.category[chosen].astype(np.int64))
            lists = {
                head: collate(data.train[head], chosen, data.log, length)
                for head, chosen in rows.items()
            }
            yield Step(lists, next(histories), asked, about)

    def _histories(self, rng: np.random.Generator) -> Iterator[Packed]:
        """All histories before the replayed days, again and again, packed anew each time."""
        length, rows = self.model.config.length, self.course.plan.rows
        while len(self.pieces):
            yield from packed_batches(self.data.log, self.pieces, length, rows, rng)


def _score(measured: Mapping[str, float]) -> float:
    """What early stopping watches: the mean of the ranker's metrics that are defined.

    The intent head's accuracy counts only where it is all that is trained: it is at its best
    after an epoch or two, and the ranker is not to be stopped by it.
    """
    defined = {name: value for name, value in measured.items() if np.isfinite(value)}
    ranked = [value for name, value in defined.items() if name.startswith(("ndcg", "auc"))]
    if not ranked:
        return defined.get("accuracy_intent", 0.0)
    return float(np.mean(ranked))


def _stale(progress: Progress, patience: int) -> bool:
    return progress.epoch - progress.best_epoch >= patience and progress.epoch > 0
