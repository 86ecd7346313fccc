"""The rows of a product: its document, and the columns that SQL searches."""

from collections.abc import Iterator
from typing import Any

from daogou.store.documents import digest, dump, dump_product, micros
from daogou.store.folding import Shelf
from daogou.types import Money, Product


def product_row(product: Product, shelf: Shelf, revision: int) -> dict[str, Any]:
    """The row in ``products``."""
    return {
        "id": product.id,
        "revision": revision,
        "content_hash": shelf.own_hash,
        "stand_in": shelf.own is None,
        "title": product.title,
        "language": product.language,
        "brand": product.brand,
        "availability": product.availability,
        "gtin": product.gtin,
        "rating": product.rating,
        "rating_count": product.rating_count,
        "published": micros(product.published) if product.published else None,
        "document": dump_product(product, f"Product {product.id}"),
        **_price(product.price),
    }


def variant_rows(product: Product, shelf: Shelf) -> Iterator[dict[str, Any]]:
    """The rows in ``variants``; a variant that came as a row keeps that row whole."""
    for position, variant in enumerate(product.variants):
        row = shelf.rows.get(variant.id)
        document = dump_product(row, f"Variant {variant.id}") if row else None
        yield {
            "product_id": product.id,
            "id": variant.id,
            "position": position,
            "options": dump(variant.options, f"Variant {variant.id}"),
            "availability": variant.availability,
            "gtin": variant.gtin,
            "content_hash": digest(document) if document else None,
            "document": document,
            **_price(variant.price),
        }


def media_rows(product: Product, shelf: Shelf) -> Iterator[dict[str, Any]]:
    """The rows in ``media``: the product's own images, then those of its variants' rows."""
    images: dict[str, str | None] = {}
    for row in shelf.rows.values():
        images.update(dict.fromkeys(row.images, row.id))
    if shelf.own:
        images = {**dict.fromkeys(shelf.own.images), **images}
    for position, (uri, variant_id) in enumerate(images.items()):
        yield {
            "product_id": product.id,
            "position": position,
            "variant_id": variant_id,
            "uri": uri,
        }


def _price(price: Money | None) -> dict[str, Any]:
    return {
        "price_amount": price.amount if price else None,
        "price_currency": price.currency if price else None,
    }
