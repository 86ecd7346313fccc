"""A pointwise ranker as a source: others propose, its graph says how likely each is.

Dimension letters: V items, K candidates, F features, X crosses.
"""

from typing import Any, ClassVar

import numpy as np

from daogou.bundle import Bundle, BundleWriter
from daogou.errors import BundleError
from daogou.features import FEATURES, History, ItemStats, ItemTable, compute, load_items
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import NO_ITEMS, Request, allowed
from daogou.retrieval.behaviour import (
    ItemToItemRetriever,
    PersonalFrequencyRetriever,
    PopularRetriever,
)
from daogou.retrieval.proposals import PERSONAL_K, POPULAR_K, RELATED_K, propose, union
from daogou.retrieval.sources.crosses import codes, crosses
from daogou.retrieval.sources.scored import ScoredSource
from daogou.retrieval.sources.session import Graph


class RankerSource(ScoredSource):
    """Candidates by popularity, by the visitor's own purchases and by what goes with them.

    The score is the probability that the ranker gives to a candidate; items that are none
    score 0. A request's mask and anchor do not change the candidates. The source looks at
    features, codes and crosses alone: it can rank for an unknown visitor too, whose
    candidates are what is popular.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    graph
        From ``wide`` [K, F], ``codes`` int64 [K, 4] and ``crosses`` int64 [K, X] to logits [K].
    table, stats
        The catalogue that it was fitted to and its statistics. They are those of the bundle
        (``daogou.features.save_items``), which keeps them once for all that use them.
    buckets
        Of the crosses.
    """

    form: ClassVar[str] = "ranker"

    def __init__(
        self, name: str, graph: Graph, table: ItemTable, stats: ItemStats, *, buckets: int
    ) -> None:
        super().__init__(name)
        self.table, self.stats = table, stats
        self._graph, self._buckets = graph, buckets
        self._proposers = (
            (PersonalFrequencyRetriever(), PERSONAL_K),
            (ItemToItemRetriever(stats.neighbours), RELATED_K),
            (PopularRetriever(stats.popularity_fast), POPULAR_K),
        )

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Every candidate."""
        history = self._known(request.history)
        own = Request(now=request.now, history=history, anchor=NO_ITEMS)
        items = union(propose(self._proposers, own))
        if not len(items):
            return items, np.zeros(0, np.float32)
        logits = self._graph(
            {
                "wide": compute(history, items, request.now, self.table, self.stats),
                "codes": codes(self.table, items),
                "crosses": crosses(history, items, self.table, self._buckets),
            }
        )
        return items, (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """Write the graph; the item table and its statistics are the bundle's own."""
        writer.path(f"source_{self.name}_graph.onnx").write_bytes(self._graph.model)
        return {"features": list(FEATURES), "buckets": self._buckets}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> "RankerSource":
        """Open what :meth:`save` wrote.

        Raises
        ------
        BundleError
            It was fitted to other features than this version computes.
        """
        if tuple(settings["features"]) != FEATURES:
            raise BundleError(
                f"Bundle {bundle.id}: the source {name} was fitted to features of another"
                " version of Daogou. Train again with `daogou train`."
            )
        table, stats = load_items(bundle)
        graph = Graph(bundle.path(f"source_{name}_graph.onnx").read_bytes())
        return cls(name, graph, table, stats, buckets=settings["buckets"])

    def _known(self, history: History) -> History:
        """The lines of items that the table has."""
        kept = allowed(history.items, np.ones(len(self.table), np.bool_))
        if kept.all():
            return history
        columns = (getattr(history, name) for name in History.__dataclass_fields__)
        return History(*(column[kept] for column in columns))
