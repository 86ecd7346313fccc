"""A query as a search engine runs it: clauses for tantivy, and the same for the overlay."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import tantivy
from rapidfuzz import process
from rapidfuzz.distance import OSA
from tantivy import Occur, Query

from daogou.retrieval.documents import script_of
from daogou.retrieval.lexical_index import LexicalIndex
from daogou.retrieval.lexical_query import (
    MAX_ALTERNATIVES,
    MAX_CONCEPTS,
    Concept,
    LexicalQuery,
)
from daogou.text.normal import HAN

COMMON: Final = 0.05
"""A concept that stands in a larger share of the documents scores, but does not make a match
beside one that is rarer: "chocolate milk" is not everything from the dairy."""
FEW: Final = 20
"""So few matches are never too many."""
K1: Final = 1.2
B: Final = 0.75
"""The constants of BM25 that tantivy has built in; the overlay has to agree with them."""

_LATIN: Final = re.compile("[a-z]{4,}")
_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")

Postings = Mapping[str, Mapping[int, float]]
"""Token to item to saturated frequency, of the products that changed since the index was built."""


@dataclass(frozen=True, slots=True)
class Worth:
    """An alternative that can be found: its tokens with BM25's weight of each, scaled."""

    weights: Mapping[str, float]

    def score(self, postings: Postings) -> dict[int, float]:
        """Scores of the overlay's items that have all tokens."""
        (first, weight), *others = self.weights.items()
        scores = {item: weight * n for item, n in postings.get(first, {}).items()}
        for token, weight in others:
            having = postings.get(token, {})
            scores = {i: s + weight * having[i] for i, s in scores.items() if i in having}
        return scores


@dataclass(frozen=True, slots=True)
class Near:
    """What an unknown word may have meant: every product near it scores the same."""

    token: str
    worth: float

    def score(self, postings: Postings) -> dict[int, float]:
        """Scores of the overlay's items that have such a word."""
        return dict.fromkeys(
            (item for token in self._meant(postings) for item in postings[token]), self.worth
        )

    def _meant(self, postings: Postings) -> Iterable[str]:
        if _HAN_CHARACTER.fullmatch(self.token):
            return [t for t in postings if self.token in t]
        distance = _distance(self.token)
        near = process.extract_iter(
            self.token, postings.keys(), scorer=OSA.distance, score_cutoff=distance
        )
        return [t for t, _, _ in near]


@dataclass(frozen=True, slots=True)
class Clause:
    """A concept that can be found."""

    query: tantivy.Query
    ways: tuple[Worth | Near, ...]
    frequency: int  # upper bound of the index's documents that have it; 0 for a guess
    needed: bool = True

    def score(self, postings: Postings) -> dict[int, float]:
        """Scores of the overlay's items, each by its best way."""
        scores = self.ways[0].score(postings)
        for way in self.ways[1:]:
            for item, score in way.score(postings).items():
                scores[item] = max(score, scores.get(item, 0.0))
        return scores


@dataclass(frozen=True, slots=True)
class Plan:
    """A query for the index, and what the overlay needs to answer it alike."""

    query: tantivy.Query
    clauses: tuple[Clause, ...]
    at_least: int  # how many of the needed clauses make a match

    def needs_all(self, n_tokens: int) -> bool:
        """Whether a match has every one of the query's tokens, none of them guessed at."""
        known = all(isinstance(way, Worth) for clause in self.clauses for way in clause.ways)
        return known and self.at_least == len(self.clauses) == n_tokens

    def score(self, postings: Postings) -> dict[int, float]:
        """Scores of the overlay's items that match."""
        scores: dict[int, float] = {}
        needed: dict[int, int] = {}
        for clause in self.clauses:
            for item, score in clause.score(postings).items():
                scores[item] = scores.get(item, 0.0) + score
                needed[item] = needed.get(item, 0) + clause.needed
        return {item: s for item, s in scores.items() if needed[item] >= self.at_least}


def idf(frequency: int, n_documents: int) -> float:
    """BM25's weight of a token that stands in ``frequency`` documents."""
    return math.log(1 + (max(n_documents - frequency, 0) + 0.5) / (frequency + 0.5))


def make_plan(query: LexicalQuery, index: LexicalIndex, postings: Postings) -> Plan | None:
    """How to find a query's matches; None where nothing can match."""
    concepts = dict.fromkeys(query.concepts[:MAX_CONCEPTS])
    clauses = [c for c in (_clause(concept, index, postings) for concept in concepts) if c]
    if not clauses:
        return None
    ceiling = max(COMMON * index.n_documents, FEW)
    common = [c for c in clauses if c.frequency > ceiling]
    if len(common) == len(clauses):
        return _plan_of_common(clauses, index, postings)
    needed = [c for c in clauses if c.frequency <= ceiling]
    asked = _any_of([c.query for c in needed])
    if common:
        optional = [(Occur.Should, c.query) for c in common]
        asked = Query.boolean_query([(Occur.Must, asked), *optional])
    beside = tuple(Clause(c.query, c.ways, c.frequency, needed=False) for c in common)
    return Plan(asked, (*needed, *beside), 1)


def possible_score(query: LexicalQuery, index: LexicalIndex, postings: Postings) -> float:
    """What a document of nothing but the query's words would come near.

    A word that no document has counts as a rare one: it was asked for all the same.
    """
    total = 0.0
    for concept in dict.fromkeys(query.concepts[:MAX_CONCEPTS]):
        clause = _clause(concept, index, postings)
        known = [w for w in clause.ways if isinstance(w, Worth)] if clause else []
        unknown = idf(1, index.n_documents)
        total += max((sum(way.weights.values()) for way in known), default=unknown)
    return (K1 + 1) * total


def all_of(schema: tantivy.Schema, tokens: Sequence[str]) -> tantivy.Query:
    """Documents that have every one of ``tokens``."""
    if len(tokens) == 1:
        return _term(schema, tokens[0])
    return Query.boolean_query([(Occur.Must, _term(schema, token)) for token in tokens])


def _plan_of_common(clauses: Sequence[Clause], index: LexicalIndex, postings: Postings) -> Plan:
    """Common words only: all of them where some item has them all, else any."""
    if len(clauses) > 1:
        both = Query.boolean_query([(Occur.Must, c.query) for c in clauses])
        all_ = Plan(both, tuple(clauses), len(clauses))
        if len(index.search(all_.query, 1)[0]) or all_.score(postings):
            return all_
    any_ = _any_of([c.query for c in clauses])
    return Plan(any_, tuple(clauses), 1)


def _clause(concept: Concept, index: LexicalIndex, postings: Postings) -> Clause | None:
    queries, ways, frequency = [], [], 0
    for alternative in concept.alternatives[:MAX_ALTERNATIVES]:
        tokens = dict.fromkeys(alternative.tokens)
        having = {token: index.document_frequency(token) for token in tokens}
        if not tokens or any(not n and token not in postings for token, n in having.items()):
            continue
        found = all_of(index.schema, list(tokens))
        plain = alternative.weight == 1.0
        queries.append(found if plain else Query.boost_query(found, alternative.weight))
        n_documents = index.n_documents
        scale = alternative.weight
        ways.append(Worth({t: scale * idf(n or 1, n_documents) for t, n in having.items()}))
        frequency = max(frequency, min(having.values()))
    if not ways:
        return _near(concept, index)
    query = queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries)
    return Clause(query, tuple(ways), frequency)


def _near(concept: Concept, index: LexicalIndex) -> Clause | None:
    """What an unknown token may have meant, worth half of a rare word; None if nothing.

    Only plain letters and a single Han character come here as a pattern, so nothing
    that a shopper types can be read as one.
    """
    if not concept.alternatives or len(concept.alternatives[0].tokens) != 1:
        return None
    (token,) = concept.alternatives[0].tokens
    worth = idf(1, index.n_documents) / 2
    if _LATIN.fullmatch(token):
        near = Query.fuzzy_term_query(index.schema, "other", token, _distance(token))
    elif _HAN_CHARACTER.fullmatch(token):
        near = Query.regex_query(index.schema, "han", f".*{token}.*")
    else:
        return None
    return Clause(Query.const_score_query(near, worth), (Near(token, worth),), 0)


def _distance(token: str) -> int:
    """How many letters may be wrong."""
    return 1 if len(token) < 8 else 2


def _term(schema: tantivy.Schema, token: str) -> tantivy.Query:
    return Query.term_query(schema, script_of(token), token, "freq")


def _any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])
