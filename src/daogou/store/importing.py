"""From a feed file into the store, in batches."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from daogou.feeds import RowError, count_rows, read_articles, read_events, read_products
from daogou.store.store import Store
from daogou.text import detect_language

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with the rows that were read so far, and about how many there are in all."""

KEPT_ERRORS: Final = 100
_STEP: Final = 1000  # rows between two calls of a progress callback


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of a file: ``read`` is the sum of the five counts after it.

    ``duplicates`` are events that were there already; products and articles that
    were there are ``changed`` or ``unchanged``. ``errors`` are the first ``KEPT_ERRORS`` of the
    ``bad`` rows. ``left_out`` counts fields of Google Retail that have no place here.
    """

    file: str
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    duplicates: int = 0
    bad: int = 0
    errors: tuple[RowError, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


def import_products(
    store: Store, path: Path, kind: str | None = None, progress: Progress | None = None
) -> ImportReport:
    """Put the products of a feed; a row that cannot be used is reported, the others go in.

    Where a row does not say its language, its title does.

    Raises
    ------
    FeedError
        The file cannot be read as a whole.
    """
    left_out: Counter[str] = Counter()
    rows = read_products(path, kind, detect=detect_language, left_out=left_out)
    sieve = _Sieve(progress, count_rows(path, kind))
    result = store.put_products(sieve.good(rows))
    return sieve.report(
        path,
        added=result.added,
        changed=result.changed,
        unchanged=result.unchanged,
        left_out=left_out,
    )


def import_events(
    store: Store, path: Path, kind: str | None = None, progress: Progress | None = None
) -> ImportReport:
    """Append the events of a feed; a row that cannot be used is reported, the others go in.

    Raises
    ------
    FeedError
        The file cannot be read as a whole.
    """
    left_out: Counter[str] = Counter()
    rows = read_events(path, kind, left_out=left_out)
    sieve = _Sieve(progress, count_rows(path, kind))
    result = store.append_events(sieve.good(rows))
    return sieve.report(
        path, added=result.accepted, duplicates=result.duplicates, left_out=left_out
    )


def import_knowledge(
    store: Store, path: Path, kind: str | None = None, progress: Progress | None = None
) -> ImportReport:
    """Put the articles of a file; one that cannot be used is reported, the others go in.

    Raises
    ------
    FeedError
        The file cannot be read as a whole.
    """
    rows = read_articles(path, kind, detect=detect_language)
    sieve = _Sieve(progress, 0)
    result = store.put_articles(sieve.good(rows))
    return sieve.report(
        path, added=result.added, changed=result.changed, unchanged=result.unchanged
    )


class _Sieve:
    """Lets good rows through; counts all, keeps the first errors, reports progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.read = self.bad = 0
        self.errors: list[RowError] = []
        self._progress = progress
        self._total = total

    def good(self, rows: Iterator[T | RowError]) -> Iterator[T]:
        for row in rows:
            self.read += 1
            if self._progress and self.read % _STEP == 0:
                self._progress(self.read, max(self.read, self._total))
            if isinstance(row, RowError):
                self.bad += 1
                if len(self.errors) < KEPT_ERRORS:
                    self.errors.append(row)
            else:
                yield row
        if self._progress:
            self._progress(self.read, self.read)

    def report(
        self, path: Path, *, left_out: Mapping[str, int] | None = None, **counts: int
    ) -> ImportReport:
        return ImportReport(
            file=str(path),
            read=self.read,
            bad=self.bad,
            errors=tuple(self.errors),
            left_out=dict(left_out or {}),
            **counts,
        )
