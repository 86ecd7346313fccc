"""ALS: factors of visitors and items, by alternating least squares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from daogou.features import Interactions
from daogou.features.items import Float32
from daogou.retrieval.sources import FactorSource, LineWeights
from daogou.training.zoo.matrices import visitor_items

Told = Callable[[Float32], None]


@dataclass(frozen=True, slots=True)
class AlsConfig:
    """Size and strength of the model.

    Attributes
    ----------
    width
        D, numbers in a vector.
    regularisation
        lambda of the paper.
    confidence
        alpha of the paper: an item whose lines are worth w is trusted 1 + confidence * w,
        one that was not bought 1.
    decay
        What a purchase is worth a day later, in training.
    iterations
        Times that visitors and items are solved for.
    seed
        Of the first vectors.
    n_threads
        Threads of the training; the result does not depend on them.
    weights
        How much a line of the asking visitor's history counts.
    """

    width: int = 128
    regularisation: float = 10.0
    confidence: float = 100.0
    decay: float = 1.0
    iterations: int = 15
    seed: int = 0
    n_threads: int = 2
    weights: LineWeights = field(default_factory=lambda: LineWeights(position_decay=0.4))


def fit_als(
    interactions: Interactions,
    config: AlsConfig | None = None,
    *,
    told: Told = lambda _: None,
) -> FactorSource:
    """Weighted matrix factorisation of who bought what and how often.

    (Y. Hu, Y. Koren and C. Volinsky, "Collaborative filtering for implicit feedback
    datasets", ICDM 2008.) The visitors' vectors are thrown away:
    :class:`~daogou.retrieval.sources.FactorSource` folds in whoever asks.

    Parameters
    ----------
    told
        Told of the item factors, float32 [V, D], after each iteration; what it raises ends the
        training.
    """
    config = config or AlsConfig()
    return factor_source(_item_factors(interactions, config, told), config)


def factor_source(factors: Float32, config: AlsConfig) -> FactorSource:
    """Item factors, float32 [V, D], as the source that asks by the settings of their training."""
    return FactorSource(
        "als",
        factors,
        regularisation=config.regularisation,
        confidence=config.confidence,
        weights=config.weights,
    )


def _item_factors(interactions: Interactions, config: AlsConfig, told: Told) -> Float32:
    """Y, float32 [V, D]; zero for an item that nobody bought."""
    trust = visitor_items(interactions, interactions.worth(config.decay))
    if not trust.nnz:
        return np.zeros((interactions.n_items, config.width), np.float32)
    # The library takes the confidence itself, c, as the entries of the matrix.
    trust.data = 1 + np.float32(config.confidence) * trust.data
    with threadpool_limits(1, "blas"):  # the library's own threads each call BLAS
        model = AlternatingLeastSquares(
            factors=config.width,
            regularization=config.regularisation,
            alpha=1.0,
            iterations=config.iterations,
            num_threads=config.n_threads,
            random_state=config.seed,
        )

        def ended(*_: Any) -> None:
            told(model.item_factors)

        model.fit(trust, show_progress=False, callback=ended)
    factors = np.array(model.item_factors, np.float32)
    factors[np.diff(trust.tocsc().indptr) == 0] = 0
    return factors
