"""Items that visitors bought who are like the one who asks.

Dimension letters: N stored visitors, L their lines, V items.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from daogou.bundle import Bundle, BundleWriter
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Request, best
from daogou.retrieval.evidence import LineWeights, known_items, weighted_items
from daogou.retrieval.sources.scored import ScoredSource

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VisitorItems:
    """Which items each stored visitor bought.

    Attributes
    ----------
    offsets
        Where each visitor's items begin in ``items``, int64 [N + 1].
    items
        Each item of a visitor once, int32 [L].
    idf
        How telling an item is, float32 [V]: above 0, the rarer the higher.
    """

    offsets: Offsets
    items: Int32
    idf: Float32


class UserNeighbourSource(ScoredSource):
    """User-to-user: the nearest visitors vote for what they bought.

    Visitors are compared by the cosine of their items, each weighted by its IDF, and in the
    asking one's history also by what its lines count. A neighbour gives its similarity to
    each of its items. (J. Herlocker et al., "An algorithmic framework for performing
    collaborative filtering", SIGIR 1999; the IDF and the fading history as in the vector
    multiplication kNN of M. Ludewig and D. Jannach, "Evaluation of session-based
    recommendation algorithms", UMUAI 2018.)

    The asking visitor is stored as well, as most similar to himself, and would vote for
    nothing but what he has. A request does not say who asks, so this is how he is known:
    a stored visitor all of whose items the asking one knows is no neighbour. That loses
    nothing, since such a visitor has nothing new to tell. It holds if what is stored is the
    past of the moment that is asked about: a replay has to ask a table that was fitted before.
    It also holds only as far as a history goes (:data:`daogou.features.MAX_EVENTS`), hence
    only a visitor's newest lines are stored.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    visitors
        The stored visitors.
    n_neighbours
        So many of the nearest vote.
    weights
        How much a line of the asking visitor counts.
    """

    form: ClassVar[str] = "user-neighbours"

    def __init__(
        self,
        name: str,
        visitors: VisitorItems,
        *,
        n_neighbours: int,
        weights: LineWeights | None = None,
    ) -> None:
        super().__init__(name)
        self.visitors = visitors
        self.weights = weights or LineWeights()
        self._n_neighbours = n_neighbours
        sizes = np.diff(visitors.offsets)  # [N]
        owners = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)  # [L]
        squares = np.bincount(owners, visitors.idf[visitors.items] ** 2, minlength=len(sizes))
        self._norms = np.sqrt(squares).astype(np.float32)  # [N]
        self._sizes = sizes
        # Inverse lists: the visitors of each item, so that only those are compared who
        # share anything.
        self._owners = owners[np.argsort(visitors.items, kind="stable")]  # [L]
        counts = np.bincount(visitors.items, minlength=len(visitors.idf))
        self._owner_offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)  # [V + 1]

    def neighbours(self, request: Request) -> tuple[Int32, Float32]:
        """The nearest stored visitors, and their similarity in (0, 1], [M] each, best first."""
        idf = self.visitors.idf
        items, worth = weighted_items(request, self.weights, len(idf))
        asking = worth * idf[items]
        place, owners = _gather(self._owner_offsets, self._owners, items)
        near, number = np.unique(owners, return_inverse=True)
        product = np.bincount(number, (asking * idf[items])[place], minlength=len(near))
        length = np.linalg.norm(asking)
        if not length:  # lines so old that they count nothing
            near, product, length = near[:0], product[:0], np.float32(1)
        similarity = product / (length * self._norms[near])
        new = self._knows_more(near, known_items(request))
        found = best(near[new], similarity[new], self._n_neighbours, self.name)
        return found.items, found.scores

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Everything that a neighbour bought."""
        near, similarity = self.neighbours(request)
        place, bought = _gather(self.visitors.offsets, self.visitors.items, near)
        items, number = np.unique(bought, return_inverse=True)
        votes = np.bincount(number, similarity[place], minlength=len(items))
        return items.astype(np.int32), votes.astype(np.float32)

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """Three arrays, the stored visitors."""
        writer.add_array(f"source_{self.name}_offsets", self.visitors.offsets)
        writer.add_array(f"source_{self.name}_items", self.visitors.items)
        writer.add_array(f"source_{self.name}_idf", self.visitors.idf)
        return {"n_neighbours": self._n_neighbours, "weights": asdict(self.weights)}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> Self:
        """Read the stored visitors into memory, and invert their lists."""
        parts = (
            bundle.array(f"source_{name}_{part}", mmap=False)
            for part in ("offsets", "items", "idf")
        )
        return cls(
            name,
            VisitorItems(*parts),
            n_neighbours=settings["n_neighbours"],
            weights=LineWeights(**settings["weights"]),
        )

    def _knows_more(self, near: Int32, known: Int32) -> npt.NDArray[np.bool_]:
        """Which of the visitors have an item that is not among ``known`` [K], bool [M]."""
        known = known[known < len(self.visitors.idf)]
        _, owners = _gather(self._owner_offsets, self._owners, known)
        shared = np.bincount(owners, minlength=len(self._sizes))
        return shared[near] < self._sizes[near]


def _gather(offsets: Offsets, values: Int32, rows: Int32) -> tuple[npt.NDArray[np.int64], Int32]:
    """The values of some rows of a ragged array, and for each its place in ``rows``, [E] each."""
    sizes = offsets[rows + 1] - offsets[rows]
    place = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(place)) - (np.cumsum(sizes) - sizes)[place]
    return place, values[offsets[rows][place] + within]
