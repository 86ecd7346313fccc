"""Connections, transactions and migrations: all that knows which database it is."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError

from daogou.config import without_passwords
from daogou.errors import StoreError, StoreUnavailable

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_SECONDS: Final = 15  # how long a writer waits for one of another process
_POOL_SECONDS: Final = 10
_SQLITE_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)
# Connection, read-only, resources (a full disk), operator (shutdown), system.
_POSTGRES_AWAY: Final = ("08", "25006", "53", "57", "58")
# A peer that is gone is noticed within seconds, also where it did not say so.
_POSTGRES_CONNECT: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_MIGRATION_LOCK: Final = 0x64616F67  # "daog": an advisory lock of PostgreSQL is only a number


class Database:
    """One SQLite file or PostgreSQL database, for any number of threads.

    Parameters
    ----------
    url
        ``"sqlite:///path/to/daogou.db"`` or ``"postgresql://user:password@host/name"``.

    Raises
    ------
    StoreError
        The URL is not one of those, or the driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.name = without_passwords(self.engine.url.render_as_string())
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # SQLite's own lock makes a writer poll; threads of one process queue here instead.
        self._writing = threading.Lock() if self.is_sqlite else nullcontext()
        # All statements of a read see one state (SQLite's WAL gives that anyway).
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(**level)
        self._writer = self.engine.execution_options(writes=True)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._explained(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is on the disk when the block is left without an exception."""
        with self._explained(), self._writing, self._writer.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables to the version of this code."""
        self.make_file()
        with self.write() as connection:
            self.upgrade(connection)

    def make_file(self) -> None:
        """Make an SQLite file and its folder, where they are missing."""
        if self.is_sqlite:
            _make_file(self.engine.url.database)

    def upgrade(self, connection: sa.Connection, version: str | None = None) -> None:
        """Bring the tables to a version within the caller's transaction.

        Parameters
        ----------
        version
            Of the tables, not older than they are; None is this code's.
        """
        if not self.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        if self.version(connection) == (version or _head()):
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version or "head")

    def check(self) -> None:
        """Refuse a database that is not there or not at the version of this code.

        Raises
        ------
        StoreError
            Names the command that mends it.
        """
        path = self.engine.url.database
        if self.is_sqlite and not (path and Path(path).exists()):
            raise StoreError(
                f"There is no database at {self.name}. Load a catalogue with `daogou import`,"
                " or try the demo shop with `daogou demo`."
            )
        with self.read() as connection:
            found = self.version(connection)
        if found is None:
            raise StoreError(
                f"{self.name} has no tables of Daogou. Load a catalogue with `daogou import`."
            )
        if found != _head():
            raise StoreError(
                f"{self.name} has tables of version {found}, this code needs {_head()}."
                " Any `daogou import` brings them up to date, and nothing is lost."
            )

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def version(self, connection: sa.Connection) -> str | None:
        """The version of the tables; None where there are none.

        Raises
        ------
        StoreError
            They are of a newer version than this code.
        """
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in known_versions():
            raise StoreError(
                f"{self.name} was written by a newer Daogou: its tables have version {found},"
                f" this code knows up to {_head()}. Upgrade with `pip install --upgrade daogou`."
            )
        return found

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            kind = StoreUnavailable if _is_away(error) else StoreError
            raise kind(
                f"The database {self.name} refused: {_cause(error)}."
                " `daogou doctor` looks into what is wrong."
            ) from error


def _engine(url: str) -> sa.Engine:
    expected = "expected sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        shown = without_passwords(url)
        raise StoreError(f"'{shown}' is not a database URL; {expected}.") from None
    if "@" in (parsed.host or ""):
        # The driver would tell the rest of the password as the name of a host.
        raise StoreError(
            "The password in the URL of the database has a bare '@' in it; expected %40 for it,"
            " %2F for '/', and %25 for '%'."
        )
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise StoreError(f"'{url}' names no file, and threads share a file alone; {expected}.")
        return _sqlite_engine(parsed, Path(parsed.database or "").absolute())
    if parsed.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=20,
                hide_parameters=True,  # visitors' ids do not belong in a log
                pool_timeout=_POOL_SECONDS,
                connect_args=_POSTGRES_CONNECT,
            )
        except ModuleNotFoundError as error:
            raise StoreError(
                "PostgreSQL needs its driver: pip install 'daogou[postgres]'."
            ) from error
    raise StoreError(f"'{parsed.get_backend_name()}' is not a database that is known; {expected}.")


def _sqlite_engine(url: sa.URL, path: Path) -> sa.Engine:
    address = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        # A file that is missing is an error: SQLite would quietly begin an empty one.
        return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)

    def remember(_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    def compare(_connection: Any, record: Any, _proxy: Any) -> None:
        # What is written into a file that was moved or deleted would be lost with it.
        if record.info["file"] != _identity(path):
            raise DisconnectionError(f"{path} is another file now")

    engine = sa.create_engine(
        url, creator=connect, pool_size=20, pool_timeout=_POOL_SECONDS, hide_parameters=True
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "connect", remember)
    sa.event.listen(engine, "checkout", compare)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _cause(error: SQLAlchemyError) -> str:
    """What the driver says, without the values of a row, which PostgreSQL adds as a detail."""
    cause = getattr(error, "orig", None) or error
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return str(primary or cause).strip()


def _is_away(error: SQLAlchemyError) -> bool:
    """Whether the database is in trouble, and not what it was given."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, sa.exc.TimeoutError | sa.exc.DisconnectionError)
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    state = getattr(cause, "sqlstate", None)
    if state is None:  # it did not answer at all
        return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    return str(state).startswith(_POSTGRES_AWAY)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # BEGIN is ours (below): Python's would start a transaction only at the first write.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("PRAGMA cache_size = -65536")  # KiB
    # Pages. A batch of events touches a thousand pages of the indexes: at SQLite's own 1,000
    # every commit would copy them into the database, too. The file beside it has 40 MB at most.
    cursor.execute("PRAGMA wal_autocheckpoint = 10000")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer asks for the lock at once: a reader that turns writer could be refused for good.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_file(path: str | None) -> None:
    try:
        Path(path or "").parent.mkdir(parents=True, exist_ok=True)
        Path(path or "").touch()
    except OSError as error:
        raise StoreError(f"The folder of {path} cannot be made: {error}.") from error


def _config() -> Config:
    config = Config()
    # Config reads % as the start of a reference.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StoreError(f"{_MIGRATIONS} has no migrations; reinstall Daogou.")
    return head


def known_versions() -> set[str]:
    """All versions of the tables that this code can bring to its own."""
    scripts = ScriptDirectory.from_config(_config())
    return {script.revision for script in scripts.walk_revisions()}
