"""The least that an answer could take: raw tantivy, raw faiss and one ONNX call, over HTTP.

    python -m benchmarks.load.floor --home HOME --port PORT

The words, the vectors and the ranker are those of the home's bundle, so that both sides search the
same things of the same size; the server is uvicorn with a bare Starlette route. There are no
filters, facets, visitors, rules, reasons or products in the answer, only ids: nothing that a shop
could do with less is left out, and nothing else is done.
"""

import argparse
import sys
import zlib
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
import onnxruntime
import orjson
import tantivy
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from daogou.bundle import Bundle
from daogou.encoders import EncoderConfig, open_text_encoder
from daogou.features.items import Float32, Int32
from daogou.retrieval.dense import GRAPH, GROUPS
from daogou.retrieval.documents import script_of
from daogou.text import tokenize

faiss_: Any = faiss  # its stubs do not know HNSW's parameters
DEPTH: Final = 100
CANDIDATES: Final = 400
"""As many as our recommendations rank."""
SEARCH_DEPTH: Final = 200
PAGE: Final = 20


class Words:
    """tantivy over the bundle's index, any word matches."""

    def __init__(self, folder: Path) -> None:
        index = tantivy.Index.open(str(folder / "words"))
        self._schema = index.schema
        self._searcher: Any = index.searcher()

    def find(self, text: str) -> Int32:
        """Items, best first, int32 [at most DEPTH]."""
        words = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, script_of(token), token))
            for token in tokenize(text)
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(words), DEPTH).hits
        found = self._searcher.fast_field_values("item", [address for _, address in hits])
        return np.fromiter(found, np.int32, len(hits))


class Vectors:
    """faiss over the bundle's vectors: its graph, or all of them where they are few."""

    def __init__(self, folder: Path, vectors: Float32) -> None:
        _, self._firsts = np.unique(np.load(folder / GROUPS), return_index=True)
        self._parameters = None
        if (folder / GRAPH).exists():
            self._index: Any = faiss.read_index(str(folder / GRAPH))
            self._parameters = faiss_.SearchParametersHNSW(efSearch=SEARCH_DEPTH)
        else:
            self._index = faiss_.IndexFlatIP(vectors.shape[1])
            self._index.add(np.ascontiguousarray(vectors[self._firsts], np.float32))

    def find(self, vector: Float32, depth: int) -> Int32:
        """Items, best first, int32 [at most depth]."""
        _, nodes = self._index.search(vector[None], depth, params=self._parameters)
        found: Int32 = self._firsts[nodes[0][nodes[0] >= 0]].astype(np.int32)
        return found


class Floor:
    """Both kinds of answers."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder = open_text_encoder(EncoderConfig(cache=False), None)
        self._words = Words(bundle.path("lexical"))
        self._meaning = Vectors(bundle.path("dense_text"), bundle.array("text_vectors"))
        self._items = bundle.array("item_vectors")
        self._taste = Vectors(bundle.path("dense_items"), self._items)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._ranker = onnxruntime.InferenceSession(
            str(bundle.path("ranker.onnx")), options, providers=["CPUExecutionProvider"]
        )
        self._n_features = len(bundle.json("model")["features"])

    def search(self, asked: dict[str, Any]) -> list[int]:
        """Words, meaning, and the ranker over both."""
        query: str = asked["query"]
        vector = self._encoder.encode([query], "query")[0]
        found = [self._words.find(query), self._meaning.find(vector, DEPTH)]
        return self._ranked(np.unique(np.concatenate(found)))

    def recommend(self, asked: dict[str, Any]) -> list[int]:
        """What is near the product that the page is about, or near some product; ranked."""
        event = asked["userEvent"]
        about = [line["product"]["id"] for line in event.get("productDetails", ())]
        row = zlib.crc32((*about, event["visitorId"])[0].encode()) % len(self._items)
        near = self._taste.find(np.asarray(self._items[row], np.float32), CANDIDATES)
        return self._ranked(near)

    def _ranked(self, rows: Int32) -> list[int]:
        if not len(rows):
            return []
        v = np.asarray(self._items[rows], np.float32)
        wide = np.zeros((len(rows), self._n_features), np.float32)
        logits: Float32 = self._ranker.run(None, {"u": v, "v": v, "wide": wide})[0]
        best: list[int] = rows[np.argsort(-logits[:, 0])[:PAGE]].tolist()
        return best


def main(arguments: list[str]) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="benchmarks.load.floor", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    bundle = Bundle.current(options.home / "bundles")
    if bundle is None or "ranker.onnx" not in bundle.names():
        raise SystemExit(f"{options.home} has no bundle with a ranker; the floor has nothing to do")
    faiss_.omp_set_num_threads(1)
    floor = Floor(bundle)

    def route(path: str, answer: Any) -> Route:
        async def endpoint(request: Request) -> Response:
            asked = await request.json()
            found = await run_in_threadpool(answer, asked)
            return Response(orjson.dumps(found), media_type="application/json")

        return Route(path, endpoint, methods=["POST"])

    async def up(_: Request) -> Response:
        return Response(b"{}", media_type="application/json")

    routes = [route("/v1/search", floor.search), route("/v1/recommend", floor.recommend)]
    app = Starlette(routes=[*routes, Route("/healthz", up)])
    uvicorn.run(app, port=options.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1:])
