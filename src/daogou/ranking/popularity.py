"""Take from a score what popularity put into it."""

import numpy as np

from daogou.features.items import Float32


def without_popularity(scores: Float32, popularity: Float32, control: float) -> Float32:
    """``scores - control * spread * z``, float32 [K].

    z is ``log(1 + popularity)``, standardised over the candidates, and spread the
    standard deviation of their scores, so that the dial means the same on any scale:
    at 1 a product that is one standard deviation more popular than the others loses
    one standard deviation of score.

    Parameters
    ----------
    scores
        float32 [K], higher is better; on any scale on which they can be added up.
    popularity
        Decayed purchases, float32 [K], 0 or more.
    control
        0 leaves the scores as they are.

    Notes
    -----
    Y. Zhang et al., "Causal intervention for leveraging popularity bias in
    recommendation", SIGIR 2021, adjust a prediction f to ``f * popularity ** gamma`` when
    it is served. In logs, and with a negative gamma, that is what is done here; their
    training without popularity is not. H. Abdollahpouri, R. Burke and B. Mobasher,
    "Managing popularity bias in recommender systems with personalized re-ranking", FLAIRS
    2019, is the same wish, with two classes of products instead of a scale.
    """
    if control <= 0 or len(scores) < 2:
        return scores
    logs = np.log1p(popularity.astype(np.float64))
    deviation = float(logs.std())
    if deviation == 0:  # all are equally popular
        return scores
    z = (logs - logs.mean()) / deviation
    return np.asarray(scores - control * float(scores.std()) * z, np.float32)
