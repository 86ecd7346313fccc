"""What is known of the fields of a catalogue: which attribute is a colour, which is rare."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from daogou.text import Quantity, parse_size
from daogou.understanding.lexicon import Concept, lexicon
from daogou.understanding.model import Entry
from daogou.understanding.vocabulary import kinds, rules

Spelled = Sequence[tuple[str, Sequence[str]]]
"""The names of an entry, each normalised, with the keys of its atoms."""
MAX_ATOMS: Final = 12
"""Longer names are titles and sentences; nobody types them into a query by heart."""
_ATTRIBUTE: Final = "attributes."
_SPLIT: Final = re.compile(r"[^\w]+|_+")
_WHOLE: Final = re.compile(r'[\d.,/ ]+[ -]?(?:[a-z.]+(?: oz| ounces?)?|"|[^\W\d_a-z]{1,2})')
_LEAST_CONCEPTS: Final = 3
"""So many colours among its values make an attribute a colour, whatever it is called."""


class Fields:
    """The kind of each attribute, and how many products have it."""

    def __init__(
        self, entries: Sequence[Entry], spelled: Sequence[Spelled], n_products: int
    ) -> None:
        self._covered: Counter[str] = Counter()
        for entry in entries:
            self._covered[entry.field] += entry.count
        self._least = rules()["fields"]["rare"] * n_products
        self._like_brand = frozenset(rules()["fields"]["like_brand"])
        self._fits = frozenset(rules()["fields"]["fits"])
        named = {f: self._kind_by_key(f) for f in self._covered if f.startswith(_ATTRIBUTE)}
        unnamed = {f for f, kind in named.items() if kind is None}
        by_values = self._kinds_by_values(entries, spelled, unnamed)
        self._kinds = {f: kind or by_values.get(f) for f, kind in named.items()}

    def kind(self, field: str) -> str | None:
        """``"color"``, ``"size"``, ... or None where the attribute is of no such kind."""
        return self._kinds.get(field)

    def is_rare(self, field: str) -> bool:
        """Whether few products have the attribute: a filter on it hides most of the shop."""
        return field.startswith(_ATTRIBUTE) and self._covered[field] < self._least

    def is_like_brand(self, field: str) -> bool:
        """Whether the attribute says who made it, and not what it fits."""
        key = _key(field)
        parts = (key, *_SPLIT.split(key))
        if not field.startswith(_ATTRIBUTE) or not self._fits.isdisjoint(parts):
            return False
        return not self._like_brand.isdisjoint(parts)

    def kind_of_value(self, entry: Entry, name: str) -> str | None:
        """The kind of a value called ``name``, where the lexicon knows the word as of that kind."""
        kind = self._kinds.get(entry.field)
        found = {c.kind for c in lexicon().find(name)}
        if kind in found:
            return kind
        if (
            kind
            and kinds()[kind].contains
            and any(c.kind == kind for c in lexicon().within(name.split(" ")))
        ):
            return kind
        return "feature" if "feature" in found else None

    @staticmethod
    def quantity(text: str, keys: Sequence[str]) -> Quantity | None:
        """The quantity that a value wholly is: "27 inch", not "for 27 inch screens"."""
        if len(keys) > 2 or len(text) > 24 or not _WHOLE.fullmatch(text):
            return None
        return parse_size(text) or parse_size(text.replace(" ", ""))  # "27 in"

    def concepts(
        self, entries: Sequence[Entry], spelled: Sequence[Spelled]
    ) -> Iterator[tuple[Concept, list[int]]]:
        """Each concept of the lexicon that the catalogue knows, and which entries are of it."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        by_id: dict[int, Concept] = {}
        for i, entry in enumerate(entries):
            for concept in self._concepts_of(entry, spelled[i]):
                by_id[id(concept)] = concept
                if i not in found[id(concept)][-1:]:
                    found[id(concept)].append(i)
        for number, indices in found.items():
            yield by_id[number], indices

    def _concepts_of(self, entry: Entry, spelled: Spelled) -> Iterator[Concept]:
        if entry.field == "brand":
            kind: str | None = "brand"
        elif entry.field.startswith(_ATTRIBUTE):
            kind = self._kinds.get(entry.field)
        else:
            return
        meant = (kind,) if kind == "brand" else (kind, "feature")
        contains = kind is not None and kinds()[kind].contains
        for _, keys in spelled:
            if len(keys) <= MAX_ATOMS:
                told = lexicon().find(" ".join(keys))
                yield from (c for c in told if c.kind in meant)
                if contains and len(keys) > 1:
                    yield from (c for c in lexicon().within(keys) if c.kind == kind)

    @staticmethod
    def _kind_by_key(field: str) -> str | None:
        key = _key(field)
        parts = set(filter(None, _SPLIT.split(key)))
        for kind in kinds().values():
            if key in kind.keys or (kind.name != "size" and parts & kind.keys):
                return kind.name
        return None

    @staticmethod
    def _kinds_by_values(
        entries: Sequence[Entry], spelled: Sequence[Spelled], fields: set[str]
    ) -> dict[str, str]:
        seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        sizes: Counter[str] = Counter()
        for entry, names in zip(entries, spelled, strict=True):
            if entry.field in fields:
                sizes[entry.field] += 1
                told = {c.kind for _, keys in names for c in lexicon().find(" ".join(keys))}
                seen[entry.field].update(told - {"feature", "brand"})
        likeliest = {field: counts.most_common(1)[0] for field, counts in seen.items() if counts}
        return {
            field: kind
            for field, (kind, count) in likeliest.items()
            if count >= _LEAST_CONCEPTS and count * 2 >= sizes[field]
        }


def _key(field: str) -> str:
    return field.removeprefix(_ATTRIBUTE).lower().replace(" ", "_")
