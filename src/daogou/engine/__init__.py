"""The one door: search, understand, complete, recommend, explain."""

from daogou.engine.attributing import Contributions
from daogou.engine.config import EngineConfig
from daogou.engine.engine import Engine, attribution_token
from daogou.engine.explaining import Effect, Explanation, Proposed, WhatIf
from daogou.engine.following import Follower
from daogou.engine.photos import beside_photo
from daogou.engine.reasons import SENTENCES, render_reason
from daogou.engine.requests import (
    PLACEMENTS,
    Boost,
    Chip,
    FacetSpec,
    Placement,
    Reading,
    RecommendRequest,
    Relaxation,
    SearchRequest,
    SearchSlate,
)

__all__ = [
    "PLACEMENTS",
    "SENTENCES",
    "Boost",
    "Chip",
    "Contributions",
    "Effect",
    "Engine",
    "EngineConfig",
    "Explanation",
    "FacetSpec",
    "Follower",
    "Placement",
    "Proposed",
    "Reading",
    "RecommendRequest",
    "Relaxation",
    "SearchRequest",
    "SearchSlate",
    "WhatIf",
    "attribution_token",
    "beside_photo",
    "render_reason",
]
