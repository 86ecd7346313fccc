"""Our own search over a catalogue that has no shopper yet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.search.contenders import Rows
from daogou.encoders import Centring, TextEncoder
from daogou.ranking import Evidence, relevance
from daogou.retrieval import LexicalRetriever, build_lexical, lexical_document
from daogou.retrieval.documents import item_text
from daogou.text import detect_language, tokenize
from daogou.types import Product

CANDIDATES = 200


class Daogou:
    """Words and meaning, ordered by the relevance prior."""

    def __init__(
        self, name: str, products: Sequence[Product], encoder: TextEncoder, folder: Path
    ) -> None:
        self.name = name
        self._encoder = encoder
        build_lexical(folder, (lexical_document(n, p) for n, p in enumerate(products)))
        self._lexical = LexicalRetriever.open(folder)
        vectors = encoder.encode([item_text(product) for product in products])
        languages = [product.language for product in products]
        self._centring = Centring.fit(vectors, languages, encoder.blocks)
        self._vectors = self._centring.apply(vectors, languages)

    def rank(self, query: str) -> Rows:
        """See :class:`~benchmarks.search.contenders.Contender`."""
        matches = self._lexical.match(tokenize(query))
        encoded = self._encoder.encode([query], "query")
        asked = self._centring.apply(encoded, [detect_language(query)])[0]
        cosines = self._vectors @ asked
        near = np.argsort(-cosines, kind="stable")
        items = np.union1d(matches.items[:CANDIDATES], near[: CANDIDATES // 2])
        lexical = np.zeros(len(self._vectors), np.float32)
        lexical[matches.items] = matches.scores
        scores = relevance(Evidence(lexical[items], cosines[items], self._vectors[items]))
        best = items[np.argsort(-scores, kind="stable")]
        listed = dict.fromkeys([*best.tolist(), *matches.items.tolist(), *near.tolist()])
        return np.array(list(listed), np.int64)
