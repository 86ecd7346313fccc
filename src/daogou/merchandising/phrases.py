"""Phrases found in a query, however they are hyphenated."""

from collections.abc import Iterator, Sequence
from typing import Final, Generic, TypeVar

from daogou.text import tokenize

T = TypeVar("T")
Tokens = tuple[str, ...]
JOINTS: Final = "-_&"
"""What joins two words, or stands between them, or is left out."""
_TO_SPACE: Final = str.maketrans(dict.fromkeys(JOINTS, " "))
_TO_NOTHING: Final = str.maketrans(dict.fromkeys(JOINTS))


def spellings(term: str) -> tuple[Tokens, ...]:
    """The token sequences of a term, with its joints kept, opened and closed.

    "T-shirt" is also "t shirt" and "tshirt".
    """
    forms = [term]
    if any(joint in term for joint in JOINTS):
        forms += [term.translate(_TO_SPACE), term.translate(_TO_NOTHING)]
    found = (tuple(tokenize(form)) for form in forms)
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


class Phrases(Generic[T]):
    """Values by phrase, found wherever the phrase stands in a sequence of tokens."""

    __slots__ = ("_lengths", "_values")

    def __init__(self) -> None:
        self._values: dict[Tokens, list[T]] = {}
        self._lengths: dict[str, list[int]] = {}  # by first token, longest first

    def add(self, term: str, value: T) -> None:
        """Add a value for every spelling of a term."""
        for phrase in spellings(term):
            self._values.setdefault(phrase, []).append(value)
            lengths = self._lengths.setdefault(phrase[0], [])
            if len(phrase) not in lengths:
                lengths.append(len(phrase))
                lengths.sort(reverse=True)

    def exactly(self, tokens: Tokens) -> Sequence[T]:
        """The values of a phrase."""
        return self._values.get(tokens, ())

    def found(self, tokens: Tokens) -> Iterator[tuple[int, Tokens, T]]:
        """(start, phrase, value) from left to right, at one place the longest first."""
        if not self._lengths:
            return
        for start, token in enumerate(tokens):
            for length in self._lengths.get(token, ()):
                phrase = tokens[start : start + length]
                for value in self._values.get(phrase, ()):
                    yield start, phrase, value
