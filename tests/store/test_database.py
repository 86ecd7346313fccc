"""Opening, migrating, failing and sharing a database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from daogou.errors import StoreError
from daogou.store import Store
from daogou.store.database import Database
from daogou.store.tables import metadata
from daogou.types import EventLine, Product, UserEvent


def test_open_again_finds_everything(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.put_products([Product("p1", "Tea")])
    with Store.open(store_url, create=False) as store:
        assert store.count_products() == 1
    with Store.open(store_url) as store:
        assert store.count_products() == 1


def test_the_migrations_make_the_tables_of_the_code(store_url: str) -> None:
    database = Database(store_url)
    database.migrate()
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_database_without_tables(store_url: str) -> None:
    with pytest.raises(StoreError, match="daogou import"):
        Store.open(store_url, create=False)


def test_a_newer_database(store_url: str) -> None:
    with Store.open(store_url):
        pass
    set_version(store_url, "9999")
    for create in (True, False):
        with pytest.raises(StoreError, match=r"newer Daogou.*9999.*pip install --upgrade"):
            Store.open(store_url, create=create)


def test_an_older_database(store_url: str) -> None:
    with Store.open(store_url):
        pass
    set_version(store_url, "0001")
    with pytest.raises(StoreError, match=r"version 0001.*needs 0007.*daogou import"):
        Store.open(store_url, create=False)


def test_a_database_of_the_first_version_is_brought_up(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.put_products([Product("p1", "Tea")])
    engine = sa.create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for table in ("api_keys", "turns", "conversations", "articles", "controls"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        for counter in ("controls", "knowledge"):
            forget = sa.text("DELETE FROM counters WHERE name = :name")
            connection.execute(forget, {"name": counter})
        connection.execute(sa.text("DROP INDEX ix_events_visitor_id_type_time_seq"))
        old = "CREATE INDEX ix_events_visitor_id_time_seq ON events (visitor_id, time, seq)"
        connection.execute(sa.text(old))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    with Store.open(store_url) as store:
        assert store.product("p1") == Product("p1", "Tea")
        assert store.controls() == []
        assert store.controls_revision() == 0
        assert store.articles() == []
        assert store.knowledge_revision() == 0
        assert store.keys() == []


def set_version(url: str, version: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://host/name", "mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "refused"),
        ("postgresql://nobody@127.0.0.1:1/none?password=secret", "refused"),
        ("postgresql://nobody:p@ss-secret@127.0.0.1:1/none", "bare '@' in it; expected %40"),
        ("postgresql://nobody:a:secret@127.0.0.1:port/none", r":\*\*\*@127.*not a database URL"),
        ("sqlite:////proc/none/daogou.db", "cannot be made"),
    ],
)
def test_urls_that_lead_nowhere(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)


def test_a_refusal_has_no_value_of_a_row(store_url: str) -> None:
    """PostgreSQL tells them as a detail, and they may name a visitor."""
    row = sa.text("INSERT INTO counters (name, value) VALUES (:name, 1)")
    with Store.open(store_url) as store:
        with store._database.write() as connection:
            connection.execute(row, {"name": "household-1"})
        with (
            pytest.raises(StoreError, match=r"(?i)unique") as caught,
            store._database.write() as connection,
        ):
            connection.execute(row, {"name": "household-1"})
    assert "household-1" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "daogou.db"
    path.write_text("not a database at all, but a text of some length" * 20)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(f"sqlite:///{path}")


def test_sqlite_is_durable(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.migrate()
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    database.close()


def test_threads_write_and_read_at_once(store: Store) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seen: set[str] = set()
    stop = threading.Event()

    def shop(worker: int) -> None:
        for n in range(8):
            name = f"{worker}-{n}"
            store.put_products([Product(name, "Tea"), Product("shared", f"By {name}")])
            time = start + timedelta(minutes=n)
            lines = (EventLine(name),)
            event = UserEvent(name, "detail-page-view", f"v{worker}", time, lines)
            assert store.append_events([event]).accepted == 1
            assert store.visitor_events(f"v{worker}")[-1] == event

    def follow() -> None:
        """Follow the changes as the engine does; nothing may be missed."""
        revision = 0
        while True:
            last = stop.wait(0.005)
            newest = store.revision()
            products, _ = store.changes_since(revision)
            seen.update(product.id for product in products)
            revision = newest
            if last:
                return

    with ThreadPoolExecutor(5) as pool:
        follower = pool.submit(follow)
        workers = [pool.submit(shop, worker) for worker in range(4)]
        for worker in workers:
            worker.result()
        stop.set()
        follower.result()
    assert store.count_products() == 33
    assert store.count_events() == {"detail-page-view": 32}
    assert len(seen) == 33


def test_two_stores_on_one_database(store_url: str) -> None:
    with Store.open(store_url) as first, Store.open(store_url) as second:
        first.put_products([Product("p1", "Tea")])
        assert second.product("p1") == Product("p1", "Tea")
        second.delete_products(["p1"])
        assert first.changes_since(1) == ([], ["p1"])
