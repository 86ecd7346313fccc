"""A sentence of a language model in pieces, and what no piece may be beside or make with others.

``data/plain.toml`` lists words that claim nothing. Here is what such words claim together, and what
they would make of a price beside which they stand; the lists are there, too.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from daogou.assistant.llm.material import Slot
from daogou.assistant.rules import load
from daogou.text import normalize

Kind = Literal[
    "number",       # that no fact has
    "name",         # of something that is not in the turn
    "superlative",
    "promise",      # of the shop: delivery, discounts, guarantees
    "word",         # that no record backs
    "misplaced",    # a fact of one product said of another
    "slot",         # that there is not
    "markup",       # HTML, links, Markdown
    "tool",         # the name of a tool
    "language",     # other than the shopper's
]  # fmt: skip
"""What is wrong with a sentence."""
_SIGNS: Final[Mapping[str, str]] = {
    "title": "T",
    "top": "T",
    "price": "P",
    "money": "P",
    "count": "N",
}
_BESIDE: Final[Mapping[str, str]] = {"P": "price", "N": "count"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence: plain text, or a text that facts have."""

    text: str
    slots: tuple[Slot, ...] = ()

    @property
    def is_title(self) -> bool:
        """Whether it names a product."""
        return bool(self.slots) and self.slots[0].fact.kind == "title"

    @property
    def sign(self) -> str:
        """What stands for it in the patterns of ``data/plain.toml``; empty for plain text."""
        return _SIGNS.get(self.slots[0].fact.kind, "F") if self.slots else ""

    @property
    def owners(self) -> frozenset[str]:
        """The products that it may be of."""
        return frozenset(slot.product_id for slot in self.slots if slot.product_id)


class Cut(Exception):
    """A sentence that does not pass."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind: Kind = kind


def together(pieces: Sequence[Piece]) -> None:
    """Plain words must not claim together what none of them claims alone.

    Raises
    ------
    Cut
        They do.
    """
    whole = " ".join(
        "".join(f" {p.sign} " if p.slots else plain_text(p.text) for p in pieces).split()
    )
    whole = re.sub(r" (?=[,.!?;:，。！？；：])", "", whole)
    for language in ("en", "zh"):
        text = whole if language == "en" else whole.replace(" ", "")
        if _patterns("claim", language).search(text):
            raise Cut("word")


def beside(pieces: Sequence[Piece]) -> None:
    """What stands right beside a price or a count must not make another of it.

    Raises
    ------
    Cut
        It does.
    """
    for n, piece in enumerate(pieces):
        if not piece.slots or piece.is_title:
            continue
        name = _BESIDE.get(piece.sign, "other")
        if name == "other" and not any(c.isdigit() for c in piece.text):
            continue
        before, after = (
            pieces[at].sign or plain_text(pieces[at].text) if 0 <= at < len(pieces) else ""
            for at in (n - 1, n + 1)
        )
        if _patterns("before", name).search(before) or _patterns("after", name).search(after):
            raise Cut("number")


def printable(sentence: str) -> None:
    """No signs for numbers, currencies or brands, nothing that is not seen.

    Raises
    ------
    Cut
        There is one.
    """
    for character in sentence:
        kind = unicodedata.category(character)
        if kind in ("No", "Nl") or (kind == "Sc" and character not in _MONEY):
            raise Cut("number")
        if kind in ("So", "Sm", "Cf", "Cc", "Co", "Cn") and character not in _LATER:
            raise Cut("markup")


_MONEY: Final = frozenset("$€£¥￥₩₹₽")
"""A price may be written out with its sign; one beside another price is cut."""
_LATER: Final = frozenset("<>|~=+")
"""Judged with what else is markup, or beside a number."""


def plain_text(text: str) -> str:
    """A text in the form in which texts are compared, with the blanks at its ends."""
    ends = [" " if end.isspace() else "" for end in (text[:1], text[-1:])]
    return f"{ends[0]}{normalize(text)}{ends[1]}"


@functools.cache
def _patterns(kind: str, name: str) -> re.Pattern[str]:
    """Any of a list of ``data/plain.toml``; what no text has, where the list is empty."""
    return re.compile("|".join(load("plain.toml")[kind][name]) or r"(?!)")
