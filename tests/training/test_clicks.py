"""A shop whose log has searches, what they showed, and what was then looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.engine.model import load_model
from daogou.features import FEATURES, History, ItemTable, ShopLog, compute, load_items
from daogou.features.history import VIEW
from daogou.ranking import JointRanker, Scores
from daogou.retrieval import DenseRetriever, LexicalRetriever
from daogou.store import Store
from daogou.text import tokenize
from daogou.training.config import TrainingConfig
from daogou.training.pipeline import Trained, train
from daogou.training.replay import Asked, Indexes
from daogou.types import EventLine, EventType, Product, UserEvent

END = datetime(2026, 6, 1, tzinfo=UTC)
DAYS, VISITORS, N_ITEMS = 44, 12, 24
THINGS = ("apple", "soap", "spade")


def shop(store: Store) -> None:
    """Who is shown things looks at the red ones or at the blue ones, whichever are theirs.

    Who types a word looks at what has that word, in any colour.
    """
    store.put_products(
        Product(f"p{i}", f"{('red', 'blue')[i % 2]} {THINGS[i // 2 % 3]}",
                categories=(f"Shop > {THINGS[i // 2 % 3]}",))
        for i in range(N_ITEMS)
    )  # fmt: skip
    rng = np.random.default_rng(0)
    events: list[UserEvent] = []

    def happen(
        kind: EventType, visitor: int, when: datetime, items: list[int], query: str | None = None
    ) -> None:
        lines = tuple(EventLine(f"p{i}") for i in items)
        name = f"{kind}-{visitor}-{when.isoformat()}"
        events.append(UserEvent(name, kind, f"v{visitor}", when, lines, query))

    for visitor in range(VISITORS):
        for day in range(DAYS):
            when = END - timedelta(days=DAYS - day, seconds=-visitor)
            shown = [int(i) for i in rng.choice(N_ITEMS, 6, replace=False)]
            happen("impression", visitor, when, shown)
            own = [i for i in shown if i % 2 == visitor % 2]
            for minutes, i in enumerate(own, 1):
                happen("detail-page-view", visitor, when + timedelta(minutes=minutes), [i])
            if own and day % 3 == 0:
                bought = [*own[:1], *(visitor % 2 + 2 * rng.choice(12, 3, replace=False))]
                happen("purchase-complete", visitor, when + timedelta(minutes=20), bought)
            later, thing = when + timedelta(hours=8), int(rng.integers(3))
            shown = [int(i) for i in rng.choice(N_ITEMS, 8, replace=False)]
            happen("search", visitor, later, shown, THINGS[thing])
            answers = [i for i in shown if i // 2 % 3 == thing]
            for minutes, i in enumerate(answers, 1):
                happen("detail-page-view", visitor, later + timedelta(minutes=minutes), [i])
    store.append_events(events)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    home = tmp_path_factory.mktemp("clicks")
    with Store.open(f"sqlite:///{home / 'shop.db'}") as store:
        shop(store)
        yield store


@pytest.fixture(scope="module")
def trained(
    planted: Store, tmp_path_factory: pytest.TempPathFactory, encoder: TextEncoder
) -> Trained:
    config = TrainingConfig(threads=1, replay_days=30, validation_days=10, exposure_days=2)
    return train(planted, tmp_path_factory.mktemp("bundles"), encoder, config)


def score(trained: Trained, history: History, query: str | None) -> Scores:
    """What the heads say of all products, to a visitor with this history."""
    bundle = trained.bundle
    encoder = open_text_encoder(EncoderConfig(cache=False), None)
    model = load_model(bundle, encoder, None).model
    table, stats = load_items(bundle)
    items = np.arange(len(table), dtype=np.int32)
    vector = model.query_vector(query) if query else None
    answers = None
    if query and vector is not None:
        texts = bundle.array("text_vectors")
        meaning = DenseRetriever.open(bundle.path("dense_text"), "m", "query_vector", texts)
        indexes = Indexes(LexicalRetriever.open(bundle.path("lexical")), meaning, texts)
        answers = indexes.scores(Asked(0, tuple(tokenize(query)), vector), items)
    wide = compute(history, items, stats.as_of, table, stats, answers)
    assert model.ranker is not None
    user = model.context(history, stats.as_of, vector)
    vectors = np.asarray(bundle.array("item_vectors"))
    return model.ranker.score(user, vectors, wide)


def viewed(table: ItemTable, numbers: range, now: float) -> History:
    items = np.array([table.index[f"p{i}"] for i in numbers], np.int32)
    n = len(items)
    times = np.asarray(now - 3600.0 * np.arange(n, 0, -1), np.float64)
    return History(
        items, np.full(n, VIEW, np.int8), times, np.ones(n, np.float32),
        np.arange(n, dtype=np.int32),
    )  # fmt: skip


def test_the_click_head_is_taught(trained: Trained) -> None:
    assert "click" in trained.bundle.json("model")["heads"]
    assert set(trained.bundle.json("model")["asked"]) >= {"relevance", "click"}
    assert "click" not in trained.left_out
    assert trained.bundle.manifest.metrics["auc_click"] > 0.8


def test_shown_unasked_their_own_colour_is_looked_at(trained: Trained) -> None:
    table, stats = load_items(trained.bundle)
    blue = viewed(table, range(1, 16, 2), stats.as_of)
    click = score(trained, blue, None).click
    best = np.argsort(-click)[:8]
    assert all(int(table.ids[i][1:]) % 2 == 1 for i in best)
    assert ((click >= 0) & (click <= 1)).all()


@pytest.mark.parametrize("thing", THINGS)
def test_shown_as_an_answer_what_was_asked_for_is_looked_at(trained: Trained, thing: str) -> None:
    table, _ = load_items(trained.bundle)
    click = score(trained, History.empty(), thing).click
    best = np.argsort(-click)[: N_ITEMS // 3]
    assert {THINGS[int(table.ids[i][1:]) // 2 % 3] for i in best} == {thing}


def test_what_was_looked_at_teaches_what_a_query_is_about(trained: Trained, planted: Store) -> None:
    log = ShopLog.from_frame(
        planted.event_lines(), load_items(trained.bundle)[0].index, planted.searches()
    )
    assert sorted(log.queries) == sorted(THINGS)
    assert len(log.searches.time) == VISITORS * DAYS
    assert (log.exposures.query >= 0).sum() == VISITORS * DAYS * 8


def test_a_log_without_queries(planted: Store, trained: Trained) -> None:
    log = ShopLog.from_frame(planted.event_lines(), load_items(trained.bundle)[0].index)
    assert log.queries == ()
    assert (log.exposures.query == -1).all()


def test_a_head_that_saw_no_query_is_shown_none(trained: Trained) -> None:
    """Its scores are the same whatever is asked; those of the others are not."""
    ranker = JointRanker(trained.bundle)
    ranker.asked = frozenset({"relevance"})
    rng = np.random.default_rng(1)
    v = rng.normal(size=(5, ranker.width)).astype(np.float32)
    u, asked_u = rng.normal(size=(2, ranker.width)).astype(np.float32)
    wide = rng.random((5, len(FEATURES))).astype(np.float32)
    query = [n for n, name in enumerate(FEATURES) if name.startswith("query_")]
    silent = wide.copy()
    silent[:, query] = 0
    wide[:, FEATURES.index("query_present")] = 1
    plain, asked = ranker.score(u, v, silent), ranker.score(asked_u, v, wide, u)
    for head in ("next", "click", "purchase"):
        np.testing.assert_allclose(getattr(asked, head), getattr(plain, head), rtol=1e-5)
    assert not np.allclose(asked.relevance, plain.relevance)
