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
By = Literal["user_vector", "query_vector", "photo_vector"]
"""The request's field that a retriever reads."""
GRAPH: Final = "graph.faiss"
GROUPS: Final = "groups.npy"


@dataclass(frozen=True, slots=True)
class DenseConfig:
    """When and how the graph is used.

    Attributes
    ----------
    exact_below
        Catalogues of fewer distinct vectors have no graph: every one is compared.
    exact_subset
        Nor is the graph asked where a mask leaves so few of them or fewer.
    links, build_depth, search_depth
        HNSW's M, efConstruction and (at least) efSearch: Y. Malkov and D. Yashunin,
        "Efficient and robust approximate nearest neighbor search", TPAMI 2018.
    """

    exact_below: int = 10_000
    exact_subset: int = 5_000
    links: int = 16
    build_depth: int = 60
    search_depth: int = 200


def build_dense(path: Path, vectors: Vectors, config: DenseConfig | None = None) -> None:
    """Write what :meth:`DenseRetriever.open` needs beside ``vectors`` [V, D] into a new folder.

    Equal vectors (products of one title) are one node: a graph of duplicates falls
    apart into islands, of which a search finds one. The graph keeps a byte a
    dimension; scores are always computed from the vectors themselves.
    """
    config = config or DenseConfig()
    path.mkdir(parents=True)
    firsts, groups = _distinct(vectors)
    np.save(path / GROUPS, groups)
    if len(firsts) < config.exact_below:
        return
    graph = faiss.IndexHNSWSQ(
        vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, config.links, faiss.METRIC_INNER_PRODUCT
    )
    graph.hnsw.efConstruction = config.build_depth
    nodes = np.ascontiguousarray(vectors[firsts], np.float32)
    graph.train(nodes)
    graph.add(nodes)
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
    groups
        Number of each item's distinct vector, int32 [V], from 0 to U-1, without a gap.
    graph
        faiss index over the distinct vectors; None compares every one.
    """

    def __init__(
        self,
        name: str,
        by: By,
        vectors: Vectors,
        groups: Int32,
        graph: Any | None = None,
        config: DenseConfig | None = None,
    ) -> None:
        self.name = name
        self._by = by
        self._vectors = vectors
        self._groups = groups
        self._graph = graph
        self._config = config or DenseConfig()
        self._newer: dict[int, Float32] = {}
        self._members = np.argsort(groups, kind="stable").astype(np.int32)  # [V], group by group
        self._sizes = np.bincount(groups)  # [U]
        self._starts = np.cumsum(self._sizes) - self._sizes  # [U]
        self._firsts = self._members[self._starts]  # [U]
        # Without a graph every query reads all of them, so they are kept in memory.
        self._nodes = None if graph else vectors[self._firsts].astype(np.float32)

    @classmethod
    def open(
        cls,
        path: Path,
        name: str,
        by: By,
        vectors: Vectors,
        config: DenseConfig | None = None,
    ) -> "DenseRetriever":
        """Open what :func:`build_dense` wrote.

        Raises
        ------
        BundleError
            It cannot be read or is of other vectors.
        """
        try:
            groups: Int32 = np.load(path / GROUPS)
            graph = _read_graph(path / GRAPH) if (path / GRAPH).exists() else None
        except (OSError, ValueError, RuntimeError) as error:
            raise BundleError(f"{path} cannot be read ({error}). Run `daogou train`.") from error
        width = vectors.shape[1] if graph is None else graph.d
        if (len(groups), width) != vectors.shape:
            raise BundleError(
                f"{path} is of {len(groups)} vectors {width} wide, expected"
                f" {vectors.shape[0]} of {vectors.shape[1]}. Run `daogou train`."
            )
        return cls(name, by, vectors, groups, graph, config)

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
        items, scores = self._search(vector, request.mask, k + len(self._newer))
        if self._newer:
            newer = np.fromiter(self._newer, np.int32, len(self._newer))
            kept, newer = ~np.isin(items, newer), newer[allowed(newer, request.mask)]
            items = np.concatenate([items[kept], newer])
            scores = np.concatenate([scores[kept], self.score(vector, newer)])
        return best(items, scores, k, self.name)

    def score(self, vector: Float32, items: Int32) -> Float32:
        """Inner products of ``items`` [K] with ``vector`` [D], float32 [K]; 0 for unknown items."""
        known = items < len(self._vectors)
        scores = np.zeros(len(items), np.float32)
        scores[known] = self._vectors[items[known]].astype(np.float32, copy=False) @ vector
        if self._newer:
            for n, item in enumerate(items.tolist()):
                if item in self._newer:
                    scores[n] = self._newer[item] @ vector
        return scores

    def _search(self, vector: Float32, mask: Bool | None, wanted: int) -> tuple[Int32, Float32]:
        """The bundle's items of the ``wanted`` best distinct vectors that pass, unordered."""
        passing = None
        if mask is not None and not mask[: len(self._groups)].all():
            some = np.zeros(len(self._sizes), np.bool_)
            some[self._groups[np.flatnonzero(mask[: len(self._groups)])]] = True
            passing = None if some.all() else some
        nodes = self._nearest(vector, passing, wanted)  # [N]
        if self._nodes is None:
            rows = self._vectors[self._firsts[nodes]].astype(np.float32, copy=False)
        else:
            rows = self._nodes if len(nodes) == len(self._nodes) else self._nodes[nodes]
        scores = rows @ vector
        if wanted < len(nodes):
            kept = scores >= np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
            nodes, scores = nodes[kept], scores[kept]
        sizes = self._sizes[nodes]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        items = self._members[np.repeat(self._starts[nodes], sizes) + within]
        passed = allowed(items, mask)
        return items[passed], np.repeat(scores, sizes)[passed]

    def _nearest(self, vector: Float32, passing: Bool | None, wanted: int) -> Int32:
        """Numbers of distinct vectors that hold the best: all that pass, or the graph's choice."""
        left = len(self._sizes) if passing is None else int(passing.sum())
        if self._graph is None or left <= max(self._config.exact_subset, wanted):
            every = np.arange(len(self._sizes)) if passing is None else np.flatnonzero(passing)
            return every.astype(np.int32)
        settings = faiss.SearchParametersHNSW(efSearch=max(self._config.search_depth, 2 * wanted))
        if passing is not None:
            settings.sel = faiss.IDSelectorBitmap(np.packbits(passing, bitorder="little"))
        query = vector[None].astype(np.float32)  # [1, D]
        found: Int32 = self._graph.search(query, wanted, params=settings)[1][0].astype(np.int32)
        return found[found >= 0]


def _read_graph(path: Path) -> Any:
    """A graph mapped from its file: processes that have it open share its memory.

    Raises
    ------
    ValueError
        Its links lead to nodes that it does not have, and a search would follow them anywhere.
    """
    graph = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    links, ends = (faiss.vector_to_array(v) for v in (graph.hnsw.neighbors, graph.hnsw.offsets))
    whole = len(ends) == graph.ntotal + 1 and int(ends[-1]) == len(links)
    if not whole or (len(links) and not -1 <= links.min() <= links.max() < graph.ntotal):
        raise ValueError(f"the links of its {graph.ntotal} nodes do not lead to nodes")
    return graph


def _distinct(vectors: Vectors) -> tuple[Int32, Int32]:
    """The first item of each distinct vector [U], and the number of each item's vector [V]."""
    rows = np.ascontiguousarray(vectors)
    if not rows.size:
        return np.zeros(0, np.int32), np.zeros(len(rows), np.int32)
    packed = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, firsts, groups = np.unique(packed, return_index=True, return_inverse=True)
    return firsts.astype(np.int32), groups.astype(np.int32)
