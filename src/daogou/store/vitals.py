"""What whoever keeps a database running wants to see of it, at the price of a few look-ups."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from daogou.store import catalogue, tables
from daogou.store.database import Database


@dataclass(frozen=True, slots=True)
class Vitals:
    """Signs of life.

    Attributes
    ----------
    products
        How many there are.
    last_event
        When the event happened that was stored last, in seconds since 1970; 0 without events.
    bytes
        Of the database; on SQLite with its write-ahead log.
    """

    products: int
    last_event: float
    bytes: int


def read(database: Database) -> Vitals:
    """Look a database over."""
    events = tables.events.c
    last = sa.select(events.time).order_by(events.seq.desc()).limit(1)
    with database.read() as connection:
        time = connection.execute(last).scalar_one_or_none() or 0
        products = catalogue.count(connection)
        if not database.is_sqlite:
            size = sa.select(sa.func.pg_database_size(sa.func.current_database()))
            return Vitals(products, time / 1e6, connection.execute(size).scalar_one())
    file = Path(database.engine.url.database or "")
    files = (file, file.with_name(f"{file.name}-wal"))
    return Vitals(products, time / 1e6, sum(f.stat().st_size for f in files if f.exists()))
