"""``daogou train``: from the store to an active bundle."""

import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table

from daogou.assistant.learning import confirmed
from daogou.bundle import prune, training
from daogou.cli.bundling import put_to_work
from daogou.cli.packages import require
from daogou.cli.settings import Settings
from daogou.cli.terminal import Stages, out, say, seconds, warn, what_next
from daogou.encoders import open_text_encoder
from daogou.errors import DaogouError, TrainingError
from daogou.retrieval.sources import JOINT
from daogou.utterances import read_utterances

if TYPE_CHECKING:
    from daogou.training.checkpoint import Progress
    from daogou.training.pipeline import Trained

_FULL: Final = os.strerror(errno.ENOSPC)
UTTERANCES: Final = "utterances.tsv"
"""In the home: sentences of the shop's own, see docs/assistant.md."""
EVER: Final = datetime.fromtimestamp(0, UTC)
LEAST_VISITORS: Final = 2
MOST_TYPED: Final = 300
METRICS: Final = {
    "ndcg_next": "next basket, NDCG@10",
    "ndcg_explore": "what is new in it, NDCG@10",
    "ndcg_relevance": "query to product, NDCG@10",
    "auc_purchase": "shown to bought, AUC",
    "calibration_error_purchase": "shown to bought, calibration error",
    "auc_click": "shown to viewed, AUC",
    "accuracy_intent": "query to category, accuracy",
    "accuracy_intent_baseline": "query to category by its name alone, accuracy",
}
"""What a metric of the validation is called on the terminal."""
HEADS: Final = {
    "next": "next basket",
    "relevance": "query to product",
    "click": "shown to viewed",
    "purchase": "shown to bought",
    "intent": "query to category",
}
"""What a head is called there."""


def train_command(
    settings: Settings, effort: str | None, seed: int | None, *, force: bool = False
) -> None:
    """Train and activate."""
    trained = train_shop(settings, effort, seed, force=force)
    tell(trained)
    what_next(
        (settings.command("serve"), "serve the new bundle (a running server takes it up itself)"),
        (settings.command("evaluate"), "compare the model with simple ones on the last weeks"),
    )


def train_shop(
    settings: Settings, effort: str | None, seed: int | None, *, force: bool = False
) -> "Trained":
    """Train with progress on the terminal, make the bundle the current one, clear old ones up.

    Raises
    ------
    BundleError
        Another process trains this shop; or the new bundle fails its checks or, without
        ``force``, is worse than the active one, which then stays so.
    TrainingError
        There is nothing to learn from, or no room on the disk.
    """
    require("train", "Training")
    config = settings.training(effort=effort, seed=seed)
    with (
        settings.open_store() as store,
        training(settings.bundles),
        room_is_told(settings.home),
        resumable(),
        Stages() as stages,
    ):
        stages.stage("loading torch and the text encoder", 0, 1)
        from daogou.training.pictures import pictures_of
        from daogou.training.pipeline import train

        encoder = open_text_encoder(settings.encoder(), settings.cache)
        stages.stage("reading conversations", 0, 1)
        told = [*read_utterances(settings.home / UTTERANCES), *confirmed(store)]
        trained = train(
            store,
            settings.bundles,
            encoder,
            config,
            pictures=pictures_of(settings.encoder(), settings.cache, stages.stage),
            utterances=told,
            typed=[q.text for q in store.popular_queries(EVER, LEAST_VISITORS, MOST_TYPED)],
            checkpoint=settings.cache / "training.safetensors",
            stage=stages.stage,
            report=Epochs(stages),
        )
        stages.stage("checking and activating the bundle", 0, 1)
        put_to_work(settings, store, trained.bundle, force=force)
        prune(settings.bundles, settings.bundle_config().keep)
    return trained


@contextmanager
def room_is_told(home: Path) -> Iterator[None]:
    """A full disk is an error of ours, whichever library has met it.

    Raises
    ------
    TrainingError
        Nothing more can be written.
    """
    try:
        yield
    except DaogouError:
        raise
    except Exception as error:
        if _FULL not in str(error) and getattr(error, "errno", None) != errno.ENOSPC:
            raise
        raise TrainingError(
            f"The disk of {home} is full. Nothing that is served was touched, and nothing half"
            " done was left. Free some room (`daogou doctor` tells how much there is), then give"
            " the same command again: it goes on after the last whole epoch."
        ) from error


@contextmanager
def resumable() -> Iterator[None]:
    """Say to whoever stops a training that nothing much is lost."""
    try:
        yield
    except KeyboardInterrupt:
        warn("whole epochs are kept: the same command goes on after the last one.")
        raise


class Epochs:
    """Prints a line when an epoch is done: the loss of each task, and the validation."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._told: int | None = None

    def __call__(self, done: int, steps: int, progress: "Progress") -> None:
        """See :data:`daogou.training.trainer.Report`."""
        del done, steps
        if self._told is None and progress.epoch:
            self._stages.say(f"Going on after epoch {progress.epoch} of an interrupted training.")
        elif progress.epoch > (self._told or 0):
            self._stages.say(epoch_line(progress))
        self._told = progress.epoch


def epoch_line(progress: "Progress") -> str:
    """The newest epoch in a line."""

    def newest(values: dict[str, list[float]]) -> str:
        return ", ".join(f"{name} {history[-1]:.4f}" for name, history in values.items())

    best = " (best so far)" if progress.best_epoch == progress.epoch else ""
    return (
        f"Epoch {progress.epoch}{best}: losses {newest(progress.losses)};"
        f" validation {newest(progress.validation)}"
    )


def tell(trained: "Trained") -> None:
    """Print metrics, times, and where the report is."""
    table = Table("Task", "Best epoch", title="On the newest days, which no weight was fitted to")
    table.columns[1].justify = "right"
    for name, value in trained.bundle.manifest.metrics.items():
        if name in METRICS:
            table.add_row(METRICS[name], "undefined" if math.isnan(value) else f"{value:.4f}")
    if table.row_count:
        out.print(table)
    for head, reason in trained.left_out.items():
        say(f"Left out, {HEADS[head]}: {reason}.")
    for name, reason in trained.unread.items():
        say(f"Left out, {name}: {reason}.")
    champion = trained.bundle.json("model")["champion"]
    if champion != JOINT:
        say(f"The home page is ordered by {champion}: alone it beats the ranker on this shop.")
    times = ", ".join(f"{name} {seconds(spent)}" for name, spent in trained.seconds.items())
    say(f"Trained in {seconds(sum(trained.seconds.values()))}: {times}.")
    say(f"Active bundle: {trained.bundle.id}")
    say(f"Report: {trained.bundle.path('report.html')}")
