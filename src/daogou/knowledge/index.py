"""The passages of one language, found by words and by meaning."""

import copy
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.encoders.base import Float32
from daogou.knowledge.linking import Ties
from daogou.knowledge.passages import Passage, passages
from daogou.knowledge.terms import terms
from daogou.types import Article

Int32 = npt.NDArray[np.int32]

_K1: Final = 0.9
_B: Final = 0.4
_TITLE_SHARE: Final = 0.5
"""How much of the semantic evidence is the title's."""
_TITLE: Final = 2.0
"""A word of the title or heading counts as so many of the text."""


@dataclass(frozen=True, slots=True)
class Place:
    """A passage and the article that it is of, by its number in the index."""

    article: int
    passage: Passage


class PassageIndex:
    """Passages [P] of articles [A] in one language. Immutable.

    Words are weighed as BM25 does (S. Robertson, H. Zaragoza, "The Probabilistic Relevance
    Framework: BM25 and Beyond", 2009). The sum is divided by what a passage with all of the
    question's words could reach: 1 means that it has all of them often, 0 that it has none.
    """

    def __init__(self, articles: Sequence[Article]) -> None:
        self.articles = tuple(articles)
        self.places = tuple(
            Place(number, passage)
            for number, article in enumerate(self.articles)
            for passage in passages(article.text)
        )
        self.owner: Int32 = np.array([place.article for place in self.places], np.int32)
        self.ties = Ties(self.articles)
        self.vectors: Float32 | None = None
        self.titles: Float32 | None = None
        self._postings, self._idf = self._count()
        # A word that no passage has asks for something that the shop does not write about.
        self._unknown = math.log(1 + (len(self.places) + 0.5) / 0.5)

    def all_texts(self) -> list[str]:
        """What is to be encoded: of each passage, then of each article its title, [P + A]."""
        return [*map(self._text, self.places), *(article.title for article in self.articles)]

    def with_vectors(self, passages: Float32, titles: Float32) -> "PassageIndex":
        """The same with vectors of passages [P, D] and titles [A, D]; this one stays as it is."""
        known = copy.copy(self)
        known.vectors = np.ascontiguousarray(passages, np.float32)
        known.titles = np.ascontiguousarray(titles, np.float32)
        return known

    def idf(self, term: str) -> float:
        """How much a term tells the passages apart."""
        return self._idf.get(term, self._unknown)

    def lexical(self, wanted: Mapping[str, float]) -> Float32:
        """How much of the terms each passage has, 0 to 1, float32 [P]."""
        scores = np.zeros(len(self.places), np.float32)
        whole = 0.0
        for term, share in wanted.items():
            worth = share * self.idf(term)
            whole += worth
            if (found := self._postings.get(term)) is not None:
                scores[found[0]] += np.float32(worth) * found[1]
        return scores / np.float32(whole) if whole else scores

    def semantic(self, question: Float32) -> Float32:
        """The cosine of each passage, its article's title counting too, float32 [P]."""
        if self.vectors is None or self.titles is None:
            return np.zeros(len(self.places), np.float32)
        of_titles = (self.titles @ question)[self.owner]
        near = (1 - _TITLE_SHARE) * (self.vectors @ question) + _TITLE_SHARE * of_titles
        return np.asarray(near, np.float32)

    def article_cosines(self, vector: Float32) -> Float32:
        """The cosine of each article's title, or its first passage where that is nearer, [A]."""
        found = np.zeros(len(self.articles), np.float32)
        if self.vectors is None or self.titles is None:
            return found
        numbers, first = np.unique(self.owner, return_index=True)
        found[numbers] = self.vectors[first] @ vector
        return np.asarray(np.maximum(found, self.titles @ vector), np.float32)

    def _text(self, place: Place) -> str:
        article = self.articles[place.article]
        start, end = place.passage.span
        parts = (place.passage.heading, article.text[start:end])
        return " ".join(part for part in parts if part)

    def _count(self) -> tuple[dict[str, tuple[Int32, Float32]], dict[str, float]]:
        counts: list[Counter[str]] = []
        for place in self.places:
            article = self.articles[place.article]
            start, end = place.passage.span
            count = Counter(terms(article.text[start:end]))
            for term in {*terms(article.title), *terms(place.passage.heading)}:
                count[term] += _TITLE  # type: ignore[assignment]
            counts.append(count)
        lengths = [sum(count.values()) for count in counts]
        mean = sum(lengths) / max(len(lengths), 1) or 1.0
        rows: dict[str, list[tuple[int, float]]] = {}
        for row, (count, length) in enumerate(zip(counts, lengths, strict=True)):
            damping = _K1 * (1 - _B + _B * length / mean)
            for term, times in count.items():
                rows.setdefault(term, []).append((row, times / (times + damping)))
        total = len(counts)
        idf = {
            term: math.log(1 + (total - len(found) + 0.5) / (len(found) + 0.5))
            for term, found in rows.items()
        }
        postings = {
            term: (
                np.array([row for row, _ in found], np.int32),
                np.array([value for _, value in found], np.float32),
            )
            for term, found in rows.items()
        }
        return postings, idf
