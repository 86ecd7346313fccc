"""The arithmetic of the benchmarks of time and size; what they measure is measured by hand."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.load.server import stage_seconds
from benchmarks.search_growth import GROWING, Job, disk, exponents
from benchmarks.search_latency import Kind
from daogou.server.metrics import Metrics


class Clock:
    """CPU seconds that a caller sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_kind_adds_up_its_blocks() -> None:
    cpu, stages = Clock(), {"engine": 5.0}

    def ask(query: str, language: str) -> None:
        assert (query, language) == ("milk", "en")
        cpu.now += 0.01
        stages["engine"] += 0.004
        stages["answer"] = stages.get("answer", 0.0) + 0.001

    kind = Kind("search", ask, cpu, lambda: dict(stages))
    for _ in range(2):
        kind.run([("milk", "en")] * 10)
    row = kind.row()
    assert row["requests"] == 20
    assert row["per_second_per_core"] == pytest.approx(100)
    assert row["stage_engine_ms"] == pytest.approx(4)
    assert row["stage_answer_ms"] == pytest.approx(1)
    assert 0 <= float(row["p50_ms"]) <= float(row["p95_ms"]) <= float(row["p99_ms"])


def test_where_the_cpu_is_unknown_nothing_is_said_of_it() -> None:
    kind = Kind("search", lambda *_: None, lambda: None)
    kind.run([("milk", "en")])
    assert "per_second_per_core" not in kind.row()


def test_stages_are_read_from_the_metrics_that_a_server_gives() -> None:
    metrics = Metrics()
    metrics.stages.labels("search", "engine").observe(0.25)
    metrics.stages.labels("search", "engine").observe(0.5)
    metrics.stages.labels("search", "answer").observe(0.125)
    metrics.stages.labels("recommend", "engine").observe(9)
    text = metrics.text().decode()
    assert stage_seconds(text, "search") == {"engine": 0.75, "answer": 0.125}


def test_exponents_are_of_neighbouring_sizes() -> None:
    def row(name: str, products: int, figure: float) -> dict[str, float | str]:
        return {"name": name, "products": products, **dict.fromkeys(GROWING, figure)}

    rows = [
        row("words", 10, 2.0),
        row("graph", 10, 1.0),
        row("words", 100, 20.0),
        row("graph", 100, 100.0),
        row("words", 1000, 20.0),
    ]
    found = exponents(rows)
    sizes = [(each["name"], each["products"]) for each in found]
    assert sizes == [
        ("words, exponent", 100),
        ("words, exponent", 1000),
        ("graph, exponent", 100),
    ]
    assert [each["build_s"] for each in found] == pytest.approx([1, 0, 2])


def test_no_exponent_of_nothing() -> None:
    rows: list[dict[str, float | str]] = [
        {"name": "words", "products": n, **dict.fromkeys(GROWING, 1.0), "resident_mb": 0.0}
        for n in (10, 100)
    ]
    assert "resident_mb" not in exponents(rows)[0]


def test_vectors_of_copies_are_near_their_originals_and_differ(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    known = rng.standard_normal((4, 64)).astype(np.float32)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    np.save(tmp_path / "vectors.npy", known)
    made = Job(10, tmp_path, None, tmp_path).vectors()
    assert made.shape == (10, 64)
    assert np.allclose(made[:4], known)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    for row in range(4, 10):
        cosines = known @ made[row]
        assert int(np.argmax(cosines)) == row % 4
        assert 0.85 < cosines.max() < 0.999


def test_disk_counts_all_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(b"x" * 10)
    (tmp_path / "two").write_bytes(b"x" * 5)
    assert disk(tmp_path) == 15
