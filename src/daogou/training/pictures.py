"""A shop's product pictures as the item tower reads them, and as a photo is compared with them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from daogou.encoders import (
    EncoderConfig,
    ImageReduction,
    PictureFolders,
    VectorCache,
    encode_product_images,
    open_image_encoder,
    reads_images,
)
from daogou.encoders.product_images import CACHE_FILE
from daogou.models import prepare_image_graph
from daogou.retrieval.photos import PHOTO_DIMS, Pictured

Pictures = Callable[[Sequence[Sequence[str]]], Pictured | None]
"""From the image addresses of V products to their vectors; None where no product has a picture."""


def pictures_of(
    config: EncoderConfig, cache_dir: Path, told: Callable[[str, int, int], None]
) -> Pictures | None:
    """What reads pictures under these settings; None where none are wanted or possible.

    Vectors are reduced to the shop's own principal components. What could not be read is
    told as a stage, and costs its product nothing but the picture.
    """
    folders = PictureFolders.of(config, cache_dir)
    fetched = folders.fetched is not None
    if not reads_images(config, fetched=fetched):
        return None
    graph = prepare_image_graph(cache_dir)
    encoder = open_image_encoder(config, cache_dir, fetched=fetched)
    if encoder is None:
        return None

    def read(images: Sequence[Sequence[str]]) -> Pictured | None:
        cache = VectorCache(cache_dir / CACHE_FILE) if config.cache else None
        vectors, report = encode_product_images(
            encoder, images, folders, cache,
            progress=lambda done, total: told("reading pictures", done, total),
        )  # fmt: skip
        told(f"pictures: {report}", 0, 1)
        if not vectors.any():
            return None
        reduction = ImageReduction.fit(vectors, PHOTO_DIMS)
        reduced = reduction.apply(vectors).astype("float16")
        return Pictured(reduced, reduction, graph, encoder.name, encoder.version)

    return read
