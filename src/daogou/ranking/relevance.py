"""How well products answer a query by their content alone: no event is needed.

This orders search in a shop whose model has not been trained, and is one of the terms
where it has been. Dimension letters: K candidates, T width of a text vector.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.features.items import Float32

Bool = npt.NDArray[np.bool_]


USUAL: Final = 0.5
"""What the best product usually reaches of the best possible lexical score."""
WHOLE: Final = 0.999
"""From this share of the query's words in a title on, it has all of them."""


@dataclass(frozen=True, slots=True)
class RelevanceWeights:
    """What each kind of evidence counts.

    The defaults were set by hand-made steps of coordinate ascent (D. Metzler and
    W. B. Croft, "Linear feature-based models for information retrieval", Information
    Retrieval 2007) on four sets of queries whose grades are rules about attributes:
    110 + 29 of fashion-9k (attribute values; other words for article types), the
    ``tune`` half of the demo shop's, in each language, and 103 names of product types
    in icecat-chorus, told by the attributes that only such products have. No
    judgement of icecat-chorus was used.

    Attributes
    ----------
    words
        Of the lexical score, as a share of the best possible one.
    meaning
        Of the cosine of query and product.
    feedback
        Of the cosine with the best candidates, see :func:`feedback`.
    feedback_from
        How many candidates these are.
    whole
        Of a title that has all words of the query.
    constraints
        Of the understood wishes that the product meets.
    """

    words: float = 2.0
    meaning: float = 2.0
    feedback: float = 1.0
    feedback_from: int = 5
    whole: float = 1.0
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
        How far the product meets the wishes understood in the query (category, brand,
        colour, ...), from :func:`agreement`: 0 to 1, float32 [K].
    title
        The share of the query's words that stand in the title, float32 [K].
    possible
        The best score that any product could have, see
        :meth:`~daogou.retrieval.LexicalRetriever.possible`.
    """

    lexical: Float32
    meaning: Float32 | None = None
    vectors: Float32 | None = None
    constraints: Float32 | None = None
    title: Float32 | None = None
    possible: float | None = None


def relevance(evidence: Evidence, weights: RelevanceWeights | None = None) -> Float32:
    """How well each candidate answers, float32 [K]; higher is better, within one query only.

    A linear combination of a lexical and a semantic score. A BM25 score means nothing
    from one query to the next, so it is taken as a share of the best possible one:
    where no product has more than a few of the query's words, meaning leads. Against
    the scaling by the best candidate and against ranks: S. Bruch, S. Gai and
    A. Ingber, "An analysis of fusion functions for hybrid retrieval", TOIS 2023.
    Without ``possible`` the best candidate is taken to reach :data:`USUAL` of it.
    """
    weights = weights or RelevanceWeights()
    possible = evidence.possible or float(evidence.lexical.max(initial=0.0)) / USUAL
    scores = np.asarray(evidence.lexical * np.float32(weights.words / (possible or 1.0)))
    if evidence.meaning is not None:
        scores = scores + np.float32(weights.meaning) * evidence.meaning
    if evidence.title is not None:
        scores = scores + np.float32(weights.whole) * (evidence.title >= WHOLE)
    if evidence.constraints is not None:
        scores = scores + np.float32(weights.constraints) * evidence.constraints
    if evidence.vectors is not None and weights.feedback:
        near = feedback(evidence.vectors, scores, weights.feedback_from)
        scores = scores + np.float32(weights.feedback) * near
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


def agreement(
    confidences: npt.NDArray[np.float64], met: Bool, told: Bool
) -> npt.NDArray[np.float32]:
    """How far K candidates meet W wishes, 0 to 1, float32 [K].

    A wish counts by how sure it is, and by the share of the candidates of which its
    field is told at all: where only a few products have the attribute, those that lack it
    are not known to be otherwise, and the few would be lifted for what was fed about them
    ("laptop" as a best use, told of a few bags only).

    Parameters
    ----------
    confidences
        0 to 1 each, [W].
    met
        Whether the candidate is so, bool [W, K].
    told
        Whether the candidate has any value in the wish's field, bool [W, K].
    """
    n_wishes, n_candidates = met.shape
    if not n_wishes or not n_candidates:
        return np.zeros(n_candidates, np.float32)
    worth = confidences * told.mean(axis=1)
    return np.asarray(worth @ met / n_wishes, np.float32)
