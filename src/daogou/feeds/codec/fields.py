"""Reading JSON objects field by field, with errors that name the field."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from daogou.config import nearest
from daogou.errors import BadValue

MAX_ID: Final = 256
_INT32: Final = 2**31 - 1
_INDEX: Final = re.compile(r"\[\d+\]")


class Fields:
    """One JSON object, and where it stands in the document.

    A field that is null counts as one that is not there. Every method raises
    :class:`~daogou.errors.BadValue` with the field's dotted path.
    """

    __slots__ = ("data", "path")

    def __init__(self, data: Any, path: str = "") -> None:
        # To ask an abstract class costs a tenth of reading an event; nearly all are dicts.
        if type(data) is not dict and not isinstance(data, Mapping):
            raise BadValue(path, data, "a JSON object", 'Write it as in {"id": "123", ...}.')
        self.data: Mapping[str, Any] = data
        self.path = path

    def at(self, name: str) -> str:
        """The dotted path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> Any:
        """A field as it is, None where there is none."""
        return self.data.get(name)

    def text(self, name: str) -> str | None:
        """A text, or None."""
        value = self.data.get(name)
        return None if value is None else check_text(value, self.at(name))

    def required(self, name: str, remedy: str) -> str:
        """A text that has to be there and not be blank."""
        text = self.text(name)
        if text is None or not text.strip():
            raise BadValue(self.at(name), text or None, "a text", remedy)
        return text

    def identifier(self, name: str, remedy: str) -> str:
        """An id: a text that has to be there, on one line, not too long for an index."""
        return check_identifier(self.data.get(name), self.at(name), remedy)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text counts as a list of one."""
        value = self.data.get(name)
        if value is None:
            return ()
        field = self.at(name)
        if isinstance(value, str):
            return (check_text(value, field),)
        if not isinstance(value, list | tuple):
            raise BadValue(field, value, "a list of texts", 'Write it as in ["a", "b"].')
        return tuple(check_text(item, f"{field}[{i}]") for i, item in enumerate(value))

    def number(self, name: str, low: float, high: float) -> float | None:
        """A finite number from ``low`` to ``high``, or None."""
        value = self.data.get(name)
        if value is None:
            return None
        expected = f"a number from {low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadValue(self.at(name), value, expected, "Write it without quotes.")
        if not low <= value <= high or not math.isfinite(value):
            raise BadValue(self.at(name), str(value), expected, "Leave it out if unknown.")
        return float(value)

    def integer(self, name: str, low: int) -> int | None:
        """A whole number from ``low`` to 2^31 - 1, or None."""
        value = self.data.get(name)
        if value is None or (type(value) is int and low <= value <= _INT32):
            return value
        if isinstance(value, float) and value.is_integer() and low <= value <= _INT32:
            return int(value)
        expected = f"a whole number from {low} to {_INT32}"
        shown = str(value) if isinstance(value, float) else value
        raise BadValue(self.at(name), shown, expected, "Leave it out if unknown.")

    def inner(self, name: str) -> "Fields | None":
        """An object within this one, or None."""
        value = self.data.get(name)
        return None if value is None else Fields(value, self.at(name))

    def inners(self, name: str) -> "list[Fields]":
        """A list of objects within this one."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            raise BadValue(self.at(name), value, "a list of objects", "Write it as in [{...}].")
        return [Fields(item, f"{self.at(name)}[{i}]") for i, item in enumerate(value)]

    def named(self, name: str) -> "dict[str, Any]":
        """An object whose keys are names of the shop's own choosing."""
        inner = self.inner(name)
        if inner is None:
            return {}
        for key in inner.data:
            if not check_text(key, inner.path).strip():
                raise BadValue(inner.path, key, "keys that are not blank", "Name the key.")
        return {key: value for key, value in inner.data.items() if value is not None}

    def only(
        self,
        used: frozenset[str],
        unused: frozenset[str] = frozenset(),
        left_out: Counter[str] | None = None,
    ) -> None:
        """Refuse a field that is neither used nor known to be unused; count the unused ones."""
        keys = self.data.keys()
        if keys <= used:
            return
        for key in keys - used:
            value = self.data[key]
            if value is None:
                continue
            if key not in unused:
                hint = f"{nearest(str(key), used)} Correct its name, or leave it out."
                raise BadValue(self.at(str(key)), value, "a field that is known", hint.strip())
            if left_out is not None:
                left_out[_INDEX.sub("[]", self.at(key))] += 1


def check_text(value: Any, field: str) -> str:
    """A text that every database and every page can hold."""
    if not isinstance(value, str):
        raise BadValue(field, value, "a text", "Put it in quotes.")
    if value.isascii():
        if "\x00" in value:
            raise BadValue(field, value, "a text without NUL", "Take the NUL character out.")
        return value
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        remedy = "Half of a surrogate pair is left; encode the text again as UTF-8."
        raise BadValue(field, ascii(value), "a text in Unicode", remedy) from error
    if b"\x00" in encoded:
        raise BadValue(field, value, "a text without NUL", "Take the NUL character out.")
    return value


def check_identifier(value: Any, field: str, remedy: str) -> str:
    """An id: printable, at most 256 characters; a whole number is taken as its text."""
    if type(value) is int:
        value = str(value)
    if value is None or value == "":
        raise BadValue(field, None, "an id", remedy)
    text = check_text(value, field)
    if len(text) > MAX_ID or not text.isprintable() or text != text.strip():
        expected = f"an id of at most {MAX_ID} printable characters without blanks around it"
        raise BadValue(field, text, expected, remedy)
    return text
