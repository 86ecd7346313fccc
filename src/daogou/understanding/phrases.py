"""Cue phrases in a text: which of the rules' phrases stands where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from daogou.text import normalize
from daogou.understanding.atoms import Atom, keys_of
from daogou.understanding.vocabulary import rules

Role = Literal[
    "kept", "plain", "sort", "discount", "availability", "not", "filler", "prefer", "must"
]


@dataclass(frozen=True, slots=True)
class Cue:
    """What a phrase says. ``value`` is an order, an availability or the phrase itself.

    ``keep`` tells that the words are looked for as well.
    """

    role: Role
    value: str
    confidence: float = 1.0
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A cue in a text: ``atoms[first:last]``."""

    first: int
    last: int
    cue: Cue


class Phrases:
    """A set of phrases, matched on atoms: case, plural, hyphens and accents do not count."""

    def __init__(self, phrases: Iterable[tuple[str, Cue]]) -> None:
        self._cues: dict[str, Cue] = {}
        self._longest: dict[str, int] = {}
        for phrase, cue in phrases:
            keys = keys_of(normalize(phrase))
            self._cues.setdefault(" ".join(keys), cue)
            self._longest[keys[0]] = max(self._longest.get(keys[0], 0), len(keys))

    def at(self, atoms: Sequence[Atom], first: int) -> Said | None:
        """The longest phrase that begins with ``atoms[first]``."""
        if first >= len(atoms):
            return None
        longest = self._longest.get(atoms[first].key, 0)
        for last in range(min(first + longest, len(atoms)), first, -1):
            cue = self._cues.get(" ".join(atom.key for atom in atoms[first:last]))
            if cue and (last - first > 1 or (atoms[first].opens and atoms[first].closes)):
                return Said(first, last, cue)
        return None

    def all(self, atoms: Sequence[Atom]) -> list[Said]:
        """The phrases of a text from left to right, the longest first where two overlap."""
        found: list[Said] = []
        at = 0
        while at < len(atoms):
            said = self.at(atoms, at)
            if said:
                found.append(said)
            at = said.last if said else at + 1
        return found


def cue_phrases() -> Phrases:
    """All phrases of the rules that have a meaning of their own."""
    told = rules()
    found: list[tuple[str, Cue]] = [(p, Cue("kept", p)) for p in told["words"]["kept"]]
    found += [(p, Cue("plain", p)) for p in told["words"]["plain"]]
    for row in told["sort"]:
        cue = Cue("sort", row["order_by"], row["confidence"], row.get("keep", False))
        found += [(p, cue) for p in row["phrases"]]
    for row in told["availability"]:
        found += [(p, Cue("availability", row["value"], row["confidence"])) for p in row["phrases"]]
    for row in told["discount"]:
        keep = row.get("keep", False)
        found += [(p, Cue("discount", p, row["confidence"], keep)) for p in row["phrases"]]
    found += [(p, Cue("not", p)) for p in told["negation"]["before"]]
    found += [(p, Cue("prefer", p)) for p in told["words"]["prefer"]]
    found += [(p, Cue("must", p)) for p in told["words"]["must"]]
    found += [(p, Cue("filler", p)) for p in told["words"]["fillers"]]
    return Phrases(found)


def plain_phrases(phrases: Iterable[str]) -> Phrases:
    """Phrases without a meaning of their own, such as joiners."""
    return Phrases((p, Cue("filler", p)) for p in phrases if keys_of(normalize(p)))


CUES: Final = cue_phrases()
