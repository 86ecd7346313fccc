"""Reading the catalogue in SQL, within the caller's transaction."""

from collections.abc import Iterable

import sqlalchemy as sa

from daogou.store import tables
from daogou.store.documents import product_from_document, storable
from daogou.store.sql import select_in_chunks
from daogou.types import Product

COUNTER = tables.counters.c.name == "catalogue"


def revision(connection: sa.Connection) -> int:
    """The catalogue's revision."""
    found = connection.execute(sa.select(tables.counters.c.value).where(COUNTER))
    return int(found.scalar_one())


def count(connection: sa.Connection) -> int:
    """How many products there are."""
    found = connection.execute(sa.select(sa.func.count()).select_from(tables.products))
    return int(found.scalar_one())


def load(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Product]:
    """The products among ``ids`` that exist, in the order of ``ids``."""
    wanted = [identifier for identifier in dict.fromkeys(ids) if storable(identifier)]
    table = tables.products.c
    found = {
        row.id: product_from_document(row.document)
        for row in select_in_chunks(
            connection,
            wanted,
            lambda ids: sa.select(table.id, table.document).where(table.id.in_(ids)),
        )
    }
    return {identifier: found[identifier] for identifier in wanted if identifier in found}


def with_code(connection: sa.Connection, code: str) -> list[str]:
    """Ids of the products that have this code, or a variant with it, in their byte order.

    The same barcode is written with 12, 13 or 14 digits: leading zeros do not count.
    """
    codes = [code]
    if code.isascii() and code.isdigit():
        digits = code.lstrip("0")
        codes += [digits.zfill(length) for length in (8, 12, 13, 14)]
    products, variants = tables.products.c, tables.variants.c
    found = sa.union(
        sa.select(products.id).where(products.id.in_([code]) | products.gtin.in_(codes)),
        sa.select(variants.product_id).where(variants.id.in_([code]) | variants.gtin.in_(codes)),
    )
    return sorted(connection.scalars(found))


def page(connection: sa.Connection, after: str | None, size: int) -> list[Product]:
    """The ``size`` products that follow the id ``after``, in order of their ids."""
    table = tables.products.c
    statement = sa.select(table.document).order_by(table.id).limit(size)
    if after is not None:
        statement = statement.where(table.id > after)
    return [product_from_document(document) for document in connection.scalars(statement)]


def changes_since(connection: sa.Connection, since: int) -> tuple[list[Product], list[str]]:
    """The products changed and the ids deleted after a revision, oldest change first."""
    table, gone = tables.products.c, tables.deleted_products.c
    changed = connection.scalars(
        sa.select(table.document).where(table.revision > since).order_by(table.revision, table.id)
    )
    deleted = connection.scalars(
        sa.select(gone.id).where(gone.revision > since).order_by(gone.revision, gone.id)
    )
    return [product_from_document(document) for document in changed], list(deleted)


def variant_owners(connection: sa.Connection) -> dict[str, str]:
    """The product of every variant that came as a row of its own."""
    table = tables.variants.c
    statement = sa.select(table.id, table.product_id).where(table.document.is_not(None))
    return {row.id: row.product_id for row in connection.execute(statement)}
