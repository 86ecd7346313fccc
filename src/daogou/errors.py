"""The exceptions that Daogou raises on purpose.

Every message says what was found, what was expected, and what mends it. Catch
:class:`DaogouError` to catch them all::

    DaogouError
    ├── ConfigError        daogou.toml, an environment variable or a command-line option
    ├── FeedError          a file that cannot be read at all (a bad row is reported, not raised)
    ├── InvalidInput       a value that a caller sent; answered as HTTP 400
    │   ├── FilterError    a filter expression; knows the column
    │   └── BadValue       one field of a product or an event; knows value and remedy
    ├── Conflict           made from what has changed meanwhile; answered as HTTP 409
    ├── NotFound           a product, bundle or visitor that is not there; answered as HTTP 404
    ├── StoreError         the database: not migrated, of a newer version, refuses a statement
    │   └── StoreUnavailable   it is away, full or locked: the same request may do later
    ├── Overloaded         more waits than may; answered as HTTP 429
    ├── BundleError        a bundle: missing, incomplete, altered, of another format
    ├── EncoderError       an encoder that cannot be loaded or does not fit a bundle
    └── TrainingError      nothing to learn from, or training that went astray
"""


class DaogouError(Exception):
    """The root of the tree. ``str(error)`` is a sentence for a person."""


class ConfigError(DaogouError):
    """A setting is unknown, missing, or of the wrong type."""


class FeedError(DaogouError):
    """A feed cannot be read as a whole."""


class InvalidInput(DaogouError):
    """A caller sent a value that cannot be used.

    Parameters
    ----------
    message
        What was found, what was expected, how to mend it.
    field
        Dotted path of the offending field (``"userEvent.visitorId"``), if there is one.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class FilterError(InvalidInput):
    """A filter expression does not parse or names an unknown field.

    Parameters
    ----------
    column
        1-based column in the expression where reading stopped.
    """

    def __init__(self, message: str, *, column: int, field: str | None = "filter") -> None:
        super().__init__(f"column {column}: {message}", field=field)
        self.column = column


class BadValue(InvalidInput):
    """One field of a product or an event cannot be used.

    Parameters
    ----------
    value
        What was found there; None where it is missing.
    expected
        What should be there ("a price of zero or more").
    remedy
        A sentence that tells what to do.
    """

    def __init__(self, field: str, value: object, expected: str, remedy: str) -> None:
        found = "is missing" if value is None else f"is {_shortened(value)}"
        self.finding = f"{field or 'the value'} {found}; expected {expected}."
        self.value = value
        self.remedy = remedy
        super().__init__(f"{self.finding} {remedy}", field=field or None)


def _shortened(value: object, limit: int = 80) -> str:
    # Not repr() of the whole: a caller may have sent megabytes.
    text = safe_repr(value[:limit] if isinstance(value, str | bytes) else value)
    return text if len(text) <= limit + 2 else f"{text[:limit]}..."


def safe_repr(value: object) -> str:
    """``repr`` of what a caller sent, also where it is nested deeper than Python can follow."""
    try:
        return repr(value)
    except RecursionError:
        return f"a deeply nested {type(value).__name__}"


class Conflict(DaogouError):
    """What was asked for rests on a state that has changed meanwhile."""


class NotFound(DaogouError):
    """Something that was asked for by name does not exist."""


class StoreError(DaogouError):
    """The database cannot serve the request."""


class StoreUnavailable(StoreError):
    """The database is away, full or locked; the same request may succeed later."""


class Overloaded(DaogouError):
    """More is waiting to be written than the server holds in memory; send it again later."""


class BundleError(DaogouError):
    """A bundle cannot be opened, written or activated."""


class EncoderError(DaogouError):
    """An encoder cannot be loaded, or does not match the bundle that it is to serve."""


class TrainingError(DaogouError):
    """Training cannot start or has to stop."""
