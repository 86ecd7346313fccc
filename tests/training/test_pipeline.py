"""A shop with a planted answer, from the store to a served bundle."""

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.engine import Engine, EngineConfig, RecommendRequest
from daogou.errors import TrainingError
from daogou.features import FEATURES, ShopLog, load_items
from daogou.features.attributes import MOST_VALUES
from daogou.features.history import PURCHASE, History
from daogou.ranking import JointRanker
from daogou.store import Store
from daogou.training import config as training_config
from daogou.training.config import TrainingConfig
from daogou.training.evaluating import Joint, evaluate_shop
from daogou.training.pipeline import Trained, train
from daogou.training.weighing import weigh_heads
from daogou.types import EventLine, LocalizedText, Money, Product, UserEvent

END = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 120
N_ITEMS = 24


def shop(store: Store, *, visitors: int = 16) -> None:
    """A checkerboard: even visitors buy even products, odd visitors odd ones; never across."""
    store.put_products(
        Product(
            id=f"p{i}", title=f"{'red apple' if i % 2 == 0 else 'blue soap'} number {i}",
            categories=("Food > Fruit",) if i % 2 == 0 else ("Home > Soap",),
            brand="brand", price=Money(100 + i, "USD"),
            localized={"zh": LocalizedText(title="红苹果" if i % 2 == 0 else "蓝肥皂")},
        )
        for i in range(N_ITEMS)
    )  # fmt: skip
    rng = np.random.default_rng(0)
    events = []
    for visitor in range(visitors):
        own = np.arange(visitor % 2, N_ITEMS, 2)
        for day in range(visitor % 3, DAYS, 3):
            when = END - timedelta(days=DAYS - day, seconds=-visitor)
            bought = [int(i) for i in rng.choice(own, 4, replace=False)]
            lines = tuple(EventLine(f"p{i}") for i in bought)
            shown = tuple(EventLine(f"p{i}") for i in [*bought[:2], *rng.choice(N_ITEMS, 4)])
            who = f"v{visitor}"
            before = when - timedelta(minutes=5)
            events.append(UserEvent(f"i-{who}-{day}", "impression", who, before, shown))
            events.append(UserEvent(f"b-{who}-{day}", "purchase-complete", who, when, lines))
    store.append_events(events)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(), None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def planted(home: Path) -> Store:
    store = Store.open(f"sqlite:///{home / 'shop.db'}")
    shop(store)
    return store


@pytest.fixture(scope="module")
def split() -> float:
    return (END - timedelta(days=15)).timestamp()


@pytest.fixture(scope="module")
def trained(planted: Store, home: Path, encoder: TextEncoder, split: float) -> Trained:
    config = TrainingConfig(threads=1, replay_days=60)
    return train(planted, home / "bundles", encoder, config, until=split)


def test_every_task_learned_something(trained: Trained) -> None:
    losses = trained.progress.losses
    assert set(losses) == {"retrieval", "next", "relevance", "purchase", "intent"}
    for task, values in losses.items():
        assert values[-1] < values[0], task


def test_the_manifest_has_validation_metrics(trained: Trained) -> None:
    metrics = trained.bundle.manifest.metrics
    assert metrics["auc_purchase"] > 0.8
    assert 0 < metrics["ndcg_next"] <= 1
    page = (trained.bundle.path("report.html")).read_text(encoding="utf-8")
    assert page.count("<img") >= 12
    assert "The ranker does" in page
    assert "derived" in page


def test_what_is_withheld_comes_first(trained: Trained, planted: Store) -> None:
    """A visitor of even products, two of them withheld: they rank above every odd one."""
    table, stats = load_items(trained.bundle)
    log = ShopLog.from_frame(planted.event_lines(), table.index)
    even = [table.index[f"p{i}"] for i in range(0, 20, 2)]
    n, now = len(even), stats.as_of
    times = np.asarray(now - 86_400.0 * np.arange(n, 0, -1), np.float64)
    history = History(
        np.array(even, np.int32), np.full(n, PURCHASE, np.int8), times,
        np.ones(n, np.float32), np.arange(n, dtype=np.int32),
    )  # fmt: skip
    unknown = np.ones(len(table), bool)
    unknown[even] = False
    (found,) = Joint(trained.bundle, log).rank(history, now, [unknown], 2)
    assert {table.ids[i] for i in found} == {"p20", "p22"}


def test_graphs_equal_the_weights_they_came_from(trained: Trained) -> None:
    bundle = trained.bundle
    ranker = JointRanker(bundle)
    table, _ = load_items(bundle)
    text = np.asarray(bundle.array("text_vectors"), np.float32)
    attributes = np.zeros((len(table), MOST_VALUES), np.int32)
    placed = ranker.place(
        text, table.category, table.department, table.brand, attributes, table.price
    )
    learned = np.asarray(bundle.array("item_vectors"))
    assert placed.shape == learned.shape
    # Content alone is near the vector with identity, and not the same.
    cosine = (
        (placed * learned).sum(1) / np.linalg.norm(placed, axis=1) / np.linalg.norm(learned, axis=1)
    )
    assert cosine.min() > 0.5
    batch = ranker.score(
        learned[0], learned, np.zeros((len(learned), len(ranker.columns)), np.float32)
    )
    alone = ranker.score(learned[0], learned[3:4], np.zeros((1, len(ranker.columns)), np.float32))
    assert batch.next[3] == pytest.approx(alone.next[0], abs=1e-5)
    assert ((batch.purchase >= 0) & (batch.purchase <= 1)).all()


def test_a_batch_of_visitors_is_what_each_is_alone(trained: Trained, planted: Store) -> None:
    ranker = JointRanker(trained.bundle)
    table, stats = load_items(trained.bundle)
    log = ShopLog.from_frame(planted.event_lines(), table.index)
    vectors = np.asarray(trained.bundle.array("item_vectors"))
    histories = [log.history(0, 9), log.history(1, 14), History.empty()]
    users = ranker.contexts(histories, stats.as_of, vectors)
    wide = np.random.default_rng(0).random((3, len(ranker.columns))).astype(np.float32)
    wide[:, FEATURES.index("query_present")] = 0
    together = ranker.score(users, vectors[:3], wide)
    for n, history in enumerate(histories):
        alone = ranker.context(history, stats.as_of, vectors)
        assert users[n] == pytest.approx(alone, abs=1e-5)
        score = ranker.score(alone, vectors[n : n + 1], wide[n : n + 1])
        assert together.next[n] == pytest.approx(score.next[0], abs=1e-4)


def test_a_trained_model_is_explained_by_what_it_does(
    trained: Trained, planted: Store, tmp_path: Path
) -> None:
    """The parts add up, and a visitor without the removed product has the score that was told."""
    now = load_items(trained.bundle)[1].as_of
    until = datetime.fromtimestamp(now, UTC)
    whole = planted.visitor_events("v0", limit=8, before=until)
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        store.put_products(planted.iter_products())
        store.append_events(whole)
        with Engine(store, trained.bundle, EngineConfig(), clock=lambda: now) as engine:
            had = dict.fromkeys(x.product_id for event in whole for x in event.lines)
            # Which of its products a history carries is for the model to say.
            told = next(
                answer
                for answer in (engine.explain("v0", product) for product in had)
                if answer.counterfactual
            )
            removed = told.evidence[0].product_id
            store.append_events(
                replace(event, event_id=f"w{n}", visitor_id="w", lines=lines)
                for n, event in enumerate(whole)
                if (lines := tuple(x for x in event.lines if x.product_id != removed))
            )
            again = engine.explain("w", told.product_id)
    parts = told.contributions
    assert parts is not None
    assert parts.base + sum(parts.groups.values()) == pytest.approx(parts.score, abs=1e-9)
    assert parts.score == pytest.approx(told.scores["next"], abs=1e-4)
    assert parts.groups["visitor"] == pytest.approx(0, abs=1e-4)  # the same for all products
    assert told.counterfactual is not None
    assert told.counterfactual.removed == removed
    assert told.counterfactual.score_after < told.counterfactual.score_before
    assert again.scores["next"] == pytest.approx(told.counterfactual.score_after, abs=1e-4)


def test_evaluation_after_the_split(planted: Store, trained: Trained, split: float) -> None:
    found = evaluate_shop(planted, trained.bundle, split)
    rows = {str(row["name"]): row for row in found.rows()}
    joint = rows["daogou joint"]
    assert set(rows) == {
        "popularity", "personal frequency", "personal frequency x .98^days", "item-to-item", "ease",
        "daogou joint",
    }  # fmt: skip
    assert float(joint["ndcg@10"]) > float(rows["popularity"]["ndcg@10"])
    assert float(joint["ndcg@10_low"]) <= float(joint["ndcg@10"]) <= float(joint["ndcg@10_high"])
    assert float(joint["auc_purchase"]) > 0.7


def test_a_bundle_that_knows_the_answers_is_refused(planted: Store, trained: Trained) -> None:
    with pytest.raises(TrainingError, match="knows the answers"):
        evaluate_shop(planted, trained.bundle, trained.bundle.manifest.metrics["score"])


def test_the_joint_contender_keeps_to_its_mask(trained: Trained, planted: Store) -> None:
    table, stats = load_items(trained.bundle)
    log = ShopLog.from_frame(planted.event_lines(), table.index)
    mask = np.zeros(len(table), bool)
    mask[[1, 3]] = True
    (found,) = Joint(trained.bundle, log).rank(log.history(0), stats.as_of, [mask], 5)
    assert set(found.tolist()) <= {1, 3}


def test_the_weights_of_the_heads_are_measured(
    planted: Store, trained: Trained, encoder: TextEncoder
) -> None:
    """What is relevant stands first by the head that says so, and last against it."""
    weightings = [{"relevance": 1.0}, {"relevance": -1.0}, {"relevance": 1.0, "next": 0.5}]
    config = TrainingConfig(threads=1)
    forward, backward, both = weigh_heads(
        planted, trained.bundle, encoder, config, weightings, count=60
    )
    assert forward.graded > 0.95 > backward.graded
    assert forward.bought > backward.bought
    assert forward.queries == both.queries > 30


def test_interrupted_training_takes_the_same_steps(
    planted: Store, tmp_path: Path, encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = dataclasses.replace(training_config.plan(TrainingConfig()), epochs=3, patience=3)
    monkeypatch.setattr("daogou.training.pipeline.plan", lambda _: short)
    # Graphs are tested above; here they would only take time.
    monkeypatch.setattr("daogou.training.pipeline.export_ranker", lambda *_: None)
    config = TrainingConfig(threads=1, replay_days=30)
    checkpoint = tmp_path / "checkpoint.safetensors"

    class PulledPlugError(Exception):
        pass

    def pull(stage: str, done: int, total: int) -> None:
        if stage == "training" and done > total * 0.5:
            raise PulledPlugError

    with pytest.raises(PulledPlugError):
        train(planted, tmp_path / "a", encoder, config, checkpoint=checkpoint, stage=pull)
    assert checkpoint.exists()
    assert not list((tmp_path / "a").iterdir())
    resumed = train(planted, tmp_path / "a", encoder, config, checkpoint=checkpoint)
    assert not checkpoint.exists()
    whole = train(planted, tmp_path / "b", encoder, config)
    assert resumed.progress.losses == whole.progress.losses
    torch.testing.assert_close(
        torch.from_numpy(resumed.bundle.array("item_vectors", mmap=False)),
        torch.from_numpy(whole.bundle.array("item_vectors", mmap=False)),
    )


def test_what_is_evaluated_is_what_is_served(trained: Trained, planted: Store) -> None:
    """The home page without diversification is the list that the evaluation judged."""
    table, stats = load_items(trained.bundle)
    log = ShopLog.from_frame(planted.event_lines(), table.index)
    until = datetime.fromtimestamp(stats.as_of, UTC)
    with Store.open("sqlite:///" + str(trained.bundle.folder.parent.parent / "past.db")) as past:
        past.put_products(planted.iter_products())
        for name in log.visitors:
            past.append_events(planted.visitor_events(name, before=until))
        with Engine(past, trained.bundle, EngineConfig(), clock=lambda: stats.as_of) as engine:
            for name in ("v0", "v3"):
                visitor = log.visitors.index(name)
                history = log.history(visitor, log.end_at(visitor, stats.as_of))
                (judged,) = Joint(trained.bundle, log).rank(history, stats.as_of, [None], 10)
                slate = engine.recommend(RecommendRequest("home", name, page_size=10, diversity=0))
                assert [i.product.id for i in slate.items] == [table.ids[i] for i in judged]
