"""The planted shop of the journeys, built once; each test has a copy of its database."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from daogou.assistant import Assistant, AssistantConfig
from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.engine import Engine
from daogou.store import Store
from daogou.types import Product
from tests.journeys.shop import plant, products


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("journeys")
    plant(home)
    return home


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture(scope="session")
def records() -> Mapping[str, Product]:
    return {product.id: product for product in products()}


@pytest.fixture
def store(planted: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(planted / "daogou.db", tmp_path)
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}", create=False) as opened:
        yield opened


@pytest.fixture
def engine(store: Store, planted: Path, encoder: TextEncoder) -> Iterator[Engine]:
    with Engine.open(store, planted / "bundles", encoder=encoder) as opened:
        yield opened


@pytest.fixture
def assistant(engine: Engine, store: Store) -> Assistant:
    return Assistant(engine, store, AssistantConfig(contact="help@shop.example"))


@pytest.fixture(scope="session")
def shared(planted: Path, encoder: TextEncoder) -> Iterator[tuple[Assistant, Engine]]:
    """One assistant for all journeys: conversations do not see each other."""
    with (
        Store.open(f"sqlite:///{planted / 'daogou.db'}", create=False) as store,
        Engine.open(store, planted / "bundles", encoder=encoder) as engine,
    ):
        yield Assistant(engine, store, AssistantConfig(contact="help@shop.example")), engine
