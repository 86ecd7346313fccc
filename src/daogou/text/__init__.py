"""Text: normalisation, language, the one segmenter, and sizes made comparable."""

from daogou.text.normal import clean, detect_language, normalize
from daogou.text.segment import token_text, tokenize
from daogou.text.stems import singular
from daogou.text.units import Dimension, Quantity, parse_size, parse_sizes

__all__ = [
    "Dimension",
    "Quantity",
    "clean",
    "detect_language",
    "normalize",
    "parse_size",
    "parse_sizes",
    "singular",
    "token_text",
    "tokenize",
]
