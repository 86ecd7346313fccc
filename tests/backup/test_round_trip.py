"""What is restored is what was backed up: every table, on every database, into every other."""

import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from daogou.backup import Archive, back_up, restore
from daogou.bundle import Bundle, bundles
from daogou.merchandising import Control, PinAction
from daogou.store import AppendResult, Store
from daogou.store.database import Database
from daogou.store.dumping import dump
from daogou.store.tables import metadata
from daogou.types import Article, EventLine, LocalizedText, Money, Product, UserEvent, Variant
from tests.backup.conftest import ROWS, contents, fill, sqlite

MOMENT: Final = datetime(2026, 6, 1, tzinfo=UTC)
BOTH: Final = pytest.mark.parametrize(
    "shop_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
    indirect=True,
)


@BOTH
def test_every_table_is_in_a_backup(home: Path, shop_url: str, tmp_path: Path) -> None:
    made = back_up(tmp_path / "shop.tar", home, shop_url)
    assert made.manifest.tables.keys() == metadata.tables.keys()
    assert {shape.rows for shape in made.manifest.tables.values()} == {ROWS}
    for name, shape in made.manifest.tables.items():
        assert set(shape.columns) == set(metadata.tables[name].columns.keys())


@BOTH
def test_into_sqlite(home: Path, shop_url: str, tmp_path: Path) -> None:
    back_up(tmp_path / "shop.tar", home, shop_url)
    restored = restore(tmp_path / "shop.tar", tmp_path / "new")
    assert restored.database == sqlite(tmp_path / "new")
    assert contents(sqlite(tmp_path / "new")) == contents(shop_url)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "bundles",
        "daogou.db",
        "utterances.tsv",
    ]


@pytest.mark.postgres
def test_from_sqlite_into_postgresql(
    home: Path, shop_url: str, postgres_url: str, tmp_path: Path
) -> None:
    back_up(tmp_path / "shop.tar", home, shop_url)
    restore(tmp_path / "shop.tar", tmp_path / "new", postgres_url)
    assert contents(postgres_url) == contents(shop_url)
    assert not (tmp_path / "new" / "daogou.db").exists()


@pytest.mark.postgres
def test_from_postgresql_into_postgresql(home: Path, postgres_url: str, tmp_path: Path) -> None:
    fill(postgres_url)
    before = contents(postgres_url)
    back_up(tmp_path / "shop.tar", home, postgres_url)
    with Store.open(postgres_url) as store:
        store.append_events([UserEvent("later", "home-page-view", "v1", MOMENT)])
        assert store.delete_visitor("键-1") == 1
    restore(tmp_path / "shop.tar", tmp_path / "new", postgres_url, force=True)
    assert contents(postgres_url) == before


def shop(store: Store) -> None:
    """A shop through the store's own door."""
    chance = random.Random(0)
    variants = (Variant("t1-s", {"size": "S"}, Money(499, "USD")),)
    texts = {"zh": LocalizedText("绿茶", "山上的", ("食品 > 茶",))}
    store.put_products(
        [
            Product("t1", "Green tea", price=Money(500, "USD"), variants=variants, localized=texts),
            Product("t1-m", "Green tea M", group_id="t1", attributes={"size": ("M",)}),
            *(Product(f"p{n}", f"Thing {n}", rating=4 + n / 7) for n in range(30)),
        ]
    )
    store.delete_products(["p3"])
    store.put_articles([Article("brew", "How to brew", "Water at 80 degrees.")])
    store.append_events(
        UserEvent(
            f"e{n}", "search" if n % 3 else "add-to-cart", f"v{n % 5}", MOMENT,
            () if n % 3 else (EventLine(f"p{chance.randrange(30)}", 2, Money(99, "USD")),),
            query="tea" if n % 3 else None,
        )
        for n in range(200)
    )  # fmt: skip
    for id_ in ("pin", "bury"):
        store.put_control(Control(id_, "Pins", PinAction(((1, "p1"),))))


def answers(store: Store) -> dict[str, object]:
    return {
        "products": list(store.iter_products()),
        "changes": store.changes_since(0),
        "revision": store.revision(),
        "events": store.event_lines().rows(),
        "visitor": store.visitor_events("v1"),
        "searches": store.searches().rows(),
        "controls": store.controls(),
        "articles": store.articles(),
        "counts": (store.count_events(), store.count_visitors(), store.count_articles()),
    }


def test_a_shop_answers_as_before_and_goes_on(store_url: str, home: Path, tmp_path: Path) -> None:
    with Store.open(store_url) as store:
        shop(store)
        before = answers(store)
    back_up(tmp_path / "shop.tar", home, store_url)
    restore(tmp_path / "shop.tar", tmp_path / "new", store_url, force=True)
    with Store.open(store_url, create=False) as store:
        assert answers(store) == before
        new = UserEvent("new", "home-page-view", "v1", MOMENT)
        again = UserEvent("e1", "home-page-view", "v1", MOMENT)
        assert store.append_events([new, again]) == AppendResult(accepted=1, duplicates=1)
        assert store.visitor_events("v1")[-1].event_id == "new"
        assert store.put_products([Product("p1", "Another")]).changed == 1


def test_the_active_bundle_comes_along_whole(home: Path, shop_url: str, tmp_path: Path) -> None:
    back_up(tmp_path / "shop.tar", home, shop_url)
    restore(tmp_path / "shop.tar", tmp_path / "new")
    old = Bundle.current(home / "bundles")
    new = Bundle.current(tmp_path / "new" / "bundles")
    assert old is not None
    assert new is not None
    assert new.manifest == old.manifest
    assert [bundle.id for bundle in bundles(tmp_path / "new" / "bundles")] == [old.id]


def test_the_cache_comes_along_where_it_is_asked_for(
    home: Path, shop_url: str, tmp_path: Path
) -> None:
    back_up(tmp_path / "shop.tar", home, shop_url, cache=True)
    restore(tmp_path / "shop.tar", tmp_path / "new")
    cache = tmp_path / "new" / "cache"
    assert (cache / "pictures" / "a1").read_bytes() == b"picture"
    with closing(sqlite3.connect(cache / "vectors.db")) as connection:
        assert connection.execute("SELECT key FROM vectors").fetchall() == [("k",)]
    assert not (cache / "training.safetensors").exists()


def test_a_backup_is_for_its_owner_alone(home: Path, shop_url: str, tmp_path: Path) -> None:
    made = back_up(tmp_path / "shop.tar", home, shop_url)
    assert made.path.stat().st_mode & 0o077 == 0
    assert made.bytes == made.path.stat().st_size


def test_a_backup_is_one_moment_while_the_shop_is_written_to(store_url: str) -> None:
    database = Database(store_url)
    with Store.open(store_url) as store:
        shop(store)
        with dump(database) as dumped:
            shapes = dumped.shapes()
            store.append_events([UserEvent("later", "home-page-view", "v", MOMENT)])
            store.delete_visitor("v1")
            store.put_articles([Article("later", "Title", "Text.")])
            assert store.count_articles() == 2
            events = [
                row[shapes["events"].columns.index("event_id")] for row in dumped.rows("events")
            ]
            assert sorted(events) == sorted(f"e{n}" for n in range(200))
            assert len(list(dumped.rows("articles"))) == shapes["articles"].rows == 1
    database.close()


def test_an_older_database_is_backed_up_and_restored_as_a_newer_one(
    home: Path, tmp_path: Path
) -> None:
    url = sqlite(home)
    database = Database(url)
    database.make_file()
    with database.write() as connection:
        database.upgrade(connection, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO events (event_id, type, visitor_id, time)"
                " VALUES ('e1', 'home-page-view', 'v1', 1)"
            )
        )
    database.close()
    made = back_up(tmp_path / "shop.tar", home, url)
    assert made.manifest.version == "0001"
    assert "conversations" not in made.manifest.tables
    restore(tmp_path / "shop.tar", tmp_path / "new")
    with Store.open(sqlite(tmp_path / "new"), create=False) as store:
        assert [event.event_id for event in store.visitor_events("v1")] == ["e1"]
        assert store.controls_revision() == 0


def test_parts_are_bounded_and_joined_in_order(
    home: Path, shop_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daogou.backup.making._PART_BYTES", 1)
    back_up(tmp_path / "shop.tar", home, shop_url)
    with Archive(tmp_path / "shop.tar") as archive:
        parts = [n for n in archive.manifest.files if n.startswith("tables/events/")]
        assert len(parts) == ROWS
    restore(tmp_path / "shop.tar", tmp_path / "new")
    assert contents(sqlite(tmp_path / "new")) == contents(shop_url)
