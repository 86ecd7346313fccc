"""The live catalogue in memory: arrays over V rows, as the store has it now.

A :class:`Catalogue` is immutable; a request works on the one that it was given,
whatever is put into the store meanwhile. A product keeps its row for as long as the
process lives: rows of the bundle's items come first, in the bundle's order, later
products behind them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daogou.config import nearest
from daogou.engine.columns import Int32, Postings, Titles
from daogou.engine.filters import FieldKind
from daogou.engine.matching import Bools, Floats
from daogou.errors import InvalidInput
from daogou.features import ItemTable
from daogou.feeds.codec.money import minor_digits

TEXT_FIELDS: Final = ("brand", "categories", "availability", "tags")
MONEY_FIELDS: Final = ("price", "originalPrice", "discount")
NUMBER_FIELDS: Final = (*MONEY_FIELDS, "rating", "ratingCount")
ORDER_FIELDS: Final = (*NUMBER_FIELDS, "published")
ATTRIBUTE: Final = "attributes."
ALIASES: Final = {"brands": "brand"}
"""Google Retail's names for fields that are called otherwise here."""


@dataclass(frozen=True)
class Catalogue:
    """What is in the shop at one revision of the store.

    Attributes
    ----------
    table
        Ids, and the codes and prices that features are computed from.
    live
        Which rows are products of the shop: bool [V].
    available
        Which of them are not out of stock: bool [V].
    numbers
        By field of :data:`ORDER_FIELDS`, float64 [V], NaN where there is none. Money is
        in minor units of ``currency``; an amount in another currency is left out, since it
        cannot be compared. ``published`` is seconds since 1970.
    texts
        By field: brand, categories (with every path's outer paths), availability, tags,
        ``attributes.KEY``, and ``options.KEY``, which has the options of the variants that are
        not out of stock.
    titles
        What each is called, in all languages.
    currency
        The shop's currency: that of most products when it was opened, None where none
        has a price.
    fingerprints
        Hash of each row's texts, int64 [V], to tell a new title from a new price. Of this
        process only.
    revision
        Of the store.
    """

    table: ItemTable
    live: Bools
    available: Bools
    numbers: Mapping[str, Floats]
    texts: Mapping[str, Postings]
    titles: Titles
    currency: str | None
    fingerprints: NDArray[np.int64]
    revision: int

    def __len__(self) -> int:
        return len(self.live)

    @classmethod
    def empty(cls, table: ItemTable | None = None) -> "Catalogue":
        """A shop with nothing in it yet, whose first rows are reserved for ``table``'s items."""
        table = table or ItemTable.from_products(())
        none = np.zeros(len(table), np.bool_)
        return cls(
            table=table,
            live=none,
            available=none,
            numbers=dict.fromkeys(ORDER_FIELDS, np.full(len(table), np.nan)),
            texts={field: Postings.empty() for field in TEXT_FIELDS},
            titles=Titles.empty(),
            currency=None,
            fingerprints=np.zeros(len(table), np.int64),
            revision=-1,
        )

    @cached_property
    def fields(self) -> Mapping[str, FieldKind]:
        """The fields that a filter can name, and how they can be asked."""
        fields: dict[str, FieldKind] = {"id": "text"}
        for field in (*self.texts, *ALIASES):
            fields[field] = "either" if field.startswith(ATTRIBUTE) else "text"
        for field in NUMBER_FIELDS:
            fields[field] = "number"
        return fields

    @cached_property
    def facet_keys(self) -> tuple[str, ...]:
        """The fields that a facet can count, in the order of the alphabet."""
        return tuple(sorted((*self.texts, *NUMBER_FIELDS)))

    @cached_property
    def n_values(self) -> int:
        """How many values all text fields have."""
        return sum(len(postings.vocabulary) for postings in self.texts.values())

    def live_without(self, ids: Sequence[str]) -> Bools:
        """Which rows are products of the shop, and none of ``ids``: bool [V]."""
        return self.live & ~self.rows_with_any("id", ids) if ids else self.live

    def rows_with_any(self, field: str, values: Sequence[str]) -> Bools:
        """Which rows have one of ``values`` in a text field: bool [V]."""
        if field == "id":
            index = self.table.index
            rows = np.zeros(len(self), np.bool_)
            rows[[index[value] for value in values if value in index]] = True
            return rows
        postings = self.texts[ALIASES.get(field, field)]
        return postings.rows_with(postings.vocabulary.find(values), len(self))

    def rows_where(self, field: str, test: Callable[[Floats], Bools]) -> Bools:
        """Which rows have a number in ``field`` that passes ``test``: bool [V]."""
        if field in self.numbers:
            return test(self.numbers[field])
        postings = self.texts[field]
        codes = np.flatnonzero(test(postings.vocabulary.numbers()))
        return postings.rows_with(codes.tolist(), len(self))

    def told(self, field: str, rows: Int32) -> Bools:
        """Which of ``rows`` [K] have any value in a field, bool [K]; all, in one that is none."""
        if field in self.numbers:
            return ~np.isnan(self.numbers[field][rows])
        postings = self.texts.get(field)
        if postings is None:
            return np.ones(len(rows), np.bool_)
        first, last = (np.searchsorted(postings.rows, rows, side) for side in ("left", "right"))
        return np.asarray(last > first)

    def decimal_shift(self, field: str) -> int:
        """By how many digits a number field is scaled up: 2 for dollars, kept in cents."""
        return minor_digits(self.currency) if field in MONEY_FIELDS and self.currency else 0

    def ordered(self, rows: Int32, order_by: str) -> Int32:
        """Sort ``rows`` by fields: ``"price"``, ``"price desc"``, ``"discount desc, rating desc"``.

        A row without a value comes last in either direction; what is equal keeps its
        order.

        Raises
        ------
        InvalidInput
            Not a field that has an order.
        """
        keys: list[Floats] = []
        for part in order_by.split(","):
            field, _, direction = part.strip().partition(" ")
            if field not in ORDER_FIELDS or direction.strip() not in ("", "asc", "desc"):
                raise InvalidInput(
                    f"orderBy has '{part.strip()}'; expected one of {', '.join(ORDER_FIELDS)},"
                    f" alone or with ' desc'.{nearest(field, ORDER_FIELDS)}",
                    field="orderBy",
                )
            values = self.numbers[field][rows]
            keys.append(-values if direction.strip() == "desc" else values)
        # lexsort is stable, puts NaN last, and takes the main key last.
        return rows[np.lexsort(keys[::-1])]
