"""The one door: search, recommend, explain."""

from daogou.engine.engine import Engine
from daogou.engine.explaining import Explanation, Proposed
from daogou.engine.reasons import SENTENCES, render_reason
from daogou.engine.requests import (
    PLACEMENTS,
    Placement,
    RecommendRequest,
    SearchRequest,
    SearchSlate,
)
from daogou.engine.searching import EngineConfig

__all__ = [
    "PLACEMENTS",
    "SENTENCES",
    "Engine",
    "EngineConfig",
    "Explanation",
    "Placement",
    "Proposed",
    "RecommendRequest",
    "SearchRequest",
    "SearchSlate",
    "render_reason",
]
