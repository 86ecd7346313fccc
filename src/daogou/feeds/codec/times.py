"""Times: RFC 3339 in, aware UTC inside, RFC 3339 out."""

from datetime import UTC, datetime
from typing import Any

from daogou.errors import BadValue


def parse_time(value: Any, field: str) -> datetime:
    """The UTC time of an RFC 3339 text, or of an aware datetime.

    A time without a zone is refused: to guess would move a night's purchases to another day.

    Raises
    ------
    BadValue
        It is no time, or has no zone.
    """
    example = 'Write it as in "2026-01-31T18:30:00Z" or "2026-01-31T18:30:00+08:00".'
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise BadValue(field, value, "a time in RFC 3339", example) from error
    elif isinstance(value, datetime):
        time = value
    else:
        raise BadValue(field, value, "a time in RFC 3339", example)
    if time.tzinfo is None:
        raise BadValue(
            field, str(value), "a time with its zone", f"Zones are not guessed. {example}"
        )
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise BadValue(field, str(value), "a time within the calendar", example) from error


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC, with a ``Z``."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
