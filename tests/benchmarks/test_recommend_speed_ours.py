"""Daogou's own contenders learn tiny sequences, and say how large a process was."""

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from benchmarks.peers import daogou_als, daogou_sasrec, daogou_towers
from benchmarks.peers.common import Clock, Over, Sequences, peak_mb
from benchmarks.recommend_speed import OURS, TOLD, Budget, Peer

Run = Callable[..., None]
ROUND, VISITORS, LENGTH = 24, 60, 7
CHANCE = 0.24
"""NDCG@10 of an order by lot of the 19 items that a visitor has not had: 4.54 / 19."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def sequences() -> Sequences:
    """Every visitor goes around in a circle of items, so that one can tell what comes next."""
    starts = np.arange(VISITORS)[:, None]
    items = ((starts + np.arange(LENGTH)) % ROUND).astype(np.int32)
    offsets = np.arange(VISITORS + 1) * LENGTH
    return Sequences(items.ravel(), offsets, ROUND, np.arange(VISITORS))


@pytest.fixture
def run(sequences: Sequences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a script as its process would, within this one, where a step takes 1/128 s by the clock.

    So there are 128 of them whatever else the machine has to do.
    """
    ticks, work = count(), count()
    times = (lambda: next(ticks) / 128, lambda: next(work) / 128)
    monkeypatch.setattr(Clock.__init__, "__defaults__", times)

    def running(script: ModuleType, *options: str) -> None:
        sequences.write(tmp_path / "sequences.npz")
        given = ["--data", str(tmp_path / "sequences.npz"), "--seconds", "1", "--every", "0.25"]
        monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
        monkeypatch.setattr(sys, "argv", ["", *given, *options])
        script.main()

    return running


@pytest.mark.parametrize(
    ("script", "options"),
    [
        (daogou_sasrec, []),
        (daogou_sasrec, ["--own"]),
        (daogou_towers, []),
        (daogou_als, []),
    ],
)
def test_ours_learn_and_tell_in_steps(
    script: ModuleType, options: list[str], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run(script, *options)
    ready, *steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(ready) == ["ready_s"]
    assert all(tuple(step) == TOLD for step in steps)
    assert [step["seconds"] for step in steps] == [0.25, 0.5, 0.75, 1.0]
    for less, more in pairwise(steps):
        assert less["examples"] < more["examples"]
        assert less["peak_mb"] <= more["peak_mb"]
    assert max(step["ndcg@10"] for step in steps) > CHANCE + 0.1


def test_ours_are_processes_of_their_own(sequences: Sequences) -> None:
    for learner in OURS:
        assert isinstance(learner, Peer)
        assert learner.name.startswith("daogou")
        assert Path(ROOT, *learner.module.split(".")).with_suffix(".py").is_file()
    ready, *steps = OURS[1].learn(sequences, Budget(0.8, 0.4))
    assert ready.seconds > 0
    assert steps[-1].examples > 0
    assert 100 < steps[-1].peak_mb < 5000


@pytest.mark.parametrize(("script", "n"), [(daogou_sasrec, 4), (daogou_towers, 5), (daogou_als, 5)])
def test_a_pass_has_the_examples_that_are_told(
    script: ModuleType, n: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each visitor's 5 training items, as the docstring of ``common`` says."""
    counted: list[int] = []

    def step(clock: Clock, examples: int) -> bool:
        del clock
        counted.append(examples)
        return sum(counted) < n * VISITORS

    monkeypatch.setattr(Clock, "step", step)
    run(script)
    assert sum(counted) == n * VISITORS


def test_a_process_is_as_large_as_itself_and_not_as_the_one_that_started_it() -> None:
    held = np.ones(60_000_000)  # 480 MB
    script = "from benchmarks.peers.common import peak_mb; print(peak_mb())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 5 < float(done.stdout) < 200
    assert peak_mb() > held.nbytes / 1e6


def test_a_training_that_only_an_exception_ends() -> None:
    clock = Clock(lambda: 0.5, seconds=1, every=1, now=iter([0.0, 0.4, 0.4, 1.2, 1.2]).__next__)
    clock.step_or_stop(1)
    assert clock.share == pytest.approx(0.4)
    with pytest.raises(Over):
        clock.step_or_stop(1)
