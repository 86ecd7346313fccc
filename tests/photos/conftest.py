"""The painted shop, trained once as a merchant trains it; each test has a copy of its database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daogou.bundle import activate
from daogou.encoders import EncoderConfig, PictureFolders, TextEncoder, open_text_encoder
from daogou.engine import Engine
from daogou.store import Store
from daogou.training.config import TrainingConfig
from daogou.training.pictures import pictures_of
from daogou.training.pipeline import train
from tests.photos.shop import paint, products, write_encoder


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory, encoder: TextEncoder) -> Path:
    """A home: ``daogou.db``, ``bundles``, ``pictures``, ``cache`` with the encoder's graph."""
    home = tmp_path_factory.mktemp("painted")
    paint(home / "pictures")
    write_encoder(home / "cache")
    config = EncoderConfig(image_folder=str(home / "pictures"))
    with Store.open(f"sqlite:///{home / 'daogou.db'}") as store:
        store.put_products(products())
        trained = train(
            store,
            home / "bundles",
            encoder,
            TrainingConfig(threads=1),
            pictures=pictures_of(config, home / "cache", lambda *_: None),
        )
        activate(home / "bundles", trained.bundle)
    return home


@pytest.fixture
def store(painted: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(painted / "daogou.db", tmp_path)
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}", create=False) as opened:
        yield opened


@pytest.fixture
def pictures(painted: Path, tmp_path: Path) -> Path:
    """A folder of pictures that a test may add to."""
    return Path(shutil.copytree(painted / "pictures", tmp_path / "pictures"))


@pytest.fixture
def engine(store: Store, painted: Path, pictures: Path, encoder: TextEncoder) -> Iterator[Engine]:
    folders = PictureFolders(pictures)
    with Engine.open(store, painted / "bundles", encoder=encoder, pictures=folders) as opened:
        yield opened
