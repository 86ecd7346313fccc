"""The faults of `benchmarks.faults`, a few of each: nothing is lost, nothing is there twice."""

import shutil
from pathlib import Path

import pytest

from benchmarks.faults.__main__ import broken, small_disk, why_no_disk
from benchmarks.faults.builds import product_imports, swaps
from benchmarks.faults.scenarios import full_disk, imports, kills, lost_database
from benchmarks.faults.shop import STORES, Shop, StoreKind, database

NOW_AND_THEN = [
    pytest.param(k, marks=pytest.mark.postgres) if k == "postgres" else k for k in STORES
]


@pytest.mark.parametrize("kind", NOW_AND_THEN)
def test_a_killed_server_loses_nothing(kind: StoreKind, tmp_path: Path) -> None:
    with database(kind, tmp_path) as (url, _):
        row = kills(Shop(tmp_path / "home", url), 2 if kind == "sqlite" else 1, print)
    assert row["accepted"]
    assert not broken(row), row


def test_a_killed_import_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    row = imports(Shop(tmp_path / "home", sqlite_url), 2, print)
    assert not broken(row), row


def test_a_killed_import_of_products_leaves_whole_rows(sqlite_url: str, tmp_path: Path) -> None:
    row = product_imports(Shop(tmp_path / "home", sqlite_url), 1, print)
    assert not broken(row), row


def test_killed_swaps_and_a_damaged_bundle(planted: Path, tmp_path: Path) -> None:
    home = shutil.copytree(planted, tmp_path / "home")
    row = swaps(Shop(home, f"sqlite:///{home / 'daogou.db'}"), 1, print)
    assert row["accepted"]
    assert row["faults"]
    assert not broken(row), row


@pytest.mark.postgres
def test_a_database_that_was_away(tmp_path: Path) -> None:
    with database("postgres", tmp_path) as (url, server):
        row = lost_database(Shop(tmp_path / "home", url), server, print)
    assert row["refused"]
    assert not broken(row), row


@pytest.mark.skipif(bool(why_no_disk()), reason=why_no_disk())
def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        settings = "[server]\nmax_body_bytes = 1048576\n"
        shop = Shop(tmp_path / "home", f"sqlite:///{disk / 'daogou.db'}", settings)
        row = full_disk(shop, disk, print)
    assert row["refused"]
    assert not broken(row), row


def test_what_is_broken() -> None:
    assert not broken({"name": "x", "lost": 0, "intact": True, "faults": 3})
    for row in ({"lost": 1}, {"duplicated": 1}, {"failures": 2}, {"healed": False}):
        assert broken({"name": "x", **row})
