"""Statistics by hand and by their references, and joint against alone on a planted shop."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmarks.tasks.shop
from benchmarks.tasks.__main__ import main
from benchmarks.tasks.answers import METRICS, Metric, ndcg
from benchmarks.tasks.arms import VARIANTS, arms, weights_alone
from benchmarks.tasks.comparing import NEGATIVE, POSITIVE, verdict
from benchmarks.tasks.shop import before_split
from daogou.cli.results import Row
from daogou.evaluation import Interval, Resampling, auc, reliability
from daogou.evaluation.rounds import BINS, Array, Rounds, difference, interval
from daogou.features import ItemTable, ShopLog
from daogou.store import Store
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.types import EventLine, EventType, Product, UserEvent

END = datetime(2026, 6, 1, tzinfo=UTC)
DAYS, VISITORS, N_ITEMS = 50, 12, 96
THINGS = ("apple", "soap", "spade")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def cases(n: int = 300) -> tuple[Array, Array, Array, Array]:
    """Scores with ties, labels, weights and groups."""
    rng = np.random.default_rng(3)
    scores = np.round(rng.random(n), 1)
    labels = (rng.random(n) < scores).astype(float)
    return scores, labels, 1 + rng.random(n), rng.integers(20, size=n)


def test_the_first_of_the_rounds_are_all_cases() -> None:
    scores, labels, weights, groups = cases()
    rounds = Rounds(groups, rounds=20)
    assert rounds.auc(scores, labels)[0] == pytest.approx(auc(scores, labels))
    whole = reliability(scores, labels, weights, BINS).error
    assert rounds.calibration_error(scores, labels, weights)[0] == pytest.approx(whole)


def test_a_weight_of_two_is_the_case_twice() -> None:
    scores, labels, _, groups = cases(60)
    twice = [np.concatenate([column, column[:30]]) for column in (scores, labels, groups)]
    weights = np.where(np.arange(60) < 30, 2.0, 1.0)
    ours = Rounds(groups, rounds=5)
    assert ours.auc(scores, labels, weights)[0] == pytest.approx(auc(twice[0], twice[1]))
    p = np.full(60, 0.25)
    hits = labels[:30].sum() * 2 + labels[30:].sum()
    expected = -(hits * np.log(0.25) + (90 - hits) * np.log(0.75)) / 90
    assert ours.log_loss(p, labels, weights)[0] == pytest.approx(expected)


def test_macro_f1_by_hand() -> None:
    predicted, about = np.array([1, 1, 2, 5]), np.array([1, 2, 2, 3])
    # Of 1: precision 1/2, recall 1; of 2: 1 and 1/2; 3 is never told; 5 is not asked about.
    found = Rounds(np.arange(4), rounds=3).macro_f1(predicted, about)
    assert found[0] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_means_have_the_intervals_of_the_evaluation() -> None:
    _, labels, _, groups = cases()
    values = np.where(np.arange(len(labels)) % 7 == 0, np.nan, labels)
    ours = interval(Rounds(groups, rounds=2000).mean(values)[None])
    theirs = Resampling(groups, rounds=2000).mean(values)
    assert ours.mean == pytest.approx(theirs.mean)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_pairing_takes_out_what_seeds_have_in_common() -> None:
    rng = np.random.default_rng(0)
    rounds = Rounds(np.arange(200), rounds=300)
    starts = rng.normal(size=5)
    theirs = np.stack([rounds.mean(rng.normal(size=200) * 0.01 + start) for start in starts])
    ours = theirs + 0.1
    paired = difference(ours, theirs, paired=True)
    apart = difference(ours, theirs, paired=False)
    assert paired.low == pytest.approx(0.1)
    assert apart.low < 0 < 0.1 < apart.high


def test_nothing_is_undefined_and_no_error() -> None:
    rounds = Rounds(np.zeros(0), rounds=3)
    nothing = np.zeros(0)
    assert np.isnan(rounds.auc(nothing, nothing)).all()
    assert np.isnan(rounds.calibration_error(nothing, nothing, nothing)).all()
    assert np.isnan(interval(rounds.mean(nothing)[None]).low)


def test_what_no_source_proposed_is_a_miss() -> None:
    scores, gains = np.array([0.1, 0.9]), np.array([1.0, 0.0])
    discount = 1 / np.log2([2, 3, 4])
    assert ndcg(scores, gains, np.ones(3)) == pytest.approx(discount[1] / discount.sum())
    assert ndcg(scores, gains, gains) == pytest.approx(discount[1])
    assert np.isnan(ndcg(scores, gains, np.zeros(0)))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_less_of_a_loss_is_no_harm(metric: Metric) -> None:
    less, more = Interval(-0.2, -0.3, -0.1), Interval(0.2, 0.1, 0.3)
    told = (verdict(less, metric), verdict(more, metric))
    assert told == ((NEGATIVE, POSITIVE) if metric.higher else (POSITIVE, NEGATIVE))
    assert verdict(Interval(0.1, -0.1, 0.3), metric) == ""


def test_alone_is_alone() -> None:
    config = TrainingConfig()
    weights = weights_alone(config.weights(), "purchase")
    assert {name for name, weight in weights.items() if weight} == {"purchase"}
    assert weights_alone(config.weights(), "next")["retrieval"] == config.lambda_retrieval
    names = [arm.name for arm in arms(config, ("next", "intent"), list(VARIANTS))]
    assert names[:3] == ["joint", "next alone", "intent alone"]
    assert all(VARIANTS[name](config) != config for name in VARIANTS)


def plant(home: Path) -> None:
    """Who is shown things looks at and buys those of their own colour, blue or red."""
    rng = np.random.default_rng(0)
    events: list[UserEvent] = []

    def happen(kind: EventType, who: int, when: datetime, items: list[int]) -> None:
        lines = tuple(EventLine(f"p{i}") for i in items)
        events.append(UserEvent(f"{kind}-{who}-{when.isoformat()}", kind, f"v{who}", when, lines))

    for who in range(VISITORS):
        for day in range(DAYS):
            when = END - timedelta(days=DAYS - day, seconds=-who)
            shown = [int(i) for i in rng.choice(N_ITEMS, 6, replace=False)]
            happen("impression", who, when, shown)
            own = [i for i in shown if i % 2 == who % 2]
            for minutes, i in enumerate(own, 1):
                happen("detail-page-view", who, when + timedelta(minutes=minutes), [i])
            if own and day % 2 == 0:
                bought = [*own[:1], *(who % 2 + 2 * rng.choice(N_ITEMS // 2, 3)).tolist()]
                happen("purchase-complete", who, when + timedelta(minutes=20), bought)
    with Store.open(f"sqlite:///{home / 'daogou.db'}") as store:
        store.put_products(
            Product(
                f"p{i}", f"{('red', 'blue')[i % 2]} {THINGS[i // 2 % 3]} number {i}",
                categories=(f"Shop > {THINGS[i // 2 % 3]}",),
            )
            for i in range(N_ITEMS)
        )  # fmt: skip
        store.append_events(events)
    (home / "daogou.toml").write_text(
        "[training]\nthreads = 1\nreplay_days = 20\nvalidation_days = 10\nexposure_days = 1\n"
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home, out = tmp_path_factory.mktemp("tasks"), tmp_path_factory.mktemp("out")
    plant(home)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(benchmarks.tasks.shop, "plan", small)
        main(
            ["--home", str(home), "--seeds", "2", "--cap", "60", "--days", "10",
             "--json", str(out / "t.json"), "--svg", str(out / "t.svg")]
        )  # fmt: skip
    return out


def small(config: TrainingConfig) -> Plan:
    """A plan for a minute's patience, shared by some ten trainings."""
    return replace(
        plan(config), epochs=2, baskets=200, queries=200, exposures=400, intents=1000,
        pretraining_epochs=1, batch=16, rows=8,
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows(out: Path) -> dict[tuple[str, str], Row]:
    found = json.loads((out / "t.json").read_text())
    assert found["name"] == "tasks"
    return {(row["part"], row["name"]): row for row in found["rows"]}


TASKS = ("next", "relevance", "click", "purchase", "intent")


def test_every_task_stands_alone_beside_all(rows: dict[tuple[str, str], Row]) -> None:
    assert [name for part, name in rows if part == "arm"] == [
        "joint", *(f"{task} alone" for task in TASKS)
    ]  # fmt: skip
    joint = rows["arm", "joint"]
    for metric in METRICS:
        alone = rows["arm", f"{metric.task} alone"]
        for row in (joint, alone):
            low, mean, high = (float(row[metric.name + end]) for end in ("_low", "", "_high"))
            # An error of calibration is never below 0, and its rounds lie above it.
            assert low <= high if metric.name.startswith("cal") else low <= mean <= high
        less = rows["difference", f"joint less {metric.task} alone"]
        assert less[metric.name] == pytest.approx(
            float(joint[metric.name]) - float(alone[metric.name])
        )
        assert less[f"verdict_{metric.name}"] in ("", NEGATIVE, POSITIVE)


def test_alone_is_another_model(rows: dict[tuple[str, str], Row]) -> None:
    for task, metric in (
        ("next", "ndcg_next"), ("relevance", "ndcg_relevance"), ("click", "log_loss_click"),
        ("purchase", "log_loss_purchase"),
    ):  # fmt: skip
        assert rows["difference", f"joint less {task} alone"][metric] != 0, task


def test_what_is_planted_is_learned(rows: dict[tuple[str, str], Row]) -> None:
    joint = rows["arm", "joint"]
    assert float(joint["auc_click"]) > 0.9
    assert float(rows["arm", "click alone"]["auc_click"]) > 0.9
    ceiling = rows["candidates", "ceiling"]
    assert 0 < float(joint["ndcg_next"]) <= float(ceiling["ndcg_next"]) <= 1


def test_the_funnel_has_all_contenders(rows: dict[tuple[str, str], Row]) -> None:
    for head in ("click", "purchase"):
        names = [name for part, name in rows if part == f"funnel, {head}"]
        assert names == [
            "joint", f"{head} alone", "LightGBM", "Wide & Deep", "logistic regression",
            "personal frequency", "popularity",
        ]  # fmt: skip
    click = {name: row for (part, name), row in rows.items() if part == "funnel, click"}
    for name in ("LightGBM", "Wide & Deep", "logistic regression", "personal frequency"):
        assert float(click[name]["auc_click"]) > float(click["popularity"]["auc_click"]) + 0.2
    assert float(click["logistic regression"]["log_loss_click"]) < np.log(2)


def test_tasks_pull_at_the_towers_in_pairs(rows: dict[tuple[str, str], Row]) -> None:
    pairs = [row for (part, _), row in rows.items() if part == "gradients"]
    assert len(pairs) == 15  # six losses, that of the histories among them
    assert all(-1 <= float(row["cosine"]) <= 1 for row in pairs)


def test_the_picture_has_a_diagram_a_head(out: Path) -> None:
    text = (out / "t.svg").read_text()
    assert text.startswith("<?xml")
    assert text.count("Reliability, ") == 2


def test_training_is_given_nothing_from_after_the_split(tmp_path: Path) -> None:
    plant(tmp_path)
    split = (END - timedelta(days=10)).timestamp()
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}", create=False) as store:
        table = ItemTable.from_products(list(store.iter_products()))
        log = ShopLog.from_frame(store.event_lines(), table.index)
    cut = before_split(log, split)
    assert cut.visitors == log.visitors
    assert cut.lines.times.max() < split < log.lines.times.max()
    assert cut.exposures.time.max() < split < log.exposures.time.max()
    assert len(cut.exposures.item) == int((log.exposures.time < split).sum())
    for visitor in range(len(log.visitors)):
        end = log.end_at(visitor, split)
        assert (cut.history(visitor).items == log.history(visitor, end).items).all()
