"""How well products answer a query by their content alone: no event is needed.

This orders search in a shop whose model has not been trained, and is one of the terms
where it has been. Dimension letters: K candidates, T width of a text vector.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daogou.features.items import Float32

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RelevanceWeights:
    """What each kind of evidence counts, against 1 for the words of the best candidate.

    Attributes
    ----------
    meaning
        Of the cosine of query and product.
    feedback
        Of the cosine with the best candidates, see :func:`feedback`.
    feedback_from
        How many candidates these are.
    constraints
        Of the share of the understood wishes that the product meets.
    """

    meaning: float = 2.0
    feedback: float = 1.0
    feedback_from: int = 5
    constraints: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of K candidates of one query; what is None counts nothing.

    Attributes
    ----------
    lexical
        BM25F scores, 0 where no word matched, float32 [K].
    meaning
        Cosines of query and product, float32 [K].
    vectors
        The products' centred text vectors, unit rows, float32 [K, T].
    constraints
        The share of the wishes understood in the query (category, brand, colour, ...) that
        the product meets, each weighted by how sure it is: 0 to 1, float32 [K].
    exact
        Whether the query is the product's code or its full title, bool [K].
    """

    lexical: Float32
    meaning: Float32 | None = None
    vectors: Float32 | None = None
    constraints: Float32 | None = None
    exact: Bool | None = None


def relevance(evidence: Evidence, weights: RelevanceWeights | None = None) -> Float32:
    """How well each candidate answers, float32 [K]; higher is better, within one query only.

    Words count relative to the best candidate's, since a BM25 score means nothing
    from one query to the next; a cosine does, and is taken as it is. A linear
    combination of a lexical and a semantic score, normalised so: S. Bruch,
    S. Gai and A. Ingber, "An analysis of fusion functions for hybrid retrieval",
    TOIS 2023. An exact match is above everything else.
    """
    weights = weights or RelevanceWeights()
    top = float(evidence.lexical.max(initial=0.0))
    scores = np.asarray(evidence.lexical / (top or 1.0), np.float32)
    if evidence.meaning is not None:
        scores = scores + np.float32(weights.meaning) * evidence.meaning
    if evidence.constraints is not None:
        scores = scores + np.float32(weights.constraints) * evidence.constraints
    if evidence.vectors is not None and weights.feedback:
        near = feedback(evidence.vectors, scores, weights.feedback_from)
        scores = scores + np.float32(weights.feedback) * near
    if evidence.exact is not None and evidence.exact.any():
        above = np.float32(np.ptp(scores) + 1)
        scores = scores + above * evidence.exact.astype(np.float32)
    return np.asarray(scores, np.float32)


def feedback(vectors: Float32, scores: Float32, n_best: int) -> Float32:
    """Cosine-like nearness of K candidates to the mean of the ``n_best`` best, float32 [K].

    Each of these counts by how far its score is above the last one's. What the best
    results have in common says what the query is about: J. Rocchio, "Relevance
    feedback in information retrieval", 1971, on dense vectors without a second
    retrieval, as H. Li et al., "Pseudo relevance feedback with deep language
    models and dense retrievers", TOIS 2023.
    """
    n_best = min(n_best, len(scores))
    if n_best < 1:
        return np.zeros(len(scores), np.float32)
    best = np.argsort(-scores, kind="stable")[:n_best]
    told = scores[best] - scores[best[-1]] + 1e-6
    mean = (told / told.sum()) @ vectors[best]  # [T]
    return np.asarray(vectors @ mean, np.float32)
