"""A judged catalogue in the layout of icecat-chorus: ``products.jsonl`` and ``judgments.csv``."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from daogou.types import Money, Product

TEXT_ATTRIBUTE: Final = "attr_t_"
NUMBER_ATTRIBUTE: Final = "attr_n_"
_SEPARATORS: Final = re.compile("_+")
CURRENCY: Final = "USD"
MAX_VALUE: Final = 200
"""Longer attribute values are texts (lists of compatible devices, say), not values."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A catalogue with graded queries.

    Attributes
    ----------
    products
        In the order of the file.
    grades
        Query to the grades of the products that were judged for it, by id. Only queries
        for which some product has a grade above 0.
    """

    products: tuple[Product, ...]
    grades: Mapping[str, Mapping[str, int]]

    @property
    def queries(self) -> Sequence[str]:
        """The queries, in the order of the file."""
        return tuple(self.grades)


def load(folder: Path) -> Judged:
    """Read a folder.

    Raises
    ------
    SystemExit
        A file is missing, or judges a product that is not in the catalogue.
    """
    catalogue, judgments = folder / "products.jsonl", folder / "judgments.csv"
    for path in (catalogue, judgments):
        if not path.is_file():
            raise SystemExit(f"{path} is missing; expected products.jsonl and judgments.csv there.")
    with catalogue.open("rb") as lines:
        products = tuple(product_of(orjson.loads(line)) for line in lines)
    known = {product.id for product in products}
    grades: dict[str, dict[str, int]] = {}
    with judgments.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["docid"] not in known:
                raise SystemExit(f"{judgments} judges {row['docid']}, which {catalogue} lacks.")
            grades.setdefault(row["query"], {})[row["docid"]] = int(float(row["rating"]))
    return Judged(products, {q: g for q, g in grades.items() if max(g.values()) > 0})


def product_of(raw: Mapping[str, Any]) -> Product:
    """A record as a merchant would feed it: every field where it belongs, nothing made up.

    Numbers become attributes too, so that they can be filtered and counted; "1.0" is "1".
    """
    attributes = {}
    for key, value in raw.items():
        if key.startswith(TEXT_ATTRIBUTE) and 0 < len(str(value)) <= MAX_VALUE:
            attributes[_attribute(key)] = (str(value),)
        elif key.startswith(NUMBER_ATTRIBUTE):
            attributes.setdefault(_attribute(key), (f"{value:g}",))
    codes = raw.get("ean") or ()
    price = raw.get("price")
    return Product(
        id=str(raw["id"]),
        title=raw["title"],
        description=raw.get("short_description") or "",
        brand=raw.get("supplier") or None,
        price=Money(int(price), CURRENCY) if price else None,
        gtin=str(codes[0]) if codes else None,
        images=(raw["img_500x500"],) if raw.get("img_500x500") else (),
        attributes=attributes,
    )


def _attribute(key: str) -> str:
    name = key[len(TEXT_ATTRIBUTE) :]
    return _SEPARATORS.sub("_", name).strip("_")
