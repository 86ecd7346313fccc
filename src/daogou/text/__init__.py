"""Text: normalisation, language, the one segmenter; numbers, sizes and money made comparable."""

from daogou.text.aligned import Aligned
from daogou.text.garments import GarmentSize, garment_size, parse_garment_sizes
from daogou.text.money import MoneyAmount, parse_money
from daogou.text.normal import clean, detect_language, normalize
from daogou.text.numerals import read_numeral
from daogou.text.pinyin import abbreviate, initials, pinyin, readings
from daogou.text.segment import token_text, tokenize
from daogou.text.stems import singular
from daogou.text.units import Dimension, Quantity, parse_size, parse_sizes

__all__ = [
    "Aligned",
    "Dimension",
    "GarmentSize",
    "MoneyAmount",
    "Quantity",
    "abbreviate",
    "clean",
    "detect_language",
    "garment_size",
    "initials",
    "normalize",
    "parse_garment_sizes",
    "parse_money",
    "parse_size",
    "parse_sizes",
    "pinyin",
    "read_numeral",
    "readings",
    "singular",
    "token_text",
    "tokenize",
]
