"""Products by their words: BM25 over the bundle's index and what has changed since."""

import copy
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tantivy
from tantivy import Occur, Query

from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Bool, Candidates, Request, allowed, best, nothing
from daogou.retrieval.documents import LexicalDocument, script_of
from daogou.retrieval.lexical_index import LexicalIndex, title_codes
from daogou.text.normal import HAN

K1: Final = 1.2
B: Final = 0.75
"""The constants of BM25 that tantivy has built in; the overlay has to agree with them."""
COMMON: Final = 0.05
"""A token that stands in a larger share of the documents scores, but does not make a match
beside one that is rarer: "chocolate milk" is not everything from the dairy."""
FEW: Final = 20
"""So few matches are never too many."""
MAX_TOKENS: Final = 64
"""Further tokens of a query are not looked up."""

_LATIN: Final = re.compile("[a-z]{4,}")
_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")


@dataclass(frozen=True, slots=True)
class Matches:
    """All items that match a query, best first: ``items`` int32 [M], ``scores`` float32 [M]."""

    items: Int32
    scores: Float32


class LexicalRetriever:
    """BM25 over title, brand, categories, attributes and description, in all languages at once.

    Tokens of a query are joined by "or"; see :data:`COMMON` for those that do not
    suffice alone. A Latin token that no document has finds those one or two
    letters away, a single Han character finds the words that it is part of.

    Texts that changed since the index was built are laid over it by
    :meth:`changed`, with the index's own statistics, so that scores compare.
    """

    name: Final = "lexical"

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index
        self._stale: Bool = np.zeros(index.n_items, np.bool_)  # gone, or in the overlay
        self._overlay: dict[str, dict[int, float]] = {}  # token -> item -> saturated frequency
        self._overlaid: dict[int, LexicalDocument] = {}
        self._titles: dict[int, frozenset[int]] = {}

    @classmethod
    def open(cls, path: Path) -> "LexicalRetriever":
        """Open the index in a bundle; raises BundleError where there is none."""
        return cls(LexicalIndex(path))

    def changed(
        self, documents: Iterable[LexicalDocument] = (), removed: Iterable[int] = ()
    ) -> "LexicalRetriever":
        """The same with ``documents`` new or replaced and the items ``removed`` gone.

        The retriever itself stays as it is, so that requests under way finish on it.
        """
        new = copy.copy(self)
        new._stale = self._stale.copy()
        new._overlay, new._overlaid = dict(self._overlay), dict(self._overlaid)
        new._titles = dict(self._titles)
        fresh: set[str] = set()  # tokens whose postings are already copies
        for document in documents:
            new._forget(document.item, fresh)
            new._remember(document, fresh)
        for item in removed:
            new._forget(item, fresh)
        return new

    def match(self, tokens: Sequence[str]) -> Matches:
        """Every item that matches, best first, with its BM25 score."""
        plan = self._plan(tokens)
        if plan is None:
            return Matches(np.zeros(0, np.int32), np.zeros(0, np.float32))
        return self._search(plan, self._index.n_documents)[0]

    def retrieve(self, request: Request, k: int) -> Candidates:
        """Matches of the request's tokens; nothing without tokens."""
        plan = self._plan(request.query_tokens)
        if plan is None or k < 1:
            return nothing(self.name)
        limit = 4 * k  # most of the best usually pass; where too few do, look at all
        while True:
            found, complete = self._search(plan, limit)
            passed = allowed(found.items, request.mask)
            if complete or passed.sum() >= k:
                return best(found.items[passed], found.scores[passed], k, self.name)
            limit = self._index.n_documents

    def title_match(self, items: Int32, tokens: Sequence[str]) -> Float32:
        """The share of the query's distinct tokens that stand in each item's title, [K]."""
        codes = frozenset(title_codes(tokens))
        found = self._index.titles_with(items, tokens)
        if self._titles:
            for n, item in enumerate(items.tolist()):
                if item in self._titles:
                    found[n] = len(codes & self._titles[item])
        return (found / max(len(codes), 1)).astype(np.float32)

    def _search(self, plan: "_Plan", limit: int) -> tuple[Matches, bool]:
        """The best matches, at most ``limit`` of the index's own, and whether these are all."""
        items, scores = self._index.search(plan.query, limit)
        complete = len(items) < limit or limit >= self._index.n_documents
        if self._stale.any():
            fresh = ~self._stale[items]
            items, scores = items[fresh], scores[fresh]
        if self._overlay:
            more = self._score_overlay(plan)
            items = np.concatenate([items, np.fromiter(more.keys(), np.int32, len(more))])
            scores = np.concatenate([scores, np.fromiter(more.values(), np.float32, len(more))])
        order = np.lexsort((items, -scores))
        return Matches(items[order], scores[order]), complete

    def _plan(self, tokens: Sequence[str]) -> "_Plan | None":
        index = self._index
        distinct = list(dict.fromkeys(tokens))[:MAX_TOKENS]
        frequencies = {t: index.document_frequency(t) for t in distinct}
        known = {t: n for t, n in frequencies.items() if n or t in self._overlay}
        clauses = {t: _term(index.schema, t) for t in known}
        for token in distinct:
            if token not in known and (near := _near(index, token)) is not None:
                clauses[token] = near
        if not clauses:
            return None
        ceiling = max(COMMON * index.n_documents, FEW)
        common = [t for t, n in known.items() if n > ceiling]
        needed = [t for t in clauses if t not in common]
        weights = {t: idf(n or 1, index.n_documents) for t, n in known.items()}
        if not needed:
            return self._plan_of_common(clauses, weights)
        query = _any_of([clauses[t] for t in needed])
        if common:
            optional = [(Occur.Should, clauses[t]) for t in common]
            query = Query.boolean_query([(Occur.Must, query), *optional])
        return _Plan(query, weights, frozenset(needed), 1)

    def _plan_of_common(
        self, clauses: dict[str, tantivy.Query], weights: dict[str, float]
    ) -> "_Plan":
        """Common words only: all of them where some item has them all, else any."""
        tokens, queries = frozenset(clauses), list(clauses.values())
        both = Query.boolean_query([(Occur.Must, q) for q in queries])
        if len(self._index.search(both, 1)[0]):
            return _Plan(both, weights, tokens, len(tokens))
        return _Plan(_any_of(queries), weights, tokens, 1)

    def _score_overlay(self, plan: "_Plan") -> dict[int, float]:
        scores: dict[int, float] = {}
        needed: dict[int, int] = {}
        for token, weight in plan.weights.items():
            for item, frequency in self._overlay.get(token, {}).items():
                scores[item] = scores.get(item, 0.0) + weight * frequency
                needed[item] = needed.get(item, 0) + (token in plan.needed)
        return {item: s for item, s in scores.items() if needed[item] >= plan.at_least}

    def _forget(self, item: int, fresh: set[str]) -> None:
        if item < len(self._stale):
            self._stale[item] = True
        self._titles[item] = frozenset()
        document = self._overlaid.pop(item, None)
        if document is None:
            return
        for frequencies in document.frequencies(self._index.weights).values():
            for token in frequencies:
                del self._postings(token, fresh)[item]
                if not self._overlay[token]:
                    del self._overlay[token]
                    fresh.discard(token)

    def _remember(self, document: LexicalDocument, fresh: set[str]) -> None:
        self._overlaid[document.item] = document
        self._titles[document.item] = frozenset(title_codes(document.title))
        for script, frequencies in document.frequencies(self._index.weights).items():
            length = frequencies.total()
            norm = K1 * (1 - B + B * length / (self._index.mean_length[script] or length or 1))
            for token, n in frequencies.items():
                self._postings(token, fresh)[document.item] = n * (K1 + 1) / (n + norm)

    def _postings(self, token: str, fresh: set[str]) -> dict[int, float]:
        if token not in fresh:
            self._overlay[token] = dict(self._overlay.get(token, {}))
            fresh.add(token)
        return self._overlay[token]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query for the index, and what the overlay needs to answer it alike."""

    query: tantivy.Query
    weights: dict[str, float]  # inverse document frequencies of the known tokens
    needed: frozenset[str]
    at_least: int  # how many of the needed tokens make a match


def idf(frequency: int, n_documents: int) -> float:
    """BM25's weight of a token that stands in ``frequency`` documents."""
    return math.log(1 + (max(n_documents - frequency, 0) + 0.5) / (frequency + 0.5))


def _term(schema: tantivy.Schema, token: str) -> tantivy.Query:
    return Query.term_query(schema, script_of(token), token, "freq")


def _any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _near(index: LexicalIndex, token: str) -> tantivy.Query | None:
    """What an unknown token may have meant, worth half of a rare word; None if nothing.

    Only plain letters and a single Han character come here as a pattern, so nothing
    that a shopper types can be read as one.
    """
    worth = idf(1, index.n_documents) / 2
    if _LATIN.fullmatch(token):
        distance = 1 if len(token) < 8 else 2
        near = Query.fuzzy_term_query(index.schema, "other", token, distance)
    elif _HAN_CHARACTER.fullmatch(token):
        near = Query.regex_query(index.schema, "han", f".*{token}.*")
    else:
        return None
    return Query.const_score_query(near, worth)
