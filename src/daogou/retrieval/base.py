"""What is asked of a retriever, and what it gives."""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from daogou.features import History
from daogou.features.items import Float32, Int32

Bool = npt.NDArray[np.bool_]
NO_ITEMS: Final = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a retriever may look at; each takes what it needs.

    Items are numbers in the catalogue of the moment, 0 to V-1, in which new
    products come after those of the bundle.

    Attributes
    ----------
    now
        Seconds since 1970.
    history
        The visitor's past; empty for an unknown visitor.
    user_vector
        The context tower's vector, float32 [D].
    query_tokens
        From :func:`daogou.text.tokenize`.
    query_vector
        The query's text vector, centred, float32 [Dt].
    photo_vector
        What a photo looks like, float32 [Dp], see :class:`~daogou.retrieval.photos.PhotoIndex`.
    anchor
        The products that the page is about: the viewed one, or the cart; int32 [A].
    mask
        The items that may be given, bool [V]; None for all.
    """

    now: float
    history: History = field(default_factory=History.empty)
    user_vector: Float32 | None = None
    query_tokens: tuple[str, ...] = ()
    query_vector: Float32 | None = None
    photo_vector: Float32 | None = None
    anchor: Int32 = field(default_factory=NO_ITEMS.copy)
    mask: Bool | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items of one source, best first.

    Attributes
    ----------
    items
        int32 [K], each item once.
    scores
        float32 [K], never rising. Scores of two sources cannot be compared.
    source
        The retriever's name.
    """

    items: Int32
    scores: Float32
    source: str

    def __len__(self) -> int:
        return len(self.items)


class Retriever(Protocol):
    """A source of candidates."""

    @property
    def name(self) -> str:
        """The source's name, in reasons and reports."""
        ...

    def retrieve(self, request: Request, k: int) -> Candidates:
        """At most ``k`` items that pass the request's mask; none where it lacks what is needed."""
        ...


def allowed(items: Int32, mask: Bool | None) -> Bool:
    """Which of ``items`` [N] pass the mask, bool [N]; an item beyond the mask's end does not."""
    if mask is None:
        return np.ones(len(items), np.bool_)
    inside = items < len(mask)
    inside[inside] = mask[items[inside]]
    return inside


MANY: Final = 20
"""From so many times k items on it pays to look at a sample first."""
SAMPLED: Final = 16
"""One of so many items is in the sample."""
SPARE: Final = 10
"""So many places lower than twice the share of k the sample is cut."""


def best(items: Int32, scores: npt.NDArray[Any], k: int, source: str) -> Candidates:
    """The ``k`` best of ``items`` [N]; equal scores come in the order of the item numbers."""
    k = min(k, len(items))
    if k < 1:
        return nothing(source)
    if len(items) > MANY * k:
        # What is as good as a few of the best of a sample surely has the best of all in it, as
        # long as there are k; so the others need not be sorted out one by one.
        sample = scores[::SAMPLED]
        rank = len(sample) - min(2 * k // SAMPLED + SPARE, len(sample))
        kept = np.flatnonzero(scores >= np.partition(sample, rank)[rank])
        if len(kept) >= k:
            items, scores = items[kept], scores[kept]
    if k < len(items):  # those that tie with the last one compete by number, not by chance
        kept = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
        items, scores = items[kept], scores[kept]
    order = np.lexsort((items, -scores))[:k]
    return Candidates(items[order].astype(np.int32), scores[order].astype(np.float32), source)


def nothing(source: str) -> Candidates:
    """No candidates."""
    return Candidates(NO_ITEMS, np.zeros(0, np.float32), source)
