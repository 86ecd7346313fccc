"""How fast sequence models learn: the peers' common part, the rows, and what is missing."""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pytest
from rich.console import Console

from benchmarks.peers import common
from benchmarks.peers.common import Clock, Sequences, best, ndcg
from benchmarks.recommend.datasets import read_datasets
from benchmarks.recommend_speed import (
    TOLD,
    Budget,
    Peer,
    Step,
    Unavailable,
    exponents,
    grown,
    learn,
    main,
    peers,
    print_table,
    sequences_of,
)

BUDGET = Budget(1.0, 0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [f"{n} " + " ".join(str((n + step) % 12) for step in range(6)) for n in range(60)]
    (tmp_path / "Toys.txt").write_text("\n".join([*lines, "60 3 4"]))
    (tmp_path / "Toys_item2attributes.json").write_text("{}")
    return tmp_path


@pytest.fixture
def sequences(folder: Path) -> Sequences:
    (toys,) = read_datasets(folder)
    return sequences_of(toys, asked=10)


# --- what the peers share


def test_leave_one_out_of_what_was_written(sequences: Sequences, tmp_path: Path) -> None:
    sequences.write(tmp_path / "x.npz")
    read = Sequences.read(tmp_path / "x.npz")
    assert (read.n_items, len(read.offsets), len(read.asked)) == (12, 61, 10)  # 60 had too few
    visitor = int(read.asked[0])
    assert read.training()[visitor].tolist() == [(visitor + step) % 12 for step in range(4)]
    assert read.answers()[0] == (visitor + 4) % 12


def test_ndcg_of_one_answer_by_hand() -> None:
    lists = np.array([[3, 1, 2], [0, -1, -1]])
    assert ndcg(lists, np.array([1, 5])) == pytest.approx(1 / math.log2(3) / 2)


def test_the_best_are_those_not_had() -> None:
    scores = np.arange(40, dtype=np.float32).reshape(2, 20)
    found = best(scores, [np.array([19, 17]), np.array([], int)])
    assert found[0].tolist() == [18, 16, 15, 14, 13, 12, 11, 10, 9, 8]
    assert found[1].tolist() == list(range(19, 9, -1))


def test_the_clock_asks_now_and_then_and_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(common, "peak_mb", lambda: 64)

    def ask() -> float:
        nonlocal now
        now += 50  # asking is not training
        return 0.25

    clock = Clock(ask, seconds=5, every=2, now=lambda: now, cpu=lambda: now / 2)
    going = []
    for _ in range(5):
        now += 1
        going.append(clock.step(7))
    assert going == [True] * 4 + [False]
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [tuple(line.values()) for line in told] == [
        (2, 1, 14, 64, 0.25), (4, 2, 28, 64, 0.25), (5, 2.5, 35, 64, 0.25),
    ]  # fmt: skip
    assert tuple(told[0]) == TOLD
    assert clock.share == 1


# --- rows


@dataclass
class Planted:
    """Has learnt what it is told."""

    steps: list[Step]
    name: str = "planted"

    def learn(self, sequences: Sequences, budget: Budget) -> Iterator[Step]:
        del sequences, budget
        yield from self.steps


def test_a_row_by_hand(sequences: Sequences) -> None:
    ready = Step(0.5, math.nan, 0, math.nan, math.nan)
    steps = [ready, Step(2, 1, 40, 64, 0.01), Step(4, 2, 80, 65, 0.03), Step(6, 3, 120, 65, 0.02)]
    row = learn(Planted(steps), sequences, BUDGET, goal=0.02)
    assert row == {
        "name": "planted", "events": 360, "ready_s": 0.5, "examples_per_s": 20.0,
        "examples_per_cpu_s": 40.0, "pass_s": 12.0, "pass_cpu_s": 6.0, "peak_mb": 65,
        "ndcg@10": 0.03, "goal_s": 4, "goal_cpu_s": 2,
    }  # fmt: skip
    assert "goal_s" not in learn(Planted(steps), sequences, BUDGET, goal=0.5)
    assert "no step" in str(learn(Planted(steps[:1]), sequences, BUDGET, 0.1)["failed"])


def test_exponents_by_hand() -> None:
    rows: list[dict[str, float | str]] = [
        {"name": "a", "events": 10, "pass_s": 1.0, "pass_cpu_s": 1.0, "ready_s": 1.0},
        {"name": "b", "events": 10, "failed": "why"},
        {"name": "a", "events": 100, "pass_s": 100.0, "pass_cpu_s": 10.0, "ready_s": 1.0},
        {"name": "b", "events": 100, "failed": "why"},
    ]
    (row,) = exponents(rows)
    assert (row["name"], row["events"]) == ("a, exponent", 100)
    assert (row["pass_s"], row["pass_cpu_s"], row["ready_s"]) == pytest.approx((2, 1, 0))


def test_grown_sequences_keep_lengths_and_most_items(sequences: Sequences) -> None:
    large = grown(sequences, 6000)
    assert len(large.items) == pytest.approx(6000, abs=10)
    assert set(np.diff(large.offsets)) == {6}
    steps = np.diff(large.items.reshape(-1, 6), axis=1) % 12
    assert (steps == 1).mean() == pytest.approx(0.82, abs=0.03)  # .9 x .9, and some by chance
    assert len(large.asked) == 10


# --- other processes


def fake(folder: Path, *lines: str, code: int = 0) -> str:
    """A Python that prints these lines to both outputs, whatever it is told to run."""
    path = folder / "python"
    told = "\n".join(lines)
    path.write_text(f"#!/bin/sh\ncat <<'END' | tee /dev/stderr\n{told}\nEND\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def test_a_peer_tells_in_lines(sequences: Sequences, tmp_path: Path) -> None:
    python = fake(
        tmp_path,
        "a library's own words",
        '{"ready_s": 2.5}',
        '{"seconds": 3, "cpu_s": 2, "examples": 9, "peak_mb": 64, "ndcg@10": 0.5}',
    )
    ready, step = Peer("peer", "any", python).learn(sequences, BUDGET)
    assert (ready.seconds, ready.examples) == (2.5, 0)
    assert step == Step(3, 2, 9, 64, 0.5)


def test_a_peer_that_fails_gives_its_last_word(sequences: Sequences, tmp_path: Path) -> None:
    broken = Peer("peer", "any", fake(tmp_path, "Traceback", "ImportError: no such thing", code=1))
    with pytest.raises(Unavailable, match="ImportError: no such thing"):
        list(broken.learn(sequences, BUDGET))
    with pytest.raises(Unavailable, match="No such file"):
        list(Peer("peer", "any", str(tmp_path / "nowhere")).learn(sequences, BUDGET))


def test_a_missing_library_is_a_row_and_the_others_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = '{"seconds": 2, "cpu_s": 1, "examples": 4, "peak_mb": 64, "ndcg@10": 0.5}'
    python = fake(folder, '{"ready_s": 1}', line)
    broken = f"{folder / 'nowhere'}"
    path = folder / "found.json"
    pythons = [f"--python=recbole={broken}", f"--python=rectools={python}"]
    options = ["--data", str(folder), "--events", "100", "1000", "--json", str(path)]
    options += ["--only", "recbole", "rectools", "implicit"]
    main([*options, *pythons, f"--python=implicit={python}"])
    rows = orjson.loads(path.read_bytes())["rows"]
    first, second, third = rows[:3]
    assert "No such file" in first["failed"]
    assert (second["name"], second["examples_per_s"]) == ("rectools sasrec", 2.0)
    assert (third["name"], third["goal_s"], third["peak_mb"]) == ("implicit als", 2, 64)
    grown_names = [row["name"] for row in rows[3:]]
    assert grown_names.count("implicit als, grown") == 2
    assert grown_names[-1] == "implicit als, grown, exponent"
    assert "s to 0.02" in capsys.readouterr().out


def test_the_scripts_of_the_peers_are_there_and_say_what_they_lack(sequences: Sequences) -> None:
    for peer in peers({}):
        assert isinstance(peer, Peer)
        script = Path(*peer.module.split(".")).with_suffix(".py")
        assert (Path(__file__).parents[2] / script).is_file()
    absent = Peer("absent", "benchmarks.peers.absent", sys.executable)
    with pytest.raises(Unavailable, match=r"No module named benchmarks\.peers\.absent"):
        list(absent.learn(sequences, BUDGET))


def test_the_table_has_a_reason_or_figures() -> None:
    console = Console(width=200, record=True, file=sys.stderr)
    rows: list[dict[str, float | str]] = [
        {"name": "a", "events": 10, "failed": "not here"},
        {"name": "b", "events": 10, "pass_s": 2.0, "ndcg@10": 0.0123},
    ]
    print_table(rows, 0.02, console)
    text = console.export_text()
    assert "not here" in text
    assert "0.0123" in text
