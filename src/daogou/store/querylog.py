"""What shoppers search for, told only where many did.

A text that few have typed may say who they are. So a query is told only if at
least k visitors have typed it: k-anonymity, with the query as the only
quasi-identifier that leaves the log (L. Sweeney, "k-anonymity: a model for
protecting privacy", Int. J. of Uncertainty, Fuzziness and Knowledge-Based Systems
10(5), 2002, 557-570, definition 3). Texts that look like an address or a number of
a person stay in the log however many have typed them.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import orjson
import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.store import tables
from daogou.store.documents import micros
from daogou.store.sql import insert_new
from daogou.text import normalize

MAX_QUERY: Final = 60
"""A longer text was pasted, and is no suggestion."""
LEAST: Final = 2
"""With one visitor there is no crowd to hide in."""

_C: Final = tables.events.c
_BATCH: Final = 10_000
_PERSONAL: Final = re.compile(
    r"\S\s*@\s*\S"  # an e-mail address or a name in a network
    r"|https?:|www\."  # what was pasted from a browser may hold a session
    r"|(?:\d[\s().+-]{0,2}){7,}"  # a telephone, a card, an order, an identity card
)
_SEEN: Final = sa.Table(
    "seen_queries",
    sa.MetaData(),
    sa.Column("query", tables.Key, primary_key=True),
    sa.Column("visitor_id", tables.Key, primary_key=True),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class PopularQuery:
    """A normalised query text, and how many visitors have searched for it."""

    text: str
    visitors: int


def looks_personal(text: str) -> bool:
    """Whether a normalised text may be an e-mail address, a link, or the number of somebody.

    Seven digits and more, with at most two signs between them, count as such a
    number; barcodes are among them, and nobody misses those in suggestions.
    """
    return _PERSONAL.search(text) is not None


def popular(
    connection: sa.Connection, since: datetime, least_visitors: int, limit: int
) -> list[PopularQuery]:
    """The queries that at least so many visitors have typed since a time; most visitors first.

    The searches are streamed, normalised into a temporary table that has each pair of
    query and visitor once, and counted there: memory does not grow with the log.

    Raises
    ------
    InvalidInput
        ``least_visitors`` is below 2, or ``limit`` below 1.
    """
    if least_visitors < LEAST:
        raise InvalidInput(
            f"least_visitors is {least_visitors}; expected {LEAST} or more, such as 5: what one"
            " shopper typed is not to be shown to others."
        )
    if limit < 1:
        raise InvalidInput(f"limit is {limit}; expected 1 or more.")
    _SEEN.create(connection)
    pairs = _searches(connection, since)
    while batch := list(islice(pairs, _BATCH)):
        rows = [{"query": text, "visitor_id": visitor} for text, visitor in batch]
        insert_new(connection, _SEEN, rows)
    found = _counted(connection, least_visitors, limit)
    # Where anything failed, the table goes with the transaction.
    _SEEN.drop(connection)
    return found


def _searches(connection: sa.Connection, since: datetime) -> Iterator[tuple[str, str]]:
    """(normalised query, visitor) of the searches that may be told, some repeatedly."""
    statement = sa.select(_C.details, _C.visitor_id).where(
        _C.type == "search", _C.time >= micros(since), _C.details.is_not(None)
    )
    # For this statement alone: PostgreSQL streams from a cursor, which only a SELECT can have.
    rows = connection.execute(statement, execution_options={"yield_per": _BATCH})
    for part in rows.partitions():
        yield from _tellable(part)


def _tellable(rows: Iterable[sa.Row[str | None, str]]) -> Iterator[tuple[str, str]]:
    for details, visitor in rows:
        query = orjson.loads(details).get("query") if details else None
        if query and (text := _text(query)):
            yield text, visitor


@functools.lru_cache(maxsize=65_536)  # most searches are for what others have searched for
def _text(query: str) -> str | None:
    """The query as it may be told; None where it may not."""
    text = normalize(query)
    if len(text) > MAX_QUERY or looks_personal(text) or not any(map(str.isalnum, text)):
        return None
    return text


def _counted(connection: sa.Connection, least_visitors: int, limit: int) -> list[PopularQuery]:
    visitors = sa.func.count().label("visitors")
    statement = (
        sa.select(_SEEN.c.query, visitors)
        .group_by(_SEEN.c.query)
        .having(sa.func.count() >= least_visitors)
        .order_by(visitors.desc(), _SEEN.c.query)
        .limit(limit)
    )
    return [PopularQuery(row.query, row.visitors) for row in connection.execute(statement)]
