"""Sources of candidates behind one Protocol, and their fusion.

Tables that need scipy are computed in :mod:`daogou.retrieval.building`, which is not
imported here: serving does without.
"""

from daogou.retrieval.base import Candidates, Request, Retriever
from daogou.retrieval.behaviour import (
    ItemToItemRetriever,
    PersonalFrequencyRetriever,
    PopularRetriever,
)
from daogou.retrieval.dense import DenseConfig, DenseRetriever, build_dense
from daogou.retrieval.documents import FieldWeights, LexicalDocument, lexical_document
from daogou.retrieval.fusion import Fused, SourceView, fuse
from daogou.retrieval.lexical import LexicalRetriever, Matches
from daogou.retrieval.lexical_index import build_lexical
from daogou.retrieval.lexical_query import Alternative, Concept, LexicalQuery, Synonym
from daogou.retrieval.spelling import Change, Correction, Speller

__all__ = [
    "Alternative",
    "Candidates",
    "Change",
    "Concept",
    "Correction",
    "DenseConfig",
    "DenseRetriever",
    "FieldWeights",
    "Fused",
    "ItemToItemRetriever",
    "LexicalDocument",
    "LexicalQuery",
    "LexicalRetriever",
    "Matches",
    "PersonalFrequencyRetriever",
    "PopularRetriever",
    "Request",
    "Retriever",
    "SourceView",
    "Speller",
    "Synonym",
    "build_dense",
    "build_lexical",
    "fuse",
    "lexical_document",
]
