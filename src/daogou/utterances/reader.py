"""A head with its encoder, ready to read sentences; made when the first one comes."""

import threading
from collections.abc import Callable, Collection
from typing import Final

from daogou.encoders import TextEncoder
from daogou.utterances.head import Guess, UtteranceHead, fit_head
from daogou.utterances.sentences import seeds

_SEEDED: Final[dict[tuple[str, str], UtteranceHead]] = {}
"""Heads fitted on the seeds alone, by name and version of the encoder: once a process."""
_LOCK: Final = threading.Lock()


def seeded(encoder: TextEncoder) -> UtteranceHead:
    """The head of a shop that has trained none, fitted on the seeds once a process."""
    key = (encoder.name, encoder.version)
    with _LOCK:
        if key not in _SEEDED:
            _SEEDED[key] = fit_head(seeds(), encoder)
        return _SEEDED[key]


class Reader:
    """Guesses what sentences do.

    Parameters
    ----------
    encoder
        Opens or returns the text encoder; called with the first sentence.
    head
        As it was trained with that encoder; None is fitted on the seeds.
    """

    def __init__(
        self, encoder: Callable[[], TextEncoder], head: UtteranceHead | None = None
    ) -> None:
        self._open = encoder
        self._head = head
        self._encoder: TextEncoder | None = None
        self._lock = threading.Lock()

    def guess(self, text: str, possible: Collection[str] | None = None) -> Guess | None:
        """See :meth:`UtteranceHead.guess`; the price is the encoding of one sentence."""
        head, encoder = self._ready()
        vector = encoder.encode([text], "query")
        return head.guess(head.probabilities([text], vector)[0], possible)

    def warm_up(self) -> None:
        """Open and fit now what the first sentence would wait for."""
        self._ready()

    def _ready(self) -> tuple[UtteranceHead, TextEncoder]:
        with self._lock:
            if self._encoder is None:
                self._encoder = self._open()
            if self._head is None:
                self._head = seeded(self._encoder)
            return self._head, self._encoder
