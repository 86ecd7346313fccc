"""Suggestions while a shopper types: queries, categories, brands and products."""

import copy
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from daogou.retrieval.suggest_index import KEY, Ids, KeyIndex, runs
from daogou.retrieval.suggest_reading import (
    Match,
    Unit,
    fold,
    has_han,
    match,
    read_units,
    syllables,
    typed_pieces,
)

Kind = Literal["query", "category", "brand", "product"]
KINDS: Final[tuple[Kind, ...]] = ("query", "category", "brand", "product")
"""Of equals, the first comes first."""
_LOOKED_AT: Final = 120
"""Texts of a kind that are compared letter by letter, the heaviest first; a third of them where
it is a guess what was meant."""
_KEPT_UNITS: Final = 20_000
_TYPO_LETTERS: Final = 4
"""Shorter words are not corrected: too many others are one letter away."""
_TYPO_VARIANTS: Final = 6
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something that can be suggested.

    Attributes
    ----------
    kind, text
        What is shown; two phrases of one text are suggested once.
    language
        ``"en"``, ``"zh"``, or empty for all, as a brand.
    weight
        How much it is used; compared within a kind alone, so any unit will do.
    id
        Of the product, or of whatever the kind names; None stands for the text.
    filter
        The filter expression that it stands for, as a category's.
    """

    kind: Kind
    text: str
    language: str = ""
    weight: float = 0.0
    id: str | None = None
    filter: str | None = None

    @property
    def key(self) -> tuple[Kind, str]:
        """What it is about; phrases of one product in two languages share it."""
        return self.kind, self.text if self.id is None else self.id


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase, and the spans of its text that were typed: rising ``(start, end)``."""

    phrase: Phrase
    highlight: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    phrase: Phrase
    match: Match
    score: float


class Suggester:
    """Completes what a shopper has typed; safe to share between threads.

    What is typed matches at the start of any word of a phrase and at any Chinese
    character, by the character, by pinyin (lianyiqun, lianyiq), by the initials of
    it (lyq), or mixed (lian衣). Several typed words match in their order. Only where
    nothing matches, words that were typed as one or as two, homophones and one wrong
    letter are tried.

    Phrases in the shopper's language come first. Within a language the kinds take
    turns by the method of D'Hondt: the next one is that with the highest score
    divided by one more than what its kind has already, so that 90,000 products leave
    room for a category. A score is the weight on a logarithmic scale, as a share of
    the heaviest of its kind, times how well it matches.

    On one core, 100,000 queries and titles in both languages are indexed in 4 s and
    take 100 MB, 28 of them keys; pypinyin's dictionaries are another 75. Of completions
    95 in 100 take less than 1.3 ms; where nothing matches, less than 5.

    Parameters
    ----------
    phrases
        In any order; one without a letter or a digit is left out.
    """

    def __init__(self, phrases: Iterable[Phrase] = ()) -> None:
        base = list(phrases)
        self._ceilings = _ceilings(base)
        self._shelves: tuple[_Shelf, ...] = (_Shelf(base, self._ceilings),)
        self._added: dict[tuple[Kind, str], list[Phrase]] = {}

    def __len__(self) -> int:
        return sum(len(shelf) for shelf in self._shelves)

    @property
    def nbytes(self) -> int:
        """Bytes of the keys, without the phrases themselves."""
        return sum(shelf.index.nbytes for shelf in self._shelves)

    def with_phrases(
        self, added: Iterable[Phrase] = (), removed: Collection[tuple[Kind, str]] = ()
    ) -> "Suggester":
        """The same with some phrases new, and those of some keys gone.

        Phrases replace all those of the same :attr:`Phrase.key`. What was added since
        the suggester was built is indexed again, some 50 microseconds a phrase, so
        after some thousands it is time to build a new one. The suggester itself stays
        as it is.
        """
        groups: dict[tuple[Kind, str], list[Phrase]] = {}
        for phrase in added:
            groups.setdefault(phrase.key, []).append(phrase)
        gone = {*removed, *groups}
        new = copy.copy(self)
        new._added = {k: v for k, v in self._added.items() if k not in gone} | groups
        live = [phrase for phrases in new._added.values() for phrase in phrases]
        new._shelves = (self._shelves[0].without(gone), _Shelf(live, self._ceilings))
        return new

    def suggest(self, prefix: str, language: str = "", limit: int = 10) -> list[Suggestion]:
        """The best completions of what was typed so far.

        Parameters
        ----------
        prefix
            Any text; of a blank one, the heaviest phrases are the completions.
        language
            The shopper's; phrases in others follow.
        limit
            How many at most.
        """
        pieces = typed_pieces(prefix)
        if limit < 1 or (not pieces and prefix.strip()):
            return []
        for attempt in self._attempts(pieces):
            found = self._ranked(attempt, language, limit)
            if found:
                return [Suggestion(scored.phrase, scored.match.spans) for scored in found]
        return []

    def _attempts(self, pieces: Sequence[str]) -> "Iterator[_Attempt]":
        """What may have been meant, from the letter on to what is further away."""
        yield _Attempt((tuple(pieces),))
        if not pieces:
            return
        yield _Attempt((tuple(pieces),), guess=True)
        yield _Attempt((("".join(pieces),),), guess=True, across=True)
        if has_han("".join(pieces)):
            spoken = tuple("".join(_spoken(run) for run in runs(piece)) for piece in pieces)
            yield _Attempt((spoken,), guess=True)
        corrected = self._corrected(pieces)
        if corrected:
            yield _Attempt(corrected)

    def _corrected(self, pieces: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The pieces with the one word that nothing starts with spelt otherwise."""
        for place, piece in enumerate(pieces):
            if not _correctable(piece):
                continue
            known = [shelf for shelf in self._shelves if shelf.index.count(piece)]
            if known and not KEY < len(piece) <= 2 * KEY:
                continue
            nearby = [piece[:KEY]] if known else self._near(piece)
            return tuple((*pieces[:place], other, *pieces[place + 1 :]) for other in nearby)
        return ()

    def _near(self, word: str) -> list[str]:
        """Spellings one letter away that something starts with, the most frequent first."""
        variants = _one_away(word)
        totals = [0] * len(variants)
        for shelf in self._shelves:
            for n, count in enumerate(shelf.index.counts([v[:KEY] for v in variants])):
                totals[n] += count
        best = sorted(range(len(variants)), key=lambda n: (-totals[n], variants[n]))
        return [variants[n] for n in best[:_TYPO_VARIANTS] if totals[n]]

    def _ranked(self, attempt: "_Attempt", language: str, limit: int) -> list[_Scored]:
        found = [
            (shelf, pieces, ids)
            for shelf in self._shelves
            for pieces in attempt.readings
            if len(ids := shelf.candidates(pieces, attempt))
        ]
        chosen: dict[str, _Scored] = {}
        for own in (True, False):
            by_kind: dict[Kind, list[_Scored]] = {kind: [] for kind in KINDS}
            for shelf, pieces, ids in found:
                for scored in shelf.matches(
                    ids[shelf.spoken(ids, language) == own], pieces, attempt, limit
                ):
                    by_kind[scored.phrase.kind].append(scored)
            for scored in _in_turn(by_kind):
                chosen.setdefault(fold(scored.phrase.text), scored)
                if len(chosen) == limit:
                    return list(chosen.values())
        return list(chosen.values())


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Readings of what was typed.

    ``guess``: as much of a piece is looked up as is known, not all of it.
    ``across``: a piece may go on over a blank.
    """

    readings: tuple[tuple[str, ...], ...]
    guess: bool = False
    across: bool = False


class _Shelf:
    """Phrases by kind and falling weight, so that the first ids are the best of a kind."""

    def __init__(self, phrases: Sequence[Phrase], ceilings: dict[Kind, float]) -> None:
        usable = [phrase for phrase in phrases if fold(phrase.text).strip()]
        usable.sort(key=lambda phrase: (KINDS.index(phrase.kind), -phrase.weight, phrase.text))
        self.phrases = tuple(usable)
        self.index = KeyIndex(read_units(phrase.text) for phrase in usable)
        self._scores = [_score(phrase, ceilings) for phrase in self.phrases]
        kinds = np.array([KINDS.index(phrase.kind) for phrase in self.phrases], np.int8)
        self._edges = np.searchsorted(kinds, np.arange(len(KINDS) + 1)).tolist()
        languages = sorted({phrase.language for phrase in self.phrases})
        self._languages = {language: n for n, language in enumerate(languages)}
        codes = [self._languages[phrase.language] for phrase in self.phrases]
        self._language = np.array(codes, np.int16)
        self._chinese = np.array([has_han(phrase.text) for phrase in self.phrases], np.bool_)
        self._shown = np.ones(len(self.phrases), np.bool_)
        # Filled at the first use; copies share them, since phrases never change.
        self._units: dict[int, list[Unit]] = {}
        self._by_key: dict[tuple[Kind, str], list[int]] | None = None

    def __len__(self) -> int:
        return int(np.count_nonzero(self._shown))

    def without(self, keys: Collection[tuple[Kind, str]]) -> "_Shelf":
        """The same without the phrases of some keys."""
        if self._by_key is None:
            by_key: dict[tuple[Kind, str], list[int]] = {}
            for number, phrase in enumerate(self.phrases):
                by_key.setdefault(phrase.key, []).append(number)
            self._by_key = by_key  # whole at once: other threads may be here too
        new = copy.copy(self)
        new._shown = self._shown.copy()
        for key in keys:
            new._shown[self._by_key.get(key, [])] = False
        return new

    def candidates(self, pieces: Sequence[str], attempt: _Attempt) -> Ids:
        """The phrases that have every run of every piece somewhere, rising."""
        passing = self._shown
        for run in {run for piece in pieces for run in runs(piece)}:
            letters = self.index.known_part(run) if attempt.guess else run
            here = np.zeros(len(passing), np.bool_)
            if len(letters) > 1 or letters == run:
                here[self.index.starting(letters)] = True
            passing = passing & here
        if attempt.guess and not attempt.across:
            # Only pinyin is typed in so many ways that its beginning is worth a try.
            passing = passing & self._chinese
        return np.flatnonzero(passing).astype(np.int32)

    def spoken(self, ids: Ids, language: str) -> npt.NDArray[np.bool_]:
        """Which of the phrases are in a language or in none; all for a shopper without one."""
        if not language:
            return np.ones(len(ids), np.bool_)
        codes = self._language[ids]
        own, neutral = (self._languages.get(name, -1) for name in (language, ""))
        spoken: npt.NDArray[np.bool_] = (codes == own) | (codes == neutral)
        return spoken

    def matches(
        self, ids: Ids, pieces: Sequence[str], attempt: _Attempt, enough: int
    ) -> Iterator[_Scored]:
        """The best matches of each kind among the phrases."""
        looked_at = _LOOKED_AT // 3 if attempt.guess else _LOOKED_AT
        edges = np.searchsorted(ids, self._edges).tolist()
        for low, high in itertools.pairwise(edges):
            left = 2 * enough
            for number in ids[low : min(high, low + looked_at)].tolist():
                matched = match(self._read(number), pieces, across=attempt.across)
                if matched is not None:
                    score = self._scores[number] * matched.quality
                    yield _Scored(self.phrases[number], matched, score)
                    left -= 1
                    if not left:
                        break

    def _read(self, number: int) -> list[Unit]:
        units = self._units.get(number)
        if units is None:
            if len(self._units) >= _KEPT_UNITS:
                self._units.clear()
            units = self._units[number] = read_units(self.phrases[number].text)
        return units


def _in_turn(by_kind: dict[Kind, list[_Scored]]) -> Iterator[_Scored]:
    """The matches of all kinds in one order; see :class:`Suggester`."""
    waiting = {
        kind: sorted(found, key=lambda scored: (-scored.score, scored.phrase.text), reverse=True)
        for kind, found in by_kind.items()
    }
    taken = dict.fromkeys(KINDS, 0)
    for _ in range(sum(map(len, waiting.values()))):
        kind = max(
            (kind for kind in KINDS if waiting[kind]),
            key=lambda kind: waiting[kind][-1].score / (1 + taken[kind]),
        )
        taken[kind] += 1
        yield waiting[kind].pop()


def _ceilings(phrases: Iterable[Phrase]) -> dict[Kind, float]:
    """The heaviest weight of each kind."""
    ceilings: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
    for phrase in phrases:
        ceilings[phrase.kind] = max(ceilings[phrase.kind], phrase.weight)
    return ceilings


def _score(phrase: Phrase, ceilings: dict[Kind, float]) -> float:
    """From 0.1 for no weight to 1 for the heaviest of the kind."""
    ceiling = math.log1p(ceilings[phrase.kind])
    share = math.log1p(max(phrase.weight, 0.0)) / ceiling if ceiling else 0.0
    return 0.1 + 0.9 * min(share, 1.0)


def _spoken(run: str) -> str:
    return "".join(syllables(run)) if has_han(run) else run


def _correctable(piece: str) -> bool:
    return len(piece) >= _TYPO_LETTERS and piece.isascii() and piece.isalpha()


def _one_away(word: str) -> list[str]:
    """All that is one letter left out, put in, changed or swapped away; the first one stays."""
    cuts = [(word[:n], word[n:]) for n in range(1, len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    found |= {a + c + b[1:] for a, b in cuts if b for c in _ALPHABET}
    found |= {a + c + b for a, b in cuts for c in _ALPHABET}
    return sorted(found - {word})
