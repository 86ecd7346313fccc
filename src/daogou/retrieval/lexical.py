"""Products by their words: BM25 over the bundle's index and what has changed since."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Bool, Candidates, Request, allowed, best, nothing
from daogou.retrieval.documents import LexicalDocument
from daogou.retrieval.lexical_index import LexicalIndex, title_codes
from daogou.retrieval.lexical_plan import K1, B, Plan, Worth, all_of, make_plan, possible_score
from daogou.retrieval.lexical_query import MAX_CONCEPTS, LexicalQuery
from daogou.retrieval.recent import Recent
from daogou.retrieval.spelling import Correction, Speller

_UNSCORED: Final = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Matches:
    """All items that match a query, best first: ``items`` int32 [M], ``scores`` float32 [M]."""

    items: Int32
    scores: Float32


class LexicalRetriever:
    """BM25 over title, brand, categories, attributes and description, in all languages at once.

    Concepts of a query are joined by "or"; see :data:`daogou.retrieval.lexical_plan.COMMON`
    for those that do not suffice alone. A Latin token that no document has finds those
    one or two letters away, a single Han character finds the words that it is part of.

    Texts that changed since the index was built are laid over it by
    :meth:`changed`, with the index's own statistics, so that scores compare.
    """

    name: Final = "lexical"

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index
        self._speller = Speller(index)
        self._stale: Bool = np.zeros(index.n_items, np.bool_)  # gone, or in the overlay
        self._overlay: dict[str, dict[int, float]] = {}  # token -> item -> saturated frequency
        self._overlaid: dict[int, LexicalDocument] = {}
        self._titles: dict[int, frozenset[int]] = {}
        self._recent = Recent()

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
        new._recent = Recent()
        fresh: set[str] = set()  # tokens whose postings are already copies
        for document in documents:
            new._forget(document.item, fresh)
            new._remember(document, fresh)
        for item in removed:
            new._forget(item, fresh)
        return new

    def match(self, query: LexicalQuery | Sequence[str]) -> Matches:
        """Every item that matches, best first, with its BM25 score.

        Parameters
        ----------
        query
            Plain tokens are concepts of one word each.
        """
        asked = _as_query(query)
        return Matches(*self._recent.get(asked, lambda: self._matching(asked)))

    def possible(self, query: LexicalQuery | Sequence[str]) -> float:
        """The score that a product of nothing but the query's words would come near, 0 for none.

        Scores as shares of it can be compared between queries. A word that no product has
        counts too.
        """
        return possible_score(_as_query(query), self._index, self._overlay)

    def having(self, tokens: Sequence[str]) -> Int32:
        """Every item that has all of ``tokens`` in its words, rising, int32 [N]."""
        if not tokens:
            return np.zeros(0, np.int32)
        wanted = frozenset(tokens)
        return self._recent.get(wanted, lambda: (self._having(sorted(wanted)), _UNSCORED))[0]

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

    def correct(self, text: str, known: Iterable[str] = ()) -> Correction | None:
        """What ``text`` was probably meant to be, see :class:`~daogou.retrieval.spelling.Speller`.

        Words of products that changed since the index was built count as known, and
        so do the tokens that the caller knows.
        """
        return self._speller.correct(text, {*known, *self._overlay} if known else self._overlay)

    def title_match(self, items: Int32, tokens: Sequence[str]) -> Float32:
        """The share of the query's distinct tokens that stand in each item's title, [K]."""
        codes = frozenset(title_codes(tokens))
        found = self._index.titles_with(items, tokens)
        if self._titles:
            for n, item in enumerate(items.tolist()):
                if item in self._titles:
                    found[n] = len(codes & self._titles[item])
        return (found / max(len(codes), 1)).astype(np.float32)

    def _plan(self, query: LexicalQuery | Sequence[str]) -> Plan | None:
        return make_plan(_as_query(query), self._index, self._overlay)

    def _matching(self, query: LexicalQuery) -> tuple[Int32, Float32]:
        plan = self._plan(query)
        if plan is None:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        found = self._search(plan, self._index.n_documents)[0]
        return found.items, found.scores

    def _having(self, tokens: Sequence[str]) -> Int32:
        plan = self._plan(tokens)
        if plan is not None and plan.needs_all(len(tokens)):
            return np.sort(self.match(tokens).items)  # which is asked for anyway
        plan = Plan(all_of(self._index.schema, tokens), (), 0)
        items = self._search(plan, self._index.n_documents)[0].items
        newer = list(Worth(dict.fromkeys(tokens, 1.0)).score(self._overlay))
        return np.sort(np.concatenate([items, np.array(newer, np.int32)]))

    def _search(self, plan: Plan, limit: int) -> tuple[Matches, bool]:
        """The best matches, at most ``limit`` of the index's own, and whether these are all."""
        items, scores = self._index.search(plan.query, limit)
        complete = len(items) < limit or limit >= self._index.n_documents
        if self._stale.any():
            fresh = ~self._stale[items]
            items, scores = items[fresh], scores[fresh]
        if self._overlay and (more := plan.score(self._overlay)):
            items = np.concatenate([items, np.fromiter(more.keys(), np.int32, len(more))])
            scores = np.concatenate([scores, np.fromiter(more.values(), np.float32, len(more))])
            # The index's own are in order, and a stable sort is quick where most are.
            order = np.argsort(-scores, kind="stable")
            items, scores = items[order], scores[order]
        return Matches(items, scores), complete

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


def _as_query(query: LexicalQuery | Sequence[str]) -> LexicalQuery:
    return query if isinstance(query, LexicalQuery) else LexicalQuery.of(query[: 4 * MAX_CONCEPTS])
