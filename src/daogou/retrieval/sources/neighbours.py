"""Items by a table of the items that go with each: item-to-item, EASE, item2vec, ..."""

from dataclasses import asdict
from typing import Any, ClassVar, Self

from daogou.bundle import Bundle, BundleWriter
from daogou.features import Neighbours
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Request
from daogou.retrieval.evidence import LineWeights, weighted_items
from daogou.retrieval.sources.scored import ScoredSource


class NeighbourSource(ScoredSource):
    """What goes with the anchor; without an anchor, with the newest lines of the history.

    An item's score is the sum of its weights as a neighbour of those items, each times
    what the line counts.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    table
        [V, N]; weights may be negative: such a neighbour speaks against an item.
    weights
        How much a line counts.
    """

    form: ClassVar[str] = "neighbours"

    def __init__(self, name: str, table: Neighbours, weights: LineWeights | None = None) -> None:
        super().__init__(name)
        self.table = table
        self.weights = weights or LineWeights()

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Every neighbour of what the request tells of."""
        told = weighted_items(request, self.weights, len(self.table.items))
        return self.table.sparse_sum_over(*told)

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """Two arrays, the table."""
        writer.add_array(f"source_{self.name}_items", self.table.items)
        writer.add_array(f"source_{self.name}_weights", self.table.weights)
        return {"weights": asdict(self.weights)}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> Self:
        """Map the table from disk: a request reads a few rows of it."""
        table = Neighbours(
            bundle.array(f"source_{name}_items"), bundle.array(f"source_{name}_weights")
        )
        return cls(name, table, LineWeights(**settings["weights"]))
