"""Products by their vectors: exact where that is quick, a graph where it is not."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import faiss as _faiss
import numpy as np
import numpy.typing as npt

from daogou.errors import BundleError
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Bool, Candidates, Request, allowed, best, nothing

faiss: Any = _faiss  # its stubs know neither HNSW's settings nor numpy's bitmaps
Vectors = npt.NDArray[np.float32] | npt.NDArray[np.float16]
GRAPH: Final = "graph.faiss"


@dataclass(frozen=True, slots=True)
class DenseConfig:
    """When and how the graph is used.

    Attributes
    ----------
    exact_below
        Catalogues of fewer items have no graph: every item is compared.
    exact_subset
        Nor is the graph asked where a mask leaves so few items or fewer.
    links, build_depth, search_depth
        HNSW's M, efConstruction and (at least) efSearch: Y. Malkov and D. Yashunin,
        "Efficient and robust approximate nearest neighbor search", TPAMI 2018.
    """

    exact_below: int = 20_000
    exact_subset: int = 5_000
    links: int = 16
    build_depth: int = 60
    search_depth: int = 200


def build_dense(path: Path, vectors: Vectors, config: DenseConfig | None = None) -> None:
    """Write what :meth:`DenseRetriever.open` needs beside ``vectors`` [V, D] into a new folder.

    Nothing but the folder is made for a small catalogue. The graph keeps a byte a
    dimension; scores are always computed from the vectors themselves.
    """
    config = config or DenseConfig()
    path.mkdir(parents=True)
    n_items, width = vectors.shape
    if n_items < config.exact_below:
        return
    graph = faiss.IndexHNSWSQ(
        width, faiss.ScalarQuantizer.QT_8bit, config.links, faiss.METRIC_INNER_PRODUCT
    )
    graph.hnsw.efConstruction = config.build_depth
    contiguous = np.ascontiguousarray(vectors, np.float32)
    graph.train(contiguous)
    graph.add(contiguous)
    faiss.write_index(graph, str(path / GRAPH))


class DenseRetriever:
    """Inner product of a vector of the request with every item's.

    Parameters
    ----------
    name
        Of the source: ``"taste"`` for the visitor's vector, ``"meaning"`` for the query's, say.
    by
        The request's field that holds the vector.
    vectors
        float32 or float16 [V, D], possibly mapped from disk.
    graph
        faiss index over the same vectors; None compares every item.
    """

    def __init__(
        self,
        name: str,
        by: Literal["user_vector", "query_vector"],
        vectors: Vectors,
        graph: Any | None = None,
        config: DenseConfig | None = None,
    ) -> None:
        self.name = name
        self._by = by
        self._vectors = vectors
        self._graph = graph
        self._config = config or DenseConfig()
        self._newer: dict[int, Float32] = {}

    @classmethod
    def open(
        cls,
        path: Path,
        name: str,
        by: Literal["user_vector", "query_vector"],
        vectors: Vectors,
        config: DenseConfig | None = None,
    ) -> "DenseRetriever":
        """Open what :func:`build_dense` wrote.

        Raises
        ------
        BundleError
            The graph cannot be read or is of other vectors.
        """
        graph = None
        if (path / GRAPH).exists():
            try:
                graph = faiss.read_index(str(path / GRAPH))
            except RuntimeError as error:
                raise BundleError(
                    f"{path / GRAPH} cannot be read ({error}). Run `daogou train`."
                ) from error
            if (graph.ntotal, graph.d) != vectors.shape:
                raise BundleError(
                    f"{path / GRAPH} holds {graph.ntotal} vectors {graph.d} wide, expected"
                    f" {vectors.shape[0]} of {vectors.shape[1]}. Run `daogou train`."
                )
        return cls(name, by, vectors, graph, config)

    def changed(self, items: Int32, vectors: Float32) -> "DenseRetriever":
        """The same with vectors [N, D] of new or changed ``items`` [N]; this one stays as it is."""
        new = copy.copy(self)
        rows = zip(items.tolist(), vectors.astype(np.float32), strict=True)
        new._newer = self._newer | dict(rows)
        return new

    def retrieve(self, request: Request, k: int) -> Candidates:
        """Items by inner product; nothing where the request has no such vector."""
        vector: Float32 | None = getattr(request, self._by)
        if vector is None or k < 1:
            return nothing(self.name)
        items = self._candidates(vector, request.mask, k)
        if self._newer:
            newer = np.fromiter(self._newer, np.int32, len(self._newer))
            newer = newer[allowed(newer, request.mask)]
            items = np.concatenate([items[~np.isin(items, newer)], newer])
        return best(items, self.score(vector, items), k, self.name)

    def score(self, vector: Float32, items: Int32) -> Float32:
        """Inner products of ``items`` [K] with ``vector`` [D], float32 [K]; 0 for unknown items."""
        known = items < len(self._vectors)
        scores = np.zeros(len(items), np.float32)
        every = len(items) == len(self._vectors) and bool((items == np.arange(len(items))).all())
        rows = self._vectors if every else self._vectors[items[known]]
        scores[known] = rows.astype(np.float32, copy=False) @ vector
        if self._newer:
            for n, item in enumerate(items.tolist()):
                if item in self._newer:
                    scores[n] = self._newer[item] @ vector
        return scores

    def _candidates(self, vector: Float32, mask: Bool | None, k: int) -> Int32:
        """Items of the bundle among which the best are: all that pass, or the graph's choice."""
        n_items = len(self._vectors)
        passing = None if mask is None else np.flatnonzero(mask[:n_items]).astype(np.int32)
        left = n_items if passing is None else len(passing)
        wanted = k + len(self._newer)
        if self._graph is None or left <= max(self._config.exact_subset, wanted):
            return np.arange(n_items, dtype=np.int32) if passing is None else passing
        settings = faiss.SearchParametersHNSW(efSearch=max(self._config.search_depth, 2 * wanted))
        if passing is not None and mask is not None and left < n_items:
            bits = np.packbits(mask[:n_items], bitorder="little")
            settings.sel = faiss.IDSelectorBitmap(bits)
        query = vector[None].astype(np.float32)  # [1, D]
        found: Int32 = self._graph.search(query, wanted, params=settings)[1][0].astype(np.int32)
        return found[found >= 0]
