"""Pinyin of Chinese texts, for what is typed in Latin letters: lianyiqun, lyq -> 连衣裙.

pypinyin is imported at the first call: its dictionaries take a tenth of a second.
"""

import itertools
import re
from typing import Final

from daogou.text.normal import HAN, normalize

_PIECE: Final = re.compile(rf"[{HAN}]+|[a-z0-9]+|(?:(?![a-z0-9{HAN}])[^\W_])+")
MAX_READINGS: Final = 8
"""How many readings of a text with ambiguous characters are given at most."""


def pinyin(s: str) -> tuple[str, ...]:
    """The syllables in their usual reading, without tones: ``("lian", "yi", "qun")``.

    A character with several readings has the one of its phrase (银行 is ``yin hang``);
    Latin words and numbers are kept, each as one syllable; ü is written v.
    """
    return next(iter(readings(s, 1)), ())


def initials(s: str) -> str:
    """The first letters of the syllables, Latin words whole: ``"lyq"``, ``"usbcdq"``."""
    return abbreviate(pinyin(s), s)


def readings(s: str, limit: int = MAX_READINGS) -> tuple[tuple[str, ...], ...]:
    """Up to ``limit`` readings: the usual one first, then those with a character read otherwise.

    长 alone is ``chang`` and ``zhang``, so that both find it.
    """
    import pypinyin

    usual: list[str] = []
    others: list[tuple[str, ...]] = []
    for piece in _PIECE.findall(normalize(s)):
        if not re.match(f"[{HAN}]", piece):
            usual.append(piece)
            others.append((piece,))
            continue
        told = pypinyin.lazy_pinyin(piece, v_to_u=False)
        usual += told
        if limit > 1:
            many = pypinyin.pinyin(piece, style=pypinyin.Style.NORMAL, heteronym=True)
            others += [tuple(dict.fromkeys((t, *m))) for t, m in zip(told, many, strict=True)]
    if limit == 1:
        return (tuple(usual),) if usual else ()
    return tuple(itertools.islice(itertools.product(*others), limit)) if usual else ()


def abbreviate(syllables: tuple[str, ...], s: str) -> str:
    """The initials of ``syllables``, which are a reading of ``s``."""
    pieces = _PIECE.findall(normalize(s))
    kept = {p for p in pieces if not re.match(f"[{HAN}]", p)}
    return "".join(x if x in kept else x[:1] for x in syllables)
