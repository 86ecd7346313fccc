"""Results in the one shape: JSON, picture, page."""

import json
import math
import subprocess
from pathlib import Path

import pytest

from daogou.cli.results import Row, commit, draw, interval, machine, page, results, write_json

ROWS: list[Row] = [
    {"name": "popularity", "ndcg@10": 0.1, "ndcg@10_low": 0.08, "ndcg@10_high": 0.12},
    {"name": "daogou <joint>", "ndcg@10": 0.0, "ndcg@10_low": 0.0, "ndcg@10_high": 0.0,
     "auc": math.nan, "coverage": 0.5},
]  # fmt: skip


def test_the_shape_is_that_of_all_benchmarks(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "out.json", results("evaluate", ROWS))
    found = json.loads((tmp_path / "deep" / "out.json").read_text())
    assert list(found) == ["name", "command", "commit", "machine", "rows"]
    assert found["name"] == "evaluate"
    assert found["command"].startswith("daogou")
    assert found["rows"][0]["ndcg@10_low"] == 0.08
    assert found["rows"][1]["auc"] is None


def test_where_and_on_what() -> None:
    assert commit()
    assert "cores" in machine()


def test_without_git_the_version_says_which_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert commit().startswith("daogou ")


def test_undefined_is_empty_and_zero_is_not() -> None:
    assert interval(ROWS[0], "ndcg@10") == ("0.1000", "[0.0800, 0.1200]")
    assert interval(ROWS[1], "ndcg@10") == ("0.0000", "[0.0000, 0.0000]")
    assert interval(ROWS[1], "coverage") == ("0.5000", "")
    assert interval(ROWS[1], "auc") == interval(ROWS[0], "auc") == ("", "")


def test_the_picture_is_the_same_each_time() -> None:
    picture = draw(ROWS, {"ndcg@10": "NDCG@10", "coverage": "Coverage"})
    assert picture.startswith(b"<?xml")
    assert picture == draw(ROWS, {"ndcg@10": "NDCG@10", "coverage": "Coverage"})


def test_the_page_has_everything_and_escapes_it() -> None:
    made = page("Evaluation", ["a < b"], results("evaluate", ROWS), b"<svg/>")
    assert "daogou &lt;joint&gt;" in made
    assert "a &lt; b" in made
    assert "0.1000<br><small>[0.0800, 0.1200]</small>" in made
    assert made.count("<th>") == 4  # the model and three metrics
