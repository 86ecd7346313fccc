"""Shops as they ought not to be: training ends well, and says what it left out, or says why not."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.features import (
    Exposures,
    History,
    Interactions,
    ItemTable,
    Neighbours,
    ShopLog,
    load_items,
)
from daogou.features.history import PURCHASE, VIEW
from daogou.features.log import NEXT_LINES, Searches
from daogou.features.stats import DAY
from daogou.feeds.readers import read_products
from daogou.feeds.rows import RowError
from daogou.models import ModelConfig
from daogou.retrieval.sources import Panel
from daogou.store import Store
from daogou.training import pipeline
from daogou.training.champions import contenders
from daogou.training.config import Plan, TrainingConfig
from daogou.training.data import _followed
from daogou.training.pipeline import Trained, train
from daogou.training.replay import Replay, StatsClock
from daogou.training.sequences import cut_log, packed_batches
from daogou.types import EventLine, EventType, Money, Product, UserEvent

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
HEADS: Final = {"next", "relevance", "click", "purchase"}
Train = Callable[[Sequence[Product], Sequence[UserEvent]], Trained]
TINY: Final = Plan(
    ModelConfig(width=16, layers=1, length=8, hidden=16),
    epochs=1, patience=1, baskets=60, queries=60, exposures=60, intents=40, list_size=20,
    pretraining_epochs=1, pretraining_patience=1, pretraining_tokens=500, judged=20,
)  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture
def trained(
    tmp_path: Path, encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Train]:
    """Train at a tiny plan; the graphs are tested elsewhere, and here would only take time."""
    monkeypatch.setattr(pipeline, "plan", lambda _: TINY)
    for name in ("export_ranker", "export_intent"):
        monkeypatch.setattr(pipeline, name, lambda *_: None)
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:

        def run(products: Sequence[Product], events: Sequence[UserEvent]) -> Trained:
            store.put_products(products)
            store.append_events(events)
            return train(store, tmp_path / "bundles", encoder, TrainingConfig(threads=1))

        yield run


def goods(n: int = 12) -> list[Product]:
    return [
        Product(
            f"p{i}", f"{('apple', 'soap')[i % 2]} number {i}", price=Money(100 + i, "USD"),
            categories=(("Food > Fruit", "Home > Soap")[i % 2],),
        )
        for i in range(n)
    ]  # fmt: skip


def done(kind: EventType, visitor: str, when: datetime, items: Sequence[str]) -> UserEvent:
    lines = tuple(EventLine(item) for item in dict.fromkeys(items))
    return UserEvent(f"{kind}-{visitor}-{when.isoformat()}", kind, visitor, when, lines)


def shopping(
    *,
    visitors: int = 10,
    days: int = 60,
    end: datetime = NOW,
    basket: int = 3,
    n_items: int = 12,
    every: int = 2,
) -> list[UserEvent]:
    """Each visitor is shown products every other day, and buys some of them."""
    chance = np.random.default_rng(0)
    found = []
    for visitor in range(visitors):
        for day in range(0, days, every):
            when = end - timedelta(days=days - day, seconds=visitor)
            shown = [f"p{i}" for i in chance.permutation(n_items)[: basket + 2]]
            who = f"v{visitor}"
            found.append(done("impression", who, when - timedelta(minutes=5), shown))
            found.append(done("detail-page-view", who, when - timedelta(minutes=4), shown[:1]))
            found.append(done("purchase-complete", who, when, shown[:basket]))
    return found


def page(found: Trained) -> str:
    return found.bundle.path("report.html").read_text(encoding="utf-8")


def test_a_sound_shop_teaches_every_head(trained: Train) -> None:
    """What the others are compared with."""
    found = trained(goods(), shopping())
    assert not found.left_out
    assert not found.unread
    report = page(found)
    for section in (
        "Where candidates come from", "First stage", "Second stage", "Do the tasks pull together",
        "Exposure to view", "Exposure to purchase", "By the visitor&#x27;s events",
        "By how often a product is bought", "By department", "Inside the model",
    ):  # fmt: skip
        assert section in report, section
    assert np.isfinite(found.bundle.manifest.metrics["calibration_error_click"])
    assert "nan" not in report.split("<h1>")[1].split("base64")[0].lower()


def test_no_events(trained: Train) -> None:
    found = trained(goods(), [])
    assert set(found.left_out) == HEADS
    assert "0 purchased lines" in found.left_out["next"]


@pytest.mark.parametrize("kind", ["purchase-complete", "detail-page-view", "impression", "search"])
def test_one_event(trained: Train, kind: EventType) -> None:
    assert set(trained(goods(), [done(kind, "v", NOW, ["p1"])]).left_out) == HEADS


def test_one_event_of_no_product(trained: Train) -> None:
    found = trained(goods(), [UserEvent("e", "home-page-view", "v", NOW)])
    assert set(found.left_out) == HEADS


def test_one_event_of_an_unknown_product(trained: Train) -> None:
    found = trained(goods(), [done("purchase-complete", "v", NOW, ["gone"])])
    assert "0 purchased lines" in found.left_out["purchase"]


def test_one_product(trained: Train) -> None:
    """There is no order of one product, though it is bought a hundred times."""
    found = trained(goods(1), shopping(n_items=1, basket=1))
    assert {"next", "intent"} <= set(found.left_out)
    assert "two or more categories" in found.left_out["intent"]


def test_products_without_text(trained: Train) -> None:
    bare = [Product(f"p{i}", "", categories=p.categories) for i, p in enumerate(goods())]
    found = trained([*bare[:3], *goods()[3:]], shopping())
    assert "next" not in found.left_out
    assert np.isfinite(found.bundle.array("item_vectors")).all()


def test_no_product_has_text_or_category(trained: Train) -> None:
    found = trained([Product(f"p{i}", "") for i in range(12)], shopping())
    assert {"relevance", "intent"} <= set(found.left_out)
    assert "next" not in found.left_out
    assert np.isfinite(found.bundle.array("item_vectors")).all()


def test_no_product_has_a_price(trained: Train) -> None:
    free = [Product(p.id, p.title, categories=p.categories) for p in goods()]
    found = trained(free, shopping())
    assert not found.left_out
    assert np.isfinite(found.bundle.array("item_vectors")).all()


def test_a_price_that_is_no_number_never_gets_in(tmp_path: Path) -> None:
    """The reader says which line it was; training meets products without a price at most."""
    row = '{"id": "%s", "title": "x", "categories": ["X"], "priceInfo": %s}'
    prices = ('{"currencyCode": "USD", "price": NaN}', '{"currencyCode": "USD", "price": 1}')
    file = tmp_path / "products.jsonl"
    file.write_text("\n".join(row % pair for pair in zip("ab", prices, strict=True)))
    bad, good = read_products(file, None, detect=lambda _: "en")
    assert isinstance(bad, RowError)
    assert bad.line == 1
    assert isinstance(good, Product)


def test_a_price_of_nothing(trained: Train) -> None:
    odd = [Product(p.id, p.title, price=Money(0, "USD")) for p in goods()]
    found = trained(odd, shopping())
    assert np.isfinite(found.bundle.array("item_vectors")).all()


def test_a_catalogue_without_categories(trained: Train) -> None:
    found = trained([Product(p.id, p.title) for p in goods()], shopping())
    assert "two or more categories" in found.left_out["intent"]
    assert "next" not in found.left_out
    assert "(none)" in page(found)


def test_a_department_with_one_product(trained: Train) -> None:
    alone = [*goods(11), Product("p11", "$1 _or_ $2 铁锹", categories=("园艺 $^$ > Tools",))]
    found = trained(alone, shopping())
    assert not found.left_out
    assert "园艺" in page(found)


def test_two_products_with_one_id(trained: Train) -> None:
    """The later one is the product."""
    found = trained([*goods(), Product("p3", "another", brand="late")], shopping())
    table, _ = load_items(found.bundle)
    assert len(table) == 12
    assert table.brands.words[table.brand[table.index["p3"]]] == "late"


def test_events_in_the_future_are_left_out(trained: Train) -> None:
    """A purchase in ten years does not make everybody's last purchase ten years old."""
    now = datetime.now(UTC)
    late = [
        done("purchase-complete", "v0", now + timedelta(days=days), ["p1", "p2", "p3"])
        for days in (2, 3650)
    ]
    found = trained(goods(), [*shopping(end=now), *late])
    assert found.unread["events in the future"].startswith("2 events are dated more than a day")
    assert "Events in the future: 2 events" in page(found)
    assert found.bundle.json("model")["unread"] == found.unread
    assert not found.left_out
    _, stats = load_items(found.bundle)
    assert stats.as_of <= now.timestamp() + 1
    assert stats.popularity_fast.max() > 1


def test_a_clock_that_runs_ahead_by_an_hour_is_believed(trained: Train) -> None:
    now = datetime.now(UTC)
    events = [*shopping(end=now), done("purchase-complete", "v0", now + timedelta(hours=1), ["p1"])]
    found = trained(goods(), events)
    assert not found.unread
    assert load_items(found.bundle)[1].as_of == pytest.approx(now.timestamp() + 3601, abs=2)


def test_all_events_in_the_future(trained: Train) -> None:
    found = trained(goods(), shopping(end=datetime.now(UTC) + timedelta(days=365)))
    assert set(found.left_out) == HEADS
    assert "events in the future" in found.unread


def test_all_events_in_one_second(trained: Train) -> None:
    """There is no past to learn from, and no future to learn."""
    events = [
        done("purchase-complete", f"v{n}", NOW, [f"p{(n + i) % 12}" for i in range(3)])
        for n in range(30)
    ]
    found = trained(goods(), events)
    assert set(found.left_out) == HEADS
    assert "found, 20 needed" in found.left_out["next"]


def test_all_events_in_the_days_of_validation(trained: Train) -> None:
    found = trained(goods(), shopping(days=10, every=1))
    assert set(found.left_out) == HEADS


def test_no_event_in_the_days_of_validation(trained: Train) -> None:
    """What is left to validate on is nothing; what there is to learn from is learned."""
    late = done("home-page-view", "w", NOW, [])
    last = done("detail-page-view", "w", NOW, ["p1"])
    found = trained(goods(), [*shopping(end=NOW - timedelta(days=20)), late, last])
    assert "next" not in found.left_out
    assert "undefined" in page(found) or "ndcg_next" not in found.bundle.manifest.metrics


def test_one_visitor(trained: Train) -> None:
    found = trained(goods(), shopping(visitors=1, days=300, every=1))
    assert "next" not in found.left_out
    assert "undefined" in page(found)  # there is no interval over one visitor


def test_every_basket_has_one_product(trained: Train) -> None:
    """Of such baskets no order is learned; of exposures it is."""
    found = trained(goods(), shopping(basket=1))
    assert {"next", "relevance"} <= set(found.left_out)
    assert "purchases of several products" in found.left_out["next"]
    assert "purchase" not in found.left_out


def test_every_visitor_buys_once(trained: Train) -> None:
    events = [
        done("purchase-complete", f"v{n}", NOW - timedelta(hours=n),
             [f"p{(n + i) % 12}" for i in range(3)])
        for n in range(24 * 60)
    ]  # fmt: skip
    found = trained(goods(), events)
    assert "next" not in found.left_out


LINES: Final = 1_000_000


def robot(kind: int, per_event: int) -> ShopLog:
    """A million lines of one visitor in 200 days."""
    chance = np.random.default_rng(0)
    events = (np.arange(LINES) // per_event).astype(np.int32)
    times = np.sort(NOW.timestamp() - chance.random(int(events[-1]) + 1) * 200 * DAY)[events]
    items = chance.integers(0, 500, LINES).astype(np.int32)
    none, no_times = np.zeros(0, np.int32), np.zeros(0)
    return ShopLog(
        visitors=("robot",),
        offsets=np.array([0, LINES]),
        lines=History(
            items, np.full(LINES, kind, np.int8), times, np.ones(LINES, np.float32), events
        ),
        exposures=Exposures(none, none, no_times, none, np.zeros(0, np.float32), none),
        queries=("apple",),
        searches=Searches(np.zeros(LINES, np.int32), times, np.zeros(LINES, np.int32)),
    )


@pytest.mark.parametrize(("kind", "per_event"), [(PURCHASE, 3), (VIEW, 1)])
def test_a_million_events_of_one_visitor(kind: int, per_event: int) -> None:
    """Whatever reads the log reads it in one pass: seconds, and not the square of them."""
    log, end, begun = robot(kind, per_event), NOW.timestamp(), time.perf_counter()
    pieces = cut_log(log, end, 32)
    assert pieces.lengths.sum() == LINES
    assert sum(1 for _ in packed_batches(log, pieces, 32, 24, np.random.default_rng(0)))
    found = Interactions.from_log(log, 500, end)
    sources = [fit(found) for fit in contenders("quick", np.zeros((500, 1))).values()]
    baskets = list(log.baskets(0, end, 3))
    assert bool(baskets) == (kind == PURCHASE)
    table = ItemTable.from_products(Product(f"p{i}", "x") for i in range(500))
    clock = StatsClock(log, table, Neighbours.none(500), end)
    replay = Replay(log, table, clock, Panel(tuple(sources)), 100, 0)
    assert len(replay.baskets(baskets[-50:], [])) == len(baskets[-50:])
    followed = _followed(log, np.ones(500, bool), 100, 0)
    assert followed
    # On two idle cores it takes some six seconds.
    assert time.perf_counter() - begun < 60


def test_what_follows_a_moment_ends() -> None:
    """A robot's next week is not read to its end for each product that it was shown."""
    log = robot(VIEW, 1)
    assert len(log.done(0, 0.0, np.inf, (VIEW,))) == NEXT_LINES
