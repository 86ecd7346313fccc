"""Evaluation: metrics as pure functions, and one protocol for all contenders."""

from daogou.evaluation.contenders import (
    PersonalFrequency,
    Popularity,
    SourceContender,
    top,
)
from daogou.evaluation.intervals import Interval, Resampling, bootstrap
from daogou.evaluation.metrics import (
    Reliability,
    auc,
    coverage,
    hit_at,
    ndcg_at,
    recall_at,
    reciprocal_rank_at,
    reliability,
)
from daogou.evaluation.protocol import (
    VIEWS,
    Contender,
    Metric,
    Result,
    View,
    evaluate,
    metric_name,
)
from daogou.evaluation.rounds import BINS, Rounds, difference, interval

__all__ = [
    "BINS",
    "VIEWS",
    "Contender",
    "Interval",
    "Metric",
    "PersonalFrequency",
    "Popularity",
    "Reliability",
    "Resampling",
    "Result",
    "Rounds",
    "SourceContender",
    "View",
    "auc",
    "bootstrap",
    "coverage",
    "difference",
    "evaluate",
    "hit_at",
    "interval",
    "metric_name",
    "ndcg_at",
    "recall_at",
    "reciprocal_rank_at",
    "reliability",
    "top",
]
