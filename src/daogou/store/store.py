"""The one door to the database."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

import polars as pl
import sqlalchemy as sa

from daogou.merchandising import Control
from daogou.store import (
    catalogue,
    controls,
    conversations,
    eventlog,
    knowledge,
    putting,
    querylog,
    searches,
    tables,
    vitals,
)
from daogou.store.database import Database
from daogou.store.dialogues import DialogueStore
from daogou.store.documents import micros, storable
from daogou.store.eventlog import AppendResult, EventRow, VisitorLines
from daogou.store.keyring import KeyStore
from daogou.store.putting import PutResult
from daogou.store.querylog import PopularQuery
from daogou.store.sql import batches, upsert
from daogou.types import Article, Product, UserEvent

_PRODUCTS_A_BATCH = 2000
_EVENTS_A_BATCH = 5000
_ARTICLES_A_BATCH = 500


class Store(DialogueStore, KeyStore):
    """Catalogue and event log of a shop, for any number of threads.

    Open it with :meth:`open`. Every method is one transaction, or one a batch
    where it takes an iterable; what it wrote is on the disk when it returns. Any
    method raises :class:`~daogou.errors.StoreError` when the database refuses.

    An event may name a variant that came as a row of its own: it is kept as it
    came, and read as an event of the variant's product.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._owners: tuple[int, Mapping[str, str]] = (0, {})
        self._owners_lock = threading.Lock()

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Connect to a database.

        Parameters
        ----------
        url
            ``"sqlite:///path/to/daogou.db"`` or ``"postgresql://user:password@host/name"``.
        create
            Make the tables, or bring them to the version of this code.

        Raises
        ------
        StoreError
            The database cannot be reached or is of a newer version; without
            ``create`` also when it is not there or of an older version.
        """
        database = Database(url)
        try:
            if create:
                database.migrate()
            else:
                database.check()
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def url(self) -> str:
        """The database's URL, without a password."""
        return self._database.name

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- catalogue

    def put_products(self, products: Iterable[Product]) -> PutResult:
        """Add products or replace them; one that is stored just so keeps its revision.

        A product whose ``group_id`` names another one becomes a variant of that
        one: see :mod:`daogou.store.folding`. A product put without ``variants``
        keeps those that came as rows of their own.

        Raises
        ------
        InvalidInput
            A product cannot be stored; its batch is then not stored at all.
        """
        result = PutResult()
        for batch in batches(products, _PRODUCTS_A_BATCH):
            with self._database.write() as connection:
                result += putting.put(connection, batch)
        return result

    def delete_products(self, ids: Iterable[str]) -> int:
        """Delete products, and variants that came as rows; returns how many ids there were."""
        deleted = 0
        for batch in batches(ids, _PRODUCTS_A_BATCH):
            with self._database.write() as connection:
                deleted += putting.delete(connection, batch)
        return deleted

    def product(self, product_id: str) -> Product | None:
        """The product with this id, or None."""
        return self.products([product_id]).get(product_id)

    def products(self, ids: Iterable[str]) -> dict[str, Product]:
        """The products that exist among ``ids``, in their order."""
        with self._database.read() as connection:
            return catalogue.load(connection, ids)

    def products_with_code(self, code: str) -> list[str]:
        """Ids of the products with this id, barcode or variant's code.

        Leading zeros of a barcode do not count.
        """
        if not storable(code):
            return []
        with self._database.read() as connection:
            return catalogue.with_code(connection, code)

    def iter_products(self, batch_size: int = 1000) -> Iterator[Product]:
        """All products in byte order of their ids; holds no transaction between batches."""
        after: str | None = None
        while True:
            with self._database.read() as connection:
                batch = catalogue.page(connection, after, batch_size)
            yield from batch
            if len(batch) < batch_size:
                return
            after = batch[-1].id

    def count_products(self) -> int:
        """How many products there are; variants are not counted."""
        with self._database.read() as connection:
            return catalogue.count(connection)

    def vitals(self) -> vitals.Vitals:
        """Signs of life for whoever keeps it running."""
        return vitals.read(self._database)

    def revision(self) -> int:
        """A number that grows with every change of the catalogue."""
        with self._database.read() as connection:
            return catalogue.revision(connection)

    def changes_since(self, revision: int) -> tuple[list[Product], list[str]]:
        """The products changed after a revision, and the ids deleted after it."""
        with self._database.read() as connection:
            return catalogue.changes_since(connection, revision)

    # --- events

    def append_events(self, events: Iterable[UserEvent]) -> AppendResult:
        """Append events; one whose ``event_id`` is there already is a duplicate, and left out.

        Raises
        ------
        InvalidInput
            An event cannot be stored; its batch is then not stored at all.
        """
        result = AppendResult()
        for batch in batches(events, _EVENTS_A_BATCH):
            rows = [eventlog.event_row(event) for event in batch]
            with self._database.write() as connection:
                new = len(eventlog.append(connection, rows))
            result += AppendResult(new, len(rows) - new)
        return result

    def append_rows(self, rows: Sequence[EventRow]) -> set[str]:
        """Append events that are rows already, in one transaction; returns the ids of the new ones.

        :class:`daogou.store.EventWriter` does this for many callers at once.
        """
        with self._database.write() as connection:
            return eventlog.append(connection, rows)

    def check_writable(self) -> None:
        """Write a trifle, to see whether the database takes anything.

        Raises
        ------
        StoreUnavailable
            It does not: it is away, full, or read-only.
        """
        with self._database.write() as connection:
            now = datetime.now(UTC)
            upsert(connection, tables.counters, [{"name": "probe", "value": micros(now)}])

    def visitor_events(
        self, visitor_id: str, limit: int = 1000, before: datetime | None = None
    ) -> list[UserEvent]:
        """The visitor's newest ``limit`` events (before a time), oldest first."""
        with self._database.read() as connection:
            owners = self._variant_owners(connection)
            return eventlog.of_visitor(connection, visitor_id, limit, before, owners)

    def visitor_lines(
        self,
        visitor_id: str,
        types: Collection[str],
        limit: int = 1000,
        before: datetime | None = None,
    ) -> VisitorLines:
        """The lines of the visitor's newest ``limit`` events of ``types``, oldest first.

        What :meth:`visitor_events` tells, for a request that cannot wait: thousands of
        lines in a few milliseconds. Events without lines are left out.
        """
        with self._database.read() as connection:
            owners = self._variant_owners(connection)
            return eventlog.lines_of_visitor(connection, visitor_id, types, limit, before, owners)

    def event_lines(
        self,
        until: datetime | None = None,
        since: datetime | None = None,
        types: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """The events from ``since`` (inclusive) to ``until`` (exclusive), one row a line.

        An event without lines gives one row whose ``product_id`` is null. Sorted by
        (time, seq), the lines of an event in their order.

        Returns
        -------
        polars.DataFrame
            Columns: seq i64, event_id, visitor_id, type, time Datetime(us, UTC),
            product_id, quantity i32, price i64 (minor units), placement, position i32,
            sampling_rate f32.
        """
        with self._database.read() as connection:
            owners = self._variant_owners(connection)
            return eventlog.lines(connection, since, until, types, owners)

    def event_parts(self, until: datetime | None = None) -> Iterator[pl.DataFrame]:
        """What :meth:`event_lines` has up to ``until``, in parts of some 50,000 events.

        In no order, but all lines of an event in one part; all of one state of the database.
        """
        with self._database.read() as connection:
            owners = self._variant_owners(connection)
            yield from eventlog.parts(connection, None, until, None, owners)

    def searches(self, until: datetime | None = None) -> pl.DataFrame:
        """The ``search`` events that have a query, up to ``until`` (exclusive), by time.

        Columns are those of :data:`daogou.store.searches.SEARCH_SCHEMA`.
        """
        with self._database.read() as connection:
            return searches.load(connection, until)

    def count_events(self) -> dict[str, int]:
        """How many events there are of each type that occurs."""
        with self._database.read() as connection:
            return eventlog.count_by_type(connection)

    def count_visitors(self) -> int:
        """How many visitors have events."""
        with self._database.read() as connection:
            return eventlog.count_visitors(connection)

    def delete_visitor(self, visitor_id: str) -> int:
        """Erase all events and conversations of a visitor; returns how many events there were."""
        with self._database.write() as connection:
            conversations.delete_of_visitor(connection, visitor_id)
            return eventlog.delete_visitor(connection, visitor_id)

    def popular_queries(
        self, since: datetime, least_visitors: int, limit: int = 10_000
    ) -> list[PopularQuery]:
        """What at least so many visitors have searched for since a time; most visitors first.

        Texts are normalised, and those that look like somebody's address or number are
        never among them; see :mod:`daogou.store.querylog`. Reads all searches of the period,
        some 50,000 a second: for a background task.

        Raises
        ------
        InvalidInput
            ``least_visitors`` is below 2, or ``limit`` below 1.
        """
        with self._database.read() as connection:
            return querylog.popular(connection, since, least_visitors, limit)

    # --- controls

    def controls(self) -> list[Control]:
        """All controls in byte order of their ids."""
        with self._database.read() as connection:
            return controls.load(connection)

    def control(self, control_id: str) -> Control | None:
        """The control with this id, or None."""
        with self._database.read() as connection:
            return controls.get(connection, control_id)

    def put_control(self, control: Control, *, new: bool = False) -> Control:
        """Add a control or replace it; returns it with the times that the store keeps.

        Raises
        ------
        InvalidInput
            There are :data:`~daogou.merchandising.MAX_CONTROLS` already; with ``new``, also
            when there is one with its id.
        """
        with self._database.write() as connection:
            return controls.put(connection, control, datetime.now(UTC), new=new)

    def change_control(self, control_id: str, edit: Callable[[Control], Control]) -> Control | None:
        """Replace a control by what ``edit`` makes of it; None where there is no such control.

        No other writer comes between. What ``edit`` raises leaves the control as it is.
        """
        with self._database.write() as connection:
            return controls.change(connection, control_id, edit, datetime.now(UTC))

    def delete_control(self, control_id: str) -> bool:
        """Delete a control; whether there was one."""
        with self._database.write() as connection:
            return controls.delete(connection, control_id)

    def controls_revision(self) -> int:
        """A number that grows with every change of a control."""
        with self._database.read() as connection:
            return controls.revision(connection)

    # --- knowledge

    def articles(self) -> list[Article]:
        """All articles, each in all of its languages, in byte order of ids and languages."""
        with self._database.read() as connection:
            return knowledge.load(connection)

    def article(self, article_id: str) -> list[Article]:
        """The article with this id in each of its languages; empty where there is none."""
        with self._database.read() as connection:
            return knowledge.get(connection, article_id)

    def count_articles(self) -> int:
        """How many articles there are; one in two languages counts twice."""
        with self._database.read() as connection:
            return knowledge.count(connection)

    def put_articles(self, articles: Iterable[Article]) -> PutResult:
        """Add articles or replace those of the same id and language.

        Raises
        ------
        InvalidInput
            An article cannot be stored; its batch is then not stored at all.
        """
        result = PutResult()
        for batch in batches(articles, _ARTICLES_A_BATCH):
            with self._database.write() as connection:
                result += knowledge.put(connection, batch)
        return result

    def delete_articles(self, ids: Iterable[str]) -> int:
        """Delete articles in all their languages; returns how many of the ids there were."""
        with self._database.write() as connection:
            return knowledge.delete(connection, list(ids))

    def knowledge_revision(self) -> int:
        """A number that grows with every change of an article."""
        with self._database.read() as connection:
            return knowledge.revision(connection)

    def _variant_owners(self, connection: sa.Connection) -> Mapping[str, str]:
        revision = catalogue.revision(connection)
        with self._owners_lock:
            known, owners = self._owners
        if known != revision:
            owners = catalogue.variant_owners(connection)
            with self._owners_lock:
                self._owners = (revision, owners)
        return owners
