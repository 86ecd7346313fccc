"""The words of a question that have to be answered."""

import functools
import re
from importlib.resources import files
from typing import Final

from daogou.text import normalize, tokenize
from daogou.types import Product

_REFERS: Final = re.compile(r"\b(?:it|this|that|these|those|them|they)\b|这|它|那个|那款|那种|该")
FAINT: Final = 0.35
"""What a word that many a question has weighs beside another one."""


def terms(text: str) -> list[str]:
    """The tokens of a text, English words without their endings."""
    return [stem(token) for token in tokenize(text)]


def asked(question: str) -> dict[str, float]:
    """The terms of a question that have to be answered, each with its weight.

    Where nothing but asking words are there, those have to do.
    """
    tokens = tokenize(question)
    found = {
        stem(token): FAINT if says_much(token) else 1.0
        for token in tokens
        if not is_asking_word(token)
    }
    return found or {stem(token): 1.0 for token in tokens}


def is_asking_word(token: str) -> bool:
    """Whether a word only asks, and names nothing."""
    return token in _lists()[0]


def refers(question: str) -> bool:
    """Whether a question calls what it is about "this" or "it"."""
    return _REFERS.search(normalize(question)) is not None


def kind_of(product: Product, language: str) -> str:
    """What a product is, in words: the two innermost of its categories, or its title."""
    paths = product.categories_in(language)
    return " ".join(paths[0].split(" > ")[-2:]) if paths else product.title_in(language)


def says_much(token: str) -> bool:
    """Whether an asking word says what is asked, as "keep" does."""
    return token in _lists()[1]


@functools.cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    """The words of ``data/asking.txt``: those that name nothing, those that say what is asked."""
    text = files("daogou.knowledge").joinpath("data/asking.txt").read_text("utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    nothing = {word for line in lines if line[0] != "+" for word in line}
    much = {word for line in lines if line[0] == "+" for word in line[1:]}
    return frozenset(nothing), frozenset(much)


@functools.lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """An English word without -ing, -ed, -e and -y: "storing", "stored" and "store" are one.

    Rougher than search's own tokens, which would take "ring" for "r"; here a wrong meeting of
    two words costs little, and a missed one an answer.
    """
    if not (word.isascii() and word.isalpha()) or len(word) < 4:
        return word
    for ending in ("ing", "ed", "ly", "er"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.rstrip("ey") if len(word) > 3 else word
