"""``daogou.toml`` to frozen dataclasses.

A component's settings are a frozen dataclass beside the component. This module
only fills such a class from a table, and says which key is wrong and what was
probably meant.
"""

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from daogou.errors import ConfigError


class _Dataclass(Protocol):
    __dataclass_fields__: typing.ClassVar[dict[str, Any]]


C = TypeVar("C", bound=_Dataclass)
# Up to the last @ of a word: whoever wrote the password may not have escaped one in it.
_OF_URL: Final = re.compile(r"(://[^:/@\s]*:)\S*(?=@)")
_OF_QUERY: Final = re.compile(r"([?&]\w*(?:password|secret|token)\w*=)[^&\s'\"]*", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """The text with ``***`` for each password of a URL in it, in its query too."""
    return _OF_QUERY.sub(r"\1***", _OF_URL.sub(r"\1***", text))


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """``" Did you mean 'x'?"`` for the known word nearest to ``word``, or the empty string."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{found[0]}'?" if found else ""


def read_toml(path: Path, sections: typing.Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read a settings file whose tables are all among ``sections``.

    A file that does not exist is an empty one: every setting has a default.

    Raises
    ------
    ConfigError
        The file is not TOML, or has a table or a top-level key that is not known.
    """
    if not path.exists():
        return {}
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Mend that line.") from error
    known = sorted(sections)
    for name, value in raw.items():
        if name not in known:
            raise ConfigError(
                f"{path} has '{name}', which is not a section.{nearest(name, known)}"
                f" Known sections: {', '.join(known)}."
            )
        if not isinstance(value, dict):
            raise ConfigError(f"{path}: '{name}' is a value; write it as a table, [{name}].")
    return raw


def fill(cls: type[C], table: Mapping[str, Any], where: str) -> C:
    """Build ``cls`` from a table, field by field, with the defaults for what is left out.

    Parameters
    ----------
    cls
        A dataclass whose fields are str, int, float, bool, Path, Literal, tuples of those,
        or optional.
    where
        The section's name, for messages.

    Raises
    ------
    ConfigError
        An unknown key (the nearest known one is named), a missing one, or a value of another type.
    """
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            raise ConfigError(
                f"[{where}] has no setting '{key}'.{nearest(key, fields)}"
                f" Known settings: {', '.join(fields)}."
            )
        values[key] = _convert(value, hints[key], f"[{where}] {key}")
    for name, f in fields.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if name not in values and required:
            raise ConfigError(f"[{where}] needs a setting '{name}'; add it to daogou.toml.")
    try:
        return cls(**values)
    except ValueError as error:
        raise ConfigError(f"[{where}] {error}") from error


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is typing.Union or origin is types.UnionType:
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        return _convert(value, options[0], where)
    if origin is typing.Literal:
        choices = typing.get_args(hint)
        if value not in choices:
            known = ", ".join(repr(c) for c in choices)
            raise ConfigError(
                f"{where} is {_shown(value)}; expected one of {known}."
                f"{nearest(str(value), [str(c) for c in choices])}"
            )
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where} is {_shown(value)}; expected a list, such as [1, 2].")
        return tuple(_convert(v, typing.get_args(hint)[0], where) for v in value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(
            f"{where} is {_shown(value)}, a {type(value).__name__}; expected a {hint.__name__}."
        )
    return value


def _shown(value: Any) -> str:
    return without_passwords(repr(value))
