"""What finds products by a photo: ours, a colour histogram, and chance.

Dimension letters: V products of the catalogue, Q photos asked, D width of a vector.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from daogou.bundle import BundleWriter
from daogou.encoders import ImageReduction, PhotoEncoder, PictureFolders, VectorCache
from daogou.encoders.cache import Float16, content_key
from daogou.retrieval.photos import PHOTO_DIMS, PhotoIndex, Pictured, save_photos

Float32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
_LEVELS: Final = 8
"""Steps of each channel of the histogram: 8 x 8 x 8 colours."""
_SEEN: Final = 64
_NONE: Final = -1.0


class Contender(Protocol):
    """Ranks the catalogue for a photo."""

    @property
    def name(self) -> str:
        """As the table has it."""
        ...

    def index(self, photos: Sequence[bytes]) -> None:
        """Take in the catalogue's photos, V of them."""
        ...

    def rank(self, photos: Sequence[bytes], k: int) -> Rows:
        """The rows of the ``k`` nearest of each, [Q, k], best first; -1 where it has no more."""
        ...


class Chance:
    """Any product."""

    name = "random"

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._size = 0

    def index(self, photos: Sequence[bytes]) -> None:
        """See :class:`Contender`."""
        self._size = len(photos)

    def rank(self, photos: Sequence[bytes], k: int) -> Rows:
        """See :class:`Contender`."""
        return np.stack([self._rng.choice(self._size, k, replace=False) for _ in photos])


class Histogram:
    """How much of each of 512 colours there is, compared by what two histograms share.

    M. Swain and D. Ballard, "Color indexing", International Journal of Computer Vision 1991.
    """

    name = "colour histogram"

    def __init__(self) -> None:
        self._known: Float32 = np.zeros((0, _LEVELS**3), np.float32)

    def index(self, photos: Sequence[bytes]) -> None:
        """See :class:`Contender`."""
        self._known = np.stack([_histogram(photo) for photo in photos])

    def rank(self, photos: Sequence[bytes], k: int) -> Rows:
        """See :class:`Contender`."""
        found = []
        for photo in photos:
            shared = np.minimum(self._known, _histogram(photo)).sum(axis=1)
            found.append(np.argsort(-shared, kind="stable")[:k])
        return np.stack(found)


def _histogram(photo: bytes) -> Float32:
    with Image.open(io.BytesIO(photo)) as image:
        small = image.convert("RGB").resize((_SEEN, _SEEN), Image.Resampling.BOX)
    steps = np.asarray(small, np.int64).reshape(-1, 3) * _LEVELS // 256
    codes = steps @ np.array([_LEVELS**2, _LEVELS, 1])
    return (np.bincount(codes, minlength=_LEVELS**3) / len(codes)).astype(np.float32)


class Encoded:
    """The vectors of an encoder, each photo encoded once in the life of a cache."""

    def __init__(self, encoder: PhotoEncoder, cache: VectorCache | None) -> None:
        self.encoder = encoder
        self._cache = cache

    def vectors(self, photos: Sequence[bytes]) -> Float16:
        """Of photos, float16 [Q, I]."""
        keys = [self._key(photo) for photo in photos]
        found = self._cache.read(keys, self.encoder.dim) if self._cache else {}
        missing = [n for n, key in enumerate(keys) if key not in found]
        for start in range(0, len(missing), 64):
            batch = missing[start : start + 64]
            made = self.encoder.encode([photos[n] for n in batch]).astype(np.float16)
            if self._cache:
                self._cache.write([keys[n] for n in batch], made)
            found.update((keys[n], vector) for n, vector in zip(batch, made, strict=True))
        return np.stack([found[key] for key in keys])

    def _key(self, photo: bytes) -> bytes:
        # As daogou.encoders.product_images names it, so that a shop's cache serves too.
        digest = hashlib.sha256(photo).hexdigest()
        return content_key(self.encoder.name, self.encoder.version, "image", digest)


class Unreduced:
    """The encoder's own vectors, every one compared: what the reduction may cost."""

    name = "encoder, 1,280 wide, exact"

    def __init__(self, encoded: Encoded) -> None:
        self._encoded = encoded
        self._known: Float32 = np.zeros((0, 0), np.float32)

    def index(self, photos: Sequence[bytes]) -> None:
        """See :class:`Contender`."""
        self._known = self._encoded.vectors(photos).astype(np.float32)

    def rank(self, photos: Sequence[bytes], k: int) -> Rows:
        """See :class:`Contender`."""
        cosines = self._encoded.vectors(photos).astype(np.float32) @ self._known.T
        return np.argsort(-cosines, axis=1, kind="stable")[:, :k]


class Daogou:
    """The index that a bundle has: reduced vectors in half precision, written and opened again."""

    name = "daogou photo"

    def __init__(self, encoded: Encoded, graph: Path, scratch: Path) -> None:
        self._encoded = encoded
        self._graph = graph
        self._scratch = scratch
        self._reduction: ImageReduction | None = None
        self._index: PhotoIndex | None = None

    def index(self, photos: Sequence[bytes]) -> None:
        """See :class:`Contender`."""
        vectors = self._encoded.vectors(photos)
        reduction = ImageReduction.fit(vectors, PHOTO_DIMS)
        self._reduction = reduction
        self._index = opened(reduction.apply(vectors).astype(np.float16), reduction,
                             self._encoded.encoder, self._graph, self._scratch)  # fmt: skip

    def rank(self, photos: Sequence[bytes], k: int) -> Rows:
        """See :class:`Contender`."""
        assert self._index is not None and self._reduction is not None  # noqa: S101, PT018
        asked = self._reduction.apply(self._encoded.vectors(photos))
        ranked = np.full((len(photos), k), -1, np.int64)
        for n, vector in enumerate(asked):
            items = self._index.near(vector, None, k, least=_NONE).items
            ranked[n, : len(items)] = items
        return ranked


def opened(
    vectors: Float16, reduction: ImageReduction, encoder: PhotoEncoder, graph: Path, scratch: Path
) -> PhotoIndex:
    """An index as serving opens it, out of a bundle in a new folder in ``scratch``."""
    pictured = Pictured(vectors, reduction, graph, encoder.name, encoder.version)
    with BundleWriter(Path(mkdtemp(dir=scratch))) as writer:
        save_photos(writer, pictured)
        bundle = writer.commit(metrics={}, config={})
    index = PhotoIndex.open(bundle, PictureFolders(), None)
    assert index is not None  # noqa: S101  # it was just written
    return index
