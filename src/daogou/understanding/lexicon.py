"""General shop vocabulary in both languages, from ``data/lexicon.tsv``."""

import csv
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from daogou.text import normalize
from daogou.understanding.atoms import keys_of


@dataclass(frozen=True, slots=True)
class Concept:
    """One meaning: its kind (``"color"``) and its names in all languages, normalised."""

    kind: str
    names: tuple[str, ...]


class Lexicon:
    """The concepts, and which names them: ``find("红色")`` is the concept that is also "red"."""

    def __init__(self, concepts: tuple[Concept, ...]) -> None:
        self.concepts = concepts
        self._by_key: dict[str, list[Concept]] = {}
        self._longest: dict[str, int] = {}
        for concept in concepts:
            for name in concept.names:
                keys = keys_of(name)
                self._by_key.setdefault(" ".join(keys), []).append(concept)
                self._longest[keys[0]] = max(self._longest.get(keys[0], 0), len(keys))

    def find(self, key: str) -> list[Concept]:
        """The concepts that a name's atoms, joined by blanks, stand for."""
        return self._by_key.get(key, [])

    def within(self, keys: Sequence[str]) -> Iterator[Concept]:
        """The concepts that a longer name mentions: "dark red" mentions red.

        Of two that overlap the longer counts: "rose gold" is not gold. A Chinese character
        alone mentions nothing.
        """
        first = 0
        while first < len(keys):
            last = min(first + self._longest.get(keys[first], 0), len(keys))
            while last > first and " ".join(keys[first:last]) not in self._by_key:
                last -= 1
            name = " ".join(keys[first:last])
            if len(name) > 1:
                yield from self._by_key[name]
            first = max(last, first + 1)

    def __iter__(self) -> Iterator[str]:
        """The atoms of every name, joined by blanks."""
        return iter(self._by_key)


@functools.cache
def lexicon() -> Lexicon:
    """The lexicon of the package."""
    path = files("daogou.understanding").joinpath("data", "lexicon.tsv")
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        names = (*row["en"].split("|"), *row["zh"].split("|"))
        found.append(Concept(row["kind"], tuple(normalize(name) for name in names)))
    return Lexicon(tuple(found))
