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

__all__ = [
    "Candidates",
    "DenseConfig",
    "DenseRetriever",
    "FieldWeights",
    "Fused",
    "ItemToItemRetriever",
    "LexicalDocument",
    "LexicalRetriever",
    "Matches",
    "PersonalFrequencyRetriever",
    "PopularRetriever",
    "Request",
    "Retriever",
    "SourceView",
    "build_dense",
    "build_lexical",
    "fuse",
    "lexical_document",
]
