"""What visitors typed, for training: it looks at queries beside what followed them."""

from datetime import datetime
from typing import Final

import orjson
import polars as pl
import sqlalchemy as sa

from daogou.store import tables
from daogou.store.documents import micros

SEARCH_SCHEMA: Final[dict[str, pl.DataType]] = {
    "seq": pl.Int64(),
    "visitor_id": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "query": pl.String(),
}
"""The columns of :func:`load`."""
_PARTITION: Final = 50_000
_C: Final = tables.events.c


def load(connection: sa.Connection, until: datetime | None) -> pl.DataFrame:
    """The ``search`` events that have a query, up to ``until`` (exclusive).

    ``seq`` is that of ``Store.event_lines``, which has the products that were shown.
    Sorted by (time, seq).
    """
    statement = sa.select(_C.seq, _C.visitor_id, _C.time, _C.details).where(
        _C.type == "search", _C.details.is_not(None)
    )
    if until is not None:
        statement = statement.where(_C.time < micros(until))
    schema = {**SEARCH_SCHEMA, "time": pl.Int64()}
    frames = [pl.DataFrame(schema=schema)]
    rows = connection.execution_options(yield_per=_PARTITION).execute(statement)
    for part in rows.partitions():  # a frame takes a tenth of the memory of its rows
        found = [
            (seq, visitor, time, query)
            for seq, visitor, time, details in part
            if (query := str(orjson.loads(details).get("query") or "").strip())
        ]
        frames.append(pl.DataFrame(found, schema=schema, orient="row"))
    frame = pl.concat(frames)
    return frame.with_columns(pl.col("time").cast(SEARCH_SCHEMA["time"])).sort("time", "seq")
