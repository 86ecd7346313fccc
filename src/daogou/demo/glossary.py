"""The words of the demo shop: readable names, in English and Chinese, for the till's codes.

The tables are the TSV files in ``data/``; nothing is translated in code.

``departments.tsv``  department, en, zh
``categories.tsv``   category, en, zh, emoji
``types.tsv``        type, category (empty: any), en, zh
``not_goods.tsv``    department, category, type (empty: any), reason

A name in ``types.tsv`` may say where the package size goes: ``{}`` is the size,
``{2 L}`` the size or, where it is unknown, 2 L. Without braces the size follows
the name. ``@`` stands for the name of the category, for types that mean nothing
alone ("PREMIUM").
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

_SIZE: Final = re.compile(r"\{([^}]*)\}")


class Names(NamedTuple):
    """One name in both languages."""

    en: str
    zh: str


class Category(NamedTuple):
    """A category: its name and the emoji on the tile of its products."""

    names: Names
    emoji: str


class NotGoods(NamedTuple):
    """Rows of the source that are no goods; an empty field fits all."""

    department: str
    category: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Glossary:
    """The tables, by the till's codes. A code that is None reads as the empty string."""

    departments: Mapping[str, Names]
    categories: Mapping[str, Category]
    types: Mapping[tuple[str, str], Names]
    not_goods: tuple[NotGoods, ...]

    def category(self, category: str | None) -> Category:
        """The category's name and emoji; KeyError if the table misses it."""
        return self.categories[category or ""]

    def template(self, category: str | None, product_type: str | None) -> Names:
        """The row of the table for a type; KeyError if the table misses it."""
        kind, group = product_type or "", category or ""
        return self.types.get((kind, group)) or self.types[kind, ""]

    def product_type(self, category: str | None, product_type: str | None) -> Names:
        """The type's name, ``@`` resolved, sizes in braces; KeyError if the table misses it."""
        names = self.template(category, product_type)
        label = self.category(category).names
        return Names(_within(names.en, label.en), names.zh.replace("@", label.zh))

    def title(self, category: str | None, product_type: str | None, size: Names | None) -> Names:
        """What a shopper reads: the type's name with the package size."""
        names = self.product_type(category, product_type)
        return Names(
            _with_size(names.en, size.en if size else "", ", "),
            _with_size(names.zh, size.zh if size else "", " "),
        )


def _within(name: str, label: str) -> str:
    """Put a category's name into a type's name, in lower case unless it leads."""
    if name.startswith("@"):
        return name.replace("@", label)
    return name.replace("@", label[:1].lower() + label[1:])


def _with_size(name: str, size: str, joint: str) -> str:
    """Put the size where the braces are, or behind the name."""
    if "{" not in name:
        return f"{name}{joint}{size}" if size else name
    return _tidy(_SIZE.sub(lambda match: size or match[1], name))


def bare_name(name: str) -> str:
    """The name of a type without any size: for category paths and descriptions."""
    return _tidy(_SIZE.sub("", name))


def _tidy(text: str) -> str:
    return " ".join(text.split()).rstrip(",")


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("daogou.demo") / "data" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)


@cache
def load_glossary() -> Glossary:
    """Read the tables once."""
    return Glossary(
        departments={
            row["department"]: Names(row["en"], row["zh"]) for row in _rows("departments.tsv")
        },
        categories={
            row["category"]: Category(Names(row["en"], row["zh"]), row["emoji"])
            for row in _rows("categories.tsv")
        },
        types={
            (row["type"], row["category"]): Names(row["en"], row["zh"])
            for row in _rows("types.tsv")
        },
        not_goods=tuple(
            NotGoods(row["department"], row["category"], row["type"], row["reason"])
            for row in _rows("not_goods.tsv")
        ),
    )
