"""The shop's articles in SQL, within the caller's transaction.

The counter ``knowledge`` grows with every change, so that who reads all of them reads them again
only then.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.store import tables
from daogou.store.documents import article_from_document, digest, dump, storable
from daogou.store.putting import PutResult
from daogou.store.sql import delete_where, select_in_chunks, upsert
from daogou.types import Article

_A: Final = tables.articles.c
_COUNTER: Final = tables.counters.c.name == "knowledge"


def revision(connection: sa.Connection) -> int:
    """A number that grows with every change of an article."""
    found = connection.execute(sa.select(tables.counters.c.value).where(_COUNTER))
    return int(found.scalar_one())


def load(connection: sa.Connection) -> list[Article]:
    """All articles in byte order of their ids and languages."""
    documents = connection.scalars(sa.select(_A.document).order_by(_A.id, _A.language))
    return [article_from_document(document) for document in documents]


def get(connection: sa.Connection, article_id: str) -> list[Article]:
    """An article in each of its languages, in their byte order; empty where there is none."""
    if not storable(article_id):
        return []
    wanted = sa.select(_A.document).where(_A.id == article_id).order_by(_A.language)
    return [article_from_document(document) for document in connection.scalars(wanted)]


def count(connection: sa.Connection) -> int:
    """How many articles there are; one in two languages counts twice."""
    found = connection.execute(sa.select(sa.func.count()).select_from(tables.articles))
    return int(found.scalar_one())


def put(connection: sa.Connection, articles: Sequence[Article]) -> PutResult:
    """Add articles or replace them, in order; one that is stored just so stays as it is.

    Raises
    ------
    InvalidInput
        An article cannot be stored; nothing of the batch should then be committed.
    """
    rows = {}
    result = PutResult()
    _lock(connection)
    known = _hashes(connection, sorted({article.id for article in articles}))
    for article in articles:
        key = (article.id, article.language)
        row = _row(article)
        if key not in known:
            result += PutResult(added=1)
        elif known[key] == row["content_hash"]:
            result += PutResult(unchanged=1)
            continue
        else:
            result += PutResult(changed=1)
        known[key] = str(row["content_hash"])
        rows[key] = row
    if rows:
        grown = _count(connection)
        told = [{**row, "revision": grown} for row in rows.values()]
        upsert(connection, tables.articles, told)
    return result


def delete(connection: sa.Connection, ids: Sequence[str]) -> int:
    """Delete articles in all their languages; returns how many of the ids there were."""
    wanted = sorted({identifier for identifier in ids if storable(identifier)})
    _lock(connection)
    found = {identifier for identifier, _ in _hashes(connection, wanted)}
    if found:
        delete_where(connection, _A.id, sorted(found))
        _count(connection)
    return len(found)


def _row(article: Article) -> dict[str, object]:
    what = f"Article {article.id!r}"
    if not article.id or not storable(article.id):
        raise InvalidInput(f"{what} has no usable id; expected printable text.", field="id")
    document = dump(article, what)
    return {
        "id": article.id,
        "language": article.language,
        "content_hash": digest(document),
        "kind": article.kind,
        "document": document,
    }


def _hashes(connection: sa.Connection, ids: Sequence[str]) -> dict[tuple[str, str], str]:
    columns = sa.select(_A.id, _A.language, _A.content_hash)
    rows = select_in_chunks(connection, ids, lambda some: columns.where(_A.id.in_(some)))
    return {(row.id, row.language): row.content_hash for row in rows}


def _lock(connection: sa.Connection) -> None:
    """Let no other writer of articles in until this transaction ends."""
    connection.execute(sa.select(tables.counters.c.value).where(_COUNTER).with_for_update())


def _count(connection: sa.Connection) -> int:
    counter = sa.update(tables.counters).where(_COUNTER)
    counter = counter.values(value=tables.counters.c.value + 1)
    grown = connection.execute(counter.returning(tables.counters.c.value))
    return int(grown.scalar_one())
