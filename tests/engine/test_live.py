import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daogou.engine.live import LiveCatalogue
from daogou.features import ItemTable
from daogou.store import Store
from daogou.types import Money, Product


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as opened:
        opened.put_products(product(n, 100 * n) for n in range(1, 5))
        yield opened


def product(number: int, price: int) -> Product:
    return Product(id=f"p{number}", title=f"Product {number}", price=Money(price, "USD"))


def test_every_change_shows_at_once_and_nothing_is_read_without_one(store: Store) -> None:
    live = LiveCatalogue(store)
    first = live.newest()
    assert first.table.ids == ("p1", "p2", "p3", "p4")
    assert live.newest() is first
    store.put_products([product(2, 999)])
    store.delete_products(["p3"])
    store.put_products([product(9, 1)])
    second = live.newest()
    assert second.numbers["price"].tolist() == [100, 999, 300, 400, 1]
    assert second.live.tolist() == [True, True, False, True, True]
    assert first.numbers["price"].tolist() == [100, 200, 300, 400]
    assert live.newest() is second


def test_an_empty_shop_can_be_opened(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as store:
        live = LiveCatalogue(store)
        assert len(live.newest()) == 0
        store.put_products([product(1, 5)])
        assert live.newest().live.tolist() == [True]


def test_the_numbering_of_the_bundle_holds(store: Store) -> None:
    table = ItemTable.from_products([product(4, 1), product(7, 1), product(1, 1)])
    catalogue = LiveCatalogue(store, table).newest()
    assert catalogue.table.ids == ("p4", "p7", "p1", "p2", "p3")
    assert catalogue.live.tolist() == [True, False, True, True, True]


def test_readers_see_one_whole_state_while_a_writer_changes_prices(store: Store) -> None:
    live = LiveCatalogue(store)
    done = threading.Event()
    torn: list[list[float]] = []

    def read() -> None:
        while not done.is_set():
            catalogue = live.newest()
            prices = catalogue.numbers["price"][: len(catalogue.live)]
            if len(set(prices[:4].tolist())) != 1:
                torn.append(prices.tolist())

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
    assert np.all(last.numbers["price"][:4] == 11)
    assert len(last) == 14
