"""Frozen encoders behind one Protocol, their vectors cached by content and centred by language."""

from pathlib import Path

from daogou.encoders.base import EncoderConfig, Kind, Progress, TextEncoder
from daogou.encoders.bundled import E5Encoder, FastEncoder, JoinedEncoder
from daogou.encoders.cache import VectorCache
from daogou.encoders.cached import CachedEncoder
from daogou.encoders.centring import Centring

__all__ = [
    "CachedEncoder",
    "Centring",
    "E5Encoder",
    "EncoderConfig",
    "FastEncoder",
    "JoinedEncoder",
    "Kind",
    "Progress",
    "TextEncoder",
    "VectorCache",
    "open_text_encoder",
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
