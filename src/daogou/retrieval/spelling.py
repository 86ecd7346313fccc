"""Did you mean ...? Words that a catalogue does not have, and those that it has instead."""

import math
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import rjieba
from tantivy import Occur, Query

from daogou.retrieval.edits import PLAIN, edit_cost
from daogou.retrieval.lexical_index import LexicalIndex
from daogou.retrieval.lexical_plan import all_of
from daogou.retrieval.vocabulary import LEAST, LONGEST_SOUND, Vocabulary
from daogou.text import singular, tokenize
from daogou.text.aligned import Aligned
from daogou.text.normal import HAN
from daogou.text.pinyin import pinyin
from daogou.text.units import QUANTITY

MAX_WORDS: Final = 32
"""Texts of more words are not corrected: they are not queries."""
MAX_COMPARED: Final = 12
"""So many of the nearest words are compared in full."""
RIGHT_AS_TYPED: Final = -2.5
"""How likely it is, in nats, that an unknown word is right and the shop does not have the thing,
against a correction by no edit to a word of one document. Measured on the demo shop's words: of
600 with one letter wrong 97% are put right (at -4 98%, at -1 91%), and 19% of the frequent words of
an electronics shop are taken for slips (22%, 14%), 8% of them surely (12%, 4%)."""
OUT_OF_CONTEXT: Final = 0.02
"""What a document counts that has the correction, but none of the query's other words."""
RARE: Final = 2
"""A Latin word of so few documents may be a slip in the catalogue itself."""
MUCH_MORE_FREQUENT: Final = 100
"""A rare word is questioned only for one that stands in so many times its documents."""
DOUBTFUL: Final = 0.5
"""The highest confidence in the correction of a word that exists."""
HOMOPHONE, NEAR_HOMOPHONE, PINYIN, SPLIT, JOINED = 0.9, 0.6, 0.9, 0.85, 0.9
"""Confidences of what is not weighed letter by letter."""
LEAST_CONFIDENCE: Final = 0.25
"""Less certain corrections are not mentioned."""
MAX_LETTERS: Final = 40
"""Longer words are no words."""

_QUANTITY: Final = re.compile(QUANTITY)
_PIECE: Final = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<word>[a-z0-9à-öø-ɏ]+(?:[-&_'.][a-z0-9à-öø-ɏ]+)*)"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One correction: ``typed`` stands at ``start`` to ``end`` of the text, ``meant`` was meant.

    ``confidence`` is above 0 and at most 1.
    """

    start: int
    end: int
    typed: str
    meant: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Correction:
    """A text as it was probably meant.

    Attributes
    ----------
    text
        To be shown, and to be searched.
    changes
        In the order of the text, spans are code points of the text as typed.
    """

    text: str
    changes: tuple[Change, ...]

    @property
    def confidence(self) -> float:
        """That of the least certain change."""
        return min(change.confidence for change in self.changes)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A Latin word or a run of Han characters in the normalised text."""

    start: int
    end: int
    text: str
    tokens: tuple[str, ...]
    is_han: bool

    @property
    def is_word(self) -> bool:
        """Whether it may be misspelled: codes, numbers and compounds are not judged."""
        return not self.is_han and self.text.isalpha() and len(self.text) <= MAX_LETTERS


class Speller:
    """Corrects queries by the words of an index.

    Latin words by letters mistyped, left out, doubled or exchanged, words written
    together or apart, Chinese words by another character of the same sound, and
    Chinese words typed as pinyin. Codes, numbers and words that the catalogue or the
    caller knows are left alone; but see :data:`RARE`.

    Safe to share among threads. The tables are made when first needed: some 0.1 s for
    80,000 tokens.
    """

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index
        self._vocabulary = Vocabulary(index)

    def correct(self, text: str, known: Container[str] = ()) -> Correction | None:
        """What ``text`` was probably meant to be; None where nothing needs correcting.

        Parameters
        ----------
        text
            As typed.
        known
            Tokens that are right though the index has none of them: those of products
            that changed since it was built.
        """
        aligned = Aligned(text)
        sizes = [m.span() for m in _QUANTITY.finditer(aligned.text)]
        pieces = [
            _Piece(m.start(), m.end(), m[0], tuple(tokenize(m[0])), m["han"] is not None)
            for m in _PIECE.finditer(aligned.text)
            # The liter of "2 liter" is no word of the catalogue, which has "2l".
            if not any(start <= m.start() < end for start, end in sizes)
        ]
        if not pieces or len(pieces) > MAX_WORDS:
            return None
        return _corrected(aligned, list(_Run(pieces, known, self._index, self._vocabulary).found()))


def _corrected(aligned: Aligned, found: Sequence[tuple[int, int, str, float]]) -> Correction | None:
    changes = []
    for start, end, meant, confidence in found:
        first, last = aligned.span(start, end)
        changes.append(Change(first, last, aligned.original[first:last], meant, confidence))
    if not changes:
        return None
    parts, place = [], 0
    for change in changes:
        parts += [aligned.original[place : change.start], change.meant]
        place = change.end
    return Correction("".join([*parts, aligned.original[place:]]), tuple(changes))


class _Run:
    """One text on its way through the speller."""

    def __init__(
        self,
        pieces: Sequence[_Piece],
        known: Container[str],
        index: LexicalIndex,
        vocabulary: Vocabulary,
    ) -> None:
        self.pieces = pieces
        self.known = known
        self.index = index
        self.vocabulary = vocabulary
        exist = [t for p in pieces for t in p.tokens if vocabulary.frequency(t)]
        self.context = list(dict.fromkeys(exist))[:8]

    def found(self) -> Iterator[tuple[int, int, str, float]]:
        """Start, end, correction and its confidence; in the order of the text, none overlapping."""
        place = 0
        while place < len(self.pieces):
            piece = self.pieces[place]
            if piece.is_han:
                yield from self._in_han(piece)
            elif piece.is_word:
                size, meant, confidence = self._in_latin(place)
                if size:
                    last = self.pieces[place + size - 1]
                    yield piece.start, last.end, meant, confidence
                    place += size
                    continue
            place += 1

    def _exists(self, token: str) -> bool:
        return token in self.known or self.vocabulary.frequency(token) > 0

    def _is_known(self, piece: _Piece) -> bool:
        return all(map(self._exists, piece.tokens))

    # Latin words

    def _in_latin(self, place: int) -> tuple[int, str, float]:
        """How many pieces from ``place`` on are replaced, by what, how surely; 0 for none."""
        piece = self.pieces[place]
        if (joined := self._joined(place)) is not None:
            return 2, joined, JOINED
        if self._is_known(piece):
            meant = self._doubted(piece)
            return (1, meant, DOUBTFUL) if meant else (0, "", 0.0)
        in_pinyin = self._in_pinyin(place)
        candidates = [(PINYIN, in_pinyin)] if in_pinyin[0] else []
        if (apart := self._apart(piece.text)) is not None:
            candidates.append((SPLIT, (1, apart)))
        if len(piece.text) > LEAST and (near := self._near(piece)) is not None:
            candidates.append((near[1], (1, near[0])))
        nothing = (LEAST_CONFIDENCE, (0, ""))
        confidence, (size, meant) = max([nothing, *candidates], key=lambda c: c[0])
        return size, meant, confidence

    def _joined(self, place: int) -> str | None:
        """The piece and the next one as one word, where the catalogue writes it so."""
        pair = self.pieces[place : place + 2]
        if len(pair) < 2 or not pair[1].is_word:
            return None
        if pair[1].start - pair[0].end != 1 or min(len(p.text) for p in pair) < 2:
            return None
        whole = pair[0].text + pair[1].text
        frequency = self.vocabulary.frequency(singular(whole))
        if len(whole) < 2 * LEAST or not frequency:
            return None
        if all(map(self._is_known, pair)):
            apart = self._together([*pair[0].tokens, *pair[1].tokens])
            return whole if frequency >= MUCH_MORE_FREQUENT / 10 * max(apart, 1) else None
        return whole

    def _apart(self, word: str) -> str | None:
        """Two words of the catalogue that were written as one and that it has together."""
        best, most = None, 0
        for cut in range(2, len(word) - 1):
            halves = singular(word[:cut]), singular(word[cut:])
            if len(word) < 2 * LEAST or not all(map(self.vocabulary.frequency, halves)):
                continue
            together = self._together(halves)
            if together > most:
                best, most = f"{word[:cut]} {word[cut:]}", together
        return best

    def _in_pinyin(self, place: int) -> tuple[int, str]:
        """The most unknown words from ``place`` on that are pinyin when joined, and the Chinese."""
        size, letters, best = 0, "", (0, "")
        for piece in self.pieces[place:]:
            if not piece.is_word or self._is_known(piece) or len(letters) > 6 * LONGEST_SOUND:
                break
            size, letters = size + 1, letters + piece.text
            if len(letters) > LEAST and (words := self.vocabulary.written_in_pinyin(letters)):
                best = (size, "".join(words))
        return best

    def _near(self, piece: _Piece) -> tuple[str, float] | None:
        """The likeliest word that was meant, and how likely it is against all others and none."""
        typed = piece.tokens[0] if len(piece.tokens) == 1 else piece.text
        near = self.vocabulary.near(typed, 1 if len(typed) < 6 else 2)
        told = sorted(
            ((edit_cost(typed, word), -count, word) for word, count in near),
        )[:MAX_COMPARED]
        if not told:
            return None
        scores = [math.log(self._weight(word, -count)) - cost for cost, count, word in told]
        top = max(range(len(told)), key=scores.__getitem__)
        weight = math.exp(RIGHT_AS_TYPED) + sum(map(math.exp, scores))
        meant = told[top][2]
        return _as_plural(piece.text, meant), math.exp(scores[top]) / weight

    def _weight(self, word: str, frequency: int) -> float:
        """Documents that have the word; those without a word of the context count little."""
        if not self.context:
            return frequency
        return OUT_OF_CONTEXT * frequency + self._with_context(word)

    def _with_context(self, word: str) -> int:
        schema = self.index.schema
        beside = [(Occur.Should, all_of(schema, [token])) for token in self.context]
        both = [(Occur.Must, all_of(schema, [word])), (Occur.Must, Query.boolean_query(beside))]
        return self.index.count(Query.boolean_query(both))

    def _together(self, tokens: Sequence[str]) -> int:
        return self.index.count(all_of(self.index.schema, list(dict.fromkeys(tokens))))

    def _doubted(self, piece: _Piece) -> str | None:
        """What a very rare word was more likely meant to be."""
        (typed, *more) = piece.tokens
        frequency = self.vocabulary.frequency(typed)
        if more or typed in self.known or frequency > RARE or len(typed) < 5:
            return None
        near = [(n, w) for w, n in self.vocabulary.near(typed, 1) if w != typed]
        count, meant = max(near, default=(0, ""))
        if count < MUCH_MORE_FREQUENT * frequency or edit_cost(typed, meant) > PLAIN:
            return None
        return _as_plural(piece.text, meant)

    # Han runs

    def _in_han(self, piece: _Piece) -> Iterator[tuple[int, int, str, float]]:
        run = piece.text
        words = rjieba.cut(run)
        known = [self._covered(word) for word in words]
        if all(known):
            return
        sound = pinyin(run)
        if len(sound) != len(run):
            return  # a character without a reading: what stands where is not known
        # Where words begin and end, and which characters no known word has.
        edges: set[int] = {0}
        wrong: set[int] = set()
        for word, is_known in zip(words, known, strict=True):
            start = max(edges)
            if not is_known:
                edges.update(range(start, start + len(word)))
                wrong.update(range(start, start + len(word)))
            edges.add(start + len(word))
        start = 0
        while start < len(run):
            end, meant, confidence = self._homophone(run, sound, start, edges, wrong)
            if meant:
                yield piece.start + start, piece.start + end, meant, confidence
            start = max(end, start + 1)

    def _homophone(
        self, run: str, sound: tuple[str, ...], start: int, edges: set[int], wrong: set[int]
    ) -> tuple[int, str, float]:
        """The longest word from ``start`` on that sounds so and has what is wrong: its end."""
        if start not in edges:
            return start, "", 0.0
        for end in range(min(start + LONGEST_SOUND, len(run)), start + 1, -1):
            if end not in edges or wrong.isdisjoint(range(start, end)):
                continue
            for words, confidence in (
                (self.vocabulary.sounding(sound[start:end]), HOMOPHONE),
                (self.vocabulary.sounding_alike(sound[start:end]), NEAR_HOMOPHONE),
            ):
                if words and words[0][0] != run[start:end]:
                    return end, words[0][0], confidence
        return start, "", 0.0

    def _covered(self, word: str) -> bool:
        """Whether the catalogue knows the word, or its parts, all characters of it."""
        if self._exists(word):
            return True
        open_ = set(range(len(word)))
        for part in set(tokenize(word)) - {word}:
            if self._exists(part):
                for match in re.finditer(re.escape(part), word):
                    open_ -= set(range(*match.span()))
        return not open_


def _as_plural(typed: str, meant: str) -> str:
    """``meant`` in the plural where ``typed`` looks like one, so that it reads as it was said."""
    if typed.endswith("s") and singular(typed) != typed:
        for plural in (meant + "s", meant + "es"):
            if singular(plural) == meant:
                return plural
    return meant
