"""Bodies that carry one thing or many, read by the feeds' codec.

They are read as they are, not through pydantic: the codec is the one place
that knows what a product and an event look like, and a batch of a thousand
events has a few milliseconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar

import orjson
from fastapi import Request

from daogou.errors import InvalidInput
from daogou.server.errors import NoneUsable, shown

T = TypeVar("T")
R = TypeVar("R")
U = TypeVar("U")
_AT_ONCE: Final = 2000
"""Written in one transaction; no more than the store takes in one."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """The good ones with their index in the body; for each bad one its index, field and message."""

    key: str
    good: list[tuple[int, T]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, index: int, error: InvalidInput) -> None:
        """Report an item as bad."""
        self.errors.append({"index": index, "field": error.field, "message": str(error)})

    def write(self, write: Callable[[list[T]], R]) -> list[R]:
        """Have the good ones written, and report those that the store refuses.

        The store refuses a transaction as a whole, so one that it refuses is halved until
        the culprits stand alone.

        Raises
        ------
        NoneUsable
            Nothing was written.
        """
        results: list[R] = []
        waiting = [self.good[at : at + _AT_ONCE] for at in range(0, len(self.good), _AT_ONCE)]
        while waiting:
            part = waiting.pop(0)
            try:
                results.append(write([item for _, item in part]))
            except InvalidInput as error:
                if len(part) == 1:
                    self.refuse(part[0][0], error)
                else:
                    half = len(part) // 2
                    waiting[:0] = [part[:half], part[half:]]
        self.errors.sort(key=lambda error: error["index"])
        self.check(written=len(results))
        return results

    def check(self, written: int) -> None:
        """Raise :class:`NoneUsable` if nothing was."""
        if written:
            return
        first = self.errors[0]["message"]
        count = len(self.errors)
        summary = f"none of the {count:,} {self.key} is usable. First: {first}"
        raise NoneUsable(first if count == 1 else summary, self.errors)


async def json_body(request: Request) -> Any:
    """The body, parsed.

    Raises
    ------
    InvalidInput
        It is not JSON.
    """
    return parsed(await request.body())


def parsed(raw: bytes) -> Any:
    """What a body says.

    Raises
    ------
    InvalidInput
        It is not JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        found = "empty" if not raw else "not JSON"
        raise InvalidInput(f"the body is {found}: {error}.") from error


def read_batch(
    body: object, key: str, read: Callable[[Mapping[str, Any]], T], limit: int
) -> Batch[T]:
    """Read an object, a list of objects, or ``{key: [objects]}``.

    Raises
    ------
    InvalidInput
        The body has none of these shapes, is empty or has more than ``limit`` items.
    NoneUsable
        Not one item in it is usable.
    """
    return read_items(items_of(body, key), key, partial(_read_object, read), limit)


def _read_object(read: Callable[[Mapping[str, Any]], T], item: object) -> T:
    if not isinstance(item, dict):
        raise InvalidInput(f"found {shown(item)}; expected an object.")
    return read(item)


def read_items(items: Sequence[U], key: str, read: Callable[[U], T], limit: int) -> Batch[T]:
    """Read each of ``items``; ``key`` is what they are called.

    Raises
    ------
    InvalidInput
        There are none, or more than ``limit``.
    NoneUsable
        Not one of them is usable.
    """
    if not items:
        raise InvalidInput(f"the list is empty; expected 1 to {limit:,} {key}.", field=key)
    if len(items) > limit:
        raise InvalidInput(
            f"the list has {len(items):,} {key}; expected {limit:,} at most. Send them in parts.",
            field=key,
        )
    batch: Batch[T] = Batch(key)
    for index, item in enumerate(items):
        try:
            batch.good.append((index, read(item)))
        except InvalidInput as error:
            batch.refuse(index, error)
    batch.check(written=len(batch.good))
    return batch


def items_of(body: object, key: str) -> list[Any]:
    """The items of an object, a list of objects, or ``{key: [objects]}``.

    Raises
    ------
    InvalidInput
        The body has none of these shapes.
    """
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        raise InvalidInput(
            f"the body is {shown(body)}; expected an object, a list of objects"
            f' or {{"{key}": [...]}}.'
        )
    if key not in body:
        return [body]
    listed = body[key]
    if not isinstance(listed, list):
        raise InvalidInput(f"{key} is {shown(listed)}; expected a list of objects.", field=key)
    return listed
