"""The words of a catalogue, to be found by how they are written and how they sound."""

import math
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from daogou.retrieval.lexical_index import LexicalIndex
from daogou.text.pinyin import pinyin

LEAST: Final = 3
"""Shorter Latin words are no corrections: too many are one letter away."""
LONGEST_SOUND: Final = 6
"""Characters of the longest Chinese word that is found by its sound."""
_PLAIN: Final = re.compile(f"[a-z]{{{LEAST},}}")
_FOLDED: Final = re.compile(r"^(zh|ch|sh)|(?<=[aei])ng$")
_WORD_COST: Final = 6.0
"""What a further word costs where typed pinyin is cut into words, in nats."""

Syllables = tuple[str, ...]


def folded(sound: Syllables) -> Syllables:
    """Syllables with what many speakers do not tell apart made equal: zh and z, ing and in."""
    return tuple(_FOLDED.sub(lambda m: m[0][:1], s) for s in sound)


class Vocabulary:
    """Tokens of an index with the number of documents of each; tables are made when needed."""

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index

    def frequency(self, token: str) -> int:
        """In how many documents the token stands."""
        return self._index.document_frequency(token)

    def near(self, word: str, distance: int) -> list[tuple[str, int]]:
        """Latin words at most so many letters away, with their document frequencies.

        The distance is that of optimal string alignment. Words whose sets of letters
        differ too much cannot be so near and are not compared.
        """
        words, masks, lengths, counts = self._latin
        # An edit takes a letter out of one set, brings one into the other, or both.
        differing = np.bitwise_count(masks ^ _mask(word)) <= 2 * distance
        differing &= np.abs(lengths - len(word)) <= distance
        rows = np.flatnonzero(differing)
        if not len(rows):
            return []
        choices = [words[n] for n in rows.tolist()]
        distances = process.cdist(
            [word], choices, scorer=OSA.distance, score_cutoff=distance, dtype=np.uint8
        )[0]
        hits = np.flatnonzero(distances <= distance)
        return [(choices[n], int(counts[rows[n]])) for n in hits.tolist()]

    def sounding(self, sound: Syllables) -> list[tuple[str, int]]:
        """Chinese words of these syllables, the most frequent first."""
        return self._sounds.get(sound, [])

    def sounding_alike(self, sound: Syllables) -> list[tuple[str, int]]:
        """Chinese words whose folded syllables are those of ``sound`` folded."""
        return self._folded_sounds.get(folded(sound), [])

    def written_in_pinyin(self, letters: str) -> tuple[str, ...]:
        """The Chinese words whose pinyin, written together, is ``letters``; () if there are none.

        Of several ways to cut the letters, the one of fewer and more frequent words.
        """
        best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())]
        for end in range(1, len(letters) + 1):
            best.append(max(self._ending(letters, end, best), default=None))
        return best[-1][1] if best[-1] else ()

    def _ending(
        self, letters: str, end: int, best: list[tuple[float, tuple[str, ...]] | None]
    ) -> Iterator[tuple[float, tuple[str, ...]]]:
        for start in range(max(end - 6 * LONGEST_SOUND, 0), end):
            so_far, found = best[start], self._pinyin.get(letters[start:end])
            if so_far and found:
                word, frequency = found
                score = so_far[0] + math.log(1 + frequency) - _WORD_COST
                yield score, (*so_far[1], word)

    @cached_property
    def _latin(
        self,
    ) -> tuple[list[str], npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Words [N], the letters of each as bits, lengths, document frequencies."""
        found = [(w, n) for w, n in self._index.vocabulary("other") if _PLAIN.fullmatch(w)]
        words = [word for word, _ in found]
        masks = np.array([_mask(word) for word in words], np.uint32)
        lengths = np.array([len(word) for word in words], np.int64)
        return words, masks, lengths, np.array([n for _, n in found], np.int64)

    @cached_property
    def _sounds(self) -> dict[Syllables, list[tuple[str, int]]]:
        sounds: dict[Syllables, list[tuple[str, int]]] = {}
        for word, frequency in self._index.vocabulary("han"):  # the most frequent first
            if 2 <= len(word) <= LONGEST_SOUND:
                sounds.setdefault(pinyin(word), []).append((word, frequency))
        return sounds

    @cached_property
    def _folded_sounds(self) -> dict[Syllables, list[tuple[str, int]]]:
        sounds: dict[Syllables, list[tuple[str, int]]] = {}
        for sound, words in self._sounds.items():
            sounds.setdefault(folded(sound), []).extend(words)
        return {sound: sorted(words, key=lambda w: -w[1]) for sound, words in sounds.items()}

    @cached_property
    def _pinyin(self) -> dict[str, tuple[str, int]]:
        """Syllables written together to the most frequent word."""
        table: dict[str, tuple[str, int]] = {}
        for sound, words in self._sounds.items():
            key = "".join(sound)
            if words[0][1] > table.get(key, ("", 0))[1]:
                table[key] = words[0]
        return table


def _mask(word: str) -> np.uint32:
    """The letters of a word as bits; a letter beyond a to z has none."""
    bits = 0
    for letter in set(word):
        if "a" <= letter <= "z":
            bits |= 1 << (ord(letter) - ord("a"))
    return np.uint32(bits)
