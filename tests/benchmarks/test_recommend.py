"""The frame of the recommendation benchmark: fits, rows, differences and the table."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest
from rich.console import Console

from benchmarks.recommend.__main__ import Options, compare, main
from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.datasets import read_datasets
from benchmarks.recommend.measuring import Job, Measured, Model, cases_of, measure, measure_apart
from benchmarks.recommend.models import MODELS, ease, popularity
from benchmarks.recommend.published import published
from benchmarks.recommend.table import print_table, rows_of
from daogou.errors import FeedError, TrainingError
from daogou.evaluation import Contender
from daogou.features import Basket
from daogou.features.items import Float64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Everybody walks a ring of twelve items from a place of their own."""
    lines = [f"{n} " + " ".join(str((n + step) % 12) for step in range(6)) for n in range(60)]
    (tmp_path / "Beauty.txt").write_text("\n".join(lines))
    (tmp_path / "Beauty_item2attributes.json").write_text("{}")
    return tmp_path


def fails(dataset: Dataset, seed: int) -> Contender:
    raise TrainingError(f"no fit of {dataset.name} with seed {seed}")


def test_a_fit_is_asked_in_the_view_that_counts(folder: Path) -> None:
    found = measure(Job(folder, "Beauty", ease))
    assert set(found.values) == {"ndcg@10", "recall@10", "hr@10", "mrr@10"}
    assert found.values["hr@10"].shape == (60,)
    assert found.values["hr@10"].mean() == 1.0  # of twelve items five are had: all others fit in
    assert found.values["ndcg@10"].mean() > 0.5
    assert found.query_ms > 0


def test_a_process_of_its_own_gives_the_same_and_its_memory(folder: Path) -> None:
    job = Job(folder, "Beauty", popularity, cases=20)
    here, apart = measure(job), measure_apart(job)
    assert isinstance(apart, Measured)
    assert here.values["mrr@10"].tolist() == apart.values["mrr@10"].tolist()
    assert len(here.values["mrr@10"]) == 20
    assert math.isnan(here.peak_mb)
    assert apart.peak_mb >= 0


def test_the_cases_can_be_those_of_the_validation_or_a_few(folder: Path) -> None:
    (beauty,) = read_datasets(folder)
    assert cases_of(beauty, Job(folder, "Beauty", popularity)) == beauty.test
    few = Job(folder, "Beauty", popularity, validation=True, cases=7)
    assert len(cases_of(beauty, few)) == 7
    assert cases_of(beauty, few) == cases_of(beauty, few)
    assert all(case in beauty.validation for case in cases_of(beauty, few))


def measured(*ndcg: float, fit_s: float = 1.0, peak_mb: float = 5.0) -> Measured:
    values: dict[str, Float64] = {"ndcg@10": np.array(ndcg)}
    return Measured(values, 0.5, fit_s, 0.25, peak_mb)


def cases(n: int) -> list[Basket]:
    return [Basket(visitor, 1, 0.0, np.zeros(1, np.int32)) for visitor in range(n)]


def test_rows_have_means_over_seeds_and_ours_is_compared_with_each() -> None:
    fits: dict[str, Sequence[Measured] | str] = {
        "popularity": [measured(0.1, 0.3)],
        "broken": "MemoryError: too large",
        "daogou joint": [
            measured(0.4, 0.6, fit_s=2.0, peak_mb=7.0),
            measured(0.2, 0.4, fit_s=4.0, peak_mb=9.0),
        ],
    }
    popular, broken, joint, less = rows_of("Beauty", fits, cases(2))
    assert popular["ndcg@10"] == pytest.approx(0.2)
    assert (popular["ndcg@10_low"], popular["ndcg@10_high"]) == pytest.approx((0.1, 0.3))
    assert broken == {"name": "broken", "dataset": "Beauty", "failed": "MemoryError: too large"}
    assert joint["ndcg@10"] == pytest.approx(0.4)
    assert (joint["fit_s"], joint["peak_mb"], joint["seeds"]) == (3.0, 9.0, 2)
    assert less["name"] == "daogou joint - popularity"
    assert less["ndcg@10"] == pytest.approx(0.2)
    # Case by case ours is .3 more with one seed and .1 with the other, whoever is drawn.
    assert (less["ndcg@10_low"], less["ndcg@10_high"]) == pytest.approx((0.1, 0.3))


def test_the_table_shows_what_there_is() -> None:
    rows = [*published("Beauty"), *rows_of("Beauty", {"a": [measured(0.5)], "b": "why"}, cases(1))]
    console = Console(width=200, record=True, quiet=False, file=sys.stderr)
    print_table(rows, "Beauty", console)
    text = console.export_text()
    assert "published: SASRec" in text
    assert "0.0318" in text
    assert "0.5000 [0.5000, 0.5000]" in text
    assert "why" in text
    assert "recall@10" not in text


def test_the_command_writes_the_one_shape(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "found.json"
    options = ["--data", str(folder), "--models", "popularity", "--json", str(path)]
    main(options)
    found = orjson.loads(path.read_bytes())
    assert (found["name"], found["command"].split()[:3]) == (
        "recommend",
        ["python", "-m", "benchmarks.recommend"],
    )
    *_, row = found["rows"]
    assert (row["name"], row["dataset"], row["seeds"]) == ("popularity", "Beauty", 1)
    assert row["ndcg@10_low"] <= row["ndcg@10"] <= row["ndcg@10_high"]
    assert "60 asked" in capsys.readouterr().out


def test_a_seeded_model_is_fitted_again_and_a_failure_leaves_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    def here(job: Job) -> Measured | str:
        seeds.append(job.seed)
        try:
            return measure(job)
        except TrainingError as error:
            return str(error)

    monkeypatch.setattr("benchmarks.recommend.__main__.measure_apart", here)
    never = Model("never", popularity, suits=lambda dataset: dataset.has_titles)
    models = [Model("a", popularity, seeded=True), Model("b", fails, seeded=True), never]
    rows = compare(Options(folder, 2, models))[-2:]
    assert seeds == [0, 1, 0]  # b fails with its first seed, and is left there
    assert [row["name"] for row in rows] == ["a", "b"]
    assert rows[0]["seeds"] == 2
    assert rows[1]["failed"] == "no fit of Beauty with seed 0"
    assert "no fit of Beauty" in capsys.readouterr().err


def test_an_unknown_set_is_told(folder: Path) -> None:
    with pytest.raises(FeedError, match="has no set named Toys; it has Beauty"):
        compare(Options(folder, sets=["Toys"]))
    with pytest.raises(SystemExit, match="expected one of"):
        main(["--data", str(folder / "nowhere")])


def test_frequency_is_left_out_where_a_repeat_is_never_right(folder: Path) -> None:
    (beauty,) = read_datasets(folder)
    names = [model.name for model in MODELS if model.suits(beauty)]
    assert names[:2] == ["popularity", "user-to-user"]
    assert not any("frequency" in name for name in names)
