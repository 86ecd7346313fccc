"""What is asked of the words of a catalogue: concepts, each in several ways of saying it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_CONCEPTS: Final = 64
"""Further concepts of a query are not looked up."""
MAX_ALTERNATIVES: Final = 32
"""Further ways to say one concept are not looked up."""

Phrase = tuple[str, ...]
"""Tokens of :func:`daogou.text.tokenize`, all of which a product has to have, in any order."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to say a concept; ``weight`` scales what its words are worth."""

    tokens: Phrase
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that is asked for.

    A product scores by the alternative that fits it best, not by all together: "soda"
    that is also written "soft drink" is still asked for once.
    """

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Synonym:
    """Wherever ``said`` stands in a query, products that have one of ``meant`` answer as well.

    One way only: for two ways there are two of them.

    Attributes
    ----------
    said
        Neighbouring tokens of a query.
    meant
        Phrases, without ``said`` itself.
    weight
        What a word of ``meant`` is worth against one that was typed.
    """

    said: Phrase
    meant: tuple[Phrase, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """Concepts joined by "or".

    Attributes
    ----------
    concepts
        See :class:`Concept`. Rarer ones have to match, see
        :class:`~daogou.retrieval.lexical.LexicalRetriever`.
    """

    concepts: tuple[Concept, ...]

    @classmethod
    def of(cls, tokens: Sequence[str], synonyms: Sequence[Synonym] = ()) -> "LexicalQuery":
        """The query of some tokens, each a concept of its own, and of the synonyms that apply.

        Where several synonyms apply at one place, the one whose ``said`` is longest
        does, with those that say the same; a token is part of one concept only.
        """
        concepts: list[Concept] = []
        place = 0
        while place < len(tokens):
            here = tuple(tokens[place:])
            applying = [s for s in synonyms if s.said and here[: len(s.said)] == s.said]
            size = max((len(s.said) for s in applying), default=1)
            said = here[:size]
            alternatives = {said: 1.0}
            for synonym in applying:
                if synonym.said == said:
                    for phrase in synonym.meant:
                        weight = max(alternatives.get(phrase, 0.0), synonym.weight)
                        alternatives[phrase] = weight
            pairs = [Alternative(phrase, w) for phrase, w in alternatives.items() if phrase]
            concepts.append(Concept(tuple(pairs)))
            place += size
        return cls(tuple(dict.fromkeys(concepts)))
