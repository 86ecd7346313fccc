"""An encoder that encodes each text once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np

from daogou.encoders.base import Float32, Kind, Progress, TextEncoder, unit
from daogou.encoders.cache import Float16, VectorCache, content_key

REMEMBERED: Final = 4096
"""How many texts that came alone (queries) are kept in memory."""


class CachedEncoder:
    """Distinct texts once, in batches, kept on disk; a text that comes alone is kept in memory.

    Vectors pass through half precision whether they were cached or not, so that
    an answer never depends on what the cache holds.
    """

    def __init__(
        self, inner: TextEncoder, cache: VectorCache | None = None, *, batch_size: int = 256
    ) -> None:
        self.inner = inner
        self.name, self.version = inner.name, inner.version
        self.dim, self.blocks = inner.dim, inner.blocks
        self._cache = cache
        self._batch_size = batch_size
        self._recent: OrderedDict[tuple[Kind, str], Float32] = OrderedDict()
        self._lock = threading.Lock()

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        """See :class:`TextEncoder`; ``progress`` counts distinct texts."""
        if len(texts) == 1:
            return self._encode_alone(texts[0], kind)
        distinct = list(dict.fromkeys(texts))
        vectors = np.zeros((len(distinct), self.dim), np.float16)
        keys = [content_key(self.name, self.version, kind, text) for text in distinct]
        found = self._cache.read(keys, self.dim) if self._cache else {}
        missing = []
        for n, key in enumerate(keys):
            if key in found:
                vectors[n] = found[key]
            else:
                missing.append(n)
        done = len(distinct) - len(missing)
        if progress:
            progress(done, len(distinct))
        for start in range(0, len(missing), self._batch_size):
            batch = missing[start : start + self._batch_size]
            vectors[batch] = self._encode_batch([distinct[n] for n in batch], kind)
            if self._cache:
                self._cache.write([keys[n] for n in batch], vectors[batch])
            done += len(batch)
            if progress:
                progress(done, len(distinct))
        place = {text: n for n, text in enumerate(distinct)}
        return unit(vectors[[place[text] for text in texts]].astype(np.float32))

    def _encode_batch(self, texts: Sequence[str], kind: Kind) -> Float16:
        return self.inner.encode(texts, kind).astype(np.float16)

    def _encode_alone(self, text: str, kind: Kind) -> Float32:
        key = (kind, text)
        with self._lock:
            if key in self._recent:
                self._recent.move_to_end(key)
                return self._recent[key].copy()
        vector = unit(self._encode_batch([text], kind).astype(np.float32))
        with self._lock:
            self._recent[key] = vector
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
        return vector.copy()
