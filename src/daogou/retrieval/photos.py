"""Products by their pictures: what a bundle keeps of them, and which are nearest to a photo."""

import copy
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from daogou.bundle import Bundle, BundleWriter
from daogou.encoders import (
    ImageEncoder,
    ImageReduction,
    PhotoEncoder,
    PictureFolders,
    VectorCache,
    encode_product_images,
)
from daogou.encoders.base import unit
from daogou.encoders.cache import Float16
from daogou.errors import EncoderError
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Bool, Candidates, Request
from daogou.retrieval.dense import DenseRetriever, build_dense
from daogou.types import Product

LOOKS: Final = "looks"
"""The source's name."""
PHOTO_DIMS: Final = 256
"""Width D of a vector. Of 300 photos of fashion-9k that were turned, cropped and lit otherwise
.74 find their product first with all 1,280 dimensions, .70 with 256, .66 with 128; what is
alike is found as well with 128, which is what the item tower reads."""
MAX_PHOTO: Final = 8 << 20
"""Bytes of a shopper's photo: what a telephone takes, and no more."""
_GRAPH: Final = "photo_encoder.onnx"
_DENSE: Final = "dense_photos"
_DESCRIBED: Final = "photos"


@dataclass(frozen=True, slots=True)
class Pictured:
    """A shop's pictures, read.

    Attributes
    ----------
    vectors
        Reduced, unit rows, zero where a product has no picture, float16 [V, D].
    reduction
        What reduced them, and is to reduce photos.
    graph
        The encoder's ONNX graph.
    encoder, version
        Its name, and the version of its weights and of its preparation.
    """

    vectors: Float16
    reduction: ImageReduction
    graph: Path
    encoder: str
    version: str


def save_photos(writer: BundleWriter, pictured: Pictured) -> None:
    """Write all that :meth:`PhotoIndex.open` needs: serving has neither torch nor the weights."""
    for name, array in pictured.reduction.to_arrays().items():
        writer.add_array(f"photo_{name}", array)
    writer.add_array("photo_vectors", pictured.vectors)
    build_dense(writer.path(_DENSE), pictured.vectors)
    shutil.copyfile(pictured.graph, writer.path(_GRAPH))
    writer.add_json(
        _DESCRIBED, {"encoder": {"name": pictured.encoder, "version": pictured.version}}
    )


def narrowed(vectors: Float32 | Float16, width: int) -> Float32:
    """The first components of reduced vectors [N, D] alone, unit rows, [N, ``width``]."""
    return unit(vectors[:, :width].astype(np.float32))


class PhotoIndex:
    """What products look like, and what looks like a photo; safe to share between threads.

    Open it with :meth:`open`. It never changes: :meth:`with_products` makes another.

    Parameters
    ----------
    encoder
        None where it cannot run here; then ``fault`` says why and what mends it.
    retriever
        Over the products' vectors, of width D.
    folders, cache
        Where pictures of products that come later are, and where their vectors are kept.
    """

    def __init__(
        self,
        encoder: ImageEncoder | None,
        reduction: ImageReduction,
        retriever: DenseRetriever,
        folders: PictureFolders,
        cache: VectorCache | None,
        fault: str = "",
    ) -> None:
        self._encoder = encoder
        self._reduction = reduction
        self._retriever = retriever
        self._folders = folders
        self._cache = cache
        self._fault = fault
        self._alone = threading.Lock()

    @classmethod
    def open(
        cls, bundle: Bundle, folders: PictureFolders, cache: VectorCache | None
    ) -> "PhotoIndex | None":
        """Open what :func:`save_photos` wrote; None where the bundle has no pictures.

        An encoder that cannot run costs the photos alone: it is told when one is asked about.

        Raises
        ------
        BundleError
            A part is missing or of another size.
        """
        if f"{_DESCRIBED}.json" not in bundle.names():
            return None
        vectors = bundle.array("photo_vectors")
        names = ("mean", "components")
        reduction = ImageReduction.from_arrays({n: bundle.array(f"photo_{n}") for n in names})
        retriever = DenseRetriever.open(bundle.path(_DENSE), LOOKS, "photo_vector", vectors)
        encoder, fault = None, ""
        try:
            encoder = _fitting(PhotoEncoder(bundle.path(_GRAPH), threads=1), bundle)
        except EncoderError as error:
            fault = str(error)
        return cls(encoder, reduction, retriever, folders, cache, fault)

    @property
    def width(self) -> int:
        """Width D of a vector."""
        return len(self._reduction.components)

    @property
    def runs(self) -> bool:
        """Whether photos can be looked at here."""
        return self._encoder is not None

    @property
    def reads_products(self) -> bool:
        """Whether pictures of products that come later can be read here."""
        return self._encoder is not None and bool(self._folders)

    def vector(self, photo: bytes) -> Float32:
        """What a photo looks like, unit float32 [D].

        Photos are unpacked one at a time: a hundred at once would be a hundred times the
        memory of the largest.

        Raises
        ------
        EncoderError
            It is no picture that can be read, or the encoder cannot run here; the message is a
            sentence.
        """
        if self._encoder is None:
            raise EncoderError(self._fault)
        if not photo:
            raise EncoderError("The photo is empty; expected a picture.")
        if len(photo) > MAX_PHOTO:
            raise EncoderError(
                f"The photo has {len(photo):,} bytes; expected {MAX_PHOTO >> 20} MB at most. Save"
                " it smaller: the shop looks at it 260 pixels wide."
            )
        faults: dict[int, str] = {}
        with self._alone:
            seen = self._encoder.encode([photo], fault=faults.__setitem__)
        if faults:
            raise EncoderError(f"The photo {faults[0]}.")
        return np.asarray(self._reduction.apply(seen)[0], np.float32)

    def near(self, vector: Float32, mask: Bool | None, k: int, least: float) -> Candidates:
        """The ``k`` products whose pictures are nearest, with cosines, ``least`` or more each."""
        found = self._retriever.retrieve(Request(now=0.0, photo_vector=vector, mask=mask), k)
        # Without a picture a product's vector is zero, and its cosine too.
        kept = found.scores >= max(least, 1e-6)
        return Candidates(found.items[kept], found.scores[kept], found.source)

    def cosines(self, vector: Float32, rows: Int32) -> Float32:
        """How much the pictures of ``rows`` [K] look like it, float32 [K]; 0 without a picture."""
        return self._retriever.score(vector, rows)

    def seen(self, products: Sequence[Product]) -> Float32:
        """Vectors of the first pictures of products, [N, D]; zeros where there is none to read."""
        if self._encoder is None or not self._folders:
            return np.zeros((len(products), self.width), np.float32)
        images = [product.images for product in products]
        vectors, _ = encode_product_images(self._encoder, images, self._folders, self._cache)
        return self._reduction.apply(vectors)

    def changed(self, rows: Int32, vectors: Float32) -> "PhotoIndex":
        """The same with other pictures of ``rows`` [N]; this one stays as it is."""
        new = copy.copy(self)
        new._retriever = self._retriever.changed(rows, vectors)
        return new


def _fitting(encoder: ImageEncoder, bundle: Bundle) -> ImageEncoder:
    """The encoder, if its vectors can be compared with the bundle's."""
    told, here = bundle.json(_DESCRIBED)["encoder"], (encoder.name, encoder.version)
    if (told["name"], told["version"]) != here:
        raise EncoderError(
            f"The bundle's pictures were read by {told['name']} {told['version']}, and"
            f" {' '.join(here)} is here. Run `daogou train`."
        )
    return encoder
