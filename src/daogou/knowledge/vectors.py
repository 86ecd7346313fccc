"""Vectors of the knowledge's texts, each text encoded once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np

from daogou.encoders import Centring, TextEncoder
from daogou.encoders.base import Float32

ENOUGH: Final = 60
"""So many texts have means of their own; of fewer, those of the products are taken."""
_BATCH: Final = 64
_PASSING: Final = 4096
"""How many vectors of sentences are kept."""


class KnowledgeVectors:
    """An encoder and the raw vectors that it has made; safe to share between threads.

    Parameters
    ----------
    centring
        The means of the shop's product texts, if there are any.
    """

    def __init__(self, encoder: TextEncoder, centring: Centring | None) -> None:
        self._encoder = encoder
        self._given = centring
        self._known: dict[str, Float32] = {}
        self._passing: OrderedDict[str, Float32] = OrderedDict()
        self._lock = threading.Lock()

    def missing(self, texts: Sequence[str]) -> list[str]:
        """The texts that have no vector yet, each once."""
        with self._lock:
            return [text for text in dict.fromkeys(texts) if text not in self._known]

    def learn(self, texts: Sequence[str]) -> None:
        """Encode texts and keep their vectors."""
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            vectors = self._encoder.encode(batch, "passage")
            with self._lock:
                self._known.update(zip(batch, vectors, strict=True))

    def keep(self, texts: Sequence[str]) -> None:
        """Forget all other texts."""
        wanted = set(texts)
        with self._lock:
            self._known = {text: v for text, v in self._known.items() if text in wanted}

    def of(self, texts: Sequence[str]) -> Float32:
        """The vectors of known texts, float32 [N, D]."""
        if not texts:
            return np.zeros((0, self._encoder.dim), np.float32)
        with self._lock:
            return np.stack([self._known[text] for text in texts])

    def passing(self, texts: Sequence[str]) -> Float32:
        """The vectors of any texts, encoded where they were not seen lately, float32 [N, D]."""
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._passing]
        fresh: dict[str, Float32] = {}
        if missing:
            fresh.update(zip(missing, self._encoder.encode(missing, "passage"), strict=True))
        with self._lock:
            found = [fresh[t] if t in fresh else self._passing.get(t) for t in texts]
            self._passing.update(fresh)
            while len(self._passing) > _PASSING:
                self._passing.popitem(last=False)
        # What another thread has just pushed out counts as without a meaning.
        nothing = np.zeros(self._encoder.dim, np.float32)
        return np.stack([nothing if vector is None else vector for vector in found])

    def question(self, text: str) -> Float32:
        """The raw vector of a question, [1, D]."""
        return self._encoder.encode([text], "query")

    def centring(self, texts: Sequence[str], languages: Sequence[str]) -> Centring:
        """The means of known texts by language; those of the products where these are few."""
        if self._given is not None and len(texts) < ENOUGH:
            return self._given
        return Centring.fit(self.of(texts), languages, self._encoder.blocks)
