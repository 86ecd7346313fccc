"""Sorted keys of many texts: which of them can be typed with these first letters."""

import re
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.retrieval.suggest_reading import Unit
from daogou.text.normal import HAN

Keys = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.int32]

MAX_STARTS: Final = 24
"""A text is found by its first words and characters, so many at most."""
_HALF: Final = 4
KEY: Final = 2 * _HALF
"""Letters of a key. Longer ones typed find all texts that agree so far."""
_TOP: Final = 0xFFFF
_RUN: Final = re.compile(rf"[{HAN}]+|[^{HAN}]+")


class KeyIndex:
    """For each word and character of each text: what is typed to have it, from there on.

    A character of Han is typed by itself, in pinyin, or by the first letter of its
    pinyin; so there are up to three keys for it, and one for a Latin word. Keys have
    eight letters of 16 bits, in two sorted numbers: a key takes 20 bytes.

    Parameters
    ----------
    texts
        The units of each text; its number is its id.
    """

    def __init__(self, texts: Iterable[Sequence[Unit]]) -> None:
        writer = _Writer()
        for number, units in enumerate(texts):
            writer.add(number, units)
        high, low, ids = writer.keys()
        order = np.lexsort((low, high))
        self._high, self._low, self._ids = high[order], low[order], ids[order]

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self._high.nbytes + self._low.nbytes + self._ids.nbytes

    def starting(self, letters: str) -> Ids:
        """The texts with a key that starts with the letters; rising only by key, with repeats."""
        first, last = self._range(letters)
        return self._ids[first:last]

    def count(self, letters: str) -> int:
        """How many keys start with the letters."""
        first, last = self._range(letters)
        return last - first

    def counts(self, many: Sequence[str]) -> list[int]:
        """The same for many texts in ASCII, in one go."""
        padded = "".join(letters[:KEY].ljust(KEY, "\0") for letters in many).encode("ascii")
        units = np.frombuffer(padded, np.uint8).reshape(-1, KEY)[:, :_HALF].astype(np.uint64)
        shifts = np.arange(_HALF - 1, -1, -1, dtype=np.uint64) * np.uint64(16)
        low = (units << shifts).sum(axis=1, dtype=np.uint64)
        high = (np.where(units, units, np.uint64(_TOP)) << shifts).sum(axis=1, dtype=np.uint64)
        first = np.searchsorted(self._high, low, "left")
        last = np.searchsorted(self._high, high, "right")
        return [
            self.count(letters) if size and len(letters) > _HALF else size
            for letters, size in zip(many, (last - first).tolist(), strict=True)
        ]

    def known_part(self, letters: str) -> str:
        """The longest beginning of the letters that some key has."""
        low, high = 0, min(len(letters), KEY)
        while low < high:
            middle = (low + high + 1) // 2
            if self.count(letters[:middle]):
                low = middle
            else:
                high = middle - 1
        return letters[:low]

    def _range(self, letters: str) -> tuple[int, int]:
        (from_high, from_low), (to_high, to_low) = _pack(letters, 0), _pack(letters, _TOP)
        first = int(np.searchsorted(self._high, np.uint64(from_high), "left"))
        last = int(np.searchsorted(self._high, np.uint64(to_high), "right"))
        if len(letters) > _HALF and first < last:
            part = self._low[first:last]
            last = first + int(np.searchsorted(part, np.uint64(to_low), "right"))
            first += int(np.searchsorted(part, np.uint64(from_low), "left"))
        return first, last


def runs(piece: str) -> list[str]:
    """The parts of a piece that are all Han or all not: "lian衣" is typed in two ways."""
    return _RUN.findall(piece)


def _pack(letters: str, fill: int) -> tuple[int, int]:
    """The two numbers of a key; what is missing is ``fill``."""
    units = [min(ord(c), _TOP) for c in letters[:KEY]]
    units += [fill] * (KEY - len(units))
    high = low = 0
    for unit in units[:_HALF]:
        high = high << 16 | unit
    for unit in units[_HALF:]:
        low = low << 16 | unit
    return high, low


class _Writer:
    """Collects what is typed for the texts as one string, and where keys begin in it."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._length = 0
        self._starts = array("I")
        self._ids = array("I")

    def add(self, number: int, units: Sequence[Unit]) -> None:
        self._write(number, units, [unit.form for unit in units], han_only=False)
        if any(unit.syllable for unit in units):
            spoken = [unit.syllable or unit.form for unit in units]
            self._write(number, units, spoken, han_only=True)
            brief = [unit.syllable[:1] or unit.form for unit in units]
            self._write(number, units, brief, han_only=True)

    def _write(
        self, number: int, units: Sequence[Unit], forms: Sequence[str], *, han_only: bool
    ) -> None:
        parts: list[str] = []
        at = self._length
        begun = 0
        for n, (unit, form) in enumerate(zip(units, forms, strict=True)):
            if unit.spaced and parts:
                parts.append(" ")
                at += 1
            # A Latin word is spoken as it is written, but for what is joined to it: iphone手机.
            joined = n + 1 < len(units) and not units[n + 1].spaced
            if begun < MAX_STARTS and (unit.syllable or joined or not han_only):
                self._starts.append(at)
                self._ids.append(number)
                begun += 1
            parts.append(form)
            at += len(form)
        # One string a text: a million short ones would stay in the process's memory.
        self._texts.append("".join(parts))
        self._length = at + 1

    def keys(self) -> tuple[Keys, Keys, Ids]:
        """The two halves of all keys, and whose they are."""
        text = "\0".join([*self._texts, "\0" * KEY]).encode("utf-32-le", "replace")
        letters = np.minimum(np.frombuffer(text, np.uint32), _TOP)
        starts = np.frombuffer(self._starts, np.uint32) if self._starts else np.zeros(0, np.uint32)
        ids = np.array(self._ids, np.int32)
        halves = []
        alive = np.ones(len(starts), np.bool_)
        for half in range(2):
            key = np.zeros(len(starts), np.uint64)
            for n in range(half * _HALF, (half + 1) * _HALF):
                letter = letters[starts + n]
                alive &= letter != 0
                key = key << np.uint64(16) | np.where(alive, letter, 0).astype(np.uint64)
            halves.append(key)
        return halves[0], halves[1], ids
