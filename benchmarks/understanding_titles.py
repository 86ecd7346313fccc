"""Products, brands and models in Chinese titles: a recogniser made from tagged titles.

The gazetteer is what the training titles tag. A name counts by how often its occurrences were
tagged (smoothed towards names of its kind), words that no title tagged by their last
characters, codes by their shape; the best set of spans that do not overlap is found by dynamic
programming. Constants are tuned on a sixth of the training titles that the first fit leaves out.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from daogou.text import normalize
from daogou.understanding.atoms import atoms_of

LABELS: Final = {"HCCX": "product", "HPPX": "brand", "XH": "model"}
MAX_NAME: Final = 14
Span = tuple[int, int, str]
_CODE: Final = re.compile(r"[a-z0-9]+(?:[-/.+][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Title:
    """A title and its tagged spans: (start, end, label)."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is tuned: smoothing, a bonus for length, and how sure a span of each label must be."""

    smoothing: float = 2.0
    length: float = 0.3
    product: float = 0.0
    brand: float = 0.0
    model: float = 0.0


def read_titles(path: Path) -> list[Title]:
    """Titles of a file of characters with BIO tags, a blank line after each."""
    titles = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        pairs = [line.rsplit(" ", 1) for line in block.splitlines() if " " in line]
        if pairs:
            text = "".join(c[:1] or " " for c, _ in pairs)
            titles.append(Title(_folded(text), tuple(_spans([tag for _, tag in pairs]))))
    return titles


def _folded(text: str) -> str:
    folded = normalize(text)
    return folded if len(folded) == len(text) else text.lower()


def _spans(tags: Sequence[str]) -> Iterator[Span]:
    start = 0
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            start = i
        goes_on = i + 1 < len(tags) and tags[i + 1] == f"I-{tag[2:]}"
        if tag != "O" and not goes_on and tag[2:] in LABELS:
            yield start, i + 1, LABELS[tag[2:]]


class Recogniser:
    """Tags titles as the training titles are."""

    def __init__(self, titles: Sequence[Title], settings: Settings) -> None:
        self.settings = settings
        self._names = {t.text[s:e] for t in titles for s, e, _ in t.spans if e - s <= MAX_NAME}
        self._seen: Counter[tuple[str, bool]] = Counter()
        self._tagged: defaultdict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
        for title in titles:
            told = {(s, e): label for s, e, label in title.spans}
            for start, end, keys in self._candidates(title.text):
                for key in keys:
                    self._seen[key] += 1
                    if (start, end) in told:
                        self._tagged[key][told[start, end]] += 1

    def tag(self, text: str) -> list[Span]:
        """The likeliest spans of a title."""
        ending: defaultdict[int, list[tuple[int, str, float]]] = defaultdict(list)
        for start, end, keys in self._candidates(text):
            label, gain = self._gain(keys, end - start)
            if gain > 0:
                ending[end].append((start, label, gain))
        best = [0.0] * (len(text) + 1)
        back: list[tuple[int, str] | None] = [None] * (len(text) + 1)
        for end in range(1, len(text) + 1):
            best[end] = best[end - 1]
            for start, label, gain in ending[end]:
                if best[start] + gain > best[end]:
                    best[end], back[end] = best[start] + gain, (start, label)
        spans: list[Span] = []
        at = len(text)
        while at:
            step = back[at]
            if step:
                spans.append((step[0], at, step[1]))
            at = step[0] if step else at - 1
        return spans[::-1]

    def _gain(self, keys: Sequence[tuple[str, bool]], length: int) -> tuple[str, float]:
        """The likeliest label, and the log odds of it, the most special key counting most."""
        share = dict.fromkeys(LABELS.values(), 0.02)
        for key in reversed(keys):  # from the general to the special
            seen, tagged = self._seen[key], self._tagged[key]
            k = self.settings.smoothing
            share = {label: (tagged[label] + k * p) / (seen + k) for label, p in share.items()}
        label = max(share, key=share.__getitem__)
        p = min(share[label], 0.999)
        asked = float(getattr(self.settings, label))
        return label, math.log(p / (1 - p)) + self.settings.length * (length - 1) - asked

    def _candidates(self, text: str) -> Iterator[tuple[int, int, list[tuple[str, bool]]]]:
        """Spans that may be a name, each with its keys, the most special first.

        The second part of a key tells whether the span is one or more words of the segmenter.
        """
        atoms = atoms_of(text)
        opens = {a.start for a in atoms if a.opens}
        closes = {a.end for a in atoms if a.closes}
        found: dict[tuple[int, int], list[tuple[str, bool]]] = {}
        for start in range(len(text)):
            for end in range(start + 1, min(start + MAX_NAME, len(text)) + 1):
                if text[start:end] in self._names:
                    whole = start in opens and end in closes
                    kind = f"known {min(end - start, 6)}"
                    found[start, end] = [(text[start:end], whole), (kind, whole)]
        for match in _CODE.finditer(text):
            shape = re.sub("[a-z]+", "a", re.sub("[0-9]+", "0", match[0]))
            keys = [
                (f"code {shape} {min(len(match[0]), 8)}", match.start() == 0),
                (f"code {shape}", True),
            ]
            found.setdefault(match.span(), []).extend(keys)
        for start, end in zip(sorted(opens), sorted(closes), strict=True):
            if 2 <= end - start <= 4 and not text[start].isascii():
                keys = [
                    (f"ends {text[end - 2 : end]}", start == 0),
                    (f"ends {text[end - 1]}", start == 0),
                ]
                found.setdefault((start, end), []).extend(keys)
        for (start, end), keys in found.items():
            yield start, end, keys


def longest_match(text: str, names: Mapping[str, str]) -> list[Span]:
    """The plain baseline: the longest tagged name from left to right, with its commonest label."""
    spans: list[Span] = []
    at = 0
    while at < len(text):
        for end in range(min(at + MAX_NAME, len(text)), at + 1, -1):
            if text[at:end] in names:
                spans.append((at, end, names[text[at:end]]))
                at = end
                break
        else:
            at += 1
    return spans


def commonest_labels(titles: Sequence[Title]) -> dict[str, str]:
    """Every tagged name and the label that it has most often."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for title in titles:
        for start, end, label in title.spans:
            counts[title.text[start:end]][label] += 1
    return {name: labels.most_common(1)[0][0] for name, labels in counts.items()}


def f1(titles: Sequence[Title], tagged: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Span F1 by label, and over all (micro): a span counts if its ends and label are right."""
    right: Counter[str] = Counter()
    told: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for title, spans in zip(titles, tagged, strict=True):
        for counter, found in ((told, set(spans)), (true, set(title.spans))):
            counter.update(label for *_, label in found)
        right.update(label for *_, label in set(spans) & set(title.spans))
    scores = {label: _f1(right[label], told[label], true[label]) for label in LABELS.values()}
    return {**scores, "all": _f1(right.total(), told.total(), true.total())}


def _f1(right: int, told: int, true: int) -> float:
    return 2 * right / (told + true) if told + true else 0.0


def tuned(train: Sequence[Title]) -> Settings:
    """Settings by coordinate search on every sixth training title; the rest is fitted on."""
    held, kept = train[::6], [t for i, t in enumerate(train) if i % 6]
    recogniser = Recogniser(kept, Settings())
    grid = {
        "smoothing": (0.5, 1.0, 2.0, 4.0, 8.0),
        "length": (0.0, 0.15, 0.3, 0.5, 0.8),
        "product": (-1.0, -0.5, 0.0, 0.5, 1.0),
        "brand": (-1.0, -0.5, 0.0, 0.5, 1.0),
        "model": (-1.0, -0.5, 0.0, 0.5, 1.0),
    }
    best = recogniser.settings
    best_score = 0.0
    for name in (*grid, *grid):
        for value in grid[name]:
            recogniser.settings = replace(best, **{name: value})
            score = f1(held, [recogniser.tag(t.text) for t in held])["all"]
            if score > best_score:
                best, best_score = recogniser.settings, score
    return best
