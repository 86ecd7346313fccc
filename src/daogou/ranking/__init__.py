"""Ranking: the trained model over candidates, and what is done with its order."""

from daogou.ranking.joint import HEADS, JointRanker, Scores

__all__ = ["HEADS", "JointRanker", "Scores"]
