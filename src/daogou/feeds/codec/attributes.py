"""Custom attributes: ``{"key": {"text": [...], "numbers": [...]}}``."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from daogou.errors import BadValue
from daogou.feeds.codec.fields import Fields, check_text

_FIELDS: Final = frozenset({"text", "numbers"})
_UNUSED: Final = frozenset({"searchable", "indexable"})


def attributes_from_json(fields: Fields, name: str = "attributes") -> dict[str, tuple[str, ...]]:
    """The attributes of a product or an event, all as texts.

    A plain text, number, or a list of those, is taken for what it means.

    Raises
    ------
    BadValue
        A value is something else.
    """
    found = {}
    for key, value in fields.named(name).items():
        field = f"{fields.at(name)}.{key}"
        if isinstance(value, Mapping):
            inner = Fields(value, field)
            inner.only(_FIELDS, _UNUSED)
            values = (*_texts(inner.raw("text"), field), *_texts(inner.raw("numbers"), field))
        else:
            values = _texts(value, field)
        if values:
            found[key] = values
    return found


def attributes_to_json(attributes: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """What :func:`attributes_from_json` reads."""
    return {key: {"text": list(values)} for key, values in attributes.items()}


def _texts(value: Any, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(_text(item, field) for item in values)


def _text(value: Any, field: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        remedy = 'Write it as in {"text": ["red"]} or {"numbers": [42]}.'
        raise BadValue(field, value, "texts or numbers", remedy)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise BadValue(field, str(value), "a finite number", "Leave it out if unknown.")
        return str(int(value)) if value.is_integer() else repr(value)
    return check_text(str(value), field)
