"""Frozen encoders of texts and pictures: a Protocol each, vectors cached by content.

Text vectors are centred by language, image vectors reduced to the components of the shop.
"""

from pathlib import Path

from daogou.encoders.base import EncoderConfig, Kind, Progress, TextEncoder
from daogou.encoders.bundled import E5Encoder, FastEncoder, JoinedEncoder
from daogou.encoders.cache import VectorCache
from daogou.encoders.cached import CachedEncoder
from daogou.encoders.centring import Centring
from daogou.encoders.fetching import FetchReport, fetch_pictures
from daogou.encoders.image import ImageEncoder, PhotoEncoder, open_image_encoder, reads_images
from daogou.encoders.product_images import ImageReport, PictureFolders, encode_product_images
from daogou.encoders.reduction import ImageReduction

__all__ = [
    "CachedEncoder",
    "Centring",
    "E5Encoder",
    "EncoderConfig",
    "FastEncoder",
    "FetchReport",
    "ImageEncoder",
    "ImageReduction",
    "ImageReport",
    "JoinedEncoder",
    "Kind",
    "PhotoEncoder",
    "PictureFolders",
    "Progress",
    "TextEncoder",
    "VectorCache",
    "encode_product_images",
    "fetch_pictures",
    "open_image_encoder",
    "open_text_encoder",
    "reads_images",
]


def open_text_encoder(config: EncoderConfig, cache_dir: Path | None) -> TextEncoder:
    """Load the encoder that ``config`` names.

    Parameters
    ----------
    cache_dir
        Where vectors are kept (``text-vectors.db``); None keeps nothing on disk.

    Raises
    ------
    EncoderError
        The encoder does not exist for this platform.
    """
    cache = VectorCache(cache_dir / "text-vectors.db") if cache_dir and config.cache else None

    def cached(encoder: TextEncoder) -> CachedEncoder:
        return CachedEncoder(encoder, cache, batch_size=config.batch_size)

    fast = cached(FastEncoder())
    return fast if config.model == "fast" else JoinedEncoder((fast, cached(E5Encoder())))
