"""A shop's product pictures as the item tower reads them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from daogou.encoders import (
    EncoderConfig,
    ImageReduction,
    VectorCache,
    encode_product_images,
    open_image_encoder,
    reads_images,
)
from daogou.encoders.product_images import CACHE_FILE
from daogou.models import prepare_image_graph

Pictures = Callable[[Sequence[Sequence[str]]], npt.NDArray[np.float16]]
"""From the image addresses of V products to their vectors, float16 [V, I]; zeros without one."""


def pictures_of(
    config: EncoderConfig, cache_dir: Path, told: Callable[[str, int, int], None]
) -> Pictures | None:
    """What reads pictures under these settings; None where none are wanted or possible.

    Vectors are reduced to the shop's own principal components. What could not be read is
    told as a stage, and costs its product nothing but the picture.
    """
    if not reads_images(config):
        return None
    prepare_image_graph(cache_dir)
    encoder = open_image_encoder(config, cache_dir)
    if encoder is None:
        return None

    def read(images: Sequence[Sequence[str]]) -> npt.NDArray[np.float16]:
        cache = VectorCache(cache_dir / CACHE_FILE) if config.cache else None
        vectors, report = encode_product_images(
            encoder, images, Path(config.image_folder), cache,
            progress=lambda done, total: told("reading pictures", done, total),
        )  # fmt: skip
        told(f"pictures: {report}", 0, 1)
        if not vectors.any():
            return np.zeros((len(images), 0), np.float16)
        return ImageReduction.fit(vectors).apply(vectors).astype(np.float16)

    return read
