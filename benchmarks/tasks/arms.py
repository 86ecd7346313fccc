"""The ways in which the second stage is trained: all tasks together, and each alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.tasks.shop import Ground, Towers
from daogou.models import JointModel
from daogou.training.checkpoint import Progress
from daogou.training.config import TrainingConfig
from daogou.training.data import Data
from daogou.training.objective import INTENT, RETRIEVAL
from daogou.training.shop import Stage
from daogou.training.trainer import Course, epoch_steps, fit

JOINT: Final = "joint"
VARIANTS: Final[Mapping[str, Callable[[TrainingConfig], TrainingConfig]]] = {
    "uncertainty": lambda config: replace(config, weighting="uncertainty"),
    "balanced": lambda config: replace(config, weighting="balanced"),
    "shared": lambda config: replace(config, experts="shared"),
    "mmoe": lambda config: replace(config, experts="mmoe"),
    "ple": lambda config: replace(config, experts="ple"),
    "hstu": lambda config: replace(config, block="hstu"),
}
"""Joint trainings with one setting changed."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to train.

    Attributes
    ----------
    task
        The one task that is trained; None for all.
    """

    name: str
    config: TrainingConfig
    task: str | None = None


def arms(config: TrainingConfig, tasks: Sequence[str], variants: Sequence[str]) -> list[Arm]:
    """Joint, each task alone, and joint with another setting."""
    return [
        Arm(JOINT, config),
        *(Arm(f"{task} alone", config, task) for task in tasks),
        *(Arm(f"joint, {name}", VARIANTS[name](config)) for name in variants),
    ]


def train_arm(
    ground: Ground, data: Data, arm: Arm, seed: int, towers: Towers, stage: Stage
) -> tuple[JointModel, Progress]:
    """The second stage from pretrained towers on, by one arm.

    Alone a task has as many steps, with as many of its examples each, as it has among the
    others. Early stopping then watches its own metrics on validation, since there are no others.
    """
    model = ground.model(arm.config, seed, towers)
    weights = arm.config.weights()
    course = Course(ground.plan(arm.config), weights, arm.config.weighting, seed, arm.name)
    course = replace(course, steps=epoch_steps(data, course))
    if arm.task:
        data = only(data, arm.task)
        course = replace(course, weights=weights_alone(weights, arm.task))
    progress = fit(
        model, data, course, lambda done, steps, _: stage(f"training {arm.name}", done, steps)
    )
    return model, progress


def only(data: Data, task: str) -> Data:
    """What training reads, for one task."""
    return replace(
        data,
        train={head: lists for head, lists in data.train.items() if head == task},
        validation={head: lists for head, lists in data.validation.items() if head == task},
        intents=data.intents if task == INTENT else {},
    )


def weights_alone(weights: Mapping[str, float], task: str) -> dict[str, float]:
    """The lambdas, with 0 for all tasks but ``task``.

    The next lines of whole histories ("retrieval") stay with the next basket: both ask for what is
    bought next, the one of the towers and the other of the ranker, and no head is theirs. Every
    other task has them as a gift of joint training, and does without alone.
    """
    kept = {task, RETRIEVAL} if task == "next" else {task}
    return {name: weight if name in kept else 0.0 for name, weight in weights.items()}
