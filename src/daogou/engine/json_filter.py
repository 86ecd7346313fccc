"""The filter language as JSON, for callers who would rather build than write.

::

    {"and": [{"field": "brand", "any": ["Acme", "Bolt"]},
             {"field": "price", "gte": 10, "lt": 20},
             {"not": {"field": "availability", "any": ["OUT_OF_STOCK"]}}]}

A node is ``and``, ``or`` (lists), ``not`` (one node), or a field with ``any`` (texts) or with
``gt``, ``gte``, ``lt``, ``lte``, ``eq`` (numbers; prices in major units). It means what the
expression of the same words means in :mod:`daogou.engine.filters`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from daogou.config import nearest
from daogou.engine.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    And,
    AnyOf,
    FieldKind,
    Filter,
    InRange,
    Not,
    Or,
)
from daogou.errors import InvalidInput

MAX_NODES: Final = MAX_LENGTH // 10
"""About as many as an expression of the longest length can hold."""
_NUMBERS: Final = ("gt", "gte", "lt", "lte", "eq")
_LEAF: Final = ("field", "any", *_NUMBERS)
_LARGEST: Final = 1e15


def filter_from_json(node: Mapping[str, Any], fields: Mapping[str, FieldKind]) -> Filter | None:
    """Read the JSON form; None for ``{}``, which everything passes.

    Parameters
    ----------
    fields
        The fields that can be asked about, and how.

    Raises
    ------
    InvalidInput
        With the path of the offending node, such as ``filter.and.1.gte``.
    """
    return _Reader(fields).read(node, "filter", 0) if node else None


class _Reader:
    """Reads nodes, and counts them."""

    def __init__(self, fields: Mapping[str, FieldKind]) -> None:
        self.fields = fields
        self.nodes = 0

    def read(self, node: Any, path: str, depth: int) -> Filter:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise InvalidInput(
                f"the filter is more than {MAX_DEPTH} deep or has more than {MAX_NODES} parts;"
                " write it flatter or shorter.",
                field=path,
            )
        if not isinstance(node, Mapping):
            raise _wrong(node, 'an object such as {"field": "brand", "any": ["Acme"]}', path)
        for word, joined in (("and", And), ("or", Or)):
            if word in node:
                _alone(node, word, path)
                return self._joined(joined, node[word], f"{path}.{word}", depth)
        if "not" in node:
            _alone(node, "not", path)
            return Not(self.read(node["not"], f"{path}.not", depth + 1))
        return self._leaf(node, path)

    def _joined(self, kind: type[And] | type[Or], parts: Any, path: str, depth: int) -> Filter:
        if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts:
            raise _wrong(parts, "a list of one part or more", path)
        read = tuple(self.read(part, f"{path}.{n}", depth + 1) for n, part in enumerate(parts))
        return read[0] if len(read) == 1 else kind(read)

    def _leaf(self, node: Mapping[str, Any], path: str) -> Filter:
        for key in node:
            if key not in _LEAF:
                words = ("and", "or", "not", *_LEAF)
                raise InvalidInput(
                    f"there is no '{key}' in a filter.{nearest(str(key), words)}"
                    f" Known: {', '.join(words)}.",
                    field=path,
                )
        field = node.get("field")
        if not isinstance(field, str) or field not in self.fields:
            known = sorted(self.fields)
            raise InvalidInput(
                f"there is no field {field!r}.{nearest(str(field), known)}", field=f"{path}.field"
            )
        asked = [key for key in node if key in _NUMBERS]
        if "any" in node and not asked:
            return self._any_of(field, node["any"], path)
        if not asked or "any" in node:
            raise _wrong(dict(node), f"'any', or numbers in {', '.join(_NUMBERS)}", path)
        return self._range(field, node, asked, path)

    def _any_of(self, field: str, values: Any, path: str) -> Filter:
        if self.fields[field] == "number":
            raise InvalidInput(
                f"'{field}' is a number; ask with gte, lt and the like.", field=f"{path}.any"
            )
        texts = [values] if isinstance(values, str) else values
        if not (isinstance(texts, Sequence) and texts and all(isinstance(t, str) for t in texts)):
            raise _wrong(values, 'texts such as ["Acme"]', f"{path}.any")
        return AnyOf(field, tuple(texts))

    def _range(
        self, field: str, node: Mapping[str, Any], asked: Sequence[str], path: str
    ) -> Filter:
        if self.fields[field] == "text":
            raise InvalidInput(f"'{field}' is a text; ask with any.", field=f"{path}.{asked[0]}")
        numbers = {key: _number(node[key], f"{path}.{key}") for key in asked}
        if "eq" in numbers:
            if len(numbers) > 1:
                raise _wrong(dict(node), "eq alone, or bounds without eq", path)
            return InRange(field, numbers["eq"], numbers["eq"], high_inclusive=True)
        for one, other in (("gt", "gte"), ("lt", "lte")):
            if one in numbers and other in numbers:
                raise _wrong(dict(node), f"{one} or {other}, not both", path)
        return InRange(
            field,
            numbers.get("gte", numbers.get("gt")),
            numbers.get("lte", numbers.get("lt")),
            low_inclusive="gt" not in numbers,
            high_inclusive="lte" in numbers,
        )


def _number(value: Any, path: str) -> Decimal:
    # A bool is an int to Python; NaN and infinity fail the comparison.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise _wrong(value, "a number", path)
    return Decimal(str(value))


def _alone(node: Mapping[str, Any], word: str, path: str) -> None:
    if len(node) > 1:
        raise _wrong(sorted(map(str, node)), f"'{word}' alone in its object", path)


def _wrong(found: Any, expected: str, path: str) -> InvalidInput:
    shown = repr(found)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
    return InvalidInput(f"found {shown}; expected {expected}.", field=path)
