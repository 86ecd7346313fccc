"""Which sources propose products for a list, the same in a training replay and in serving."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from daogou.features.items import Int32
from daogou.retrieval.base import Candidates, Request, Retriever

PERSONAL_K: Final = 120
RELATED_K: Final = 120
POPULAR_K: Final = 80
TASTE_K: Final = 80


def propose(sources: Sequence[tuple[Retriever, int]], request: Request) -> list[Candidates]:
    """Ask each source for so many candidates."""
    return [retriever.retrieve(request, k) for retriever, k in sources]


def union(proposals: Sequence[Candidates]) -> Int32:
    """Every proposed item once, in item order, int32 [K]."""
    if not proposals:
        return np.zeros(0, np.int32)
    return np.unique(np.concatenate([p.items for p in proposals])).astype(np.int32)
