"""Sentences with what they do: our own seeds, and files of a shop's own in the same form."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from daogou.config import nearest
from daogou.errors import FeedError
from daogou.text import normalize

FIND: Final = "find"
REFINE: Final = "refine"
INTENTS: Final = (
    FIND, REFINE, "relax/cheaper", "relax/dearer", "relax/bigger", "relax/smaller", "more",
    "retract", "show_state", "reset", "ask_product/price", "ask_product/sizes",
    "ask_product/stock", "ask_product/color", "ask_product/material", "ask_product/brand",
    "ask_product/rating", "ask_product/is", "choose", "compare", "like", "reject", "add",
    "remove", "show_cart", "policy/order", "policy/delivery", "policy/returns", "policy/payment",
    "policy/discount", "policy/human", "howto", "recommend", "gift", "greet", "thanks", "bye",
    "help", "identity", "chat", "complaint", "out_of_scope",
)  # fmt: skip
"""What a sentence can be taken for: intents of the assistant's acts, a topic after a slash."""
SEARCHES: Final = frozenset((FIND, REFINE))
"""What the assistant does with a sentence that no rule and no guess knows better."""
BETWEEN: Final = "|"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence and what it does.

    ``family`` is shared by sentences that say the same thing; they are held out together.
    """

    text: str
    intent: str
    family: str


@functools.cache
def seeds() -> tuple[Utterance, ...]:
    """The sentences that come with the house."""
    path = files("daogou.utterances").joinpath("data", "seeds.tsv")
    return parse_utterances(path.read_text(encoding="utf-8").splitlines(), "seeds.tsv")


def read_utterances(path: Path) -> tuple[Utterance, ...]:
    """A file of a shop's own sentences; one that does not exist has none.

    Raises
    ------
    FeedError
        It cannot be read, or a line is not ``intent<TAB>sentence | sentence``.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise FeedError(
            f"{path} cannot be read: {error}. It has to be a text file in UTF-8."
        ) from error
    return parse_utterances(lines, str(path))


def parse_utterances(lines: Iterable[str], name: str) -> tuple[Utterance, ...]:
    """Sentences out of lines; blank ones and those that begin with ``#`` are skipped.

    Raises
    ------
    FeedError
        Names the first line that is not of the form, or has an intent that is none.
    """
    found: dict[str, Utterance] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        intent, tab, said = line.partition("\t")
        intent = intent.strip()
        sentences = [part.strip() for part in said.split(BETWEEN) if part.strip()]
        if not tab or not sentences:
            raise FeedError(
                f"{name}, line {number}: found {line.strip()[:60]!r}; expected an intent, a tab,"
                " and sentences with | between them, as in 'add<TAB>I'll have that | 就它了'."
            )
        if intent not in INTENTS:
            raise FeedError(
                f"{name}, line {number}: '{intent}' is no intent.{nearest(intent, INTENTS)}"
                f" Known are: {', '.join(INTENTS)}."
            )
        for sentence in sentences:
            key = normalize(sentence)
            before = found.setdefault(key, Utterance(sentence, intent, f"{name}:{number}"))
            if before.intent != intent:
                raise FeedError(
                    f"{name}, line {number}: '{sentence}' is '{intent}' here and"
                    f" '{before.intent}' in {before.family}. Keep one of the two."
                )
    return tuple(found.values())
