"""Ranking: the trained model over candidates, and what is done with its order."""

from daogou.ranking.joint import HEADS, JointRanker, Scores
from daogou.ranking.relevance import Evidence, RelevanceWeights, agreement, relevance

__all__ = [
    "HEADS",
    "Evidence",
    "JointRanker",
    "RelevanceWeights",
    "Scores",
    "agreement",
    "relevance",
]
