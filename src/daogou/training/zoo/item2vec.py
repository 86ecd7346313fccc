"""item2vec: items that are bought near the same others get vectors that are alike."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit

from daogou.features import Interactions, Neighbours
from daogou.features.items import Float32, Float64, Int32
from daogou.retrieval.sources import LineWeights, NeighbourSource

ROWS_AT_ONCE: Final = 1024
"""Items whose similarities to all others are held at a time."""


@dataclass(frozen=True, slots=True)
class Item2VecConfig:
    """Size of the model, and its training.

    Attributes
    ----------
    width
        D, numbers in a vector.
    window
        A line's context is so many lines of its visitor before and after it.
    n_negatives
        What the negatives of a pair weigh together, in units of the pair.
    n_shared
        Negatives drawn for a batch, which all its pairs share.
    smoothing
        Negatives are drawn by the power of their counts; 0.75 in word2vec.
    epochs
        Passes over the lines; each draws one context of every line.
    batch_size
        Pairs of a step.
    learning_rate
        Of Adagrad.
    min_count
        Items of fewer lines have no vector.
    n_neighbours
        Items kept of each item, those of the highest cosine.
    sharpness
        The power of the cosine that is a neighbour's weight: above 1, so that one close
        neighbour counts more than several distant ones.
    seed
        Of everything that is drawn.
    weights
        How much a line of the asking visitor's history counts.
    """

    width: int = 128
    window: int = 10
    n_negatives: float = 5.0
    n_shared: int = 64
    smoothing: float = 0.75
    epochs: int = 60
    batch_size: int = 1024
    learning_rate: float = 0.5
    min_count: int = 2
    n_neighbours: int = 100
    sharpness: float = 3.0
    seed: int = 0
    weights: LineWeights = field(default_factory=lambda: LineWeights(position_decay=0.6))


def fit_item2vec(
    interactions: Interactions, config: Item2VecConfig | None = None
) -> NeighbourSource:
    """Skip-gram with negative sampling over each visitor's lines; neighbours by the cosine.

    (O. Barkan and N. Koenigstein, "item2vec: neural item embedding for collaborative
    filtering", MLSP 2016.)
    """
    config = config or Item2VecConfig()
    counts = np.bincount(interactions.item, minlength=interactions.n_items)
    known = np.flatnonzero(counts >= config.min_count).astype(np.int32)
    vectors = item_vectors(interactions, config)[known]
    table = _nearest(vectors, known, interactions.n_items, config.n_neighbours)
    sharpened = Neighbours(table.items, table.weights**config.sharpness)
    return NeighbourSource("item2vec", sharpened, config.weights)


def item_vectors(interactions: Interactions, config: Item2VecConfig) -> Float32:
    """The vectors of all items as centres, float32 [V, D]."""
    rng = np.random.default_rng(config.seed)
    shape = (interactions.n_items, config.width)
    start = ((rng.random(shape) - 0.5) / config.width).astype(np.float32)
    centres = _Vectors(start, config.learning_rate)
    contexts = _Vectors(np.zeros(shape, np.float32), config.learning_rate)
    counts = np.bincount(interactions.item, minlength=interactions.n_items).astype(np.float64)
    counts[counts < config.min_count] = 0
    cumulative = np.cumsum(np.where(counts > 0, counts, 0) ** config.smoothing)
    for _ in range(config.epochs):
        centre, context = _draw_pairs(interactions, counts, config.window, rng)
        for begin in range(0, len(centre), config.batch_size):
            cut = slice(begin, begin + config.batch_size)
            random = rng.random(config.n_shared) * cumulative[-1]
            drawn = np.searchsorted(cumulative[:-1], random, side="right")  # [M], below V
            _step(centres, contexts, centre[cut], context[cut], drawn, config.n_negatives)
    return centres.values


class _Vectors:
    """Vectors [V, D] that learn by Adagrad, a step of which costs what the batch touches alone.

    (J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 2011.)
    """

    def __init__(self, values: Float32, learning_rate: float) -> None:
        self.values = values
        self._squares = np.zeros_like(values)
        self._learning_rate = learning_rate

    def descend(self, items: npt.NDArray[np.integer], gradients: Float32) -> None:
        """One step by the gradients [N, D] of ``items`` [N], of which some may be equal."""
        touched, place = np.unique(items, return_inverse=True)
        n = len(items)
        adding = sparse.csc_matrix(
            (np.ones(n, np.float32), place, np.arange(n + 1)), (len(touched), n)
        )
        gradient = adding @ gradients  # [U, D]
        self._squares[touched] += gradient**2
        scale = np.sqrt(self._squares[touched]) + 1e-8
        self.values[touched] -= self._learning_rate * gradient / scale


def _step(
    centres: _Vectors,
    contexts: _Vectors,
    centre: Int32,
    context: Int32,
    drawn: npt.NDArray[np.integer],
    n_negatives: float,
) -> None:
    """One step on pairs [B] and the negatives [M] that they share.

    The loss of a pair is ``-log s(c o) - n_negatives mean over n of log s(-c n)``, with the
    logistic function s.
    """
    c, o, n = centres.values[centre], contexts.values[context], contexts.values[drawn]
    pull = expit((c * o).sum(1)) - 1  # [B]
    push = (n_negatives / len(drawn)) * expit(c @ n.T)  # [B, M]
    centres.descend(centre, pull[:, None] * o + push @ n)
    contexts.descend(
        np.concatenate([context, drawn]), np.concatenate([pull[:, None] * c, push.T @ c])
    )


def _draw_pairs(
    interactions: Interactions,
    counts: Float64,
    window: int,
    rng: np.random.Generator,
) -> tuple[Int32, Int32]:
    """One context of each line that has any: another item of its visitor near it, [P] each.

    A line near the end of its visitor's draws from fewer places, and may draw none.
    """
    n = len(interactions)
    lines = np.arange(n)
    other = lines + rng.integers(1, window + 1, n) * rng.choice((-1, 1), n)
    inside = (other >= 0) & (other < n)
    lines, other = lines[inside], other[inside]
    centre, context = interactions.item[lines], interactions.item[other]
    same = interactions.visitor[lines] == interactions.visitor[other]
    kept = same & (centre != context) & (counts[centre] > 0) & (counts[context] > 0)
    order = rng.permutation(int(kept.sum()))
    return centre[kept][order], context[kept][order]


def _nearest(vectors: Float32, known: Int32, n_items: int, n_neighbours: int) -> Neighbours:
    """Of the items ``known`` [K] with ``vectors`` [K, D], those of the highest cosine."""
    width = min(n_neighbours, max(len(known) - 1, 0))
    items = np.full((n_items, width), -1, np.int32)
    weights = np.zeros((n_items, width), np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(length, 1e-12)
    for start in range(0, len(known) if width else 0, ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(known)))
        cosine = unit[rows] @ unit.T  # [R, K]
        cosine[np.arange(len(rows)), rows] = -np.inf
        near = np.argpartition(-cosine, width - 1, axis=1)[:, :width]
        value = np.take_along_axis(cosine, near, axis=1)
        order = np.lexsort((near, -value), axis=1)
        near, value = (np.take_along_axis(part, order, axis=1) for part in (near, value))
        items[known[rows]] = np.where(value > 0, known[near], -1)
        weights[known[rows]] = np.maximum(value, 0)
    return Neighbours(items, weights)
