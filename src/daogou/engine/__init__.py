"""The one door: search, complete, recommend, explain."""

from daogou.engine.engine import Engine, attribution_token
from daogou.engine.explaining import Explanation, Proposed
from daogou.engine.reasons import SENTENCES, render_reason
from daogou.engine.requests import (
    PLACEMENTS,
    Boost,
    Chip,
    FacetSpec,
    Placement,
    RecommendRequest,
    Relaxation,
    SearchRequest,
    SearchSlate,
)
from daogou.engine.searching import EngineConfig

__all__ = [
    "PLACEMENTS",
    "SENTENCES",
    "Boost",
    "Chip",
    "Engine",
    "EngineConfig",
    "Explanation",
    "FacetSpec",
    "Placement",
    "Proposed",
    "RecommendRequest",
    "Relaxation",
    "SearchRequest",
    "SearchSlate",
    "attribution_token",
    "render_reason",
]
