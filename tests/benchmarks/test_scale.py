"""A small shop is taken through all steps, and what is installed and started is measured."""

import json
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
from daogou.bundle import Bundle
from daogou.feeds import read_events
from daogou.store import Store
from daogou.types import Product, UserEvent
from tests import tiny_training

CATALOGUE: Final = Catalogue(
    tuple(Product(f"p{n}", f"Thing {n}", categories=(f"shelf {n % 3}",)) for n in range(30)), 30
)


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


def test_a_small_shop_goes_through_all_steps(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "REQUESTS", 20)
    monkeypatch.setattr(scale, "PROGRAM", (sys.executable, tiny_training.__file__))
    file = tmp_path / "scale.json"
    size = ["--products", "60", "--visitors", "20", "--events", "400", "--no-growth"]
    work = ["--work", str(tmp_path / "work"), "--demo", str(planted), "--json", str(file)]
    scale.main([*size, *work])
    rows = {row["name"]: row for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    assert set(rows) == {
        "daogou import products",
        "daogou import events",
        "daogou import events again",
        "daogou train",
        "daogou backup",
        "daogou restore",
        "daogou serve: opening",
        "daogou serve: one of 20 requests",
    }
    assert all(row["seconds"] > 0 and row["peak_mb"] > 20 for row in rows.values())
    for home in ("home", "again"):
        with Store.open(f"sqlite:///{tmp_path / 'work' / home / 'daogou.db'}") as store:
            assert store.count_products() == 60
            assert sum(store.count_events().values()) == 400, "none twice, none lost"
        assert Bundle.current(tmp_path / "work" / home / "bundles") is not None


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
