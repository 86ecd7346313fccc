"""What the tasks gain from being trained together, and the funnel beside simple models.

    python -m benchmarks.tasks --home .demo [--seeds 5] [--json FILE] [--svg FILE]

On a shop's own data, split in time as by ``daogou evaluate``: sources, pretraining, replayed lists
and validation are all from before the split, and the test lists are made by the same replay of what
came after it. The shop is read, the sources are fitted and the lists are gathered once, with the
candidates of the towers that the first seed pretrained. For each seed the towers are pretrained
anew, and from them the second stage is trained with all tasks, and with each task alone: the same
lists, the same number of steps, stopped by that task's own validation. A difference whose interval
is below 0 is marked as negative transfer. Intervals are 95%, and draw visitors (for intents
queries) and seeds.

Then the exposures: the joint head and the head alone against logistic regression, LightGBM and
Wide & Deep with the same features, and against counts.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console

from benchmarks.reporting import document, save
from benchmarks.tasks import comparing
from benchmarks.tasks.answers import Answers, Judge, answer
from benchmarks.tasks.arms import JOINT, VARIANTS, Arm, arms, train_arm
from benchmarks.tasks.funnel import Contender, Exposed, contenders
from benchmarks.tasks.plot import Curves, draw
from benchmarks.tasks.shop import Ground, Tested, Towers
from benchmarks.tasks.table import print_rows
from daogou.bundle import BundleWriter
from daogou.cli.evaluating import find_split
from daogou.cli.results import Row
from daogou.cli.settings import Settings
from daogou.encoders import open_text_encoder
from daogou.errors import DaogouError
from daogou.evaluation import reliability
from daogou.evaluation.rounds import BINS, Float64
from daogou.training.checkpoint import Progress
from daogou.training.config import TrainingConfig
from daogou.training.pipeline import Timer

_TOLD: Final = Console(stderr=True)
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What is compared; the fields are those of the command line."""

    home: Path
    seeds: int = 5
    cap: int = 4000
    days: int = 56
    variants: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of all tables, curves of the reliability diagrams, and what the tables need said."""

    rows: Sequence[Row]
    curves: Curves
    notes: Sequence[str]


@dataclass(slots=True)
class Trials:
    """What every arm's models were judged and said, a seed after the other."""

    judged: dict[str, list[Mapping[str, Float64]]] = field(default_factory=dict)
    answers: dict[str, list[Answers]] = field(default_factory=dict)
    joint: list[Progress] = field(default_factory=list)


def main(arguments: list[str]) -> None:
    """Compare, print, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks.tasks", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cap", type=int, default=4000, help="test lists of each kind, at most")
    parser.add_argument("--days", type=int, default=56, help="how many of the last days are tested")
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=())
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    given = parser.parse_args(arguments)
    options = Options(
        given.home, max(given.seeds, 1), max(given.cap, 1), given.days, given.variants
    )
    try:
        found = compare(options)
    except DaogouError as error:
        raise SystemExit(str(error)) from error
    print_rows(found.rows, found.notes)
    save(given.json, document("tasks", arguments, found.rows))
    if given.svg is not None:
        given.svg.parent.mkdir(parents=True, exist_ok=True)
        given.svg.write_bytes(draw(found.rows, found.curves))


def compare(options: Options, config: TrainingConfig | None = None) -> Found:
    """Train and ask everything.

    Parameters
    ----------
    config
        The settings of training; None for those of the home's ``daogou.toml``.
    """
    settings, timer = Settings.load(options.home), Timer()
    config = config or settings.training()
    torch.set_num_threads(config.threads or torch.get_num_threads())
    encoder = open_text_encoder(settings.encoder(), settings.cache)
    with (
        settings.open_store() as store,
        tempfile.TemporaryDirectory(prefix="daogou-benchmark-") as folder,
        BundleWriter(Path(folder)) as writer,
    ):
        split = find_split(store, options.days)
        ground = Ground.read(store, encoder, config, split, writer, _stage, timer)
        towers = ground.pretrained(config, config.seed, _stage)
        timer.lap("pretraining, first seed")
        tested = ground.lists(towers, options.cap, _stage)
        timer.lap("lists")
        if not tested.learned.tasks:
            raise SystemExit(f"No task can be taught before the split: {tested.learned.left_out}")
        judge = Judge(tested)
        trials = _trials(ground, tested, judge, towers, options, timer)
        rows, curves = _rows(ground, tested, judge, trials, options, timer)
    return Found(rows, curves, _notes(tested, judge, options))


def _trials(
    ground: Ground, tested: Tested, judge: Judge, first: Towers, options: Options, timer: Timer
) -> Trials:
    """Every arm with every seed; ``first`` are the towers of the first one."""
    found, config, tasks = Trials(), ground.config, tested.learned.tasks
    for seed in range(config.seed, config.seed + options.seeds):
        pretrained = {config.block: first} if seed == config.seed else {}
        for arm in arms(config, tasks, options.variants):
            block = arm.config.block
            if block not in pretrained:
                pretrained[block] = ground.pretrained(arm.config, seed, _stage)
                timer.lap(f"pretraining {block}, seed {seed}")
            model, progress = train_arm(
                ground, tested.learned, arm, seed, pretrained[block], _stage
            )
            timer.lap(f"training {arm.name}, seed {seed}")
            said = answer(model, tested.asked, (arm.task,) if arm.task else tasks)
            judged = judge.judged(said)
            timer.lap(f"asking {arm.name}, seed {seed}")
            found.judged.setdefault(arm.name, []).append(judged)
            found.answers.setdefault(arm.name, []).append(said)
            if arm.name == JOINT:
                found.joint.append(progress)
            _tell(arm, seed, judged, progress, timer)
    return found


def _rows(
    ground: Ground, tested: Tested, judge: Judge, trials: Trials, options: Options, timer: Timer
) -> tuple[list[Row], Curves]:
    judged = {name: comparing.stacked(seeds) for name, seeds in trials.judged.items()}
    rows = [
        *comparing.arm_rows(judged),
        *comparing.transfer_rows(judged),
        *comparing.gradient_rows(trials.joint),
    ]
    curves: dict[str, dict[str, Any]] = {}
    for head in judge.shown:
        logits = {
            name: [said.logits[head] for said in trials.answers[name]]
            for name in (JOINT, f"{head} alone")
        } | _simple(ground, tested, head, options, timer)
        shown = judge.shown[head]
        rows += comparing.funnel_rows(
            head,
            {
                name: comparing.stacked([shown.judged(one, head) for one in seeds])
                for name, seeds in logits.items()
            },
        )
        timer.lap(f"judging {head}")
        curves[head] = {
            name: reliability(
                np.concatenate([1 / (1 + np.exp(-one.astype(np.float64))) for one in seeds]),
                np.tile(shown.labels, len(seeds)),
                np.tile(shown.weight, len(seeds)),
                BINS,
            )
            for name, seeds in logits.items()
        }
    rows.append({"part": "candidates", "name": "ceiling", **judge.ceiling()})
    rows.append({"part": "seconds", "name": "seconds", **timer.seconds})
    return rows, curves


def _simple(
    ground: Ground, tested: Tested, head: str, options: Options, timer: Timer
) -> dict[str, list[Array]]:
    """Each simple model's logits, a seed after the other."""
    exposed = Exposed.of(tested, ground.whole.table, head)
    found: dict[str, list[Array]] = {}
    for contender in contenders():
        found[contender.name] = _fits(contender, exposed, options.seeds, ground.config.seed)
        timer.lap(f"fitting {contender.name}, {head}")
        _TOLD.print(
            f"{contender.name}, {head}: {timer.seconds[f'fitting {contender.name}, {head}']} s"
        )
    return found


def _fits(contender: Contender, exposed: Exposed, seeds: int, first: int) -> list[Array]:
    count = seeds if contender.seeded else 1
    return [contender.fit(exposed, seed) for seed in range(first, first + count)]


def _notes(tested: Tested, judge: Judge, options: Options) -> list[str]:
    lists, ceiling = tested.asked.validation, judge.ceiling()
    counts = ", ".join(f"{head} {len(found):,}" for head, found in lists.items())
    notes = [
        f"Test lists: {counts}; seeds: {options.seeds}.",
        f"The candidates hold {ceiling['found']:.1%} of the baskets' products; ordered perfectly"
        f" they would reach NDCG@10 {ceiling['ndcg_next']:.4f}, of what is new"
        f" {ceiling['ndcg_explore']:.4f}.",
    ]
    for head, shown in judge.shown.items():
        share = float(np.average(shown.labels, weights=shown.weight))
        notes.append(
            f"{head}: {len(shown.labels):,} rows, {int(shown.labels.sum()):,} of them with the"
            f" label, which is {share:.4%} of the exposures that they stand for."
        )
    return notes + [f"Left out, {head}: {why}." for head, why in tested.learned.left_out.items()]


def _tell(
    arm: Arm, seed: int, judged: Mapping[str, Float64], progress: Progress, timer: Timer
) -> None:
    means = ", ".join(f"{name} {rounds[0]:.5f}" for name, rounds in judged.items())
    seconds = timer.seconds[f"training {arm.name}, seed {seed}"]
    epochs = f"epoch {progress.best_epoch} of {progress.epoch}"
    _TOLD.print(f"seed {seed}, {arm.name}: {means}; {epochs}, {seconds} s", soft_wrap=True)


_begun: dict[str, float] = {}


def _stage(name: str, done: int, total: int) -> None:
    """Tell of a stage when it begins, and no more than every half minute."""
    del total
    now = time.monotonic()
    if done == 0 or now - _begun.get(name, 0) > 30:
        _begun[name] = now
        _TOLD.print(f"  {name}, {done} done")


if __name__ == "__main__":
    main(sys.argv[1:])
