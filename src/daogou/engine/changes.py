"""The catalogue in memory brought to what the store has now."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from daogou.engine.catalogue import ATTRIBUTE, MONEY_FIELDS, ORDER_FIELDS, Catalogue
from daogou.engine.columns import (
    PATH_SEPARATOR,
    Int32,
    Postings,
    Titles,
    Vocabulary,
    option_field,
    option_spelling,
)
from daogou.engine.matching import Floats
from daogou.features import ItemTable
from daogou.types import Money, Product


def apply_changes(
    catalogue: Catalogue, products: Iterable[Product], deleted: Iterable[str], revision: int
) -> Catalogue:
    """The catalogue after ``products`` were put and the ids ``deleted`` were deleted.

    Costs Python for the products given, and O(V) numpy for the columns that they change.

    Parameters
    ----------
    products
        Each id once.
    revision
        Of the store, once these changes are in it.
    """
    gathered = _Gathered(catalogue)
    for product in products:
        gathered.put(product)
    return gathered.merged(deleted, revision)


class _Gathered:
    """New values of some rows, gathered product by product and merged at once."""

    def __init__(self, old: Catalogue) -> None:
        self.old = old
        self.new_ids: dict[str, int] = {}
        self.rows = array("i")
        self.codes = array("i")  # three a row: category, department, brand
        self.available = array("b")
        self.numbers = {field: array("d") for field in ORDER_FIELDS}
        self.currencies: list[str] = []
        self.fingerprints = array("q")
        self.titles = (array("i"), array("i"))  # row, hash
        self.vocabularies = {field: p.vocabulary for field, p in old.texts.items()}
        self.entries = {field: (array("i"), array("i")) for field in old.texts}
        self.path_codes: dict[tuple[str, ...], tuple[int, ...]] = {}

    def put(self, product: Product) -> None:
        table = self.old.table
        row = table.index.get(product.id)
        if row is None:
            row = self.new_ids.setdefault(product.id, len(table) + len(self.new_ids))
        self.rows.append(row)
        path = product.categories[0] if product.categories else ""
        self.codes.append(table.categories.add(path))
        self.codes.append(table.departments.add(path.split(PATH_SEPARATOR, 1)[0]))
        self.codes.append(table.brands.add(product.brand or ""))
        self.available.append(product.availability != "OUT_OF_STOCK")
        self._put_numbers(product)
        self._enter(row, "brand", [product.brand] if product.brand else [])
        self._enter(row, "availability", [product.availability])
        self._enter(row, "tags", product.tags)
        for key, values in product.attributes.items():
            self._enter(row, ATTRIBUTE + key, values)
        self._enter_options(row, product)
        self._enter_paths(row, product)
        self.fingerprints.append(_fingerprint(product))
        titles = (product.title, *(text.title for text in product.localized.values()))
        for code in dict.fromkeys(Titles.code(title) for title in titles if title):
            self.titles[0].append(row)
            self.titles[1].append(code)

    def _put_numbers(self, product: Product) -> None:
        price, original = _amount(product.price), _amount(product.original_price)
        values = {
            "price": price,
            "originalPrice": original,
            "discount": max(original - price, 0.0) if original == original else np.nan,
            "rating": np.nan if product.rating is None else product.rating,
            "ratingCount": float(product.rating_count),
            "published": product.published.timestamp() if product.published else np.nan,
        }
        for field, value in values.items():
            self.numbers[field].append(value)
        self.currencies.append(product.price.currency if product.price else "")

    def _entries_of(self, field: str) -> tuple[Vocabulary, "array[int]", "array[int]"]:
        if field not in self.entries:
            self.vocabularies[field] = Vocabulary()
            self.entries[field] = (array("i"), array("i"))
        return self.vocabularies[field], *self.entries[field]

    def _enter(self, row: int, field: str, values: Sequence[str]) -> None:
        vocabulary, rows, codes = self._entries_of(field)
        for value in dict.fromkeys(values):
            rows.append(row)
            codes.append(vocabulary.add(value))

    def _enter_options(self, row: int, product: Product) -> None:
        there = (v for v in product.variants if v.availability != "OUT_OF_STOCK")
        told = dict.fromkeys(pair for variant in there for pair in variant.options.items())
        for key, value in told:
            vocabulary, rows, codes = self._entries_of(option_field(key))
            code = vocabulary.add(value)
            vocabulary.spell(code, option_spelling(value))
            rows.append(row)
            codes.append(code)

    def _enter_paths(self, row: int, product: Product) -> None:
        _, rows, codes = self._entries_of("categories")
        found: dict[int, None] = {}
        for number, path in enumerate(product.categories):
            names = [path]
            for language, text in product.localized.items():
                if len(text.categories) == len(product.categories):
                    names += [language, text.categories[number]]
            found.update(dict.fromkeys(self._path_codes(tuple(names))))
        rows.extend([row] * len(found))
        codes.extend(found)

    def _path_codes(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Codes of a path and its outer paths; ``names`` is the path, then language, path, ..."""
        if names in self.path_codes:
            return self.path_codes[names]
        vocabulary = self.vocabularies["categories"]
        codes = tuple(vocabulary.add(path) for path in _outer_paths(names[0]))
        for language, path in zip(names[1::2], names[2::2], strict=True):
            translated = _outer_paths(path)
            if len(translated) == len(codes):
                for code, word in zip(codes, translated, strict=True):
                    vocabulary.translate(code, language, word)
        self.path_codes[names] = codes
        return codes

    def merged(self, deleted: Iterable[str], revision: int) -> Catalogue:
        old = self.old
        size = len(old) + len(self.new_ids)
        rows = np.array(self.rows, np.int32)
        live = np.zeros(size, np.bool_)
        live[: len(old)] = old.live
        live[rows] = True
        live[[old.table.index[i] for i in deleted if i in old.table.index]] = False
        available = np.zeros(size, np.bool_)
        available[: len(old)] = old.available
        available[rows] = np.array(self.available, np.bool_)
        fingerprints = np.zeros(size, np.int64)
        fingerprints[: len(old)] = old.fingerprints
        fingerprints[rows] = np.array(self.fingerprints, np.int64)
        currency = old.currency or _commonest(self.currencies)
        return Catalogue(
            table=self._merged_table(rows, size),
            live=live,
            available=available,
            numbers=self._merged_numbers(rows, size, currency),
            texts=self._merged_texts(rows, size),
            titles=old.titles.replaced(
                rows, np.array(self.titles[0], np.int32), np.array(self.titles[1], np.int32), size
            ),
            currency=currency,
            fingerprints=fingerprints,
            revision=revision,
        )

    def _merged_table(self, rows: Int32, size: int) -> ItemTable:
        old = self.old.table
        codes = np.zeros((3, size), np.int32)
        codes[:, : len(old)] = old.category, old.department, old.brand
        codes[:, rows] = np.array(self.codes, np.int32).reshape(-1, 3).T
        price = np.full(size, np.nan, np.float32)
        price[: len(old)] = old.price
        price[rows] = np.array(self.numbers["price"], np.float32)
        ids, index = old.ids, old.index
        if self.new_ids:  # to copy the ids is the dearest part, and most changes bring no new one
            ids, index = (*ids, *self.new_ids), index | self.new_ids
        return replace(
            old,
            ids=ids,
            index=index,
            category=codes[0],
            department=codes[1],
            brand=codes[2],
            price=price,
        )

    def _merged_numbers(self, rows: Int32, size: int, currency: str | None) -> dict[str, Floats]:
        foreign = np.array([c not in ("", currency) for c in self.currencies], np.bool_)
        merged = {}
        for field, values in self.numbers.items():
            new = np.array(values, np.float64)
            if field in MONEY_FIELDS:
                new[foreign] = np.nan
            column = np.full(size, np.nan)
            column[: len(self.old)] = self.old.numbers[field]
            column[rows] = new
            merged[field] = column
        return merged

    def _merged_texts(self, rows: Int32, size: int) -> dict[str, Postings]:
        merged = {}
        for field, (entry_rows, codes) in self.entries.items():
            old = self.old.texts.get(field)
            if old is None:
                none = np.zeros(0, np.int32)
                old = Postings(none, none, self.vocabularies[field])
            merged[field] = old.replaced(
                rows, np.array(entry_rows, np.int32), np.array(codes, np.int32), size
            )
        return merged


def _amount(money: Money | None) -> float:
    return float(money.amount) if money else np.nan


def _commonest(currencies: Iterable[str]) -> str | None:
    counted = Counter(c for c in currencies if c).most_common(1)
    return counted[0][0] if counted else None


def _outer_paths(path: str) -> list[str]:
    """``"A > B > C"`` to ``["A", "A > B", "A > B > C"]``."""
    parts = path.split(PATH_SEPARATOR)
    return [PATH_SEPARATOR.join(parts[: n + 1]) for n in range(len(parts))]


def _fingerprint(product: Product) -> int:
    texts = (
        product.title,
        product.description,
        product.brand,
        product.categories,
        product.gtin,
        product.tags,
        tuple(product.attributes.items()),
        tuple(product.localized.items()),
        tuple((v.id, v.gtin, tuple(v.options.items())) for v in product.variants),
        product.images[:1],
    )
    return hash(texts)
