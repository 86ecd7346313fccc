import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from daogou.bundle import Bundle
from daogou.encoders import TextEncoder
from daogou.engine.model import load_model
from daogou.engine.view import EMBEDDED_AT_ONCE, LiveView, View
from daogou.store import Store
from daogou.types import Money, Product


class Trained(Protocol):
    """What the fixture of this name gives."""

    store: Store
    root: Path

    def bundle(self) -> Bundle: ...


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as opened:
        opened.put_products(product(n, 100 * n) for n in range(1, 5))
        yield opened


@pytest.fixture
def live(store: Store, tmp_path: Path) -> LiveView:
    return LiveView(store, None, tmp_path / "scratch", 0.0)


def product(number: int, price: int, title: str = "Product") -> Product:
    return Product(id=f"p{number}", title=f"{title} {number}", price=Money(price, "USD"))


def finds(view: View, word: str) -> list[str]:
    matches = view.lexical.match([word])
    return sorted(view.catalogue.table.ids[i] for i in matches.items if view.catalogue.live[i])


def test_every_change_shows_at_once_and_nothing_is_read_without_one(
    store: Store, live: LiveView
) -> None:
    first = live.newest()
    assert first.catalogue.table.ids == ("p1", "p2", "p3", "p4")
    assert live.newest() is first
    store.put_products([product(2, 999), product(4, 400, "Teapot")])
    store.delete_products(["p3"])
    store.put_products([product(9, 1)])
    second = live.newest()
    assert second.catalogue.numbers["price"].tolist() == [100, 999, 300, 400, 1]
    assert second.catalogue.live.tolist() == [True, True, False, True, True]
    assert finds(second, "product") == ["p1", "p2", "p9"]
    assert finds(second, "teapot") == ["p4"]
    assert second.order.tolist() == [4, 0, 1, 2, 3]  # an arrival before what never sold
    assert first.catalogue.numbers["price"].tolist() == [100, 200, 300, 400]
    assert finds(first, "teapot") == []
    assert live.newest() is second


def test_a_price_alone_does_not_touch_the_words(store: Store, live: LiveView) -> None:
    first = live.newest()
    store.put_products([product(2, 5)])
    second = live.newest()
    assert second.catalogue.numbers["price"][1] == 5
    assert second.lexical.match(["product"]).scores.tolist() == (
        first.lexical.match(["product"]).scores.tolist()
    )
    assert np.array_equal(second.catalogue.fingerprints, first.catalogue.fingerprints)


def test_an_empty_shop_can_be_opened_and_filled(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as store:
        live = LiveView(store, None, tmp_path / "scratch", 0.0)
        assert len(live.newest().catalogue) == 0
        store.put_products([product(1, 5)])
        assert live.newest().catalogue.live.tolist() == [True]
        assert finds(live.newest(), "product") == ["p1"]


def test_readers_see_one_whole_state_while_a_writer_changes_prices(
    store: Store, live: LiveView
) -> None:
    done = threading.Event()
    torn: list[list[float]] = []

    def read() -> None:
        while not done.is_set():
            prices = live.newest().catalogue.numbers["price"][:4].tolist()
            if len(set(prices)) != 1:
                torn.append(prices)

    store.put_products(product(n, 1) for n in range(1, 5))
    live.newest()
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for price in range(2, 12):
        # One call is one transaction: all four products change together.
        store.put_products([*(product(n, price) for n in range(1, 5)), product(price + 20, price)])
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []
    last = live.newest()
    assert np.all(last.catalogue.numbers["price"][:4] == 11)
    assert len(last.catalogue) == len(last.order) == len(last.stats.popularity_fast) == 14


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_many_new_texts_get_their_vectors_meanwhile(trained: Trained, encoder: TextEncoder) -> None:
    loaded = load_model(trained.bundle(), encoder, None)
    live = LiveView(trained.store, loaded, trained.root, 0.0)
    count = 2 * EMBEDDED_AT_ONCE
    trained.store.put_products(product(n, n, "Novelty") for n in range(count))
    view = live.newest()
    assert len(finds(view, "novelty")) == count  # by their words at once

    def embedded() -> bool:
        model = live.newest().model
        return model is not None and len(model.text.newer) == count

    wait_until(embedded)
    model = live.newest().model
    assert model is not None
    rows = np.arange(view.n_trained, len(view.catalogue), dtype=np.int32)
    norms = np.linalg.norm(model.text.take(rows), axis=1)
    assert norms == pytest.approx(1, abs=1e-3)
