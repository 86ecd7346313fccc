"""Candidate sources that were fitted to a shop, as serving runs them: no torch, no scipy."""

from daogou.retrieval.evidence import LineWeights
from daogou.retrieval.sources.base import Source
from daogou.retrieval.sources.bundled import load_panel, load_sources, save_sources
from daogou.retrieval.sources.counts import PersonalSource, PopularitySource
from daogou.retrieval.sources.factors import FactorSource
from daogou.retrieval.sources.graph import GraphSource
from daogou.retrieval.sources.neighbours import NeighbourSource
from daogou.retrieval.sources.panel import DEPTH, JOINT, SOURCE_K, Opinion, Panel
from daogou.retrieval.sources.ranker import RankerSource
from daogou.retrieval.sources.rescored import RescoredSource
from daogou.retrieval.sources.user_neighbours import UserNeighbourSource, VisitorItems

__all__ = [
    "DEPTH",
    "JOINT",
    "SOURCE_K",
    "FactorSource",
    "GraphSource",
    "LineWeights",
    "NeighbourSource",
    "Opinion",
    "Panel",
    "PersonalSource",
    "PopularitySource",
    "RankerSource",
    "RescoredSource",
    "Source",
    "UserNeighbourSource",
    "VisitorItems",
    "load_panel",
    "load_sources",
    "save_sources",
]
