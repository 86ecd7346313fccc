"""Statements over many rows, in one way for both databases."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

_CHUNK: Final = 1000  # ids in one statement; SQLite takes at most 32,766 parameters

Rows = Sequence[Mapping[str, Any]]
T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """All items, ``size`` at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def select_in_chunks(
    connection: sa.Connection,
    keys: Sequence[str],
    select: Callable[[Sequence[str]], sa.Select[Any]],
) -> Iterator[sa.Row[Any]]:
    """The rows of ``select(some of the keys)`` for all keys."""
    for start in range(0, len(keys), _CHUNK):
        yield from connection.execute(select(keys[start : start + _CHUNK]))


def delete_where(connection: sa.Connection, column: sa.Column[str], keys: Sequence[str]) -> None:
    """Delete the rows whose column is among the keys."""
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        connection.execute(sa.delete(column.table).where(column.in_(chunk)))


def insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert rows that are not there yet."""
    if rows:
        connection.execute(sa.insert(table), rows)


def upsert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert rows; one whose primary key is there already replaces it."""
    if not rows:
        return
    statement = _dialect_insert(connection, table)
    key = [column.name for column in table.primary_key]
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=replaced), rows)


def insert_new(connection: sa.Connection, table: sa.Table, rows: Rows) -> int:
    """Insert the rows that break no unique key; returns how many those were."""
    if not rows:
        return 0
    statement = _dialect_insert(connection, table).on_conflict_do_nothing()
    # RETURNING also makes SQLAlchemy send many rows in one statement, not one by one.
    key = next(iter(table.primary_key))
    return len(connection.execute(statement.returning(key), rows).all())


def _dialect_insert(
    connection: sa.Connection, table: sa.Table
) -> "postgresql.Insert | sqlite.Insert":
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
