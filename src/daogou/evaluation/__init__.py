"""Evaluation: metrics as pure functions, and one protocol for all contenders."""

from daogou.evaluation.contenders import Ease, ItemToItem, PersonalFrequency, Popularity, top
from daogou.evaluation.metrics import (
    Interval,
    Reliability,
    auc,
    bootstrap,
    coverage,
    ndcg_at,
    recall_at,
    reliability,
)
from daogou.evaluation.protocol import VIEWS, Contender, Result, evaluate

__all__ = [
    "VIEWS",
    "Contender",
    "Ease",
    "Interval",
    "ItemToItem",
    "PersonalFrequency",
    "Popularity",
    "Reliability",
    "Result",
    "auc",
    "bootstrap",
    "coverage",
    "evaluate",
    "ndcg_at",
    "recall_at",
    "reliability",
    "top",
]
