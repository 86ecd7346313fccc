"""The events of a made shop, and what is installed and started is measured."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pytest

from benchmarks import scale
from benchmarks.catalogue import Catalogue
from benchmarks.footprint import size_rows, start
from benchmarks.scale import Size, event_frames, write_events
from daogou.feeds import read_events
from daogou.types import Product, UserEvent

PLANT: Final = Path(__file__).parents[1] / "server" / "plant.py"
CATALOGUE: Final = Catalogue(
    tuple(Product(f"p{n}", f"Thing {n}", categories=(f"shelf {n % 3}",)) for n in range(30)), 30
)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("planted")
    subprocess.run([sys.executable, PLANT, home], check=True)
    return home


def test_events_are_of_the_wanted_number_and_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "CHUNK", 700)
    frames = list(event_frames(CATALOGUE, Size(30, 50, 2000)))
    assert [frame.height for frame in frames] == [700, 700, 600]
    whole = pl.concat(frames)
    assert whole["eventId"].n_unique() == 2000
    assert whole["eventTime"].is_sorted()
    bought = whole.filter(pl.col("eventType") == "purchase-complete").height
    assert bought / 2000 == pytest.approx(0.15, abs=0.03)
    ids = whole["productDetails"].list.first().struct.field("product").struct.field("id")
    counts = np.sort(ids.value_counts()["count"].to_numpy())[::-1]
    assert len(counts) == 30
    assert counts[:3].mean() > 5 * counts[-10:].mean(), "some are much more popular than others"


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_both_kinds_of_feed_say_the_same(kind: str, tmp_path: Path) -> None:
    (path,) = write_events(tmp_path, CATALOGUE, Size(30, 50, 200), kind)
    read = [event for event in read_events(path) if isinstance(event, UserEvent)]
    (frame,) = event_frames(CATALOGUE, Size(30, 50, 200))
    assert [event.event_id for event in read] == frame["eventId"].to_list()
    assert [len(event.lines) for event in read] == frame["productDetails"].list.len().to_list()


def test_a_server_is_started_and_asked(planted: Path) -> None:
    ready, answered = start(Path(sys.executable), planted)
    assert 0 < ready < answered


def test_a_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="did not get ready"):
        start(Path(sys.executable), tmp_path / "nothing")


def test_packages_are_weighed() -> None:
    whole, code, *packages = (float(row["mb"]) for row in size_rows(Path(sys.executable)))
    assert whole == pytest.approx(sum(packages), abs=1)
    assert len(packages) == 11
    assert 0 < code < whole
    assert packages[0] >= packages[1] > 0
