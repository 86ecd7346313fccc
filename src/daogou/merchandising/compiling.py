"""What the controls of a shop make of one query.

Runs at every search: :class:`ControlSet` is built once for each revision of the
controls, and asks of each word of a query only which phrases begin with it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

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
from daogou.merchandising.phrases import JOINTS, Phrases, Tokens, spellings
from daogou.merchandising.rewriting import Edit, rewrite
from daogou.text import normalize, tokenize

MAX_TOKENS: Final = 128
"""Further tokens of a query are not compared with any phrase."""


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
        self._index = _Index(self.controls)

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
        return _Compiling(self._index, text, typed, now, categories).result()


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


class _Index:
    """Where to look for the controls that a query sets off; they go by their numbers.

    Attributes
    ----------
    conditions
        By query term: control, whether the term has to be the whole query.
    edits
        By term to replace: control, what to put there.
    synonyms, apart
        By term: control, the phrases to add or to keep away.
    unasked
        Controls that act without any word: those of the other actions without query terms.
    """

    def __init__(self, controls: Sequence[Control]) -> None:
        self.controls = controls
        self.gates = tuple(_Gate(control) for control in controls)
        self.conditions: Phrases[tuple[int, bool]] = Phrases()
        self.edits: Phrases[tuple[int, str]] = Phrases()
        self.synonyms: Phrases[tuple[int, tuple[Tokens, ...]]] = Phrases()
        self.apart: Phrases[tuple[int, tuple[Tokens, ...]]] = Phrases()
        self.unasked: list[int] = []
        for number, control in enumerate(controls):
            for asked in control.condition.query_terms:
                self.conditions.add(asked.value, (number, asked.full_match))
            self._add(number, control)

    def _add(self, number: int, control: Control) -> None:
        match control.action:
            case OnewaySynonymsAction(terms, synonyms):
                meant = tuple(tuple(tokenize(synonym)) for synonym in synonyms)
                for term in terms:
                    self.synonyms.add(term, (number, meant))
            case TwowaySynonymsAction(synonyms):
                for synonym in synonyms:
                    others = tuple(tuple(tokenize(s)) for s in synonyms if s != synonym)
                    self.synonyms.add(synonym, (number, others))
            case ReplacementAction(terms, instead):
                for term in terms:
                    self.edits.add(term, (number, instead))
            case IgnoreAction(terms):
                for term in terms:
                    self.edits.add(term, (number, ""))
            case DoNotAssociateAction(terms, others):
                phrases = tuple(phrase for other in others for phrase in spellings(other))
                for term in terms:
                    self.apart.add(term, (number, phrases))
            case BoostAction() | FilterAction() | RedirectAction() | PinAction():
                if not control.condition.query_terms:
                    self.unasked.append(number)


class _Compiling:
    """One query on its way through the controls."""

    def __init__(
        self, index: _Index, text: str, typed: Tokens, now: float, categories: Collection[str]
    ) -> None:
        self.index = index
        self.text = text
        self.typed = typed
        self.now = now
        self.categories = frozenset(normalize(category) for category in categories)
        self.asked = self._asked()
        self.open: dict[int, bool] = {}
        self.did: dict[int, None] = {}
        self.filters: dict[str, None] = {}
        self.boosts: dict[str, float] = {}
        self.pins: dict[int, str] = {}
        self.redirect: str | None = None

    def result(self) -> Applied:
        text, tokens = self._rewritten()
        compared = tokens[:MAX_TOKENS]
        apart = self._apart(compared)
        expansions = self._expansions(compared, frozenset(apart))
        for number in sorted({*self.asked, *self.index.unasked}):
            if self._holds(number) and self._act(number):
                self.did[number] = None
        return Applied(
            text,
            tokens,
            expansions,
            apart,
            tuple(self.filters),
            tuple(self.boosts.items()),
            tuple(sorted(self.pins.items())),
            self.redirect,
            tuple(self.index.controls[number].id for number in self.did),
        )

    def _asked(self) -> frozenset[int]:
        """The controls one of whose query terms fits."""
        wholes = {self.typed}
        if any(joint in self.text for joint in JOINTS):
            wholes.update(spellings(self.text))
        conditions = self.index.conditions
        partly = conditions.found(self.typed[:MAX_TOKENS])
        fits = {number for _, _, (number, full) in partly if not full}
        for whole in wholes:
            fits.update(number for number, _ in conditions.exactly(whole))
        return frozenset(fits)

    def _holds(self, number: int) -> bool:
        """Whether a control's whole condition is met."""
        known = self.open.get(number)
        if known is None:
            gate = self.index.gates[number]
            asked = not gate.asks or number in self.asked
            known = self.open[number] = asked and gate.open(self.now, self.categories)
        return known

    def _rewritten(self) -> tuple[str, Tokens]:
        edits = [
            Edit(phrase, instead, number)
            for _, phrase, (number, instead) in self.index.edits.found(self.typed[:MAX_TOKENS])
            if self._holds(number)
        ]
        rewritten = rewrite(self.text, edits) if edits else None
        if rewritten is None or not rewritten.applied:
            return self.text, self.typed
        self.did.update(dict.fromkeys(rewritten.applied))
        return rewritten.text, tuple(tokenize(rewritten.text))

    def _apart(self, tokens: Tokens) -> tuple[Tokens, ...]:
        found: dict[Tokens, None] = {}
        for _, _, (number, phrases) in self.index.apart.found(tokens):
            if self._holds(number):
                found.update(dict.fromkeys(p for p in phrases if not _contains(tokens, p)))
                self.did[number] = None
        return tuple(found)

    def _expansions(self, tokens: Tokens, apart: frozenset[Tokens]) -> tuple[Expansion, ...]:
        starts: dict[Tokens, int] = {}
        meant: dict[Tokens, dict[Tokens, None]] = {}
        for start, phrase, (number, alternatives) in self.index.synonyms.found(tokens):
            new = [a for a in alternatives if a != phrase and a not in apart]
            if new and self._holds(number):
                starts.setdefault(phrase, start)
                meant.setdefault(phrase, {}).update(dict.fromkeys(new))
                self.did[number] = None
        return tuple(
            Expansion(phrase, tuple(alternatives), starts[phrase])
            for phrase, alternatives in meant.items()
        )

    def _act(self, number: int) -> bool:
        """Do what a control says of the results; whether there was anything to do."""
        match self.index.controls[number].action:
            case BoostAction(boost, products):
                if boost:
                    self.boosts[products] = self.boosts.get(products, 0.0) + boost
                return bool(boost)
            case FilterAction(expression):
                self.filters[expression] = None
                return True
            case RedirectAction(uri):
                if self.redirect is not None:
                    return False
                self.redirect = uri
                return True
            case PinAction(wanted):
                return self._pin(wanted)
            case _:
                return False

    def _pin(self, wanted: Iterable[tuple[int, str]]) -> bool:
        """Pin what is still free; whether anything was."""
        before = len(self.pins)
        for position, product in wanted:
            if position not in self.pins and product not in self.pins.values():
                self.pins[position] = product
        return len(self.pins) > before


def _contains(tokens: Tokens, phrase: Tokens) -> bool:
    size = len(phrase)
    return any(tokens[n : n + size] == phrase for n in range(len(tokens) - size + 1))
