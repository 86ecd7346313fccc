"""amazon-pqa (ePQA): which of a question's texts answers it, and whether any does.

Grade 2 is an answer, 1 helps, 0 does neither. The weights of ours are those of
:mod:`daogou.knowledge.evidence`, fitted on other questions in another shop. One half of the
questions, by their number, chooses from which score on each contender answers; the other half is
judged. Ours is also judged with the threshold that it has in service.
"""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.measures import graded_ndcg_at, reciprocal_rank
from benchmarks.reporting import spread
from daogou.cli.results import Row
from daogou.encoders import Centring, TextEncoder
from daogou.evaluation import Resampling
from daogou.knowledge import evidence as rule
from daogou.knowledge.answering import Question, confidences
from daogou.knowledge.index import PassageIndex
from daogou.knowledge.linking import About
from daogou.knowledge.terms import asked, terms
from daogou.types import Article

Floats = npt.NDArray[np.float64]
ANSWERS: Final = 2
HELPS: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its texts by their places among all, and their grades."""

    id: str
    text: str
    places: tuple[int, ...]
    grades: tuple[int, ...]

    @property
    def is_fit(self) -> bool:
        """Whether it is of the half that chooses thresholds."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 0

    @property
    def can_be_answered(self) -> bool:
        """Whether one of its texts is an answer."""
        return ANSWERS in self.grades


def read_questions(path: Path, most: int | None = None) -> tuple[list[Asked], list[str]]:
    """The questions, and all texts."""
    grouped: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            grouped.setdefault(row["qid"], []).append(row)
    texts: list[str] = []
    questions = []
    for id_, rows in list(grouped.items())[:most]:
        places = range(len(texts), len(texts) + len(rows))
        texts += [" ".join(row["candidate"].split()) or "-" for row in rows]
        grades = tuple(int(row["label"]) for row in rows)
        questions.append(Asked(id_, rows[0]["question"], tuple(places), grades))
    return questions, texts


def evidence(path: Path, encoder: TextEncoder, most: int | None = None) -> list[Row]:
    """P@1, MRR, NDCG@10, and answer-or-abstain."""
    questions, texts = read_questions(path, most)
    scores = contenders(questions, texts, encoder)
    rows = [judged(f"{name}, amazon-pqa", questions, told) for name, told in scores.items()]
    named = "daogou evidence, its own threshold, amazon-pqa"
    rows.insert(1, judged(named, questions, scores["daogou evidence"], rule.ANSWERS))
    return rows


def contenders(
    questions: Sequence[Asked], texts: Sequence[str], encoder: TextEncoder
) -> Mapping[str, list[Floats]]:
    """The scores of each question's texts, by contender."""
    import bm25s

    articles = [Article(str(n), "", text) for n, text in enumerate(texts)]
    index = PassageIndex(articles)
    passages = encoder.encode(index.all_texts()[: len(index.places)])
    centring = Centring.fit(passages, ["en"] * len(passages), encoder.blocks)
    passages = centring.apply(passages, ["en"] * len(passages))
    _, first = np.unique(index.owner, return_index=True)
    index = index.with_vectors(passages, passages[first])
    vectors = centring.apply(
        encoder.encode([q.text for q in questions], "query"), ["en"] * len(questions)
    )
    plain = bm25s.BM25()
    plain.index([terms(text) for text in texts], show_progress=False)
    found: dict[str, list[Floats]] = {
        "daogou evidence": [],
        "bm25": [],
        "nearest by meaning": [],
        "by chance": [],
    }
    generator = np.random.default_rng(0)
    for question, vector in zip(questions, vectors, strict=True):
        places = list(question.places)
        put = Question(question.text, "en", "en", asked(question.text), vector, centring)
        sure = _best(index, confidences(index, put, About(), "en"))
        found["daogou evidence"].append(sure[places])
        found["bm25"].append(np.asarray(plain.get_scores(terms(question.text)), float)[places])
        found["nearest by meaning"].append(_best(index, index.semantic(vector))[places])
        found["by chance"].append(generator.random(len(places)))
    return found


def _best(index: PassageIndex, scores: npt.NDArray[np.float32]) -> Floats:
    """Of each text its best passage."""
    found = np.full(len(index.articles), -np.inf)
    np.maximum.at(found, index.owner, scores)
    return found


def judged(
    name: str, questions: Sequence[Asked], scores: Sequence[Floats], threshold: float | None = None
) -> Row:
    """A contender's row over the half that is judged."""
    pairs = list(zip(questions, scores, strict=True))
    if threshold is None:
        threshold = best_threshold([pair for pair in pairs if pair[0].is_fit])
    test = [pair for pair in pairs if not pair[0].is_fit]
    ranked = [(q, np.argsort(-s, kind="stable").tolist()) for q, s in test]
    row: Row = {"name": name}
    answerable = [(q, r) for q, r in ranked if q.can_be_answered]
    helped = [(q, r) for q, r in ranked if max(q.grades) >= HELPS]
    figures = {
        "p@1": [float(q.grades[r[0]] == ANSWERS) for q, r in answerable],
        "mrr": [reciprocal_rank(_ids(r), _graded(q), ANSWERS) for q, r in answerable],
        "ndcg@10": [graded_ndcg_at(_ids(r), _graded(q)) for q, r in helped],
        "accuracy": [float(is_right(q, s, threshold)) for q, s in test],
    }
    for metric, values in figures.items():
        row |= spread(metric, Resampling(np.arange(len(values))).mean(np.array(values)))
    unanswerable = [s for q, s in test if not q.can_be_answered]
    row["abstained"] = float(np.mean([s.max() < threshold for s in unanswerable] or [np.nan]))
    row["answered"] = float(np.mean([s.max() >= threshold for q, s in test if q.can_be_answered]))
    return row | {"threshold": threshold, "questions": len(test), "answerable": len(answerable)}


def is_right(question: Asked, scores: Floats, threshold: float) -> bool:
    """Whether the answer given is one, or none is given where there is none."""
    best = int(scores.argmax())
    if scores[best] < threshold:
        return not question.can_be_answered
    return question.grades[best] == ANSWERS


def best_threshold(pairs: Sequence[tuple[Asked, Floats]]) -> float:
    """The score from which on to answer, so that most are right; of so many tried."""
    tried = np.quantile([s.max() for _, s in pairs], np.linspace(0, 1, 101))
    hits = [sum(is_right(q, s, t) for q, s in pairs) for t in [*tried, np.inf]]
    return float([*tried, tried[-1] + 1][int(np.argmax(hits))])


def _ids(ranked: Sequence[int]) -> list[str]:
    return [str(n) for n in ranked]


def _graded(question: Asked) -> dict[str, int]:
    return {str(n): grade for n, grade in enumerate(question.grades)}
