"""chinese-ecom-qa: slot, category, relevance and brand questions, answered without an LLM.

Nothing here was trained on another set. Where a score needs a threshold, it is chosen on nine
tenths of the questions for the other tenth, for the baselines and for ours alike.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daogou.encoders import TextEncoder
from daogou.text import normalize, tokenize
from daogou.understanding.atoms import atoms_of
from daogou.understanding.lexicon import lexicon

Floats = NDArray[np.float64]
Row = dict[str, Any]
FOLDS: Final = 10
_FIELD: Final = re.compile(r"\*\*\*(.+?)\*\*\*[：:]\s*(.*)")
_IS: Final = re.compile(r"商品(.+)是(.+?)吗")
_SPEC: Final = re.compile(r"\d+(?:\.\d+)?(?:\*\d+)*[a-z%\"寸斤码代线匹叶年岁级升克米座孔号度]*")
_AGED: Final = re.compile(r"\d+(?:-\d+)?(?:岁|个月)(?:女孩|男孩|女童|男童|宝宝|儿童)?")


@dataclass(frozen=True, slots=True)
class Question:
    """A question: what is asked, by field, and the answer."""

    fields: Mapping[str, str]
    prompt: str
    answer: str


def read_questions(path: Path) -> dict[str, list[Question]]:
    """The questions by task."""
    found: dict[str, list[Question]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        fields = {k: v.strip() for k, v in _FIELD.findall(row["prompt"])}
        question = Question(fields, row["prompt"], row["gt"].strip())
        found.setdefault(row["task"], []).append(question)
    return found


def answer_all(path: Path, encoder: TextEncoder, brands: frozenset[str]) -> list[Row]:
    """A row a contender and task."""
    questions = read_questions(path)
    return [
        *slots(questions["AC"], brands),
        *choices(questions["CC"], encoder),
        *kinds(questions["CC"], encoder),
        *relevance(questions["RLC"], encoder),
        *brand_facts(questions["BC"], encoder),
    ]


def _row(task: str, name: str, right: Sequence[bool] | NDArray[np.bool_]) -> Row:
    return {"name": f"{name}, {task}", "accuracy": float(np.mean(right)), "questions": len(right)}


# --- AC: the words of a query that are of a kind


def slots(questions: Sequence[Question], brands: frozenset[str]) -> list[Row]:
    """Exact match of the words of an attribute in a query."""
    contenders: dict[str, Callable[[str, str], str]] = {
        "first word": lambda _, query: _words(query)[0],
        "all but the last word": lambda _, query: "".join(_words(query)[:-1]),
        "daogou rules": lambda kind, query: _slot(kind, query, brands),
    }
    rows = []
    for name, answer in contenders.items():
        right = [
            _plain(answer(q.fields["属性"], q.fields["query"])) == _plain(q.answer)
            for q in questions
        ]
        rows.append(_row("slot", name, right))
    return rows


def _plain(text: str) -> str:
    return normalize(text).replace(" ", "")


def _words(query: str) -> list[str]:
    text = normalize(query)
    words: list[str] = []
    for atom in atoms_of(text):
        if atom.opens or not words:
            words.append("")
        words[-1] += text[atom.start : atom.end]
    return words or [text]


def _slot(kind: str, query: str, brands: frozenset[str]) -> str:
    """What the house would say, by the kind of attribute; the first word where no rule fits."""
    text = normalize(query)
    words = _words(query)
    if kind == "规格":
        match = _SPEC.search(text)
        return match[0] if match else words[0]
    if kind == "人群":
        match = _AGED.search(text)
        return match[0] if match else _of_kind(words, ("gender", "age")) or words[0]
    if kind == "材质":
        return _of_kind(words, ("material",)) or words[0]
    if kind in ("品牌", "店铺"):
        known = [b for b in brands if len(b) > 1 and b in text]
        return max(known, key=len) if known else words[0]
    if kind in ("功能效果", "适用场景", "口语化修饰") and len(words) > 1:
        return _of_kind(words, ("feature",)) or words[-2]
    return words[0]


def _of_kind(words: Sequence[str], kinds_meant: tuple[str, ...]) -> str | None:
    for word in words:
        key = " ".join(word) if not word.isascii() else word
        if any(concept.kind in kinds_meant for concept in lexicon().find(key)):
            return word
    return None


# --- CC: the category of a product


def choices(questions: Sequence[Question], encoder: TextEncoder) -> list[Row]:
    """Accuracy of choosing one category of those listed."""
    asked = [q for q in questions if "候选细粒度品类" in q.prompt]
    told = [re.split("[,，]", re.findall("候选细粒度品类.*?：(.*)", q.prompt)[0]) for q in asked]
    titles = [q.fields["商品标题"] for q in asked]
    chance = float(np.mean([1 / len(c) for c in told]))
    rows: list[Row] = [
        {"name": "by chance, category of a list", "accuracy": chance, "questions": len(asked)}
    ]
    by_words = [[_covered(c, t) for c in cs] for cs, t in zip(told, titles, strict=True)]
    vectors = encoder.encode(titles, "query")
    near = [
        (encoder.encode(cs) @ vector).tolist() for cs, vector in zip(told, vectors, strict=True)
    ]
    both = [np.add(a, b).tolist() for a, b in zip(by_words, near, strict=True)]
    for name, scores in (("shared characters", by_words), ("encoder", near), ("daogou both", both)):
        right = [
            cs[int(np.argmax(s))].strip() == q.answer
            for cs, s, q in zip(told, scores, asked, strict=True)
        ]
        rows.append(_row("category of a list", name, right))
    return rows


def _covered(name: str, title: str) -> float:
    """The share of a name's pairs of characters that the title has."""
    pairs = {name[i : i + 2] for i in range(len(name) - 1)} or {name}
    return sum(p in title for p in pairs) / len(pairs)


def kinds(questions: Sequence[Question], encoder: TextEncoder) -> list[Row]:
    """Accuracy of "is this product of this category"."""
    asked = [(q, _IS.search(q.prompt)) for q in questions if q.answer in ("是", "否")]
    pairs = [(m[1].strip("'‘’ "), m[2]) for _, m in asked if m]
    truth = np.array([q.answer == "是" for q, m in asked if m])
    words = np.array([_covered(kind, product) for product, kind in pairs])
    return _judged("category yes or no", pairs, truth, words, encoder)


# --- RLC: is the product what the query asks for


def relevance(questions: Sequence[Question], encoder: TextEncoder) -> list[Row]:
    """Accuracy of relevant or not."""
    asked = [q for q in questions if q.answer in ("相关", "不相关") and "商品信息" in q.fields]
    pairs = [(q.fields["商品信息"], q.fields["query"]) for q in asked]
    truth = np.array([q.answer == "相关" for q in asked])
    weights = _rarity([product for product, _ in pairs])
    words = np.array([_overlap(query, product, weights) for product, query in pairs])
    return _judged("relevance", pairs, truth, words, encoder)


def _rarity(texts: Sequence[str]) -> dict[str, float]:
    """BM25's weight of a token by how few of the texts have it."""
    counts: dict[str, int] = {}
    for text in texts:
        for token in set(tokenize(text)):
            counts[token] = counts.get(token, 0) + 1
    n = len(texts)
    return {t: float(np.log1p((n - c + 0.5) / (c + 0.5))) for t, c in counts.items()}


def _overlap(query: str, product: str, weights: Mapping[str, float]) -> float:
    asked, has = set(tokenize(query)), set(tokenize(product))
    most = max(weights.values())
    total = sum(weights.get(t, most) for t in asked)
    return sum(weights.get(t, most) for t in asked & has) / total if total else 0.0


def _judged(
    task: str,
    pairs: Sequence[tuple[str, str]],
    truth: NDArray[np.bool_],
    words: Floats,
    encoder: TextEncoder,
) -> list[Row]:
    """The commoner answer, each score under its best threshold, and the two together."""
    products = encoder.encode([product for product, _ in pairs])
    asked = encoder.encode([query for _, query in pairs], "query")
    near: Floats = np.einsum("nd,nd->n", products, asked).astype(np.float64)
    both = _standard(words) + _standard(near)
    rows = [_row(task, "the commoner answer", _by_threshold(np.zeros(len(truth)), truth))]
    for name, score in (("shared words", words), ("encoder", near), ("daogou both", both)):
        rows.append(_row(task, name, _by_threshold(score, truth)))
    return rows


def _standard(scores: Floats) -> Floats:
    spread = float(scores.std()) or 1.0
    standard: Floats = (scores - scores.mean()) / spread
    return standard


def _by_threshold(scores: Floats, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each question is answered right by the threshold that the other folds like best."""
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    right = np.zeros(len(truth), np.bool_)
    for fold in range(FOLDS):
        rest, here = folds != fold, folds == fold
        cuts = np.unique(np.append(scores[rest], (-np.inf, np.inf)))
        hits = [float(np.mean((scores[rest] >= cut) == truth[rest])) for cut in cuts]
        right[here] = (scores[here] >= cuts[int(np.argmax(hits))]) == truth[here]
    return right


# --- BC: facts about brands


def brand_facts(questions: Sequence[Question], encoder: TextEncoder) -> list[Row]:
    """How often the right answer is the nearest among all answers of the task.

    The questions ask for facts that no catalogue here holds. The brand's own name, which most
    answers repeat, is taken out of them, so that what is left is knowledge.
    """
    asked = [q.fields["query"] for q in questions]
    answers = [_without_brand(q.answer, q.fields["query"]) for q in questions]
    shared = np.array([[_covered(a, q) for a in answers] for q in asked])
    near = encoder.encode(asked, "query") @ encoder.encode(answers).T
    truth = np.arange(len(asked))
    rows: list[Row] = [
        {
            "name": "by chance, brand fact",
            "accuracy": 1 / len(asked),
            "questions": len(asked),
        }
    ]
    for name, scores in (("shared characters", shared), ("daogou encoder", near)):
        rows.append(_row("brand fact", name, scores.argmax(1) == truth))
    return rows


def _without_brand(answer: str, question: str) -> str:
    """The answer without the longest beginning of the question that it repeats."""
    for length in range(len(question), 1, -1):
        if question[:length] in answer:
            return answer.replace(question[:length], "")
    return answer
