"""Normalised text that remembers where each of its characters came from."""

import functools
import re
import unicodedata
from array import array
from collections.abc import Sequence
from typing import Final

from daogou.text.normal import dropped, folded, normalize

_PLAIN: Final = re.compile("[!-~\u4e00-\u9fff]*(?: [!-~\u4e00-\u9fff]+)*")
"""Texts of such characters alone keep their length, character by character."""
_LAST_ALONE: Final = "\u02ff"
"""Up to here no character joins the one before it."""


class Aligned:
    """The normalised form of a text, with the way back to the text as typed.

    ``text`` equals ``normalize(original)``, but for letters whose lower case depends on
    their neighbours. Each of its characters came from a run of the original (an
    expansion such as ㎏ gives two characters one run, a letter with combining marks is
    one run), so a span of ``text`` has a span of the original. Offsets are code points.

    Attributes
    ----------
    original
        The text as typed.
    text
        Its normalised form.
    """

    __slots__ = ("_ends", "_starts", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        whole = normalize(original)
        if len(whole) == len(original) and _PLAIN.fullmatch(original):
            self.text = whole
            self._starts: Sequence[int] = range(len(whole))
            self._ends: Sequence[int] = range(1, len(whole) + 1)
            return
        starts, ends = array("l"), array("l")
        out: list[str] = []
        for start, end, cluster in _clusters(original):
            for c in folded(cluster):
                if c.isspace():
                    if not out or out[-1] == " ":
                        continue
                    c = " "
                elif dropped(c):
                    continue
                out.append(c)
                starts.append(start)
                ends.append(end)
        if out and out[-1] == " ":
            out.pop()
        joined = "".join(out)
        self._starts, self._ends = starts, ends
        self.text = whole if len(whole) == len(joined) else joined

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that ``text[start:end]`` came from.

        ``0 <= start <= end <= len(text)``; an empty span is placed before its character.
        """
        if start >= end:
            at = self._starts[start] if start < len(self.text) else len(self.original)
            return at, at
        return self._starts[start], self._ends[end - 1]


def _clusters(s: str) -> list[tuple[int, int, str]]:
    """Runs of characters that are normalised together: (start, end, characters)."""
    clusters: list[tuple[int, int, str]] = []
    for i, c in enumerate(s):
        if c > "~" and dropped(c):
            continue
        if c > _LAST_ALONE and clusters and _joins(clusters[-1][2][-1], c):
            start, _, before = clusters.pop()
            clusters.append((start, i + 1, before + c))
        else:
            clusters.append((i, i + 1, c))
    return clusters


@functools.lru_cache(maxsize=8192)
def _joins(before: str, c: str) -> bool:
    """Whether the two are one under NFKC: a combining mark, a Hangul jamo."""
    form = functools.partial(unicodedata.normalize, "NFKC")
    return bool(unicodedata.combining(form(c)[:1] or "a")) or form(before + c) != form(
        before
    ) + form(c)
