"""Items by counting alone: what everybody buys, and what the visitor buys."""

from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np

from daogou.bundle import Bundle, BundleWriter
from daogou.features.history import PURCHASE
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import NO_ITEMS, Request
from daogou.retrieval.evidence import LineWeights, weighted_items
from daogou.retrieval.sources.scored import ScoredSource


class PopularitySource(ScoredSource):
    """What everybody buys, whoever asks.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    counts
        Purchases of each item, perhaps decayed, float32 [V].
    """

    form: ClassVar[str] = "popularity"

    def __init__(self, name: str, counts: Float32) -> None:
        super().__init__(name)
        self.counts = counts

    def opinions(self, request: Request) -> tuple[Int32, Float32]:  # noqa: ARG002
        """Every item."""
        return np.arange(len(self.counts), dtype=np.int32), self.counts

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """One array, the counts."""
        writer.add_array(f"source_{self.name}_counts", self.counts)
        return {}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> Self:  # noqa: ARG003
        """Read the counts into memory."""
        return cls(name, bundle.array(f"source_{name}_counts", mmap=False))


class PersonalSource(ScoredSource):
    """What the visitor buys: purchases counted, by how often and how recently.

    The anchor says nothing of that, and is not looked at.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    n_items
        V.
    weights
        How much a purchased line counts.
    """

    form: ClassVar[str] = "personal"

    def __init__(self, name: str, n_items: int, weights: LineWeights | None = None) -> None:
        super().__init__(name)
        self.weights = weights or LineWeights()
        self._n_items = n_items

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Every item that the visitor bought."""
        own = Request(now=request.now, history=request.history, anchor=NO_ITEMS)
        return weighted_items(own, self.weights, self._n_items, kinds=(PURCHASE,))

    def save(self, writer: BundleWriter) -> dict[str, Any]:  # noqa: ARG002
        """Settings alone."""
        return {"n_items": self._n_items, "weights": asdict(self.weights)}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> Self:  # noqa: ARG003
        """Settings alone."""
        return cls(name, settings["n_items"], LineWeights(**settings["weights"]))
