"""Products that a shop knows little of yet, and their places on a page of recommendations."""

from typing import Final

from daogou.engine.matching import Bools, Floats
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Float32
from daogou.features.stats import DAY
from daogou.retrieval import Candidates, Request

LITTLE_SOLD: Final = 3.0
"""Decayed purchases below which a product has hardly been tried."""
FRESH_K: Final = 40
FRESH: Final = "fresh"
"""The name of the source."""
FRESH_WEIGHTS: Final = {FRESH: 0.001}
"""To a stranger, for whom the sources' order counts, these come behind all others."""


def fresh_rows(published: Floats, sold: Float32, now: float, days: int) -> Bools:
    """Which products were published within ``days``, or have hardly been bought: bool [V].

    Parameters
    ----------
    published
        Seconds since 1970, float64 [V], NaN where it is not told.
    sold
        Decayed purchases, float32 [V].
    """
    return (now - published < days * DAY) | (sold < LITTLE_SOLD)


def fresh_candidates(view: View, visit: Visit, fresh: Bools, user: Float32 | None) -> Candidates:
    """Those that suit the visitor; to a stranger, what sold, then the newest.

    Parameters
    ----------
    fresh
        The fresh rows that may be proposed, bool [V].
    user
        The context vector, [D]; None, or of width 0, without a ranker.
    """
    taste = view.model.taste if view.model is not None else None
    if taste is None or not len(visit.history):
        found = view.popular(fresh, FRESH_K)
    else:
        request = Request(visit.now, visit.history, user_vector=user, mask=fresh)
        found = taste.retrieve(request, FRESH_K)
    return Candidates(found.items, found.scores, FRESH)
