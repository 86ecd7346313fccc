"""What readers yield beside products and events: rows that cannot be used."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from daogou.errors import BadValue

_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that was left out, and how to mend it.

    ``line`` is the 1-based line of a text file, or row of a Parquet file; ``field``
    is the column or dotted path, None where the whole row is at fault; ``value`` is
    what was found there, shortened.
    """

    file: str
    line: int
    field: str | None
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} {self.remedy}"

    @classmethod
    def of(cls, path: Path, line: int, error: BadValue) -> Self:
        """The error of a row whose field ``error`` names."""
        return cls(path.name, line, error.field, shown(error.value), error.finding, error.remedy)


def shown(value: Any) -> str:
    """A value as text, cut to a length that a report can hold."""
    if value is None:
        return ""
    text = value[: _SHOWN + 1] if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
