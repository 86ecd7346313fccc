"""What the controls of a shop make of one query.

Runs at every search: :class:`ControlSet` is built once for each revision of the
controls, and asks of each word of a query only which phrases begin with it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from daogou.merchandising.control import (
    BoostAction,
    Control,
    DoNotAssociateAction,
    FilterAction,
    IgnoreAction,
    OnewaySynonymsAction,
    PinAction,
    RedirectAction,
    ReplacementAction,
    TwowaySynonymsAction,
)
from daogou.merchandising.rewriting import Edit, rewrite
from daogou.text import normalize, tokenize

T = TypeVar("T")
Tokens = tuple[str, ...]
MAX_TOKENS: Final = 128
"""Further tokens of a query are not compared with any phrase."""
_JOINTS: Final = "-_&"
_TO_SPACE: Final = str.maketrans(dict.fromkeys(_JOINTS, " "))
_TO_NOTHING: Final = str.maketrans(dict.fromkeys(_JOINTS))


@dataclass(frozen=True, slots=True)
class Expansion:
    """A phrase of the query, and phrases that mean the same; all as tokens.

    ``start`` is the phrase's place in :attr:`Applied.tokens`.
    """

    phrase: Tokens
    alternatives: tuple[Tokens, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What the controls make of one query.

    Attributes
    ----------
    text, tokens
        The query to search for: as typed, where no replacement and no ignored term applied.
    expansions
        Synonyms, one step far: synonyms of synonyms are not followed.
    apart
        Phrases that the query must not be widened to, be it by spelling or by meaning; they are
        out of ``expansions`` already. None that the query itself has.
    filters
        Filter expressions; a product has to pass all of them.
    boosts
        (filter expression, boost); a product gets the sum of those that it passes, which can be
        outside of -1 to 1.
    pins
        (position from 1, product id), rising; no position and no product twice.
    redirect_uri
        The page to send the shopper to.
    control_ids
        The controls that did something, in the order in which they did.
    """

    text: str
    tokens: Tokens
    expansions: tuple[Expansion, ...] = ()
    apart: tuple[Tokens, ...] = ()
    filters: tuple[str, ...] = ()
    boosts: tuple[tuple[str, float], ...] = ()
    pins: tuple[tuple[int, str], ...] = ()
    redirect_uri: str | None = None
    control_ids: tuple[str, ...] = ()


class ControlSet:
    """The controls of a shop, ready to be applied to queries; safe to share between threads.

    Controls act in the order of their ids. Where two contradict each other (a
    redirect, a pinned place, a replaced term) the first one holds.

    Parameters
    ----------
    controls
        In any order.
    """

    def __init__(self, controls: Iterable[Control] = ()) -> None:
        self.controls: tuple[Control, ...] = tuple(sorted(controls, key=lambda c: c.id))
        self._gates = tuple(_Gate(control) for control in self.controls)
        self._conditions: _Phrases[tuple[int, bool]] = _Phrases()
        self._edits: _Phrases[tuple[int, str]] = _Phrases()
        self._synonyms: _Phrases[tuple[int, tuple[Tokens, ...]]] = _Phrases()
        self._apart: _Phrases[tuple[int, tuple[Tokens, ...]]] = _Phrases()
        # Those without query terms that do not wait for a phrase of their own either.
        self._unasked: list[int] = []
        for number, control in enumerate(self.controls):
            self._index(number, control)

    def compile(
        self,
        text: str,
        tokens: Sequence[str],
        now: float,
        categories: Collection[str] = (),
    ) -> Applied:
        """What the controls make of a query.

        Parameters
        ----------
        text
            As typed; empty when browsing.
        tokens
            ``tokenize(text)``.
        now
            Seconds since 1970.
        categories
            Of the page that the shopper is on.
        """
        typed = tuple(tokens)
        if not self.controls:
            return Applied(text, typed)
        return _Compiling(self, text, typed, now, categories).result()

    def _index(self, number: int, control: Control) -> None:
        for condition in control.condition.query_terms:
            for phrase in spellings(condition.value):
                self._conditions.add(phrase, (number, condition.full_match))
        match control.action:
            case OnewaySynonymsAction(terms, synonyms):
                meant = tuple(tuple(tokenize(synonym)) for synonym in synonyms)
                for term in terms:
                    self._add(self._synonyms, term, (number, meant))
            case TwowaySynonymsAction(synonyms):
                for synonym in synonyms:
                    others = tuple(tuple(tokenize(s)) for s in synonyms if s != synonym)
                    self._add(self._synonyms, synonym, (number, others))
            case ReplacementAction(terms, instead):
                for term in terms:
                    self._add(self._edits, term, (number, instead))
            case IgnoreAction(terms):
                for term in terms:
                    self._add(self._edits, term, (number, ""))
            case DoNotAssociateAction(terms, others):
                phrases = tuple(phrase for other in others for phrase in spellings(other))
                for term in terms:
                    self._add(self._apart, term, (number, phrases))
            case BoostAction() | FilterAction() | RedirectAction() | PinAction():
                if not control.condition.query_terms:
                    self._unasked.append(number)

    @staticmethod
    def _add(phrases: "_Phrases[T]", term: str, value: T) -> None:
        for phrase in spellings(term):
            phrases.add(phrase, value)


def spellings(term: str) -> tuple[Tokens, ...]:
    """The token sequences of a term, with its joints kept, opened and closed.

    "T-shirt" is also "t shirt" and "tshirt".
    """
    forms = [term]
    if any(joint in term for joint in _JOINTS):
        forms += [term.translate(_TO_SPACE), term.translate(_TO_NOTHING)]
    found = (tuple(tokenize(form)) for form in forms)
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


class _Phrases(Generic[T]):
    """Values by phrase, found wherever the phrase stands in a sequence of tokens."""

    __slots__ = ("_lengths", "_values")

    def __init__(self) -> None:
        self._values: dict[Tokens, list[T]] = {}
        self._lengths: dict[str, list[int]] = {}  # by first token, longest first

    def add(self, phrase: Tokens, value: T) -> None:
        self._values.setdefault(phrase, []).append(value)
        lengths = self._lengths.setdefault(phrase[0], [])
        if len(phrase) not in lengths:
            lengths.append(len(phrase))
            lengths.sort(reverse=True)

    def exactly(self, tokens: Tokens) -> Sequence[T]:
        """The values of a phrase."""
        return self._values.get(tokens, ())

    def found(self, tokens: Tokens) -> Iterator[tuple[int, Tokens, T]]:
        """(start, phrase, value) from left to right, at one place the longest first."""
        if not self._lengths:
            return
        for start, token in enumerate(tokens):
            for length in self._lengths.get(token, ()):
                phrase = tokens[start : start + length]
                for value in self._values.get(phrase, ()):
                    yield start, phrase, value


class _Gate:
    """A control's condition but for its query terms: period and category."""

    __slots__ = ("_categories", "_periods", "asks")

    def __init__(self, control: Control) -> None:
        condition = control.condition
        self.asks = bool(condition.query_terms)
        self._categories = frozenset(normalize(c) for c in condition.page_categories)
        self._periods = [
            (
                period.start.timestamp() if period.start else float("-inf"),
                period.end.timestamp() if period.end else float("inf"),
            )
            for period in condition.active_time_range
        ]

    def open(self, now: float, categories: frozenset[str]) -> bool:
        if self._periods and not any(start <= now <= end for start, end in self._periods):
            return False
        return not self._categories or not self._categories.isdisjoint(categories)


class _Compiling:
    """One query on its way through the controls."""

    def __init__(
        self, of: ControlSet, text: str, typed: Tokens, now: float, categories: Collection[str]
    ) -> None:
        self.of = of
        self.text = text
        self.typed = typed
        self.now = now
        self.categories = frozenset(normalize(category) for category in categories)
        self.open: dict[int, bool] = {}
        self.did: list[int] = []
        self.asked = self._asked()

    def result(self) -> Applied:
        text, tokens = self._rewritten()
        compared = tokens[:MAX_TOKENS]
        apart = self._apart(compared)
        expansions = self._expansions(compared, frozenset(apart))
        filters: list[str] = []
        boosts: dict[str, float] = {}
        pins: dict[int, str] = {}
        redirect: str | None = None
        for number in sorted({*self.asked, *self.of._unasked}):
            if not self._holds(number):
                continue
            match self.of.controls[number].action:
                case BoostAction(boost, products) if boost:
                    boosts[products] = boosts.get(products, 0.0) + boost
                case FilterAction(expression):
                    filters.append(expression)
                case RedirectAction(uri) if redirect is None:
                    redirect = uri
                case PinAction(wanted) if self._pin(pins, wanted):
                    pass
                case _:
                    continue
            self.did.append(number)
        return Applied(
            text,
            tokens,
            expansions,
            apart,
            tuple(dict.fromkeys(filters)),
            tuple(boosts.items()),
            tuple(sorted(pins.items())),
            redirect,
            tuple(self.of.controls[number].id for number in dict.fromkeys(self.did)),
        )

    def _asked(self) -> frozenset[int]:
        """The controls one of whose query terms fits."""
        wholes = {self.typed}
        if any(joint in self.text for joint in _JOINTS):
            wholes.update(spellings(self.text))
        fits = {
            number
            for _, _, (number, full) in self.of._conditions.found(self.typed[:MAX_TOKENS])
            if not full
        }
        for whole in wholes:
            fits.update(number for number, _ in self.of._conditions.exactly(whole))
        return frozenset(fits)

    def _holds(self, number: int) -> bool:
        known = self.open.get(number)
        if known is None:
            gate = self.of._gates[number]
            asked = not gate.asks or number in self.asked
            known = asked and gate.open(self.now, self.categories)
            self.open[number] = known
        return known

    def _rewritten(self) -> tuple[str, Tokens]:
        edits = [
            Edit(phrase, instead, number)
            for _, phrase, (number, instead) in self.of._edits.found(self.typed[:MAX_TOKENS])
            if self._holds(number)
        ]
        if not edits:
            return self.text, self.typed
        rewritten = rewrite(self.text, edits)
        self.did += rewritten.applied
        if not rewritten.applied:
            return self.text, self.typed
        return rewritten.text, tuple(tokenize(rewritten.text))

    def _apart(self, tokens: Tokens) -> tuple[Tokens, ...]:
        found: dict[Tokens, None] = {}
        for _, _, (number, phrases) in self.of._apart.found(tokens):
            if self._holds(number):
                found.update(dict.fromkeys(p for p in phrases if not _contains(tokens, p)))
                self.did.append(number)
        return tuple(found)

    def _expansions(self, tokens: Tokens, apart: frozenset[Tokens]) -> tuple[Expansion, ...]:
        starts: dict[Tokens, int] = {}
        meant: dict[Tokens, dict[Tokens, None]] = {}
        for start, phrase, (number, alternatives) in self.of._synonyms.found(tokens):
            if self._holds(number):
                starts.setdefault(phrase, start)
                known = meant.setdefault(phrase, {})
                new = [a for a in alternatives if a != phrase and a not in apart]
                known.update(dict.fromkeys(new))
                if new:
                    self.did.append(number)
        return tuple(
            Expansion(phrase, tuple(alternatives), starts[phrase])
            for phrase, alternatives in meant.items()
            if alternatives
        )

    @staticmethod
    def _pin(pins: dict[int, str], wanted: Iterable[tuple[int, str]]) -> bool:
        """Pin what is still free; whether anything was."""
        before = len(pins)
        for position, product in wanted:
            if position not in pins and product not in pins.values():
                pins[position] = product
        return len(pins) > before


def _contains(tokens: Tokens, phrase: Tokens) -> bool:
    size = len(phrase)
    return any(tokens[n : n + size] == phrase for n in range(len(tokens) - size + 1))
