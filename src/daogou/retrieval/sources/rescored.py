"""A graph source whose nearest items a second graph looks at again.

Dimension letters: V items, D width, K items of the shortlist.
"""

from typing import Any, ClassVar, Self

import numpy as np

from daogou.bundle import Bundle, BundleWriter
from daogou.features.items import Float32
from daogou.retrieval.sources.graph import GraphSource, Reading, Tables
from daogou.retrieval.sources.session import Graph


class RescoredSource(GraphSource):
    """Inner products choose a shortlist, whose order a dearer interaction decides.

    Items outside of the shortlist are not proposed and score 0. A request's mask does not
    change the shortlist, so that under a mask there may be fewer than were asked for.

    Parameters
    ----------
    head
        From ``u`` [K, D] and ``v`` [K, D] to logits [K].
    shortlist
        K.
    """

    form: ClassVar[str] = "rescored-graph"

    def __init__(
        self,
        name: str,
        graph: Graph,
        tables: Tables,
        reading: Reading,
        *,
        head: Graph,
        shortlist: int,
        text_width: int = 0,
    ) -> None:
        super().__init__(name, graph, tables, reading, text_width=text_width)
        self._head, self._shortlist = head, shortlist

    @classmethod
    def of(cls, source: GraphSource, head: Graph, shortlist: int) -> Self:
        """A source with a head over its nearest items."""
        return cls(
            source.name,
            source._graph,
            source.tables,
            source._reading,
            head=head,
            shortlist=shortlist,
            text_width=source._text_width,
        )

    def _logits(self, u: Float32) -> Float32:
        first = super()._logits(u)
        k = min(self._shortlist, int(self._known.sum()))
        near = np.argsort(-first, kind="stable")[:k]
        v = np.asarray(self.tables.vectors[near], np.float32)  # [K, D]
        logits = np.full(len(first), -np.inf, np.float32)
        logits[near] = self._head({"u": np.repeat(u[None], k, 0), "v": v})
        return logits

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """Write the head beside the rest."""
        writer.path(f"source_{self.name}_head.onnx").write_bytes(self._head.model)
        return {**super().save(writer), "shortlist": self._shortlist}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> "RescoredSource":
        """Open what :meth:`save` wrote."""
        head = Graph(bundle.path(f"source_{name}_head.onnx").read_bytes())
        return cls.of(GraphSource.load(bundle, name, settings), head, settings["shortlist"])
