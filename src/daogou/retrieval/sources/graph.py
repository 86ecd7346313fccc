"""A model that reads histories, as a source: one graph between two tables.

Dimension letters: V items, L history length, I width of a row going in, D width of one
coming out, T size of a text vector, K candidates.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from daogou.bundle import Bundle, BundleWriter
from daogou.features import History
from daogou.features.history import CART, PURCHASE, VIEW
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Request, allowed
from daogou.retrieval.sources.scored import ScoredSource
from daogou.retrieval.sources.session import Graph

BOUGHT: Final = (PURCHASE,)
LOOKED_AT: Final = (VIEW, CART, PURCHASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """Which part of a history a model reads, the same in training as in serving.

    Attributes
    ----------
    length
        L: so many of the newest lines.
    distinct
        Each item once, where it stands last: for models of sets.
    kinds
        The kinds of lines (see :data:`daogou.features.KINDS`).
    """

    length: int
    distinct: bool = False
    kinds: tuple[int, ...] = BOUGHT

    def items(self, items: Int32) -> Int32:
        """What is read of one visitor's items, oldest first, int32 [at most L]."""
        if self.distinct:
            _, back = np.unique(items[::-1], return_index=True)
            items = items[np.sort(len(items) - 1 - back)]
        return items[max(len(items) - self.length, 0) :]

    def history(self, history: History, known: npt.NDArray[np.bool_]) -> Int32:
        """The same of a history, of items that are ``known`` [V]; an item counts once an event."""
        told = np.isin(history.kinds, self.kinds) & allowed(history.items, known)
        items, events = history.items[told], history.events[told]
        _, first = np.unique(np.stack([events, items]), axis=1, return_index=True)
        return self.items(items[np.sort(first)])


@dataclass(frozen=True, slots=True)
class Tables:
    """What stands on both sides of the graph.

    Attributes
    ----------
    inputs
        The row that a line of the history brings, floating [V, I].
    vectors
        What the user vector is held against, float32 [V, D]; may be ``inputs`` itself.
    bias
        float32 [V]; minus infinity where the model knows nothing of the item.
    """

    inputs: npt.NDArray[np.floating[Any]]
    vectors: Float32
    bias: Float32


class GraphSource(ScoredSource):
    """A history through a graph to a vector, held against all items.

    The score is ``log(1 + V p)`` with p the softmax over the items that the model knows: 0
    where it has no opinion, log 2 for as likely as any item. Items that it does not know are
    not proposed, and not read in a history: those that training never met, unless it learned
    what to think of them by their texts.

    Parameters
    ----------
    name
        See :class:`~daogou.retrieval.sources.scored.ScoredSource`.
    graph
        From ``lines`` [1, L, I], and where ``text_width`` is given from ``query`` [1, T] and
        ``asked`` [1] (1 or 0), to a vector [1, D].
    text_width
        T, for a model that reads queries; 0 for one that does not.
    """

    form: ClassVar[str] = "graph"

    def __init__(
        self, name: str, graph: Graph, tables: Tables, reading: Reading, *, text_width: int = 0
    ) -> None:
        super().__init__(name)
        self.tables = tables
        self._graph, self._reading = graph, reading
        self._text_width = text_width
        self._known = np.isfinite(tables.bias)

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Every known item; none for a visitor of whom the model can read nothing."""
        u = self.user_vector(request) if self._known.any() else None
        if u is None:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        logits = self._logits(u)
        weight = np.exp(logits - logits.max())
        scores = np.log1p(weight * (len(weight) / weight.sum()))
        told = np.flatnonzero(np.isfinite(logits)).astype(np.int32)
        return told, scores[told].astype(np.float32)

    def user_vector(self, request: Request) -> Float32 | None:
        """What the graph makes of a request, [D]; None where there is nothing to read."""
        items = self._reading.history(request.history, self._known)
        asked = bool(self._text_width) and request.query_vector is not None
        if not len(items) and not asked:
            return None
        lines = self.tables.inputs[items].astype(np.float32)  # [L, I]
        if not len(items):
            lines = np.zeros((1, self.tables.inputs.shape[1]), np.float32)
        inputs = {"lines": lines[None]}
        if self._text_width:
            query = request.query_vector if asked else np.zeros(self._text_width)
            inputs["query"] = np.asarray(query, np.float32)[None]
            inputs["asked"] = np.array([asked], np.float32)
        return np.asarray(self._graph(inputs)[0], np.float32)

    def _logits(self, u: Float32) -> Float32:
        """Of all items, [V]; minus infinity where there is no opinion."""
        return np.asarray(self.tables.vectors @ u + self.tables.bias, np.float32)

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """Write the graph and the tables; a table that is both is written once."""
        stem, tables = f"source_{self.name}", self.tables
        writer.path(f"{stem}_graph.onnx").write_bytes(self._graph.model)
        writer.add_array(f"{stem}_vectors", tables.vectors)
        writer.add_array(f"{stem}_bias", tables.bias)
        tied = tables.inputs is tables.vectors
        if not tied:
            writer.add_array(f"{stem}_inputs", tables.inputs)
        return {"reading": asdict(self._reading), "tied": tied, "text_width": self._text_width}

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> "GraphSource":
        """Open what :meth:`save` wrote; the tables stay on the disk."""
        stem = f"source_{name}"
        vectors = bundle.array(f"{stem}_vectors")
        inputs = vectors if settings["tied"] else bundle.array(f"{stem}_inputs")
        reading = Reading(**settings["reading"])
        return cls(
            name,
            Graph(bundle.path(f"{stem}_graph.onnx").read_bytes()),
            Tables(inputs, vectors, np.asarray(bundle.array(f"{stem}_bias"))),
            replace(reading, kinds=tuple(reading.kinds)),
            text_width=settings["text_width"],
        )
