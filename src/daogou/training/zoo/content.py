"""Content factors: which products are alike in what is written about them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from daogou.features.items import Float32
from daogou.retrieval.sources import FactorSource, LineWeights


@dataclass(frozen=True, slots=True)
class ContentConfig:
    """Size and strength of the model.

    Attributes
    ----------
    width
        D, numbers in a vector.
    regularisation, confidence
        Of folding in a visitor; see :class:`~daogou.retrieval.sources.FactorSource`.
    weights
        How much a line of the asking visitor's history counts.
    """

    width: int = 128
    regularisation: float = 30.0
    confidence: float = 40.0
    weights: LineWeights = field(default_factory=LineWeights)


def fit_content(
    texts: npt.NDArray[np.floating], config: ContentConfig | None = None
) -> FactorSource:
    """Factors of items from their texts alone, so that one that nobody has bought has them too.

    The factors are the principal components of the text vectors; a visitor is solved for as with
    ALS, by which directions in which most products differ count less than by a plain mean of the
    history's texts. On a development split of Amazon Industrial NDCG@10 is .072 against .068 of
    that mean among products that were sold before, and .022 either way among products that were
    not.

    Parameters
    ----------
    texts
        Text vectors, [V, T]; zeros for an item without text.
    """
    config = config or ContentConfig()
    return FactorSource(
        "content",
        _components(texts, config.width),
        regularisation=config.regularisation,
        confidence=config.confidence,
        weights=config.weights,
    )


def _components(texts: npt.NDArray[np.floating], width: int) -> Float32:
    """The first principal components, float32 [V, min(D, T)]; zeros stay zeros."""
    told = np.flatnonzero(texts.any(axis=1))
    wide = texts.astype(np.float32)
    mean = wide[told].mean(0) if len(told) else 0.0
    wide[told] -= mean
    _, directions = np.linalg.eigh((wide.T @ wide).astype(np.float64))
    return np.asarray(wide @ directions[:, : -width - 1 : -1].astype(np.float32), np.float32)
