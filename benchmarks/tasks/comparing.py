"""From what all models answered to rows: means, differences, and who is harmed by whom."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.reporting import spread
from benchmarks.tasks.answers import METRICS, SHOWN, Metric
from benchmarks.tasks.arms import JOINT
from daogou.cli.results import Row
from daogou.evaluation import Interval
from daogou.evaluation.rounds import Float64, difference, interval
from daogou.training.checkpoint import Progress

NEGATIVE: Final = "negative transfer"
POSITIVE: Final = "positive transfer"
Judged = Mapping[str, Float64]
"""Metric to its value by seed and round, [S, 1 + R]."""


def stacked(seeds: Sequence[Mapping[str, Float64]]) -> dict[str, Float64]:
    """What each seed's model was judged, [1 + R], one below the other."""
    return {name: np.stack([seed[name] for seed in seeds]) for name in seeds[0]}


def known(judged: Judged) -> list[Metric]:
    """The metrics that were measured, in their order."""
    return [metric for metric in METRICS if metric.name in judged]


def arm_rows(arms: Mapping[str, Judged]) -> list[Row]:
    """A row an arm: each metric's mean and interval."""
    rows: list[Row] = []
    for name, judged in arms.items():
        row: Row = {"part": "arm", "name": name}
        for metric in known(judged):
            row |= spread(metric.name, interval(judged[metric.name]))
        rows.append(row)
    return rows


def transfer_rows(arms: Mapping[str, Judged]) -> list[Row]:
    """Joint less each other arm, for the metrics that both have; of one seed, from one start.

    Of a task alone the difference is the transfer from the other tasks.
    """
    rows: list[Row] = []
    joint = arms[JOINT]
    for name, judged in arms.items():
        if name == JOINT:
            continue
        row: Row = {"part": "difference", "name": f"{JOINT} less {name}"}
        for metric in known(judged):
            if metric.name in joint:
                apart = difference(joint[metric.name], judged[metric.name], paired=True)
                row |= spread(metric.name, apart) | {
                    f"verdict_{metric.name}": verdict(apart, metric)
                }
        rows.append(row)
    return rows


def verdict(apart: Interval, metric: Metric) -> str:
    """What a difference says: nothing as long as 0 is in its interval."""
    low, high = (apart.low, apart.high) if metric.higher else (-apart.high, -apart.low)
    if high < 0:
        return NEGATIVE
    return POSITIVE if low > 0 else ""


def gradient_rows(progresses: Sequence[Progress]) -> list[Row]:
    """For each pair of tasks the mean cosine of their gradients, and how often it is below 0."""
    looks: dict[str, list[float]] = {}
    for progress in progresses:
        for pair, cosines in progress.cosines.items():
            looks.setdefault(pair, []).extend(cosines)
    return [
        {
            "part": "gradients",
            "name": pair,
            "cosine": float(np.mean(cosines)),
            "conflicts": float((np.array(cosines) < 0).mean()),
        }
        for pair, cosines in looks.items()
    ]


def funnel_rows(head: str, judged: Mapping[str, Judged]) -> list[Row]:
    """A row a contender, with the difference of the joint head's AUC less its own.

    The joint head and the head alone share the start of each seed and are drawn together; the
    seeds of the others have nothing in common with them.
    """
    rows: list[Row] = []
    ours = judged[JOINT]
    for name, theirs in judged.items():
        row: Row = {"part": f"funnel, {head}", "name": name}
        for metric in known(theirs):
            row |= spread(metric.name, interval(theirs[metric.name]))
        if name != JOINT:
            auc = f"auc_{head}"
            paired = name == f"{head} alone"
            row |= spread("joint_less", difference(ours[auc], theirs[auc], paired=paired))
        rows.append(row)
    return rows


def heads_of(judged: Judged) -> list[str]:
    """The heads of exposures that were measured."""
    return [head for head in SHOWN if f"auc_{head}" in judged]
