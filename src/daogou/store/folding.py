"""How rows become products: the rule for variants.

A row whose ``group_id`` names another product is a *variant row*. It becomes a
:class:`~daogou.types.Variant` of that product, in whatever order and batch the two
arrive. As long as the product's own row is not known, its first variant row stands
in for it. The last word on a variant, its own row or the product's list, holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daogou.types import Availability, Money, Product, Variant

OPTION_KEYS: Final = ("color", "size", "material", "pattern", "gender", "age_group")
"""The attributes in which the variants of a product differ, as Google Merchant has them."""

_BEST_FIRST: Final[tuple[Availability, ...]] = (
    "IN_STOCK",
    "PREORDER",
    "BACKORDER",
    "OUT_OF_STOCK",
)


def is_variant_row(product: Product) -> bool:
    """Whether the row describes a variant of another product."""
    return product.group_id is not None and product.group_id != product.id


def shelf_id(product: Product) -> str:
    """The id of the product that the row belongs to: its group's or its own."""
    return product.group_id or product.id


@dataclass(slots=True)
class Shelf:
    """All that is known of one product: its own row, and its variants' rows in order of arrival.

    ``own_hash`` is the hash of the own row, None once a variant row has replaced
    a part of what it says.
    """

    own: Product | None = None
    own_hash: str | None = None
    rows: dict[str, Product] = field(default_factory=dict)

    def put_own(self, product: Product, content_hash: str) -> None:
        """Take the product's own row; the variants that it lists are now its own."""
        self.own, self.own_hash = product, content_hash
        for variant in product.variants:
            self.rows.pop(variant.id, None)

    def put_row(self, row: Product) -> None:
        """Take a variant's row, in place of what the product or an older row said of it."""
        self.rows[row.id] = row
        if self.own and any(variant.id == row.id for variant in self.own.variants):
            kept = tuple(v for v in self.own.variants if v.id != row.id)
            self.own, self.own_hash = replace(self.own, variants=kept), None

    def product(self, product_id: str) -> Product | None:
        """The product that the rows make together, or None where there is none left."""
        rows = list(self.rows.values())
        if self.own:
            added = tuple(_variant(row, self.own.price) for row in rows)
            return replace(self.own, variants=self.own.variants + added)
        return _stand_in(product_id, rows) if rows else None


def listed_by_product(product: Product, row_ids: Iterable[str]) -> Product:
    """The own row within a stored product: without the variants that came as rows."""
    from_rows = set(row_ids)
    return replace(product, variants=tuple(v for v in product.variants if v.id not in from_rows))


def _stand_in(product_id: str, rows: Sequence[Product]) -> Product:
    first = rows[0]
    prices = [row.price for row in rows if row.price]
    alike = [p for p in prices if p.currency == prices[0].currency]
    price = min(alike, key=lambda money: money.amount, default=None)
    base = next((row for row in rows if row.price == price), first)
    return replace(
        first,
        id=product_id,
        group_id=None,
        gtin=None,
        price=price,
        original_price=base.original_price,
        availability=min((row.availability for row in rows), key=_BEST_FIRST.index),
        images=tuple(dict.fromkeys(image for row in rows for image in row.images)),
        attributes=_all_values(rows),
        questions=tuple(dict.fromkeys(pair for row in rows for pair in row.questions)),
        variants=tuple(_variant(row, price) for row in rows),
    )


def _all_values(rows: Sequence[Product]) -> dict[str, tuple[str, ...]]:
    values: dict[str, dict[str, None]] = {}
    for row in rows:
        for key, of_row in row.attributes.items():
            values.setdefault(key, {}).update(dict.fromkeys(of_row))
    return {key: tuple(found) for key, found in values.items()}


def _variant(row: Product, product_price: Money | None) -> Variant:
    return Variant(
        id=row.id,
        options={
            key: " / ".join(row.attributes[key]) for key in OPTION_KEYS if key in row.attributes
        },
        price=None if row.price == product_price else row.price,
        availability=row.availability,
        gtin=row.gtin,
    )
