"""What the trained head takes a sentence for that no rule of the dialogue knows."""

from collections.abc import Collection
from typing import Final

from daogou.assistant.gate import Gate
from daogou.assistant.reading import read
from daogou.assistant.rules import rules
from daogou.engine import Engine
from daogou.utterances import INTENTS, Guess

_READ_ON: Final = frozenset(("gift",))
"""These read wishes themselves."""


class Guesser:
    """Asks the shop's head, and believes the parser of the search more than it.

    A budget, a value of the catalogue, a negation or an order that the parser is sure of says
    that a sentence is a search, unless it does something with a product that it points at; so
    does a beginning such as "do you have" before words that products have.
    """

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    def __call__(self, text: str, there: Collection[str], *, points: bool) -> Guess | None:
        """What the sentence does, None for a search.

        Parameters
        ----------
        there
            What rules may need, see :meth:`daogou.assistant.rules.Rule.fits`.
        points
            Whether the sentence points at a product.
        """
        said = f"{text}?" if "question" in there else text
        guess = self._engine.reader.guess(said, possible(there))
        if guess is None or guess.intent in _READ_ON:
            return guess
        if points and ("question" in there or not guess.intent.startswith("ask_product/")):
            return guess
        wanted = read(self._engine, text, self._gate.language, self._gate.currency)
        if wanted.wishes or wanted.order_by or wanted.total is not None:
            return None
        names = wanted.begins and wanted.goal and not wanted.unknown
        return None if names else guess


def possible(there: Collection[str]) -> set[str]:
    """The intents that some rule would allow as things stand, and those that have no rule."""
    ruled, allowed = set(), set()
    for rule in rules():
        intent = f"{rule.intent}/{rule.topic}" if rule.topic else rule.intent
        ruled.add(intent)
        if rule.is_possible(there):
            allowed.add(intent)
    return {intent for intent in INTENTS if intent in allowed or intent not in ruled}
