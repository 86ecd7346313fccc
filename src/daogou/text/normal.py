"""Text brought to one form, and its language told."""

import functools
import re
import unicodedata
from typing import Final

HAN: Final = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""The Han characters, to stand inside the brackets of a regular expression."""

_DROPPED: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff0-\uffff"
    "\U000e0000-\U000e01ef]"
)
"""Controls, format characters, halves of surrogate pairs, variation selectors, non-characters."""
_FRACTION: Final = re.compile("([¼-¾⅐-⅞])")
_HAN_CHARACTER: Final = re.compile(f"[{HAN}]")
_LATIN_WORD: Final = re.compile("[a-zà-öø-ɏ]+", re.IGNORECASE)
_PUNCTUATION: Final = {0x2044: "/", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}


def clean(s: str) -> str:
    """The text without control characters and broken surrogates, its white space folded.

    Case, width and script stay as they are; the result can be encoded as UTF-8.
    """
    if s.isascii() and s.isprintable():
        return " ".join(s.split())
    return " ".join(_DROPPED.sub("", s).split())


def normalize(s: str) -> str:
    """The one form in which texts are compared.

    NFKC, lower case, traditional to simplified characters, typographic quotes to
    plain ones, control characters and broken surrogates removed, white space
    folded. ``normalize(normalize(s)) == normalize(s)``.

    Characters are simplified one by one, not by phrase: a part of a title then
    has the same form alone (in a query) as within its title.
    """
    if s.isascii():
        return clean(s).lower()
    return clean(folded(clean(s)))


def folded(s: str) -> str:
    """:func:`normalize` without its cleaning: the characters alone, white space untouched."""
    if s.isascii():
        return s.lower()
    s = _FRACTION.sub(r" \1", s)  # NFKC would make eleven halves of 1½
    s = unicodedata.normalize("NFKC", s).lower()
    return unicodedata.normalize("NFKC", s.translate(_simplification()))


def dropped(c: str) -> bool:
    """Whether :func:`clean` leaves the character out."""
    return _DROPPED.match(c) is not None


def detect_language(s: str) -> str:
    """``"zh"`` where Han characters are at least as many as Latin words, else ``"en"``.

    A title such as "Apple iPhone 15 手机壳" is Chinese, "Tsingtao 青岛 Lager Beer 6 Pack" English.
    """
    if s.isascii():
        return "en"
    han = len(_HAN_CHARACTER.findall(s))
    return "zh" if han and han >= len(_LATIN_WORD.findall(s)) else "en"


@functools.cache
def _simplification() -> dict[int, str]:
    """Traditional character to simplified, from OpenCC's own table, closed under itself."""
    import opencc_pyo3

    ranges = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))
    characters = [chr(c) for low, high in ranges for c in range(low, high)]
    # One character a line, so that no phrase of the converter's dictionary applies.
    converted = opencc_pyo3.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    table = dict(zip(characters, converted, strict=True))
    simplified = {c: table.get(s, s) for c, s in table.items() if s != c}
    return {ord(c): s for c, s in simplified.items()} | _PUNCTUATION
