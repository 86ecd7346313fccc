"""``data/acts.toml`` and ``data/references.toml``, read once and made into patterns."""

import functools
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from daogou.text import normalize
from daogou.text.numerals import NUMERAL
from daogou.understanding import split_words
from daogou.understanding.vocabulary import any_of


def load(name: str) -> Mapping[str, Any]:
    """The tables of a file in ``data``."""
    path = files("daogou.assistant").joinpath("data", name)
    return tomllib.loads(path.read_text(encoding="utf-8"))


@functools.cache
def acts() -> Mapping[str, Any]:
    """The tables of ``data/acts.toml``."""
    return load("acts.toml")


SMALL: Final = frozenset(normalize(w) for w in acts()["frames"]["small"])
"""Words that say nothing of a product."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One ``[[act]]`` of the file, see its head."""

    intent: str
    topic: str
    whole: frozenset[str]
    pattern: re.Pattern[str] | None
    starts: re.Pattern[str] | None
    needs: tuple[str, ...]
    without: tuple[str, ...]
    alone: bool
    continues: bool

    def is_possible(self, there: Collection[str]) -> bool:
        """Whether what ``needs`` speaks of is there, and nothing that ``without`` does."""
        return all(n in there for n in self.needs) and not any(n in there for n in self.without)

    def fits(self, text: str, there: Collection[str]) -> re.Match[str] | None:
        """Where a sentence has the phrase, None where it is not this act.

        Parameters
        ----------
        there
            What ``needs`` and ``without`` speak of.
        """
        if not self.is_possible(there):
            return None
        if text in self.whole:
            return _ALL.fullmatch(text)
        for pattern in (self.starts, self.pattern):
            match = pattern.search(text) if pattern else None
            if match and not (self.alone and words_of(without(text, match.span()))):
                return match
        return None


_ALL: Final = re.compile(r".*", re.DOTALL)


@functools.cache
def rules() -> tuple[Rule, ...]:
    """The rules in the order of the file."""
    return tuple(_rule(row) for row in acts()["act"])


def _rule(row: Mapping[str, Any]) -> Rule:
    patterns = [p.replace("{numeral}", NUMERAL) for p in row.get("patterns", ())]
    return Rule(
        intent=row["intent"],
        topic=row.get("topic", ""),
        whole=frozenset(normalize(w) for w in row.get("whole", ())),
        pattern=re.compile("|".join(f"(?:{p})" for p in patterns)) if patterns else None,
        starts=re.compile(rf"^{any_of(row['starts'])}") if "starts" in row else None,
        needs=tuple(row.get("needs", ())),
        without=tuple(row.get("without", ())),
        alone=row.get("rest") == "nothing",
        continues="starts" in row,
    )


def without(text: str, span: tuple[int, int]) -> str:
    """The text without a part of it."""
    return " ".join(f"{text[: span[0]]} {text[span[1] :]}".split())


def words_of(text: str) -> list[str]:
    """The words of a text that say something."""
    return [word for word in split_words(text) if word not in SMALL]


def spoken(words: Collection[str], text: str) -> str:
    """Words as they stood in the text: Chinese ones that touched are not parted."""
    plain, told, at = normalize(text), "", 0
    for word in words:
        place = plain.find(word, at)
        if place < 0:
            told += f" {word}"
            continue
        gap = " " if told and (place > at or word.isascii()) else ""
        told += gap + word
        at = place + len(word)
    return told.strip()


@functools.cache
def framed(kind: str) -> re.Pattern[str]:
    """How a sentence begins that goes on (``"refine"``) or starts anew (``"find"``)."""
    return re.compile(rf"^(?:{any_of(acts()['frames'][kind])}[ ,，]*)+")


@functools.cache
def totals() -> re.Pattern[str]:
    """What makes a budget one for everything: the words, but for the 预算 that is read on."""
    return re.compile(any_of(acts()["frames"]["total"]))


@functools.cache
def answer(kind: str) -> frozenset[str]:
    """Sentences that say yes, no, or skip."""
    return frozenset(normalize(w) for w in acts()["answers"][kind])


def fields_named(text: str) -> Iterator[str]:
    """The kinds of fields that a sentence speaks of: ``"price"``, ``"color"``."""
    for kind, names in acts()["names"].items():
        if re.search(any_of(names), text):
            yield kind


@functools.cache
def clause_end() -> re.Pattern[str]:
    """Where one sentence ends and another begins."""
    told = acts()["clauses"]
    before = any_of(told["before"])
    return re.compile(
        rf"{told['marks']}|[,，]? ?{any_of(told['joiners'])}[,，]? ?"
        rf"|[,，]? ?(?<![a-z0-9])and (?={before})|[,，] ?(?={before})"
    )


_EDGES: Final = " ,，、;；:：\"'“”‘’()（）[]~～…-"
_ASKS: Final = re.compile("[?？]|[吗呢么嘛]$")


def clauses(text: str) -> list[tuple[str, bool]]:
    """The sentences of a message, normalised, each with whether it asks something."""
    # 夹克，60以下: a comma before a figure is a pause where no figure is before it.
    plain = re.sub(r"(?<!\d),(?=\d)", ", ", normalize(text))
    found: list[tuple[str, bool]] = []
    at = 0
    ends = [*clause_end().finditer(plain)]
    for start, end in [*(m.span() for m in ends), (len(plain), len(plain))]:
        part = plain[at:start].strip(_EDGES)
        if part:
            asks = bool(_ASKS.search(plain[start:end]) or _ASKS.search(part))
            found.append((part, asks))
        at = end
    return found[: acts()["clauses"]["most"]]


_SCRIPTS: Final = re.compile("[\u0370-\u1fff\u3040-\u30ff\u3131-\u318e\uac00-\ud7af\ua000-\uabff]")
_LATIN: Final = re.compile("[^\\W\\d_]+")


def is_foreign(text: str) -> bool:
    """Whether a text is in a language that is not spoken here."""
    other = len(_SCRIPTS.findall(text))
    words = _LATIN.findall(text.lower())
    letters = sum(map(len, words))
    if other:
        return other * 3 >= letters
    if any(word in ENGLISH for word in words):
        return False
    return any(
        sum(word in listed for word in words) >= 2 for listed in acts()["languages"].values()
    )


ENGLISH: Final = frozenset(
    w
    for w in SMALL
    if w.isascii() and w not in ("a", "an", "me", "do", "is", "like", "i", "in", "as")
) | {"under", "over", "without", "red", "dress", "shoes", "gift"}
