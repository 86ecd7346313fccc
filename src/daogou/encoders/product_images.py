"""Products' first pictures: where they are, and their vectors."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import numpy as np

from daogou.encoders.base import EncoderConfig, Progress
from daogou.encoders.cache import Float16, VectorCache, content_key
from daogou.encoders.image import ImageEncoder
from daogou.encoders.pictures import content
from daogou.errors import EncoderError

CACHE_FILE: Final = "image-vectors.db"
"""The :class:`VectorCache` of image vectors in a home's cache folder."""
FETCHED: Final = "pictures"
"""The folder in a home's cache folder where fetched pictures are."""
BATCH: Final = 16
"""Products whose files, of any size that is allowed, are in memory at a time."""
_WEB: Final = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_FILE: Final = re.compile(r"file:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PictureFolders:
    """Where the files of products' pictures are.

    Attributes
    ----------
    given
        The merchant's, ``[encoder] image_folder``; None without one.
    fetched
        Of what :func:`~daogou.encoders.fetching.fetch_pictures` got from web addresses; None
        without one.
    """

    given: Path | None = None
    fetched: Path | None = None

    @classmethod
    def of(cls, config: EncoderConfig, cache_dir: Path | None) -> "PictureFolders":
        """Those of a shop's settings and of its cache folder."""
        fetched = cache_dir / FETCHED if cache_dir else None
        there = fetched if fetched and fetched.is_dir() else None
        return cls(Path(config.image_folder) if config.image_folder else None, there)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.given is not None or self.fetched is not None

    def find(self, uri: str) -> Path:
        """The file that a product's image URI stands for: what was fetched, else the given one.

        Raises
        ------
        EncoderError
            There is none, or it is outside of the folders.
        """
        if self.fetched is not None and is_web(uri):
            path = self.fetched / fetched_name(uri)
            if path.is_file():
                return path
        if self.given is not None:
            return locate(uri, self.given)
        if is_web(uri):
            raise EncoderError("was not fetched; run `daogou import images`")
        raise EncoderError("is a file, and no folder is set: [encoder] image_folder")


def is_web(uri: str) -> bool:
    """Whether an image URI is an address on the web."""
    return _WEB.match(uri) is not None


def fetched_name(uri: str) -> str:
    """What the file of a fetched picture is called.

    By its whole address: a shop may have a thousand ``main.jpg``.
    """
    return hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class ImageReport:
    """What became of products' pictures.

    Attributes
    ----------
    products
        How many there are.
    pictures
        How many have a picture that could be read.
    encoded
        How many pictures were encoded now: distinct ones that the cache did not have.
    faults
        Place of a product to what is wrong with its picture.
    """

    products: int
    pictures: int
    encoded: int
    faults: Mapping[int, str]

    def __str__(self) -> str:
        found = f"{self.pictures:,} of {self.products:,} products have a picture"
        if not self.faults:
            return f"{found}."
        first = self.faults[min(self.faults)]
        return f"{found}; {len(self.faults):,} cannot be read, such as {first}."


def locate(uri: str, folder: Path) -> Path:
    """The file in ``folder`` that a product's image URI stands for; nothing is fetched.

    Parameters
    ----------
    uri
        A path or a ``file:`` URI, in the folder or relative to it (``/img/1.jpg``, as shops
        write it, counts from the folder too), or a web address, of which the file name counts.

    Raises
    ------
    EncoderError
        There is no such file, or it is outside of the folder, links followed: products come
        over the network, and must not make the server read any other file.
    """
    try:
        root = folder.resolve(strict=True)
        named = _named(uri)
        if named.is_absolute() and not (named.is_relative_to(root) or named.is_relative_to(folder)):
            named = named.relative_to(named.anchor)
        path = (root / named).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise EncoderError(f"is not in the image folder {folder}") from error
    if not path.is_relative_to(root):
        raise EncoderError(f"leads out of the image folder {folder}")
    return path


def _named(uri: str) -> Path:
    if _WEB.match(uri):
        return Path(PurePosixPath(unquote(urlsplit(uri).path)).name)
    return Path(url2pathname(urlsplit(uri).path) if _FILE.match(uri) else uri)


def encode_product_images(
    encoder: ImageEncoder,
    images: Sequence[Sequence[str]],
    folder: Path | PictureFolders,
    cache: VectorCache | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[Float16, ImageReport]:
    """Vectors of products' first pictures, float16 [V, I], and what could not be read.

    A picture is known by what its file holds: it is encoded once in its life, however
    many products and files have it. A product without a readable picture has a zero row.

    Parameters
    ----------
    images
        ``Product.images`` of each of V products.
    folder
        Where the files are: ``[encoder] image_folder`` alone, or that and what was fetched.
    progress
        Counts products.
    """
    folders = folder if isinstance(folder, PictureFolders) else PictureFolders(folder)
    run = _Run(encoder, cache, np.zeros((len(images), encoder.dim), np.float16))
    for start in range(0, len(images), BATCH):
        rows = range(start, min(start + BATCH, len(images)))
        run.add({row: images[row][0] for row in rows if images[row]}, folders)
        if progress:
            progress(rows.stop, len(images))
    pictures = int(run.vectors.any(axis=1).sum())
    return run.vectors, ImageReport(len(images), pictures, run.encoded, run.faults)


class _Run:
    """The vectors of one pass over products, as they are filled in."""

    def __init__(self, encoder: ImageEncoder, cache: VectorCache | None, vectors: Float16) -> None:
        self.vectors = vectors
        self.encoded = 0
        self.faults: dict[int, str] = {}
        self._encoder, self._cache = encoder, cache
        self._known: dict[bytes, int] = {}  # key of a content to a row that has its vector

    def add(self, uris: Mapping[int, str], folders: PictureFolders) -> None:
        """Fill in the rows of ``uris``."""
        contents: dict[bytes, bytes] = {}
        rows: dict[bytes, list[int]] = {}
        for row, key, read in self._read(uris, folders):
            rows.setdefault(key, []).append(row)
            contents[key] = read
        new = [key for key in rows if key not in self._known]
        found = self._cache.read(new, self._encoder.dim) if self._cache else {}
        for key, vector in found.items():
            self._put(key, rows[key], vector)
        self._encode([key for key in new if key not in found], contents, rows, uris)
        for key in rows.keys() & self._known.keys():
            self.vectors[rows[key]] = self.vectors[self._known[key]]

    def _read(
        self, uris: Mapping[int, str], folders: PictureFolders
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """Row, key and content of each file that is there."""
        for row, uri in uris.items():
            try:
                read = content(folders.find(uri))
            except EncoderError as error:
                self._fault(row, uri, str(error))
            else:
                yield row, self._key(read), read

    def _encode(
        self,
        keys: Sequence[bytes],
        contents: Mapping[bytes, bytes],
        rows: Mapping[bytes, Sequence[int]],
        uris: Mapping[int, str],
    ) -> None:
        reasons: dict[int, str] = {}
        made = self._encoder.encode([contents[key] for key in keys], fault=reasons.__setitem__)
        good = [n for n in range(len(keys)) if n not in reasons]
        half = made.astype(np.float16)
        for n in good:
            self._put(keys[n], rows[keys[n]], half[n])
        for n, reason in reasons.items():
            for row in rows[keys[n]]:
                self._fault(row, uris[row], reason)
        if self._cache and good:
            self._cache.write([keys[n] for n in good], half[good])
        self.encoded += len(good)

    def _put(self, key: bytes, rows: Sequence[int], vector: Float16) -> None:
        self.vectors[rows] = vector
        self._known[key] = rows[0]

    def _fault(self, row: int, uri: str, reason: str) -> None:
        self.faults[row] = f"{uri[:80]!r}, which {reason}"

    def _key(self, read: bytes) -> bytes:
        digest = hashlib.sha256(read).hexdigest()
        return content_key(self._encoder.name, self._encoder.version, "image", digest)
