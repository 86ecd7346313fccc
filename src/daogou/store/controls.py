"""A merchant's controls in SQL, within the caller's transaction.

The counter ``controls`` grows with every change, so that an engine reads them
again only then. A writer locks it first: one change follows the other.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

import orjson
import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.merchandising import MAX_CONTROLS, Control, control_from_json, control_to_json
from daogou.store import tables
from daogou.store.documents import dump, micros, moment, storable
from daogou.store.sql import upsert

_C: Final = tables.controls.c
_COUNTER: Final = tables.counters.c.name == "controls"


def revision(connection: sa.Connection) -> int:
    """A number that grows with every change of a control."""
    found = connection.execute(sa.select(tables.counters.c.value).where(_COUNTER))
    return int(found.scalar_one())


def load(connection: sa.Connection) -> list[Control]:
    """All controls in byte order of their ids."""
    rows = connection.execute(sa.select(_C.document, _C.created, _C.updated).order_by(_C.id))
    return [_control(row) for row in rows]


def get(connection: sa.Connection, control_id: str) -> Control | None:
    """The control with this id, or None."""
    if not storable(control_id):
        return None
    columns = sa.select(_C.document, _C.created, _C.updated)
    row = connection.execute(columns.where(_C.id == control_id)).one_or_none()
    return None if row is None else _control(row)


def put(connection: sa.Connection, control: Control, now: datetime, *, new: bool) -> Control:
    """Add a control or replace it; one that is stored just so stays as it is.

    Raises
    ------
    InvalidInput
        The shop has as many as it can; or, with ``new``, the id is taken.
    """
    _lock(connection)
    known = get(connection, control.id)
    if known is None:
        _check_room(connection)
    elif new:
        raise InvalidInput(
            f"There is a control '{control.id}' already; change it with PATCH, or choose"
            " another id.",
            field="id",
        )
    elif known == control:
        return known
    return _write(connection, control, known, now)


def change(
    connection: sa.Connection,
    control_id: str,
    edit: Callable[[Control], Control],
    now: datetime,
) -> Control | None:
    """Replace a control by what ``edit`` makes of it; None where there is no such control."""
    _lock(connection)
    known = get(connection, control_id)
    if known is None:
        return None
    edited = replace(edit(known), id=control_id)
    return known if edited == known else _write(connection, edited, known, now)


def delete(connection: sa.Connection, control_id: str) -> bool:
    """Delete a control; whether there was one."""
    if not storable(control_id):
        return False
    _lock(connection)
    gone = connection.execute(sa.delete(tables.controls).where(_C.id == control_id)).rowcount
    if gone:
        _count(connection)
    return bool(gone)


def _control(row: sa.Row[str, int, int]) -> Control:
    control = control_from_json(orjson.loads(row.document))
    return replace(control, created=moment(row.created), updated=moment(row.updated))


def _write(
    connection: sa.Connection, control: Control, known: Control | None, now: datetime
) -> Control:
    created = now if known is None or known.created is None else known.created
    document = control_to_json(replace(control, created=None, updated=None))
    row = {
        "id": control.id,
        "revision": _count(connection),
        "created": micros(created),
        "updated": micros(now),
        "document": dump(document, f"Control {control.id}"),
    }
    upsert(connection, tables.controls, [row])
    return replace(control, created=created, updated=now)


def _check_room(connection: sa.Connection) -> None:
    count = connection.execute(sa.select(sa.func.count()).select_from(tables.controls)).scalar_one()
    if count >= MAX_CONTROLS:
        raise InvalidInput(
            f"The shop has {count:,} controls; expected {MAX_CONTROLS:,} at most. Delete those"
            " whose time is over, or put more terms into one."
        )


def _lock(connection: sa.Connection) -> None:
    """Let no other writer of controls in until this transaction ends."""
    connection.execute(sa.select(tables.counters.c.value).where(_COUNTER).with_for_update())


def _count(connection: sa.Connection) -> int:
    counter = sa.update(tables.counters).where(_COUNTER)
    counter = counter.values(value=tables.counters.c.value + 1)
    grown = connection.execute(counter.returning(tables.counters.c.value))
    return int(grown.scalar_one())
