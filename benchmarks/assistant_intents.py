"""Intents: our own sentences, mg-shopdial, and the intent questions of chinese-ecom-qa."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.reporting import spread
from daogou.assistant import CartLine, State
from daogou.assistant.gate import Gate
from daogou.assistant.guessing import Guesser
from daogou.assistant.understanding import understand
from daogou.cli.results import Row
from daogou.encoders import Centring, TextEncoder
from daogou.encoders.base import Float32
from daogou.engine import Engine
from daogou.evaluation import Interval, Resampling
from daogou.store import Store
from daogou.text import detect_language
from daogou.types import Money, Product
from daogou.utterances import Reader, Utterance, fit_head, seeds
from daogou.utterances.head import features, fit_weights

Labels = Sequence[str]
FOLDS: Final = 5
ROUNDS: Final = 1000


# --- figures


def macro_f1(wanted: Labels, told: Labels) -> float:
    """The mean over the labels that are wanted of 2 TP / (2 TP + FP + FN)."""
    right = Counter(w for w, t in zip(wanted, told, strict=True) if w == t)
    asked, given = Counter(wanted), Counter(told)
    return float(np.mean([2 * right[name] / (asked[name] + given[name]) for name in asked]))


def macro_f1_interval(wanted: Labels, told: Labels, groups: Sequence[int]) -> Interval:
    """Macro F1 with a 95% interval; whole groups are drawn."""
    names = sorted({*wanted, *told})
    code = {name: n for n, name in enumerate(names)}
    want, say = np.array([code[w] for w in wanted]), np.array([code[t] for t in told])
    group = np.unique(groups, return_inverse=True)[1]
    counts = np.zeros((3, int(group.max()) + 1, len(names)))
    np.add.at(counts[0], (group, want), want == say)
    np.add.at(counts[1], (group, want), 1)
    np.add.at(counts[2], (group, say), 1)
    drawn = np.random.default_rng(0).integers(counts.shape[1], size=(ROUNDS, counts.shape[1]))
    right, asked, given = (part[drawn].sum(axis=1) for part in counts)
    scores = np.where(asked > 0, 2 * right / np.maximum(asked + given, 1), np.nan)
    low, high = np.quantile(np.nanmean(scores, axis=1), [0.025, 0.975])
    return Interval(macro_f1(wanted, told), float(low), float(high))


def scored(name: str, wanted: Labels, told: Labels, groups: Sequence[int]) -> Row:
    """A contender's row: accuracy and macro F1."""
    hits = np.array([w == t for w, t in zip(wanted, told, strict=True)], float)
    row: Row = {"name": name}
    row |= spread("accuracy", Resampling(np.array(groups)).mean(hits))
    row |= spread("macro_f1", macro_f1_interval(wanted, told, groups))
    return row | {"sentences": len(wanted)}


# --- our own sentences


def own_sentences(encoder: TextEncoder) -> list[Row]:
    """The whole understanding, by rules alone and with heads that never saw the saying."""
    said = list(seeds())
    families = {family: n for n, family in enumerate(dict.fromkeys(u.family for u in said))}
    group = [families[u.family] for u in said]
    fold = np.random.default_rng(0).permutation(len(families))[group] % FOLDS
    alone = [""] * len(said)
    ours = [""] * len(said)
    near = [""] * len(said)
    with (
        tempfile.TemporaryDirectory() as folder,
        _shop(Path(folder)) as store,
        Engine.open(store, None, encoder=encoder) as engine,
    ):
        gate = Gate(store, "en", "USD")
        guesser = Guesser(engine, gate)
        for n in range(FOLDS):
            learned = [u for u, f in zip(said, fold, strict=True) if f != n]
            engine.reader = Reader(lambda: encoder, fit_head(learned, encoder))
            places = np.flatnonzero(fold == n).tolist()
            nearest = _nearest(learned, [said[p] for p in places], encoder)
            for place, label in zip(places, nearest, strict=True):
                text = said[place].text
                alone[place] = _coarse(understand(text, TALKING, gate)[0].intent)
                ours[place] = _coarse(understand(text, TALKING, gate, guesser)[0].intent)
                near[place] = _coarse(label)
    wanted = [_coarse(u.intent) for u in said]
    languages = [detect_language(u.text) for u in said]
    rows = []
    contenders = {
        "daogou rules and head": ours,
        "daogou rules alone": alone,
        "nearest saying by meaning": near,
    }
    for name, told in contenders.items():
        for language in ("en", "zh"):
            some = [n for n, la in enumerate(languages) if la == language]
            picked = ([wanted[n] for n in some], [told[n] for n in some], [group[n] for n in some])
            rows.append(scored(f"{name}, own sentences, {language}", *picked))
    return rows


TALKING: Final = State(
    goal="dress",
    shown=("one", "two", "three"),
    seen=("one", "two", "three"),
    group=("one", "two", "three"),
    focused=("one",),
    cart=(CartLine("mug"),),
)
"""Products are shown, one is in focus, one in the cart: everything can be said."""


def _shop(folder: Path) -> Store:
    store = Store.open(f"sqlite:///{folder / 'shop.db'}")
    names = {"one": "Red dress", "two": "White dress", "three": "Black dress", "mug": "Mug"}
    store.put_products(
        Product(id=i, title=title, price=Money(4900 + 100 * n, "USD"))
        for n, (i, title) in enumerate(names.items())
    )
    return store


def _coarse(intent: str) -> str:
    plain = intent.split("/")[0]
    return "find" if plain in ("refine", "unread") else plain


def _nearest(
    learned: Sequence[Utterance], judged: Sequence[Utterance], encoder: TextEncoder
) -> list[str]:
    known = encoder.encode([u.text for u in learned], "query")
    asked = encoder.encode([u.text for u in judged], "query")
    return [learned[n].intent for n in (asked @ known.T).argmax(1).tolist()]


# --- folds of a labelled set


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence: any of ``labels`` is right, the first counts for F1 where none was told."""

    text: str
    before: str
    labels: tuple[str, ...]
    group: int


def by_folds(said: Sequence[Labelled], features: Float32, folds: int) -> list[str]:
    """What a head with these features tells of each sentence; its group was not learned."""
    names = sorted({s.labels[0] for s in said})
    labels = np.array([names.index(s.labels[0]) for s in said])
    fold = _folds(said, folds)
    told = [""] * len(said)
    for n in range(folds):
        weights = fit_weights(features[fold != n], labels[fold != n], len(names))
        for place in np.flatnonzero(fold == n).tolist():
            told[place] = names[int((features[place] @ weights).argmax())]
    return told


def nearest_by_folds(said: Sequence[Labelled], vectors: Float32, folds: int) -> list[str]:
    """The label of the nearest sentence of the other folds."""
    fold = _folds(said, folds)
    near = vectors @ vectors.T
    near[fold[:, None] == fold[None, :]] = -np.inf
    return [said[n].labels[0] for n in near.argmax(1).tolist()]


def _folds(said: Sequence[Labelled], folds: int) -> npt.NDArray[np.int64]:
    group = np.unique([s.group for s in said], return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(int(group.max()) + 1)
    return np.asarray(order[group] % folds, np.int64)


def _judged(name: str, said: Sequence[Labelled], told: Iterable[str]) -> Row:
    told = list(told)
    wanted = [t if t in s.labels else s.labels[0] for s, t in zip(said, told, strict=True)]
    return scored(name, wanted, told, [s.group for s in said])


def _seen(vectors: Float32, texts: Sequence[str]) -> Float32:
    languages = [detect_language(text) for text in texts]
    return features(vectors, texts, Centring.fit(vectors, languages))


# --- mg-shopdial


def read_dialogues(path: Path) -> list[Labelled]:
    """The shoppers' utterances with the intents that most annotators gave, ties included."""
    found = []
    for group, dialogue in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        before = ""
        for said in dialogue["utterances"]:
            agreed = {name: float(votes) for name, votes in said["intents"]}
            if said["participant"] == "Client" and agreed:
                most = max(agreed.values())
                labels = tuple(name for name, votes in agreed.items() if votes == most)
                found.append(Labelled(said["utterance"], before, labels, group))
            before = said["utterance"]
    return found


MEANS: Final[Mapping[str, str]] = {
    "greet": "greeting", "hello": "greeting", "thanks": "greeting", "bye": "greeting",
    "find": "disclose", "refine": "disclose", "gift": "disclose", "choose": "clarify",
    "compare": "clarify", "ask_product": "o_question", "policy": "o_question",
    "howto": "o_question", "recommend": "elicit", "more": "elicit", "relax": "clarify",
    "like": "pf", "add": "pf", "reject": "nf", "complaint": "nf", "chat": "interaction",
    "help": "interaction", "allow": "answer", "retract": "answer", "yes": "answer", "no": "answer",
}  # fmt: skip
"""Our intents as the set has them, set by what the two definitions say."""
_KEYWORDS: Final = (
    ("greeting", re.compile(r"^(?:hi|hello|hey|good (?:morning|evening))\b|thank|bye", re.I)),
    ("pf", re.compile(r"\b(?:great|perfect|nice|good|love|awesome|sounds)\b", re.I)),
    (
        "nf",
        re.compile(r"\b(?:not|don't|too expensive|no longer)\b.*\b(?:like|want|interested)", re.I),
    ),
    ("o_question", re.compile(r"\?")),
    ("disclose", re.compile(r"\b(?:looking for|need|want|would like|buy)\b", re.I)),
)


def by_keywords(text: str) -> str:
    """What a few words tell; an answer where there are none of them."""
    return next((name for name, pattern in _KEYWORDS if pattern.search(text)), "answer")


def shop_dialogues(path: Path, encoder: TextEncoder) -> list[Row]:
    """Accuracy and macro F1 of the shoppers' intents."""
    said = read_dialogues(path)
    texts = [s.text for s in said]
    vectors = encoder.encode(texts, "query")
    own = _seen(vectors, texts)
    before = encoder.encode([s.before for s in said], "query")
    both = np.hstack([own, 0.7 * _seen(before, texts)]).astype(np.float32)
    commonest = Counter(s.labels[0] for s in said).most_common(1)[0][0]
    contenders: dict[str, Callable[[], Sequence[str]]] = {
        "daogou head, trained on the set": lambda: by_folds(said, own, FOLDS),
        "daogou head and the turn before, trained on the set": lambda: by_folds(said, both, FOLDS),
        "daogou rules and head as they ship, mapped": lambda: _mapped(texts, encoder),
        "nearest utterance by meaning": lambda: nearest_by_folds(said, vectors, FOLDS),
        "keyword rules": lambda: [by_keywords(text) for text in texts],
        "the commonest intent": lambda: [commonest] * len(said),
    }
    return [_judged(f"{name}, mg-shopdial", said, told()) for name, told in contenders.items()]


def _mapped(texts: Sequence[str], encoder: TextEncoder) -> list[str]:
    told = []
    with (
        tempfile.TemporaryDirectory() as folder,
        _shop(Path(folder)) as store,
        Engine.open(store, None, encoder=encoder) as engine,
    ):
        gate = Gate(store, "en", "USD")
        for text in texts:
            acts = understand(text, TALKING, gate, Guesser(engine, gate))
            told.append(MEANS.get(acts[0].intent, "interaction"))
    return told


# --- chinese-ecom-qa

_QUERY: Final = re.compile(r"\*\*\*query\*\*\*：(.*)")
_CUES: Final = (
    ("怎么办", re.compile("怎么办|怎么解决|不亮|故障|掉色|坏了|如何(?:去除|解决|处理)|严重")),
    ("怎么样", re.compile("怎么样|如何？|如何$|好用吗|好不好|效果")),
    ("买什么", re.compile("神器|礼物|送|用什么|穿什么|装备|必备")),
    ("电商通用百科知识", re.compile("是什么|什么意思|为什么|定义|原理")),
)


def ecom_questions(path: Path, encoder: TextEncoder) -> list[Row]:
    """Accuracy and macro F1 of what a question is after."""
    said: list[Labelled] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = _QUERY.findall(row["prompt"])
        if row["task"] == "ITC" and found:
            said.append(Labelled(found[-1].strip(), "", (row["gt"].strip(),), len(said)))
    texts = [s.text for s in said]
    vectors = encoder.encode(texts, "query")
    cues = [next((n for n, p in _CUES if p.search(t)), "怎么挑/怎么买") for t in texts]
    commonest = Counter(s.labels[0] for s in said).most_common(1)[0][0]
    contenders = {
        "daogou head, trained on the set": by_folds(said, _seen(vectors, texts), 10),
        "nearest question by meaning": nearest_by_folds(said, vectors, 10),
        "keyword rules": cues,
        "the commonest intent": [commonest] * len(said),
    }
    return [_judged(f"{n}, chinese-ecom-qa intents", said, told) for n, told in contenders.items()]
