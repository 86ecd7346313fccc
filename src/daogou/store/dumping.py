"""All tables out of a database and into another one, of either kind.

What is read is one state of the database, whoever writes meanwhile: on SQLite as on PostgreSQL a
reading transaction sees nothing that came later. What is loaded is there as a whole or not at
all, in one transaction with the migrations that it needs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from daogou.errors import StoreError
from daogou.store.database import Database
from daogou.store.tables import metadata

Row = Sequence[Any]
Progress = Callable[[str, int, int], None]
"""Told a table's name, how many of its rows are done, and how many there are."""

_FETCHED: Final = 2_000
_INSERTED: Final = 5_000
_VERSIONS: Final = "alembic_version"  # written by the migrations themselves
# What JSON holds exactly; another type needs a decision about how it is written.
_PLAIN: Final = (sa.Integer, sa.Boolean, sa.Float, sa.Text, sa.String)


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table's columns in their order, and how many rows it has."""

    columns: tuple[str, ...]
    rows: int


class Dump:
    """The tables of a database at one moment; see :func:`dump`."""

    def __init__(self, connection: sa.Connection, version: str) -> None:
        self.version = version
        self._connection = connection
        self._tables = {str(t.name): t for t in _reflected(connection)}

    def shapes(self) -> dict[str, TableShape]:
        """All tables, each behind those that it refers to."""
        count = sa.select(sa.func.count())
        return {
            name: TableShape(
                tuple(map(str, table.columns.keys())),  # as they come, they are no plain strings
                self._connection.execute(count.select_from(table)).scalar_one(),
            )
            for name, table in self._tables.items()
        }

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a table in the order of its key, in bounded memory."""
        table = self._tables[name]
        statement = sa.select(table).order_by(*table.primary_key)
        streamed = self._connection.execution_options(yield_per=_FETCHED)
        for part in streamed.execute(statement).partitions():
            yield from map(tuple, part)


@contextmanager
def dump(database: Database) -> Iterator[Dump]:
    """Read a database of this version or an older one.

    Raises
    ------
    StoreError
        It has no tables, or those of a newer version.
    """
    with database.read() as connection:
        version = database.version(connection)
        if version is None:
            raise StoreError(
                f"{database.name} has no tables of Daogou, so there is nothing to back up."
                " Load a catalogue with `daogou import`."
            )
        yield Dump(connection, version)


def has_tables(database: Database) -> bool:
    """Whether there is a shop in a database."""
    with database.read() as connection:
        return database.version(connection) is not None


def load(
    database: Database,
    version: str,
    shapes: Mapping[str, TableShape],
    rows: Callable[[str], Iterator[Row]],
    progress: Progress = lambda *_: None,
) -> None:
    """Replace all tables of a database by others, then bring them to the version of this code.

    Parameters
    ----------
    version
        Of the tables that are loaded.
    rows
        The rows of a table by its name, in the order of the columns of its shape.

    Raises
    ------
    StoreError
        The tables are not those of that version, or the database refuses; it then has what it
        had before.
    """
    database.make_file()
    with database.write() as connection:
        _drop(connection)
        database.upgrade(connection, version)
        tables = _reflected(connection)
        _check(tables, version, shapes)
        for table in reversed(tables):  # the migrations put rows of their own
            connection.execute(sa.delete(table))
        for table in tables:
            _fill(connection, table, shapes[table.name], rows(table.name), progress)
            if not database.is_sqlite:
                _go_on_counting(connection, table)
        database.upgrade(connection)


def _reflected(connection: sa.Connection) -> list[sa.Table]:
    """Our tables as they are in the database, each behind those that it refers to."""
    # A database may be shared; a table that a migration drops has to be named here too.
    present = set(sa.inspect(connection).get_table_names())
    known = sa.MetaData()
    known.reflect(connection, only=sorted(present & metadata.tables.keys()))
    return known.sorted_tables


def _drop(connection: sa.Connection) -> None:
    for table in reversed(_reflected(connection)):
        table.drop(connection)
    sa.Table(_VERSIONS, sa.MetaData()).drop(connection, checkfirst=True)


def _check(tables: Sequence[sa.Table], version: str, shapes: Mapping[str, TableShape]) -> None:
    expected = {table.name: sorted(table.columns.keys()) for table in tables}
    found = {name: sorted(shape.columns) for name, shape in shapes.items()}
    if found != expected:
        wrong = sorted(
            name for name in {*expected, *found} if expected.get(name) != found.get(name)
        )
        raise StoreError(
            f"The tables {', '.join(wrong)} are not those of version {version}. The backup was"
            " altered, or written by a changed Daogou; restore another one."
        )
    for table in tables:
        for column in table.columns:
            if not isinstance(column.type, _PLAIN):
                raise StoreError(
                    f"{table.name}.{column.name} is a {column.type}, which a backup cannot hold."
                )


def _fill(
    connection: sa.Connection,
    table: sa.Table,
    shape: TableShape,
    rows: Iterator[Row],
    progress: Progress,
) -> None:
    statement, done = sa.insert(table), 0
    waiting: list[dict[str, Any]] = []

    def put() -> None:
        nonlocal done
        if waiting:
            connection.execute(statement, waiting)
            done += len(waiting)
            waiting.clear()
            progress(table.name, done, shape.rows)

    for row in rows:
        waiting.append(dict(zip(shape.columns, row, strict=True)))
        if len(waiting) == _INSERTED:
            put()
    put()
    if done != shape.rows:
        raise StoreError(f"{table.name} came with {done:,} rows; expected {shape.rows:,}.")


def _go_on_counting(connection: sa.Connection, table: sa.Table) -> None:
    """Let PostgreSQL number new rows behind those that were loaded."""
    for column in table.primary_key:
        if not isinstance(column.type, sa.Integer):
            continue
        named = sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
        sequence = connection.execute(named).scalar_one()
        if sequence is not None:
            last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sequence, last, False)))
