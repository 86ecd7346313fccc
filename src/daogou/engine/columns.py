"""Columns of text values: which product has which brand, category, attribute.

Values become codes, and a product's codes are entries in two parallel arrays,
so that counting and matching are numpy over int32, whatever the size of the shop.
"""

import re
import unicodedata
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daogou.engine.matching import Bools, Floats
from daogou.text import garment_size, normalize

Int32 = NDArray[np.int32]
PATH_SEPARATOR: Final = " > "
OPTION: Final = "options."
"""Fields of this prefix have what the variants of a product may be chosen by."""
_NO_NAME: Final = re.compile(r"[^\w.-]+")
"""What the name of a field cannot have."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


def fold(value: str) -> str:
    """A value as it is looked up: case, width and blanks (also around ``>``) do not count."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    return PATH_SEPARATOR.join(" ".join(part.split()) for part in folded.split(">"))


def option_field(key: str) -> str:
    """The field of a variant's option: ``"options.shoe_size"`` of ``"Shoe Size"``."""
    return OPTION + _NO_NAME.sub("_", key.strip().lower())


def option_spelling(value: str) -> str:
    """The one spelling of an option's value, by which a filter finds all: "2xl" of "XXL"."""
    return garment_size(value) or normalize(value)


class Vocabulary:
    """The values of one text field: value to code and back, in every language.

    It only ever grows, so that catalogues of different moments share it.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes: dict[str, int] = {}
        self._spellings: dict[str, list[int]] = {}
        self._labels: dict[str, dict[int, str]] = {}
        self._numbers = array("d")

    def __len__(self) -> int:
        return len(self.words)

    def add(self, word: str) -> int:
        """The code of ``word``, which is given the next free one if it is new."""
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = len(self.words)
            number = float(word) if _NUMBER.fullmatch(word) else np.nan
            self._numbers.append(number)
            self._spell(word, code)
            self.words.append(word)
        return code

    def spell(self, code: int, spelling: str) -> None:
        """Say how the value may be written, too."""
        self._spell(spelling, code)

    def translate(self, code: int, language: str, word: str) -> None:
        """Say how the value is called in another language; both names find it."""
        labels = self._labels.setdefault(language, {})
        if labels.get(code) != word:
            labels[code] = word
            self._spell(word, code)

    def _spell(self, word: str, code: int) -> None:
        codes = self._spellings.setdefault(fold(word), [])
        if code not in codes:
            codes.append(code)

    def find(self, values: Iterable[str]) -> list[int]:
        """The codes that are called one of ``values`` in any language."""
        return sorted({code for v in values for code in self._spellings.get(fold(v), ())})

    def label(self, code: int, language: str) -> str:
        """What the value is called in ``language``, or in its own where there is no such name."""
        return self._labels.get(language, {}).get(code) or self.words[code]

    def numbers(self) -> Floats:
        """The values that are plain numbers, NaN for the others: float64 [C]."""
        return np.array(self._numbers, np.float64)


@dataclass(frozen=True, slots=True)
class Postings:
    """Entries of a text field, by product.

    Attributes
    ----------
    rows
        Row of each entry, never falling: int32 [N].
    codes
        Value of each entry: int32 [N].
    vocabulary
        What the codes stand for.
    """

    rows: Int32
    codes: Int32
    vocabulary: Vocabulary

    @classmethod
    def empty(cls) -> "Postings":
        """A field without an entry."""
        none = np.zeros(0, np.int32)
        return cls(none, none, Vocabulary())

    def counts(self, mask: Bools) -> NDArray[np.int64]:
        """How many products of ``mask`` (bool [V]) have each value: int64 [C]."""
        matched = self.codes.compress(mask.take(self.rows))
        return np.bincount(matched, minlength=len(self.vocabulary))

    def rows_with(self, codes: Sequence[int], size: int) -> Bools:
        """Which of ``size`` rows have one of ``codes``: bool [size]."""
        wanted = np.zeros(len(self.vocabulary), np.bool_)
        wanted[list(codes)] = True
        rows = np.zeros(size, np.bool_)
        rows[self.rows[wanted[self.codes]]] = True
        return rows

    def replaced(self, changed: Int32, rows: Int32, codes: Int32, size: int) -> "Postings":
        """The field with new entries (``rows``, ``codes``) for the rows ``changed`` of ``size``.

        Itself, where that changes nothing: most updates touch a price alone.
        """
        replaced = replace_entries(self.rows, self.codes, changed, rows, codes, size)
        return self if replaced is None else Postings(*replaced, self.vocabulary)


def replace_entries(
    old_rows: Int32, old_codes: Int32, changed: Int32, rows: Int32, codes: Int32, size: int
) -> tuple[Int32, Int32] | None:
    """Entries by row, with new ones for the rows ``changed`` of ``size``; None if none is new."""
    touched = np.zeros(size, np.bool_)
    touched[changed] = True
    old = touched[old_rows]
    if np.array_equal(old_rows[old], rows) and np.array_equal(old_codes[old], codes):
        return None
    all_rows = np.concatenate([old_rows[~old], rows])
    all_codes = np.concatenate([old_codes[~old], codes])
    order = np.argsort(all_rows, kind="stable")
    return all_rows[order], all_codes[order]


@dataclass(frozen=True, slots=True)
class Titles:
    """What products are called, in every language, to look up a whole title.

    Attributes
    ----------
    rows
        Row of each title, never falling: int32 [N].
    codes
        A hash of each, int32 [N]; two titles may share one.
    """

    rows: Int32
    codes: Int32

    @classmethod
    def empty(cls) -> "Titles":
        """No title."""
        none = np.zeros(0, np.int32)
        return cls(none, none)

    @staticmethod
    def code(title: str) -> int:
        """The hash of a title; case, width and blanks do not count."""
        return zlib.crc32(fold(title).encode("utf-8", "replace")) - 2**31

    def called(self, title: str) -> Int32:
        """Rows that are probably called so, and all that are."""
        rows: Int32 = self.rows[self.codes == self.code(title)]
        return rows

    def replaced(self, changed: Int32, rows: Int32, codes: Int32, size: int) -> "Titles":
        """With new titles for the rows ``changed`` of ``size``; itself where none is new."""
        replaced = replace_entries(self.rows, self.codes, changed, rows, codes, size)
        return self if replaced is None else Titles(*replaced)
