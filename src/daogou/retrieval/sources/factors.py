"""Items by the inner product with a visitor's vector, which is solved for when it is asked."""

from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np

from daogou.bundle import Bundle, BundleWriter
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Request
from daogou.retrieval.evidence import LineWeights, weighted_items
from daogou.retrieval.sources.scored import ScoredSource


class FactorSource(ScoredSource):
    """Implicit-feedback factors; a visitor's own are folded in from the history.

    With Y [V, D] the item factors and c_i the confidence in item i, which is 1 for an item
    that is not in the history, the visitor's vector is
    ``u = (Y'Y + regularisation I + sum (c_i - 1) y_i y_i')^-1 sum c_i y_i``, the sums over the
    history. (Y. Hu, Y. Koren and C. Volinsky, "Collaborative filtering for implicit feedback
    datasets", ICDM 2008, equation 4.) So a visitor needs no training to be known, and the
    next purchase changes the next answer.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    factors
        Y, float32 [V, D]. The zero vector is an item of which nothing is known.
    regularisation
        As in the training of Y; above 0, or a short history would not tell a vector.
    confidence
        alpha of the paper: c = 1 + confidence * what the item's lines count.
    weights
        How much a line counts.
    """

    form: ClassVar[str] = "factors"

    def __init__(
        self,
        name: str,
        factors: Float32,
        *,
        regularisation: float,
        confidence: float,
        weights: LineWeights | None = None,
    ) -> None:
        super().__init__(name)
        if regularisation <= 0:
            raise ValueError(f"regularisation is {regularisation}; expected above 0, such as 10.")
        self.factors = factors
        self.weights = weights or LineWeights()
        self._regularisation = regularisation
        self._confidence = confidence
        wide = factors.astype(np.float64)
        self._gram = wide.T @ wide + regularisation * np.eye(factors.shape[1])  # [D, D]

    def fold_in(self, items: Int32, worth: Float32) -> Float32:
        """The vector of a visitor with these distinct items, each worth so much, float32 [D]."""
        y = self.factors[items].astype(np.float64)  # [L, D]
        c = 1 + self._confidence * worth.astype(np.float64)  # [L]
        system = self._gram + (y * (c - 1)[:, None]).T @ y
        return np.linalg.solve(system, c @ y).astype(np.float32)

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Every item."""
        vector = self._vector(request)
        if vector is None:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        return np.arange(len(self.factors), dtype=np.int32), self.factors @ vector

    def score(self, request: Request, items: Int32) -> Float32:
        """The scores of ``items`` [K] alone, float32 [K]."""
        vector, scores = self._vector(request), np.zeros(len(items), np.float32)
        if vector is not None:
            known = items < len(self.factors)
            scores[known] = self.factors[items[known]] @ vector
        return scores

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """One array, the factors."""
        writer.add_array(f"source_{self.name}_factors", self.factors)
        return {
            "regularisation": self._regularisation,
            "confidence": self._confidence,
            "weights": asdict(self.weights),
        }

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> Self:
        """Read the factors into memory: every request reads all of them."""
        return cls(
            name,
            bundle.array(f"source_{name}_factors", mmap=False),
            regularisation=settings["regularisation"],
            confidence=settings["confidence"],
            weights=LineWeights(**settings["weights"]),
        )

    def _vector(self, request: Request) -> Float32 | None:
        items, worth = weighted_items(request, self.weights, len(self.factors))
        return self.fold_in(items, worth) if len(items) else None
