"""From a question to the passage that answers it, or to none."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daogou.encoders import Centring
from daogou.encoders.base import Float32
from daogou.knowledge import evidence
from daogou.knowledge.choosing import choose_span, is_short, opening
from daogou.knowledge.extracts import Extract
from daogou.knowledge.index import PassageIndex, Place
from daogou.knowledge.linking import About
from daogou.knowledge.vectors import KnowledgeVectors


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is compared with passages.

    Attributes
    ----------
    language
        In which an answer is preferred.
    spoken
        In which it is written.
    terms
        What has to be answered, with weights.
    vector
        Centred, [D]; None without an encoder.
    centring
        What ``vector`` was centred with.
    """

    text: str
    language: str
    spoken: str
    terms: Mapping[str, float]
    vector: Float32 | None = None
    centring: Centring | None = None


def find_answer(
    indexes: Mapping[str, PassageIndex],
    question: Question,
    about: About,
    vectors: KnowledgeVectors | None,
) -> Extract | None:
    """The best passage in the preferred language, else in the next one, or None."""
    order = sorted(
        indexes, key=lambda code: (code != question.language, code != question.spoken, code)
    )
    for language in order:
        index = indexes[language]
        sure = confidences(index, question, about, language)
        if not len(sure):
            continue
        best = int(np.argmax(sure))
        if sure[best] >= evidence.ANSWERS:
            return _extract(index, best, float(sure[best]), question, language, vectors)
    return None


def confidences(index: PassageIndex, question: Question, about: About, language: str) -> Float32:
    """How sure it is that each passage answers, float32 [P].

    0 for questions about products that are not the one meant.
    """
    rule = evidence.BOTH if question.spoken == language else evidence.MEANING
    semantic = np.zeros(len(index.places), np.float32)
    if question.vector is None or index.vectors is None:
        rule = evidence.WORDS
    else:
        semantic = index.semantic(question.vector)
    odds = np.zeros(len(index.articles), np.float32)
    odds[list(index.ties.private)] = -np.inf
    for number, (name, _) in index.ties.of(about).items():
        # A private question that is tied by its category alone is still about another product.
        if name == "product":
            odds[number] = evidence.PRODUCT_LINK
        elif odds[number] == 0:
            odds[number] = evidence.CATEGORY_LINK
    return rule.confidence(index.lexical(question.terms), semantic, odds[index.owner])


def _extract(
    index: PassageIndex,
    row: int,
    sure: float,
    question: Question,
    language: str,
    vectors: KnowledgeVectors | None,
) -> Extract:
    place = index.places[row]
    article = index.articles[place.article]
    if article.kind == "question":
        # Whoever answers a question begins with the answer.
        start, end = opening(index, place.article)
    elif is_short(index, place):
        start, end = place.passage.span
    else:
        near = _nearness(article.text, place, question, language, vectors)
        start, end = choose_span(index, place, question.terms, near)
    return Extract(
        text=article.text[start:end],
        language=article.language,
        source="article",
        id=article.id,
        title=article.title,
        field="text",
        start=start,
        end=end,
        uri=article.uri,
        confidence=sure,
    )


def _nearness(
    text: str, place: Place, question: Question, language: str, vectors: KnowledgeVectors | None
) -> Float32 | None:
    """The cosine of each sentence with the question; None without an encoder."""
    if vectors is None or question.vector is None or question.centring is None:
        return None
    sentences = [text[start:end] for start, end in place.passage.sentences]
    centred = question.centring.apply(vectors.passing(sentences), [language] * len(sentences))
    return np.asarray(centred @ question.vector, np.float32)
