"""A reading in the making, which the rules write on in turn."""

from dataclasses import dataclass, field
from functools import cached_property

from daogou.text import Aligned
from daogou.understanding.atoms import Atom
from daogou.understanding.gazetteer import Match
from daogou.understanding.model import Constraint, Sort
from daogou.understanding.phrases import Said


@dataclass
class Draft:
    """A reading in the making; offsets are those of the normalised text."""

    aligned: Aligned
    atoms: list[Atom]
    matches: list[Match] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    taken: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    constraints: list[Constraint] = field(default_factory=list)
    aside: list[tuple[int, int]] = field(default_factory=list)
    sorts: list[Sort] = field(default_factory=list)

    @cached_property
    def cue_starts(self) -> dict[int, int]:
        """The first atom of each cue, and the atom after it."""
        return {said.first: said.last for said in self.said}

    @cached_property
    def match_ends(self) -> dict[int, Match]:
        """The names by the atom after them."""
        return {match.last: match for match in self.matches}

    def take(self, start: int, end: int) -> None:
        """No other rule may read these characters."""
        self.taken[start:end] = b"\1" * (end - start)

    def is_open(self, start: int, end: int) -> bool:
        """Whether no rule has read any of these characters: a name may."""
        return not any(self.taken[start:end])

    def is_free(self, start: int, end: int) -> bool:
        """Whether a rule may read these characters: they are not of a kept phrase either."""
        return not any(self.taken[start:end]) and not any(self.kept[start:end])

    def put_aside(self, start: int, end: int) -> None:
        """The characters are no words to look for."""
        self.aside.append(self.aligned.span(start, end))
