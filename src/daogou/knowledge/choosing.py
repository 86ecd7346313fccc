"""A few whole sentences of a passage: those that answer, unchanged and in one piece."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from daogou.encoders.base import Float32
from daogou.knowledge.index import PassageIndex, Place
from daogou.knowledge.passages import Span, weight
from daogou.knowledge.terms import terms

WHOLE: Final = 300
"""A passage of so many letters is given as a whole."""
LONGEST: Final = 420
MOST: Final = 4
"""Sentences of an extract, at most."""
_GOES_WITH: Final = 0.45
"""A neighbour joins when it is worth so much of the best sentence."""


def is_short(index: PassageIndex, place: Place) -> bool:
    """Whether a passage is given as a whole, and no sentences have to be compared."""
    start, end = place.passage.span
    text = index.articles[place.article].text[start:end]
    return len(place.passage.sentences) == 1 or weight(text) <= WHOLE


def choose_span(
    index: PassageIndex,
    place: Place,
    wanted: Mapping[str, float],
    near: Float32 | None,
) -> Span:
    """Where the extract begins and ends in the article's text.

    Parameters
    ----------
    wanted
        The question's terms with their weights.
    near
        The cosine of each sentence with the question; None without an encoder.
    """
    text = index.articles[place.article].text
    sentences = place.passage.sentences
    worth = _worth(index, text, sentences, wanted)
    if near is not None:
        worth = worth + np.maximum(near, 0)
    first = last = int(np.argmax(worth))
    best = float(worth[first])
    while last - first + 1 < MOST:
        sides = [n for n in (first - 1, last + 1) if 0 <= n < len(sentences)]
        sides = [n for n in sides if _fits(text, sentences, first, last, n)]
        if not sides:
            break
        # What follows explains; of two that are worth the same it is the better one.
        side = max(sides, key=lambda n: (float(worth[n]), n))
        short = weight(text[sentences[first][0] : sentences[last][1]]) < WHOLE // 3
        if worth[side] < _GOES_WITH * best and not short:
            break
        first, last = min(first, side), max(last, side)
    return sentences[first][0], sentences[last][1]


def opening(index: PassageIndex, article: int) -> Span:
    """The first sentences of an article, so many as fit."""
    sentences = index.places[int(np.argmax(index.owner == article))].passage.sentences
    text = index.articles[article].text
    last = 0
    while last + 1 < min(len(sentences), MOST):
        if weight(text[sentences[0][0] : sentences[last + 1][1]]) > WHOLE:
            break
        last += 1
    return sentences[0][0], sentences[last][1]


def _fits(text: str, sentences: Sequence[Span], first: int, last: int, side: int) -> bool:
    start, end = sentences[min(first, side)][0], sentences[max(last, side)][1]
    return weight(text[start:end]) <= LONGEST


def _worth(
    index: PassageIndex, text: str, sentences: Sequence[Span], wanted: Mapping[str, float]
) -> Float32:
    """How much of the question's terms each sentence has, 0 to 1."""
    whole = sum(share * index.idf(term) for term, share in wanted.items()) or 1.0
    found = []
    for start, end in sentences:
        have = set(terms(text[start:end]))
        found.append(
            sum(share * index.idf(term) for term, share in wanted.items() if term in have) / whole
        )
    return np.array(found, np.float32)
