"""Shops whose behaviour cannot teach a model: what they get instead."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from daogou.bundle import Bundle
from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.engine import Engine, EngineConfig, RecommendRequest, SearchRequest
from daogou.engine.model import load_model
from daogou.errors import TrainingError
from daogou.features import load_items
from daogou.ranking.joint import IntentHead
from daogou.store import Store
from daogou.training.config import TrainingConfig
from daogou.training.evaluating import evaluate_shop
from daogou.training.pipeline import Trained, train
from daogou.types import EventLine, LocalizedText, Money, Product, UserEvent

KINDS = {
    "Food > Fruit": ("apple pear plum cherry", "苹果 梨子 李子 樱桃", "食品 > 水果"),
    "Home > Cleaning": ("soap bleach sponge mop", "肥皂 漂白剂 海绵 拖把", "家居 > 清洁"),
    "Garden > Tools": ("spade rake shovel shears", "铁锹 耙子 铲子 剪刀", "园艺 > 工具"),
}
"""Category to the things in it, which say little of the category's name."""
COLOURS = (("red", "红色"), ("green", "绿色"), ("white", "白色"), ("black", "黑色"))


def products() -> Iterator[Product]:
    for path, (english, chinese, chinese_path) in KINDS.items():
        for thing, name in zip(english.split(), chinese.split(), strict=True):
            for n, (colour, chinese_colour) in enumerate(COLOURS):
                yield Product(
                    id=f"{thing}-{colour}", title=f"{colour} {thing}, {n + 1} kg",
                    categories=(path,), brand=f"{thing} works", price=Money(100, "USD"),
                    localized={
                        "zh": LocalizedText(chinese_colour + name, None, (chinese_path,))
                    },
                )  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture(scope="module")
def new_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    home = tmp_path_factory.mktemp("new")
    with Store.open(f"sqlite:///{home / 'shop.db'}") as store:
        store.put_products(products())
        yield store


@pytest.fixture(scope="module")
def trained(
    new_shop: Store, tmp_path_factory: pytest.TempPathFactory, encoder: TextEncoder
) -> Trained:
    root = tmp_path_factory.mktemp("bundles")
    return train(new_shop, root, encoder, TrainingConfig(threads=1))


def test_a_new_shop_gets_a_bundle_of_its_content(trained: Trained) -> None:
    described = trained.bundle.json("model")
    assert described["heads"] == []
    assert described["intent"] is True
    assert set(trained.left_out) == {"next", "relevance", "click", "purchase"}
    assert "0 purchased lines" in trained.left_out["next"]
    names = trained.bundle.names()
    assert "intent.onnx" in names
    assert "ranker.onnx" not in names
    page = trained.bundle.path("report.html").read_text(encoding="utf-8")
    assert "Left out" in page


def ask(bundle: Bundle, encoder: TextEncoder, text: str) -> dict[str, float]:
    """Category to probability."""
    model = load_model(bundle, encoder, None).model
    told = model.intent(model.query_vector(text))
    table, _ = load_items(bundle)
    assert len(told) == len(table.categories)
    return dict(zip(table.categories.words, told.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("spade", "Garden > Tools"),
        ("green mop", "Home > Cleaning"),
        ("樱桃", "Food > Fruit"),
        ("拖把", "Home > Cleaning"),
    ],
)
def test_it_knows_what_a_query_is_about(
    trained: Trained, encoder: TextEncoder, text: str, path: str
) -> None:
    told = ask(trained.bundle, encoder, text)
    assert max(told, key=lambda key: told[key]) == path
    assert told[""] == 0
    assert sum(told.values()) == pytest.approx(1, abs=1e-4)


def test_it_beats_the_names_of_the_categories(trained: Trained) -> None:
    """On queries for products whose titles were not seen."""
    metrics = trained.bundle.manifest.metrics
    assert metrics["accuracy_intent"] > metrics["accuracy_intent_baseline"]
    assert metrics["log_loss_intent"] < metrics["log_loss_intent_baseline"]
    # No label is smoothed onto the unknown category, which is never told.
    assert max(trained.progress.losses["intent"]) < np.log(len(KINDS))


def test_without_categories_nothing_is_said(tmp_path: Path, encoder: TextEncoder) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        store.put_products([Product("a", "Apple"), Product("b", "Soap", categories=("Home",))])
        found = train(store, tmp_path / "bundles", encoder, TrainingConfig(threads=1))
    assert "two or more categories" in found.left_out["intent"]
    model = load_model(found.bundle, encoder, None).model
    assert model.heads == ()
    assert model.intent(model.query_vector("apple")).tolist() == [0, 1]


def test_without_products_there_is_nothing_to_train_on(
    tmp_path: Path, encoder: TextEncoder
) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as store,
        pytest.raises(TrainingError, match="daogou import products"),
    ):
        train(store, tmp_path / "bundles", encoder, TrainingConfig(threads=1))
    assert not list((tmp_path / "bundles").glob("*"))


def test_a_bundle_of_content_predicts_no_basket(trained: Trained, new_shop: Store) -> None:
    with pytest.raises(TrainingError, match="cannot predict baskets: the store has 0"):
        evaluate_shop(new_shop, trained.bundle, np.inf)


def test_a_few_purchases_teach_no_order(tmp_path: Path, encoder: TextEncoder) -> None:
    """They still say what is popular."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    bought = [
        UserEvent(f"e{n}", "purchase-complete", f"v{n}", now - timedelta(days=n), (EventLine("x"),))
        for n in range(5)
    ]
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        store.put_products([Product("x", "Apple"), Product("y", "Soap")])
        store.append_events(bought)
        found = train(store, tmp_path / "bundles", encoder, TrainingConfig(threads=1))
    assert "5 purchased lines" in found.left_out["purchase"]
    table, stats = load_items(found.bundle)
    assert stats.popularity_slow[table.index["x"]] > 4
    assert stats.popularity_slow[table.index["y"]] == 0


def test_a_bundle_of_content_is_served(new_shop: Store, trained: Trained) -> None:
    """Search, the pages about a product, and explanations, to a visitor with a history too."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    seen = UserEvent("seen", "detail-page-view", "v", now, (EventLine("mop-red"),))
    new_shop.append_events([seen])
    with Engine(new_shop, trained.bundle, EngineConfig(), clock=now.timestamp) as engine:
        for visitor in (None, "v"):
            found = engine.search(SearchRequest(query="白色 sponge", visitor_id=visitor)).slate
            assert found.items[0].product.id == "sponge-white"
            page = engine.recommend(RecommendRequest("home", visitor, page_size=3))
            assert len(page.items) == 3
        like = engine.recommend(RecommendRequest("similar", "v", product_ids=("spade-red",)))
        assert all("Garden > Tools" in i.product.categories for i in like.items[:3])
        explained = engine.explain("v", "mop-red")
    assert explained.scores == {}
    assert explained.features == {}


def test_the_head_alone_says_what_the_model_says(trained: Trained, encoder: TextEncoder) -> None:
    model = load_model(trained.bundle, encoder, None).model
    vector = model.query_vector("red apple")
    np.testing.assert_array_equal(IntentHead(trained.bundle)(vector), model.intent(vector))
