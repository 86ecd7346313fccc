"""Putting and deleting products in SQL, within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.store import tables
from daogou.store.catalogue import COUNTER
from daogou.store.documents import digest, dump_product, product_from_document, storable
from daogou.store.folding import Shelf, is_variant_row, listed_by_product, shelf_id
from daogou.store.rows import media_rows, product_row, variant_rows
from daogou.store.sql import delete_where, insert, select_in_chunks, upsert
from daogou.types import Product


@dataclass(frozen=True, slots=True)
class PutResult:
    """How many rows were new, differed from what was stored, or said the same."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "PutResult") -> "PutResult":
        return PutResult(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


def put(connection: sa.Connection, rows: Sequence[Product]) -> PutResult:
    """Put rows in order; :mod:`daogou.store.folding` says what becomes of a variant's row.

    Raises
    ------
    InvalidInput
        A row cannot be stored; nothing of the batch should then be committed.
    """
    incoming = [_Incoming.of(row) for row in rows]
    _lock(connection)
    known = _Known.load(connection, sorted({row.id for row in rows}))
    fresh = [entry for entry in incoming if not known.has(entry)]
    touched = {entry.shelf for entry in fresh}
    touched |= {place for entry in fresh for place in known.places(entry.row.id)}
    shelves = _Shelves.load(connection, sorted(touched))
    result = PutResult()
    for entry in incoming:
        if known.has(entry):
            result += PutResult(unchanged=1)
        elif known.places(entry.row.id):
            _place(entry, shelves, known)
            result += PutResult(changed=1)
        else:
            _place(entry, shelves, known)
            result += PutResult(added=1)
    shelves.save(connection)
    return result


def delete(connection: sa.Connection, ids: Sequence[str]) -> int:
    """Delete products, and variants that came as rows of their own.

    Returns how many of the ids there were.
    """
    wanted = sorted({identifier for identifier in ids if storable(identifier)})
    _lock(connection)
    known = _Known.load(connection, wanted)
    owners = {identifier: product for identifier, (product, _) in known.rows.items()}
    shelves = _Shelves.load(connection, sorted({*wanted, *owners.values()}))
    found = {key for key in wanted if key in owners or shelves.now[key] != Shelf()}
    for identifier, owner in owners.items():
        del shelves.now[owner].rows[identifier]
    for identifier in wanted:
        shelves.now[identifier] = Shelf()
    shelves.save(connection)
    return len(found)


def _lock(connection: sa.Connection) -> None:
    """Let one transaction at a time change products.

    Otherwise a lower revision could become visible after a higher one, and a
    reader that asks for the changes since the higher one would miss it.
    """
    connection.execute(sa.select(tables.counters.c.value).where(COUNTER).with_for_update())


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A row to be put, its hash, and the product that it belongs to."""

    row: Product
    content_hash: str
    shelf: str
    is_variant: bool

    @classmethod
    def of(cls, row: Product) -> "_Incoming":
        what = f"Product {row.id!r}"
        if not row.id or not storable(row.id):
            raise InvalidInput(f"{what} has no usable id; expected printable text.", field="id")
        content_hash = digest(dump_product(row, what))
        return cls(row, content_hash, shelf_id(row), is_variant_row(row))


@dataclass(slots=True)
class _Known:
    """What there is under the ids of a batch, as hashes; kept up to date while it is put."""

    own: dict[str, str | None]  # product -> hash of its own row; stand-ins have none
    rows: dict[str, tuple[str, str]]  # variant -> its product, hash of the variant's row

    @classmethod
    def load(cls, connection: sa.Connection, ids: Sequence[str]) -> "_Known":
        product, variant = tables.products.c, tables.variants.c
        own = select_in_chunks(
            connection,
            ids,
            lambda ids: sa.select(product.id, product.content_hash).where(
                product.id.in_(ids), ~product.stand_in
            ),
        )
        rows = select_in_chunks(
            connection,
            ids,
            lambda ids: sa.select(variant.id, variant.product_id, variant.content_hash).where(
                variant.id.in_(ids), variant.content_hash.is_not(None)
            ),
        )
        return cls(
            {row.id: row.content_hash for row in own},
            {row.id: (row.product_id, row.content_hash) for row in rows},
        )

    def has(self, entry: _Incoming) -> bool:
        """Whether exactly this row is there, as the kind of row that it is."""
        identifier = entry.row.id
        if entry.is_variant:
            return self.rows.get(identifier) == (entry.shelf, entry.content_hash)
        return self.own.get(identifier) == entry.content_hash

    def places(self, identifier: str) -> set[str]:
        """The products that hold something under this id."""
        owner = {self.rows[identifier][0]} if identifier in self.rows else set()
        return owner | ({identifier} & self.own.keys())


def _place(entry: _Incoming, shelves: "_Shelves", known: _Known) -> None:
    identifier, shelf = entry.row.id, shelves.now[entry.shelf]
    # An id has one row: what it was elsewhere, it is no more.
    owner, _ = known.rows.pop(identifier, (None, None))
    if owner is not None and (owner != entry.shelf or not entry.is_variant):
        shelves.now[owner].rows.pop(identifier, None)
    if entry.is_variant:
        if identifier in known.own:
            del known.own[identifier]
            shelves.now[identifier].own = shelves.now[identifier].own_hash = None
        shelf.put_row(entry.row)
        known.rows[identifier] = (entry.shelf, entry.content_hash)
    else:
        shelf.put_own(entry.row, entry.content_hash)
        for variant in entry.row.variants:
            if known.rows.get(variant.id, ("", ""))[0] == entry.shelf:
                del known.rows[variant.id]
    if shelf.own:
        known.own[entry.shelf] = shelf.own_hash


@dataclass(slots=True)
class _Shelves:
    """The products that a transaction may change, as they are now and as they were."""

    now: dict[str, Shelf]
    before: dict[str, Shelf]

    @classmethod
    def load(cls, connection: sa.Connection, ids: Sequence[str]) -> "_Shelves":
        """Everything stored under the ids; an id without a product has an empty shelf."""
        product, variant = tables.products.c, tables.variants.c
        now = {identifier: Shelf() for identifier in ids}
        for row in select_in_chunks(
            connection,
            ids,
            lambda ids: (
                sa.select(variant.product_id, variant.id, variant.document)
                .where(variant.product_id.in_(ids), variant.document.is_not(None))
                .order_by(variant.product_id, variant.position)
            ),
        ):
            now[row.product_id].rows[row.id] = product_from_document(row.document)
        for row in select_in_chunks(
            connection,
            ids,
            lambda ids: sa.select(product.id, product.content_hash, product.document).where(
                product.id.in_(ids), ~product.stand_in
            ),
        ):
            shelf = now[row.id]
            shelf.own = listed_by_product(product_from_document(row.document), shelf.rows)
            shelf.own_hash = row.content_hash
        before = {key: Shelf(s.own, s.own_hash, dict(s.rows)) for key, s in now.items()}
        return cls(now, before)

    def save(self, connection: sa.Connection) -> None:
        """Write the products that are not what they were, under a new revision."""
        changed = {key: shelf for key, shelf in self.now.items() if shelf != self.before[key]}
        if not changed:
            return
        counter = sa.update(tables.counters).where(COUNTER)
        counter = counter.values(value=tables.counters.c.value + 1)
        revision = connection.execute(counter.returning(tables.counters.c.value)).scalar_one()
        folded = {key: shelf.product(key) for key, shelf in changed.items()}
        live = {key: product for key, product in folded.items() if product is not None}
        gone = [key for key in changed if key not in live]
        for column in (tables.variants.c.product_id, tables.media.c.product_id):
            delete_where(connection, column, list(changed))
        delete_where(connection, tables.products.c.id, gone)
        delete_where(connection, tables.deleted_products.c.id, list(live))
        tombstones = [{"id": key, "revision": revision} for key in gone]
        upsert(connection, tables.deleted_products, tombstones)
        pairs = [(product, changed[key]) for key, product in live.items()]
        products = [product_row(product, shelf, revision) for product, shelf in pairs]
        upsert(connection, tables.products, products)
        for table, rows_of in ((tables.variants, variant_rows), (tables.media, media_rows)):
            insert(connection, table, [row for pair in pairs for row in rows_of(*pair)])
