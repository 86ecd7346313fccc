"""The event log in SQL, within the caller's transaction."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

import numpy as np
import polars as pl
import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.store import tables
from daogou.store.documents import (
    dump_details,
    dump_lines,
    event_from_row,
    line_columns,
    micros,
    spread,
    storable,
)
from daogou.store.sql import select_in_chunks
from daogou.types import EVENT_TYPES, UserEvent

_C: Final = tables.events.c
_PARTITION: Final = 50_000  # events decoded at a time
_END: Final = 2**63 - 1  # later than any event

LINE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "seq": pl.Int64(),
    "event_id": pl.String(),
    "visitor_id": pl.String(),
    "type": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "product_id": pl.String(),
    "quantity": pl.Int32(),
    "price": pl.Int64(),
    "placement": pl.String(),
    "position": pl.Int32(),
    "sampling_rate": pl.Float32(),
}
"""The columns of :meth:`daogou.store.Store.event_lines`."""

# Stored name -> column; product_id is always there.
_LINE_COLUMNS: Final = {
    "quantity": "quantity",
    "amount": "price",
    "placement": "placement",
    "position": "position",
    "sampling_rate": "sampling_rate",
}


EventRow = Mapping[str, Any]
"""An event that has been found storable, ready to be appended."""

_ROW_TYPES: Final = {
    "event_id": "text",
    "type": "text",
    "visitor_id": "text",
    "time": "bigint",
    "lines": "text",
    "details": "text",
}
_row_values: Final = itemgetter(*_ROW_TYPES)
_APPEND_ROW: Final = (
    f"INSERT INTO events ({', '.join(_ROW_TYPES)})"  # noqa: S608  # names of ours
    f" VALUES ({', '.join('?' * len(_ROW_TYPES))})"
)
_APPEND_ARRAYS: Final = sa.text(
    f"INSERT INTO events ({', '.join(_ROW_TYPES)}) SELECT * FROM unnest("  # noqa: S608
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _ROW_TYPES.items())
    + ") ON CONFLICT DO NOTHING RETURNING event_id"
)


@dataclass(frozen=True, slots=True)
class AppendResult:
    """How many events were new, and how many had an ``event_id`` that was there already."""

    accepted: int = 0
    duplicates: int = 0

    def __add__(self, other: "AppendResult") -> "AppendResult":
        return AppendResult(self.accepted + other.accepted, self.duplicates + other.duplicates)


def event_row(event: UserEvent) -> EventRow:
    """The row of an event, as :func:`append` takes it.

    Raises
    ------
    InvalidInput
        Its time has no zone, or a text in it cannot be stored.
    """
    what = f"Event {event.event_id!r}"
    for name, text in (("eventId", event.event_id), ("visitorId", event.visitor_id)):
        if not text or not storable(text):
            raise InvalidInput(f"{what} has no usable {name}; expected printable text.", field=name)
    return {
        "event_id": event.event_id,
        "type": event.type,
        "visitor_id": event.visitor_id,
        "time": micros(event.time),
        "lines": dump_lines(event.lines, what),
        "details": dump_details(event),
    }


def append(connection: sa.Connection, rows: Sequence[EventRow]) -> set[str]:
    """Append rows of :func:`event_row`; returns the ``event_id`` of those that are new.

    The first event of an id stays. Written as each database takes many rows soonest: one
    statement with an array for each column, or one that is prepared once and run for each row.
    """
    if not rows:
        return set()
    if connection.dialect.name == "postgresql":
        columns = {name: [row[name] for row in rows] for name in _ROW_TYPES}
        return set(connection.execute(_APPEND_ARRAYS, columns).scalars())
    # Nobody else writes within this transaction, so that what is not there now is new.
    ids = [row["event_id"] for row in rows]
    there = {row.event_id for row in select_in_chunks(connection, ids, _known_ids)}
    new: dict[str, EventRow] = {}
    for row in rows:
        if row["event_id"] not in there:
            new.setdefault(row["event_id"], row)
    if new:
        connection.exec_driver_sql(_APPEND_ROW, [_row_values(row) for row in new.values()])
    return set(new)


def _known_ids(ids: Sequence[str]) -> sa.Select[Any]:
    return sa.select(_C.event_id).where(_C.event_id.in_(ids))


def of_visitor(
    connection: sa.Connection,
    visitor_id: str,
    limit: int,
    before: datetime | None,
    owners: Mapping[str, str],
) -> list[UserEvent]:
    """The visitor's newest events before a time, oldest first."""
    if not storable(visitor_id):
        return []
    columns = (_C.event_id, _C.type, _C.visitor_id, _C.time, _C.lines, _C.details)
    statement = _newest(columns, EVENT_TYPES, limit, with_lines=False)
    rows = connection.execute(statement, _asked(visitor_id, before)).all()
    return [event_from_row(row, owners) for row in reversed(rows)]


def _asked(visitor_id: str, before: datetime | None) -> dict[str, Any]:
    until = _END if before is None else micros(before)
    return {"visitor": visitor_id, "until": until}


@functools.lru_cache(maxsize=64)
def _newest(
    columns: tuple[sa.Column[Any], ...], types: tuple[str, ...], limit: int, *, with_lines: bool
) -> sa.Select[Any]:
    """The newest events of a visitor, newest first.

    Each type is looked up by itself, where an index has its events in order of time: what is
    read is bounded, however many events of other types are between those that are asked for.
    """
    # In the text: PostgreSQL plans for a tenth of all where it does not know the limit.
    most = sa.literal_column(str(int(limit)), sa.Integer)
    parts = []
    for kind in types or ("",):
        part = sa.select(_C.seq, *columns).where(
            _C.visitor_id == sa.bindparam("visitor"),
            _C.type == sa.literal(kind),
            _C.time < sa.bindparam("until"),
        )
        if with_lines:
            part = part.where(_C.lines.is_not(None))
        part = part.order_by(_C.time.desc(), _C.seq.desc()).limit(most)
        parts.append(sa.select(part.subquery()))
    found = sa.union_all(*parts).subquery().c
    newest = sa.select(*(found[column.name] for column in columns))
    return newest.order_by(found.time.desc(), found.seq.desc()).limit(most)


@dataclass(frozen=True, slots=True)
class VisitorLines:
    """What a visitor did, without an object for each line: E events with L lines in all.

    Attributes
    ----------
    types, times, lengths
        Of the events, oldest first: type, seconds since 1970, number of lines.
    product_ids, quantities
        Of the lines.
    """

    types: list[str]
    times: list[float]
    lengths: list[int]
    product_ids: list[str]
    quantities: list[int]


def lines_of_visitor(
    connection: sa.Connection,
    visitor_id: str,
    types: Collection[str],
    limit: int,
    before: datetime | None,
    owners: Mapping[str, str],
) -> VisitorLines:
    """The lines of the visitor's newest events of some types that have lines."""
    found = VisitorLines([], [], [], [], [])
    if not storable(visitor_id):
        return found
    statement = _newest((_C.type, _C.time, _C.lines), tuple(sorted(types)), limit, with_lines=True)
    rows = connection.execute(statement, _asked(visitor_id, before)).all()
    for kind, time, document in reversed(rows):
        columns = line_columns(document)
        ids = columns["product_id"]
        found.types.append(kind)
        found.times.append(time / 1e6)
        found.lengths.append(len(ids))
        found.product_ids.extend(ids)
        found.quantities.extend(spread(columns, "quantity", len(ids)))
    if owners and not owners.keys().isdisjoint(found.product_ids):
        found.product_ids[:] = [owners.get(p, p) for p in found.product_ids]
    return found


def lines(
    connection: sa.Connection,
    since: datetime | None,
    until: datetime | None,
    types: Collection[str] | None,
    owners: Mapping[str, str],
) -> pl.DataFrame:
    """The lines of the events in a period, one row a line; see ``Store.event_lines``."""
    statement = sa.select(_C.seq, _C.event_id, _C.visitor_id, _C.type, _C.time, _C.lines)
    if since is not None:
        statement = statement.where(_C.time >= micros(since))
    if until is not None:
        statement = statement.where(_C.time < micros(until))
    if types is not None:
        statement = statement.where(_C.type.in_(sorted(types)))
    rows = connection.execution_options(yield_per=_PARTITION).execute(statement)
    frames = [_flat(list(part)) for part in rows.partitions()]
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=LINE_SCHEMA)
    if owners:
        frame = frame.with_columns(pl.col("product_id").replace(owners))
    return frame.sort("time", "seq", maintain_order=True)


def count_by_type(connection: sa.Connection) -> dict[str, int]:
    """How many events there are of each type that occurs."""
    statement = sa.select(_C.type, sa.func.count()).group_by(_C.type).order_by(_C.type)
    return {kind: number for kind, number in connection.execute(statement)}  # noqa: C416


def count_visitors(connection: sa.Connection) -> int:
    """How many visitors have events."""
    statement = sa.select(sa.func.count(sa.distinct(_C.visitor_id)))
    return int(connection.execute(statement).scalar_one())


def delete_visitor(connection: sa.Connection, visitor_id: str) -> int:
    """Erase a visitor's events; returns how many there were."""
    if not storable(visitor_id):
        return 0
    statement = sa.delete(tables.events).where(_C.visitor_id == visitor_id)
    return connection.execute(statement).rowcount


def _flat(rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """One row a line, from rows (seq, event_id, visitor_id, type, time, lines)."""
    seq, event_ids, visitors, types, times, documents = zip(*rows, strict=True)
    product_ids: list[str | None] = []
    columns: dict[str, list[Any]] = {name: [] for name in _LINE_COLUMNS}
    lengths: list[int] = []
    for document in documents:
        line = line_columns(document) if document else {"product_id": [None]}
        ids = line["product_id"]
        lengths.append(len(ids))
        product_ids.extend(ids)
        for name, flat in columns.items():
            flat.extend(spread(line, name, len(ids)))
    index = np.repeat(np.arange(len(rows)), lengths)
    heads = {
        "seq": seq,
        "event_id": event_ids,
        "visitor_id": visitors,
        "type": types,
        "time": pl.Series(times, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
    }
    flat_columns = {name: columns[source] for source, name in _LINE_COLUMNS.items()}
    return pl.DataFrame(heads)[index].hstack(
        [
            pl.Series(name, values, LINE_SCHEMA[name])
            for name, values in {"product_id": product_ids, **flat_columns}.items()
        ]
    )
