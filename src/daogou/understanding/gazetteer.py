"""The words of a catalogue, any merchant's: which of them a text has, and what they name."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daogou.text import Quantity, garment_size, normalize, parse_garment_sizes
from daogou.understanding.atoms import Atom, keys_of
from daogou.understanding.fields import MAX_ATOMS, Fields, Spelled
from daogou.understanding.lexicon import lexicon
from daogou.understanding.model import Entry
from daogou.understanding.vocabulary import confidences, kinds, rules

MAX_VALUES: Final = 500
"""A name that more values have, such as black among a million mixtures, is not sure."""
_TOLERANCE: Final = 0.003
"""Quantities this close are one: 68.6 cm is 27 inches."""
_BRAND_PARTS: Final = re.compile(r"[/|()（）]")
_CATEGORY_PARTS: Final = re.compile(r"[,/&、，与和]| and | or ")
_CODE: Final = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9 ]+")


@dataclass(frozen=True, slots=True)
class Sense:
    """One thing that a name stands for: some values of one field.

    ``count`` is the number of products with them (an upper bound where a product may have
    several). ``alone`` tells that the name stands for nothing else.
    """

    field: str
    values: tuple[str, ...]
    count: int
    confidence: float
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """A name of the catalogue in a text: ``atoms[first:last]``."""

    first: int
    last: int
    sense: Sense


class Gazetteer:
    """Names of brands, categories and attribute values, found in a text.

    A dictionary from a name's atoms to the entries so called, and for each first atom the
    longest name that begins with it: a query costs a few look-ups an atom, whatever the size
    of the catalogue.
    """

    def __init__(self, entries: Sequence[Entry], n_products: int) -> None:
        self._entries = entries
        self._names: dict[str, list[int]] = {}
        self._parts: dict[str, list[int]] = {}
        self._longest: dict[str, int] = {}
        self._sizes: dict[str, list[int]] = {}
        self._quantities: dict[str, tuple[list[float], list[int]]] = {}
        self._resolved: dict[str, Sense | None] = {}
        spelled = [_spelled(entry) for entry in entries]
        self._fields = Fields(entries, spelled, n_products)
        self._category_words: set[str] = set()
        self._category_text = ""
        self._add_names(spelled)
        self._add_concepts(spelled)

    @classmethod
    def from_entries(cls, entries: Iterable[Entry], n_products: int) -> "Gazetteer":
        """Build from the values of a catalogue of ``n_products`` products."""
        return cls(tuple(entries), n_products)

    def __len__(self) -> int:
        return len(self._names)

    # --- building

    def _add_names(self, spelled: Sequence[Spelled]) -> None:
        quantities: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        category_names: list[str] = []
        for i, entry in enumerate(self._entries):
            for text, keys in spelled[i]:
                if entry.field.startswith("attributes."):
                    quantity = self._fields.quantity(text, keys)
                    if quantity is not None:
                        quantities[quantity.dimension].append((comparable(quantity), i))
                        continue
                    if self._fields.kind(entry.field) == "size":
                        self._add_sizes(text, i)
                    if "".join(keys).isdigit():
                        continue  # "15" in a text is not the "15" of some attribute
                elif entry.field == "brand":
                    self._add_pieces(_BRAND_PARTS, text, i, self._names)
                elif entry.field == "categories":
                    self._category_words.update(keys)
                    category_names.append(text)
                    self._add_pieces(_CATEGORY_PARTS, text, i, self._parts)
                self._add(keys, i, self._names)
        self._category_text = "\n".join(category_names)
        for dimension, found in quantities.items():
            found.sort()
            self._quantities[dimension] = ([b for b, _ in found], [i for _, i in found])

    def _add_pieces(self, at: re.Pattern[str], text: str, i: int, to: dict[str, list[int]]) -> None:
        pieces = at.split(text)
        if len(pieces) > 1:
            for piece in pieces:
                self._add(keys_of(piece), i, to)

    def _add(self, keys: Sequence[str], i: int, to: dict[str, list[int]]) -> None:
        if not 0 < len(keys) <= MAX_ATOMS:
            return
        known = to.setdefault(" ".join(keys), [])
        if not known or known[-1] != i:
            known.append(i)
        if len(keys) > self._longest.get(keys[0], 0):
            self._longest[keys[0]] = len(keys)

    def _add_sizes(self, name: str, i: int) -> None:
        one = garment_size(name)
        found = [one] if one else [_size_key(s.system, s.value) for s in parse_garment_sizes(name)]
        for key in found:
            self._sizes.setdefault(key, []).append(i)

    def _add_concepts(self, spelled: Sequence[Spelled]) -> None:
        """Let every name of a concept find the values that one of its names finds."""
        words = lexicon()
        for concept, found in self._fields.concepts(self._entries, spelled):
            for name in concept.names:
                keys = keys_of(name)
                known = set(self._names.get(" ".join(keys), ()))
                for i in found:
                    if i not in known:
                        self._add(keys, i, self._names)
        self._ordinary = {
            key for key in words if any(c.kind != "brand" for c in words.find(key))
        } | {" ".join(keys_of(word)) for word in rules()["words"]["ordinary"]}

    # --- finding

    def matches(self, atoms: Sequence[Atom]) -> list[Match]:
        """The names in a text, the longest first where two overlap, in the text's order."""
        keys = [atom.key for atom in atoms]
        found: list[tuple[int, int, int]] = []
        for first, key in enumerate(keys):
            longest = self._longest.get(key, 0)
            if not longest and atoms[first].quantity is None:
                continue
            for last in range(min(first + longest, len(keys)), first, -1):
                if self._is_name(atoms, keys, first, last):
                    found.append((first - last, first, last))
                    break
            else:
                if atoms[first].quantity is not None:
                    found.append((-1, first, first + 1))
        found.sort()
        taken = bytearray(len(keys))
        chosen: list[Match] = []
        for _, first, last in found:
            if any(taken[first:last]):
                continue
            sense = self._sense(atoms, keys, first, last)
            if sense is not None:
                taken[first:last] = b"\1" * (last - first)
                chosen.append(Match(first, last, sense))
        return sorted(chosen, key=lambda match: match.first)

    def _is_name(self, atoms: Sequence[Atom], keys: list[str], first: int, last: int) -> bool:
        name = " ".join(keys[first:last])
        if name not in self._names and name not in self._parts:
            return False
        if atoms[first].opens and atoms[last - 1].closes:
            return True
        if last - first < 3:
            return False
        # Three characters in a row are seldom there by chance, where they are not the beginning
        # of a longer word: 葡萄酒 in 红葡萄酒, which ends with what it is, but not 红葡萄.
        return atoms[last - 1].closes or any(atom.closes for atom in atoms[first : last - 1])

    def _sense(self, atoms: Sequence[Atom], keys: list[str], first: int, last: int) -> Sense | None:
        name = " ".join(keys[first:last])
        if name not in self._resolved:
            if len(self._resolved) > 50_000:
                self._resolved.clear()
            quantity = atoms[first].quantity if last - first == 1 else None
            self._resolved[name] = self._resolve(name, quantity)
        return self._resolved[name]

    def size(self, system: str, value: str) -> Sense | None:
        """The values of size attributes that are this garment size."""
        found = self._sizes.get(_size_key(system, value), [])
        graded = [(i, kinds()["size"].confidence) for i in found]
        return self._best(graded)

    def measured(self, low: Quantity | None, high: Quantity | None) -> Sense | None:
        """The values between two measures, both included; None where the catalogue has none."""
        told = low or high
        if told is None:
            return None
        bases, entries = self._quantities.get(told.dimension, ([], []))
        first = bisect_left(bases, comparable(low) * (1 - _TOLERANCE)) if low else 0
        last = bisect_right(bases, comparable(high) * (1 + _TOLERANCE)) if high else len(bases)
        return self._best([(i, confidences()["quantity"]) for i in entries[first:last]])

    # --- what a name stands for

    def _resolve(self, name: str, quantity: Quantity | None) -> Sense | None:
        graded = [(i, self._grade(name, i)) for i in self._names.get(name, ())]
        if quantity is not None:
            graded += [(i, confidences()["quantity"]) for i in self._equal(quantity)]
        if not graded:
            part = confidences()["category_part"]
            graded = [(i, part) for i in self._parts.get(name, ())]
        sense = self._best(graded)
        if sense and len(name) == 1 and not name.isascii():
            least = min(sense.confidence, confidences()["one_character"])
            return Sense(sense.field, sense.values, sense.count, least, sense.alone)
        return sense

    def _grade(self, name: str, i: int) -> float:
        told = confidences()
        entry = self._entries[i]
        if entry.field == "brand":
            return told["brand_ordinary" if self._is_ordinary(name) else "brand"]
        if entry.field == "categories":
            return told["category"]
        kind = self._fields.kind_of_value(entry, name)
        if kind:
            return kinds()[kind].confidence
        return told["code"] if _CODE.fullmatch(name) else told["value"]

    def _is_ordinary(self, name: str) -> bool:
        """Whether a brand's name is also a common word, or a word of the shop's categories."""
        if name in self._ordinary:
            return True
        if name.isascii():
            return name in self._category_words
        return name.replace(" ", "") in self._category_text

    def _equal(self, quantity: Quantity) -> list[int]:
        bases, entries = self._quantities.get(quantity.dimension, ([], []))
        base = comparable(quantity)
        low = bisect_left(bases, base * (1 - _TOLERANCE))
        return entries[low : bisect_right(bases, base * (1 + _TOLERANCE))]

    def _best(self, graded: Sequence[tuple[int, float]]) -> Sense | None:
        """The likeliest field; less sure where other fields have the name too."""
        by_field: dict[str, list[tuple[int, float]]] = {}
        for i, grade in graded:
            by_field.setdefault(self._entries[i].field, []).append((i, grade))
        if "brand" in by_field:
            by_field = {f: g for f, g in by_field.items() if not self._fields.is_like_brand(f)}
        senses = sorted(
            (self._sense_in(field, found) for field, found in by_field.items()),
            key=lambda s: (-s.confidence, -s.count, s.field),
        )
        if not senses:
            return None
        best = senses[0]
        rivals = sum(s.count for s in senses[1:])
        if rivals * 10 <= best.count:
            return best
        doubt = min(best.confidence, confidences()["ambiguous"])
        if best.field.startswith("attributes."):
            doubt = round(doubt * best.count / (best.count + rivals), 3)
        return Sense(best.field, best.values, best.count, doubt, alone=False)

    def _sense_in(self, field: str, found: Sequence[tuple[int, float]]) -> Sense:
        entries = [self._entries[i] for i, _ in found]
        entries.sort(key=lambda entry: -entry.count)
        values = tuple(dict.fromkeys(entry.value for entry in entries))
        grade = max(grade for _, grade in found)
        if len(values) > MAX_VALUES:
            values, grade = values[:MAX_VALUES], min(grade, confidences()["ambiguous"])
        if self._fields.is_rare(field):
            plain = grade <= confidences()["value"]
            grade = min(grade, confidences()["rare_value" if plain else "rare_field"])
        return Sense(field, values, sum(entry.count for entry in entries), grade)


def _spelled(entry: Entry) -> Spelled:
    texts = (normalize(name) for name in entry.names or (entry.value,))
    return [(text, keys_of(text)) for text in dict.fromkeys(texts)]


def comparable(quantity: Quantity) -> float:
    """The base value by which quantities of one dimension are compared; 1024 GB are 1 TB."""
    if quantity.dimension == "storage" and quantity.base >= 1024 and quantity.base % 1024 == 0:
        return quantity.base / 1024 * 1000
    return quantity.base


def _size_key(system: str, value: str) -> str:
    return f"inseam {value}" if system == "inseam" else value
