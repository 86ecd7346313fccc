"""What was matched lately: one turn of a conversation asks for the same words many times."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from daogou.features.items import Float32, Int32

ROWS: Final = 500_000
"""So many items are kept over all answers, 4 MB; the longest unused answers go first."""

Answer = tuple[Int32, Float32]


class Recent:
    """Items and scores by what they answer; safe to share between threads.

    The arrays are made read-only, since everybody who asks gets the same ones.

    Parameters
    ----------
    rows
        The most items that are kept over all answers.
    """

    def __init__(self, rows: int = ROWS) -> None:
        self._most = rows
        self._rows = 0
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer to ``key``, made where it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        answer = make()
        for array in answer:
            array.setflags(write=False)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = answer
                self._rows += _size(answer)
            while self._rows > self._most:
                self._rows -= _size(self._kept.popitem(last=False)[1])
        return answer


def _size(answer: Answer) -> int:
    """What an answer counts; one of nothing is something to keep, too."""
    return len(answer[0]) + 1
