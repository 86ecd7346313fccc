"""A search from the request to the page: controls, reading, spelling, ranking, ways out."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np

from daogou.engine.asking import Asked, ask
from daogou.engine.config import EngineConfig
from daogou.engine.constraints import chip
from daogou.engine.exact import first, named
from daogou.engine.facets import check_facet, count_facet, without_keys
from daogou.engine.matching import Bools, evaluate_filter
from daogou.engine.photos import beside_photo, find_photo, match_photo, photo_vector
from daogou.engine.relaxing import WayOut, by_nearest_price, of_meaning, told, ways_out
from daogou.engine.requests import Applied as Effect
from daogou.engine.requests import Chip, Reading, Relaxation, SearchRequest
from daogou.engine.searching import (
    Found,
    Matched,
    clear_of,
    clear_rows,
    eligible,
    find,
    match,
    only,
    pinned,
)
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.engine.words import Reader, unknown_words
from daogou.features.items import Float32
from daogou.merchandising import Applied, ControlSet
from daogou.retrieval import Correction
from daogou.store import Store
from daogou.text import clean, tokenize
from daogou.types import Facet
from daogou.understanding import left_over

Stage = Callable[[str], AbstractContextManager[None]]
"""Given the name of a part of the work, a context to do it in: something that measures."""


def unmeasured(_: str) -> AbstractContextManager[None]:
    """A stage that nobody measures."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything about the answer to a search, but for the products themselves.

    ``correction`` is what the query probably should have been, ``corrected`` whether that was
    searched, ``partial`` whether no product has all of its words.
    """

    asked: Asked
    found: Found
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    relaxations: tuple[Relaxation, ...]
    merchant: Applied
    correction: Correction | None
    corrected: bool
    partial: bool


class Searcher:
    """Answers searches over the newest view; safe to share between threads."""

    def __init__(self, store: Store, config: EngineConfig, view: View) -> None:
        self._store = store
        self._config = config
        self._reader = Reader(view.catalogue)
        self._lock = threading.Lock()
        self._controls = (-1, ControlSet())

    def controls(self) -> ControlSet:
        """The merchant's controls as they are in the store now."""
        revision = self._store.controls_revision()
        if self._controls[0] != revision:
            with self._lock:
                if self._controls[0] != revision:
                    self._controls = (revision, ControlSet(self._store.controls()))
        return self._controls[1]

    def answer(
        self,
        view: View,
        visit: Visit,
        request: SearchRequest,
        controls: ControlSet | None = None,
        stage: Stage = unmeasured,
    ) -> Answer:
        """Answer a search.

        Parameters
        ----------
        controls
            Instead of those of the store.
        stage
            Told which part of the work is done inside of its context.

        Raises
        ------
        FilterError, InvalidInput
            A filter, a condition, a facet or an order does not hold.
        """
        for spec in request.facets:
            check_facet(view.catalogue, spec)
        text = clean(request.query)
        photo = None
        if request.image is not None:
            text = beside_photo(text)
            with stage("photo"):
                photo = photo_vector(view, request.image)
        with stage("read"):
            if controls is None:
                controls = self.controls()
            asking = _Asking(view, visit, request, self, controls, photo)
            asked, merchant = asking.read(text)
        with stage("match"):
            matched = self._match(view, asked)
        with stage("spell"):
            correction = _corrected(view, asked, merchant)
            corrected = correction is not None and _replaces(view, correction, request)
            if correction is not None and corrected:
                asked, merchant = asking.read(correction.text)
                matched = self._match(view, asked)
        with stage("rank"):
            found, relaxations, held = self._find(view, visit, request, asked, matched)
            found = self._placed(view, asked, found, text, merchant)
        with stage("facets"):
            facets = _facets(view, request, held, matched, found)
        return Answer(
            asked=asked,
            found=found,
            facets=facets,
            chips=_chips(view, request, asked, held),
            relaxations=relaxations,
            merchant=merchant,
            correction=correction,
            corrected=corrected,
            partial=_is_partial(view, asked, merchant),
        )

    def understand(self, view: View, request: SearchRequest, now: float) -> Reading:
        """Read a query, and look for nothing."""
        text = clean(request.query)
        merchant = self.controls().compile(text, tokenize(text), now, ())
        asked = self.read(view, request, merchant)
        understood = asked.understanding
        if understood is None:
            return Reading(None, (), "", (), asked.order_by)
        spans = [(w.constraint.start, w.constraint.end) for w in asked.hard]
        return Reading(
            understanding=understood,
            chips=_chips(view, request, asked, asked),
            words=left_over(understood.text, (*understood.set_aside, *spans)),
            unknown=unknown_words(view.lexical, understood, merchant),
            order_by=asked.order_by,
        )

    def _find(
        self, view: View, visit: Visit, request: SearchRequest, asked: Asked, matched: Matched
    ) -> tuple[Found, tuple[Relaxation, ...], Asked]:
        """What is found, what is said about it, and what is left of the request for it."""
        found = self._found(view, visit, asked, matched)
        catalogue, language = view.catalogue, request.language
        if asked.photo is not None and len(found.rows):
            return found, (), asked
        narrowed = asked.node is not None or asked.hard
        clear = matched.rows
        if asked.photo is None and (narrowed or request.strict):
            clear = clear_rows(view, asked, matched)
        if request.strict:
            return only(found, clear), (), asked
        if len(found.rows) and (asked.mask[clear].any() or not len(clear)):
            said = (of_meaning(len(found.rows), language),) if found.by_meaning else ()
            return found, said, asked
        # What hardly matches the words is no answer where something matches them well.
        ways = ways_out(clear, asked.allowed, asked.hard, asked.sellable)
        said_ways: list[Relaxation] = []
        held = asked
        for way in ways:
            rows = by_nearest_price(way, catalogue) if way.by_price else way.rows
            # What a shopper said no to is not shown unasked.
            apply = not said_ways and not _denied(way)
            if apply:
                held = _eased(asked, way)
                found = self._relaxed(view, visit, held, clear_of(matched, clear), way)
                rows = found.rows
            said_ways.append(
                told(way, int(rows[0]), asked.typed, catalogue, language, applied=apply)
            )
        return found, tuple(said_ways), held

    def _match(self, view: View, asked: Asked) -> Matched:
        if asked.photo is not None:
            return match_photo(view, asked, self._config)
        return match(view, asked)

    def _found(self, view: View, visit: Visit, asked: Asked, matched: Matched) -> Found:
        if asked.photo is not None:
            return find_photo(view, asked, self._config)
        return find(view, visit, asked, matched, self._config)

    def _relaxed(
        self, view: View, visit: Visit, eased: Asked, matched: Matched, way: WayOut
    ) -> Found:
        found = self._found(view, visit, eased, matched)
        if not way.by_price or eased.order_by:
            return found
        rows = by_nearest_price(replace(way, rows=found.rows), view.catalogue)
        return replace(found, rows=rows, scores=np.zeros(0, np.float32))

    def _placed(
        self, view: View, asked: Asked, found: Found, text: str, merchant: Applied
    ) -> Found:
        """With what was named outright in front, and what the merchant pins in its place."""
        if asked.order_by or asked.photo is not None:
            return found
        rows = found.rows
        if asked.query is not None:
            exact = named(view, self._store, text, asked.query, asked.allowed)
            rows = first(rows, exact) if len(exact) else rows
        index = view.catalogue.table.index
        pins = [(place, index[i]) for place, i in merchant.pins if i in index]
        pins = [(place, row) for place, row in pins if asked.allowed[row]]
        rows = pinned(rows, pins) if pins else rows
        if rows is found.rows:
            return found
        known = dict(zip(found.rows.tolist(), found.scores.tolist(), strict=False))
        scores = [known.get(row, 0.0) for row in rows[: len(found.scores)].tolist()]
        return replace(found, rows=rows, scores=np.array(scores, np.float32))

    def read(
        self, view: View, request: SearchRequest, merchant: Applied, photo: Float32 | None = None
    ) -> Asked:
        """Read a query with the newest words of the shop, and what the ``photo`` beside it is."""
        parser = self._reader.newest(view.catalogue)
        return ask(view, request, merchant, parser, sure=self._config.sure, photo=photo)


@dataclass(frozen=True, slots=True)
class _Asking:
    """How a query is read: the same way for the typed one and the corrected one."""

    view: View
    visit: Visit
    request: SearchRequest
    searcher: Searcher
    controls: ControlSet
    photo: Float32 | None = None

    def read(self, text: str) -> tuple[Asked, Applied]:
        categories = self.request.page_categories
        merchant = self.controls.compile(text, tokenize(text), self.visit.now, categories)
        return self.searcher.read(self.view, self.request, merchant, self.photo), merchant


def _corrected(view: View, asked: Asked, merchant: Applied) -> Correction | None:
    """A better spelling of the query; None where it is well spelled.

    What was understood as something else than a word of the catalogue ("under $50") is right
    as it is, and so are the words that the merchant has synonyms for.
    """
    understood = asked.understanding
    if asked.query is None or understood is None:
        return None
    explained = [
        token
        for start, end in understood.set_aside
        for token in tokenize(understood.text[start:end])
    ]
    explained += [token for expansion in merchant.expansions for token in expansion.phrase]
    correction = view.lexical.correct(understood.text, explained)
    if correction is None:
        return None
    for change in correction.changes:
        if any(set(phrase) <= set(tokenize(change.meant)) for phrase in merchant.apart):
            return None
    return correction


def _replaces(view: View, correction: Correction, request: SearchRequest) -> bool:
    """Whether to search for the correction: where no product has what was typed."""
    if request.spelling != "AUTO":
        return False
    return any(not len(view.lexical.having(tokenize(c.typed))) for c in correction.changes)


def _eased(asked: Asked, way: WayOut) -> Asked:
    """The request without what a way out gives up."""
    kept = tuple(w for w in asked.wishes if not any(w is one for one in way.given_up))
    if way.filtered:
        return replace(asked, wishes=kept)
    return replace(asked, wishes=kept, node=None, allowed=asked.sellable)


def _is_partial(view: View, asked: Asked, merchant: Applied) -> bool:
    if asked.photo is not None:
        return False
    if asked.query is None or merchant.expansions:
        return asked.says_nothing
    return not view.catalogue.live[view.lexical.having(asked.core or asked.query.tokens)].any()


def _denied(way: WayOut) -> bool:
    return any(wish.constraint.strength == "must-not" for wish in way.given_up)


def _chips(view: View, request: SearchRequest, asked: Asked, held: Asked) -> tuple[Chip, ...]:
    chips = []
    for wish in asked.wishes:
        effect: Effect = "filter" if wish.hard else "boost"
        if not any(wish is one for one in held.wishes):
            effect = "relaxed"
        chips.append(chip(wish, asked.typed, view.catalogue, request.language, effect))
    return tuple(chips)


def _facets(
    view: View, request: SearchRequest, asked: Asked, matched: Matched, found: Found
) -> tuple[Facet, ...]:
    size = len(view.catalogue)
    matches = np.zeros(size, np.bool_)
    matches[found.rows] = True
    facets = []
    for spec in request.facets:
        counted = matches
        excluded = frozenset(spec.excluded_filter_keys)
        rest = without_keys(asked.node, excluded)
        if rest != asked.node:
            counted = eligible(matched, found, size) & _hard(asked)
            if rest is not None:
                counted &= evaluate_filter(rest, view.catalogue)
        facets.append(count_facet(view.catalogue, counted, spec, request.language))
    return tuple(facets)


def _hard(asked: Asked) -> Bools:
    mask = asked.sellable
    for wish in asked.hard:
        mask = mask & wish.mask
    return mask
