"""How well the knowledge base answers, and how well it knows when it does not.

    python -m benchmarks.knowledge [--encoder fast|joined] [--fit] [--json FILE]

The questions of ``benchmarks/queries/knowledge.jsonl`` are put to the demo shop's articles. One
half of them, ``fit``, chose the weights and the threshold of :mod:`daogou.knowledge.evidence`, and
chooses the thresholds of the baselines; the other half, ``test``, is what the table tells of.

- ``p@1``: of the answerable questions, how often the best passage, sure or not, is of the right
  article.
- ``extract``: of the answerable questions, how often an answer was given that has the words which
  answer. BM25 gives whole articles, so that its figure is that of the right article.
- ``accuracy``: of all questions, how often the right article answered, or nothing did where nothing
  can.
- ``wrong``: of all questions, how often a wrong answer was given.
- ``abstained``: of the unanswerable questions, how often nothing was.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.reporting import document, save, spread
from daogou.demo import demo_articles
from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.evaluation import Resampling
from daogou.knowledge import KnowledgeBase, evidence
from daogou.knowledge.answering import Question, confidences
from daogou.knowledge.base import MAX_QUESTION
from daogou.knowledge.index import PassageIndex
from daogou.knowledge.linking import About
from daogou.knowledge.terms import terms
from daogou.types import Article, Product

QUESTIONS: Final = Path(__file__).parent / "queries" / "knowledge.jsonl"
OTHER: Final[Mapping[str, str]] = {"en": "zh", "zh": "en"}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: ``article`` is the right one, None where there is none."""

    question: str
    language: str
    half: str
    article: str | None
    has: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a contender made of a question: its best article, its score, the text it would give."""

    article: str
    score: float
    text: str = ""


class Shelf:
    """A store that has nothing but articles."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._articles = list(articles)

    def knowledge_revision(self) -> int:
        """It never changes."""
        return 1

    def articles(self) -> list[Article]:
        """All of them."""
        return self._articles

    def product(self, product_id: str) -> Product | None:
        """There is none."""
        del product_id
        return None


def read_questions() -> list[Asked]:
    """The question set."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [Asked(**json.loads(line)) for line in lines]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.knowledge", description=__doc__)
    parser.add_argument("--encoder", choices=("fast", "joined"), default="fast")
    parser.add_argument("--fit", action="store_true", help="print the weights made anew")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    questions, articles = read_questions(), list(demo_articles())
    encoder = open_text_encoder(EncoderConfig(model=options.encoder, cache=False), None)
    rows = list(measured(questions, articles, encoder))
    rows.append(latency(questions, articles, encoder))
    _print(rows)
    if options.fit:
        _print_fit(questions, articles, encoder)
    save(options.json, document("knowledge", arguments, rows))


def measured(
    questions: Sequence[Asked], articles: Sequence[Article], encoder: TextEncoder
) -> Iterator[Row]:
    """Ours and the baselines, in the asker's language and in the other one alone."""
    ours, words = KnowledgeBase(Shelf(articles), encoder), KnowledgeBase(Shelf(articles))
    ours.refresh()
    contenders: dict[str, tuple[Callable[[Asked], Given], float | None]] = {
        "daogou": (lambda asked: answered(ours, asked), evidence.ANSWERS),
        "daogou without an encoder": (lambda asked: answered(words, asked), evidence.ANSWERS),
        "bm25, best threshold": (bm25(articles), None),
        "nearest by meaning, best threshold": (nearest(ours), None),
    }
    for name, (contender, threshold) in contenders.items():
        yield {"name": name, **scores(questions, contender, threshold)}
    foreign = {
        language: KnowledgeBase(Shelf([a for a in articles if a.language == language]), encoder)
        for language in OTHER
    }
    for base in foreign.values():
        base.refresh()
    told = scores(
        questions, lambda asked: answered(foreign[OTHER[asked.language]], asked), evidence.ANSWERS
    )
    # The words that answer are known in the asker's language alone.
    kept = {key: value for key, value in told.items() if not key.startswith("extract")}
    yield {"name": "daogou, articles in the other language alone", **kept}


def answered(base: KnowledgeBase, asked: Asked) -> Given:
    """The knowledge base's best passage, and its answer if it gives one."""
    snapshot = base.snapshot()
    question = base.read(asked.question[:MAX_QUESTION], asked.language, snapshot)
    best = Given("", 0.0)
    for language, index in snapshot.indexes.items():
        if language != asked.language and len(snapshot.indexes) > 1:
            continue
        sure = confidences(index, question, About(), language)
        row = int(np.argmax(sure))
        best = Given(index.articles[index.places[row].article].id, float(sure[row]))
    extract = base.answer(asked.question, asked.language)
    if extract is None:
        return replace(best, score=min(best.score, np.nextafter(evidence.ANSWERS, 0)))
    return Given(extract.id, max(extract.confidence, evidence.ANSWERS), extract.text)


def bm25(articles: Sequence[Article]) -> Callable[[Asked], Given]:
    """BM25 over whole articles, as bm25s has it, in the asker's language."""
    import bm25s

    held = {lang: [a for a in articles if a.language == lang] for lang in OTHER}
    models = {}
    for language, group in held.items():
        models[language] = bm25s.BM25()
        corpus = [terms(f"{a.title} {a.text}") for a in group]
        models[language].index(corpus, show_progress=False)

    def ask(asked: Asked) -> Given:
        scored = models[asked.language].get_scores(terms(asked.question))
        best = int(np.argmax(scored))
        article = held[asked.language][best]
        return Given(article.id, float(scored[best]), article.text)

    return ask


def nearest(base: KnowledgeBase) -> Callable[[Asked], Given]:
    """The passage with the greatest cosine, in the asker's language."""

    def ask(asked: Asked) -> Given:
        snapshot = base.snapshot()
        question = base.read(asked.question, asked.language, snapshot)
        index = snapshot.indexes[asked.language]
        if index.vectors is None or question.vector is None:
            return Given("", 0.0)
        cosines = index.semantic(question.vector)
        place = index.places[int(np.argmax(cosines))]
        article = index.articles[place.article]
        start, end = place.passage.span
        return Given(article.id, float(cosines.max()), article.text[start:end])

    return ask


def scores(
    questions: Sequence[Asked], contender: Callable[[Asked], Given], threshold: float | None
) -> Row:
    """What a contender reaches on the test half; without a threshold the fit half chooses it."""
    given = {asked: contender(asked) for asked in questions}
    if threshold is None:
        threshold = best_threshold([(a, g) for a, g in given.items() if a.half == "fit"])
    test = [(asked, answer) for asked, answer in given.items() if asked.half == "test"]
    told: Row = {"threshold": threshold}
    for name, languages in {"": ("en", "zh"), "_en": ("en",), "_zh": ("zh",)}.items():
        some = [(a, g) for a, g in test if a.language in languages]
        answerable = [(a, g) for a, g in some if a.article]
        sure = [(a, g) for a, g in some if g.score >= threshold]
        told[f"questions{name}"] = len(some)
        told[f"p@1{name}"] = _share(g.article == a.article for a, g in answerable)
        told[f"accuracy{name}"] = _accuracy(some, threshold)
        told[f"wrong{name}"] = sum(g.article != a.article for a, g in sure) / max(len(some), 1)
        told[f"extract{name}"] = _share(
            g.score >= threshold and g.article == a.article and a.has in g.text
            for a, g in answerable
        )
        told[f"abstained{name}"] = _share(g.score < threshold for a, g in some if not a.article)
    told |= _interval("accuracy", [_is_right(a, g, threshold) for a, g in test])
    return told | _interval("p@1", [g.article == a.article for a, g in test if a.article])


def best_threshold(given: Sequence[tuple[Asked, Given]]) -> float:
    """The score from which on to answer, so that accuracy is best."""
    tried = sorted({answer.score for _, answer in given})
    return max(tried, key=lambda threshold: _accuracy(given, threshold))


def latency(questions: Sequence[Asked], articles: Sequence[Article], encoder: TextEncoder) -> Row:
    """Milliseconds a question among thousands of articles: the demo's, many times over."""
    copies = [
        replace(article, id=f"{article.id}-{n}", title=f"{article.title} {n}")
        for n in range(50)
        for article in articles
    ]
    base = KnowledgeBase(Shelf(copies), _Repeating(encoder))
    base.refresh()
    taken = []
    for asked in questions:
        begun = time.perf_counter()
        base.answer(asked.question, asked.language)
        taken.append(1000 * (time.perf_counter() - begun))
    return {
        "name": f"daogou among {len(copies):,} articles",
        "passages": sum(len(index.places) for index in base.snapshot().indexes.values()),
        "p50_ms": float(np.percentile(taken, 50)),
        "p95_ms": float(np.percentile(taken, 95)),
    }


class _Repeating:
    """Encodes what differs by a number alone once; only time is measured with it."""

    def __init__(self, inner: TextEncoder) -> None:
        self._inner = inner
        self._known: dict[str, Any] = {}
        self.name, self.version = inner.name, inner.version
        self.dim, self.blocks = inner.dim, inner.blocks

    def encode(self, texts: Sequence[str], kind: Any = "passage", *, progress: Any = None) -> Any:
        """See :class:`~daogou.encoders.TextEncoder`."""
        del progress
        if kind == "query":
            return self._inner.encode(texts, kind)
        keys = ["".join(c for c in text if not c.isdigit()) for text in texts]
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        if missing:
            made = self._inner.encode(missing, kind)
            self._known.update(zip(missing, made, strict=True))
        return np.stack([self._known[key] for key in keys])


def fitted(
    questions: Sequence[Asked],
    articles: Sequence[Article],
    encoder: TextEncoder | None,
    *,
    across: bool = False,
) -> evidence.Evidence:
    """Logistic regression on the best passage of each question of the fit half, by Newton's method.

    Unanswerable questions weigh twice as much: a wrong answer is worse than none.
    """
    base = KnowledgeBase(Shelf(articles), encoder)
    base.refresh()
    snapshot = base.snapshot()
    rows, right, weights = [], [], []
    for asked in questions:
        if asked.half != "fit":
            continue
        language = OTHER[asked.language] if across else asked.language
        index = snapshot.indexes[language]
        question = base.read(asked.question, asked.language, snapshot)
        lexical, semantic = _both(index, question)
        row = int(np.argmax(semantic if across else lexical + semantic))
        rows.append((0.0 if across else lexical[row], semantic[row], 1.0))
        right.append(index.articles[index.places[row].article].id == asked.article)
        weights.append(2.0 if asked.article is None else 1.0)
    told = _newton(np.array(rows), np.array(right, float), np.array(weights))
    return evidence.Evidence(*told)


def _both(index: PassageIndex, question: Question) -> tuple[Any, Any]:
    lexical = index.lexical(question.terms)
    if question.vector is None:
        return lexical, np.zeros_like(lexical)
    return lexical, index.semantic(question.vector)


def _newton(rows: Any, right: Any, weights: Any) -> tuple[float, float, float]:
    weights = weights / weights.mean() / len(rows)
    ridge = np.diag([0.002, 0.002, 1e-9])
    found = np.zeros(3)
    for _ in range(100):
        sure = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (sure - right)) + ridge @ found
        bend = (rows * (weights * sure * (1 - sure))[:, None]).T @ rows + ridge
        found -= np.linalg.solve(bend, slope)
    return float(found[0]), float(found[1]), float(found[2])


def _accuracy(given: Sequence[tuple[Asked, Given]], threshold: float) -> float:
    return _share(_is_right(asked, answer, threshold) for asked, answer in given)


def _is_right(asked: Asked, answer: Given, threshold: float) -> bool:
    return (answer.article if answer.score >= threshold else None) == asked.article


def _interval(metric: str, hits: Sequence[bool]) -> Row:
    """A mean with its 95% interval over questions."""
    return spread(metric, Resampling(np.arange(len(hits))).mean(np.array(hits, float)))


def _share(hits: Iterator[bool] | Any) -> float:
    told = list(hits)
    return float(sum(told) / max(len(told), 1))


def _print(rows: Sequence[Row]) -> None:
    split = ["accuracy_en", "accuracy_zh", "p@1_en", "p@1_zh"]
    shown = ["p@1", *split, "extract", "wrong", "abstained"]
    table = Table("", "accuracy, 95%", *shown, title="The test half")
    for row in rows[:-1]:
        sure = f"{row['accuracy']:.3f} [{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
        table.add_row(
            row["name"], sure, *(f"{row[name]:.3f}" if name in row else "" for name in shown)
        )
    console = Console(width=160)
    console.print(table)
    last = rows[-1]
    console.print(
        f"{last['name']}, {last['passages']:,} passages:"
        f" p50 {last['p50_ms']:.1f} ms, p95 {last['p95_ms']:.1f} ms a question"
    )


def _print_fit(
    questions: Sequence[Asked], articles: Sequence[Article], encoder: TextEncoder
) -> None:
    console = Console()
    for name, found in {
        "BOTH": fitted(questions, articles, encoder),
        "MEANING": fitted(questions, articles, encoder, across=True),
        "WORDS": fitted(questions, articles, None),
    }.items():
        told = f"{found.lexical:.2f}, {found.semantic:.2f}, {found.bias:.2f}"
        console.print(f"{name}: lexical, semantic, bias = {told}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
