"""How products and events are written into columns, and read back.

Nothing outside the store reads these documents; the shapes that shops exchange
are in :mod:`daogou.feeds.codec`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, cast

import orjson

from daogou.errors import InvalidInput
from daogou.types import (
    Article,
    EventLine,
    EventType,
    LocalizedText,
    Money,
    Product,
    QuestionAnswer,
    UserEvent,
    Variant,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def micros(time: datetime) -> int:
    """UTC microseconds since 1970.

    Raises
    ------
    InvalidInput
        The time has no zone.
    """
    if time.tzinfo is None:
        raise InvalidInput(f"The time {time.isoformat()} has no zone; give it one, such as UTC.")
    return (time - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The aware time of UTC microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)


def storable(text: str) -> bool:
    """Whether both databases can hold the text: no NUL and no broken surrogate."""
    return ("\x00" not in text and text.isascii()) or _encodes(text)


def _encodes(text: str) -> bool:
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def dump(value: Any, what: str) -> str:
    """JSON text with sorted keys, so that equal values give equal texts.

    Raises
    ------
    InvalidInput
        Something in it cannot be stored; ``what`` names the product or event.
    """
    try:
        blob = orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise InvalidInput(f"{what} cannot be stored: {error}.") from error
    # The expression tells an escaped NUL from an escaped backslash; hardly a text has either.
    if b"\\u0000" in blob and _NUL.search(blob):
        raise InvalidInput(f"{what} has a NUL character, which no database stores; take it out.")
    return blob.decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is not plain data")


def digest(document: str) -> str:
    """A short content hash of a document."""
    return hashlib.blake2b(document.encode(), digest_size=16).hexdigest()


_NO_QUESTIONS: Final = ',"questions":[]}'


def dump_product(product: Product, what: str) -> str:
    """The product as :func:`dump` writes it, without ``questions`` where there are none.

    They are a product's last field. So a product that has none keeps the hash that it had before
    products could have them, and importing an old catalogue again changes nothing.
    """
    document = dump(product, what)
    without = document.removesuffix(_NO_QUESTIONS)
    return document if without == document else f"{without}}}"


def product_from_document(document: str) -> Product:
    """The product that :func:`dump` wrote."""
    fields = orjson.loads(document)
    for name in ("categories", "images", "tags"):
        fields[name] = tuple(fields[name])
    for name in ("price", "original_price"):
        fields[name] = _money(fields[name])
    fields["attributes"] = {key: tuple(value) for key, value in fields["attributes"].items()}
    if fields["published"] is not None:
        fields["published"] = datetime.fromisoformat(fields["published"])
    for language, text in fields["localized"].items():
        text["categories"] = tuple(text["categories"])
        fields["localized"][language] = LocalizedText(**text)
    pairs = fields.get("questions", ())
    fields["questions"] = tuple(QuestionAnswer(**pair) for pair in pairs)
    fields["variants"] = tuple(
        Variant(**{**variant, "price": _money(variant["price"])}) for variant in fields["variants"]
    )
    return Product(**fields)


def article_from_document(document: str) -> Article:
    """The article that :func:`dump` wrote."""
    fields = orjson.loads(document)
    for name in ("categories", "brands", "product_ids"):
        fields[name] = tuple(fields[name])
    if fields["updated"] is not None:
        fields["updated"] = datetime.fromisoformat(fields["updated"])
    return Article(**fields)


def _money(value: Mapping[str, Any] | None) -> Money | None:
    return Money(value["amount"], value["currency"]) if value else None


# --- events -------------------------------------------------------------------------------------

_LINE_FIELDS: Final = (
    "product_id",
    "quantity",
    "variant_id",
    "position",
    "propensity",
    "placement",
    "sampling_rate",
)
_LINE_DEFAULTS: Final[Mapping[str, Any]] = {
    "quantity": 1,
    "amount": None,
    "currency": None,
    "variant_id": None,
    "position": None,
    "propensity": None,
    "placement": None,
    "sampling_rate": 1.0,
}
_LAST_FIELDS: Final = _LINE_FIELDS[3:]  # those that follow variant_id in EventLine
_line_values: Final = attrgetter(*_LINE_FIELDS)


def dump_lines(lines: Sequence[EventLine], what: str) -> str | None:
    """The lines of an event, column by column.

    A column whose values are all alike is written once; one that has only
    defaults is left out. So 2.5M lines are read in seconds.
    """
    if not lines:
        return None
    columns: dict[str, Any] = dict(
        zip(_LINE_FIELDS, zip(*map(_line_values, lines), strict=True), strict=True)
    )
    amounts = [line.price.amount if line.price else None for line in lines]
    if amounts.count(None) < len(amounts):
        columns["amount"] = amounts
        columns["currency"] = [line.price.currency if line.price else None for line in lines]
    document = {"product_id": columns.pop("product_id")}
    for name, values in columns.items():
        first = values[0]
        if values.count(first) < len(values):
            document[name] = values
        elif first != _LINE_DEFAULTS[name]:
            document[name] = first
    return dump(document, what)


def line_columns(document: str) -> dict[str, Any]:
    """What :func:`dump_lines` wrote: a list for ``product_id``, lists or single values else."""
    return cast(dict[str, Any], orjson.loads(document))


def spread(document: Mapping[str, Any], name: str, length: int) -> list[Any]:
    """A column of :func:`line_columns` as a list of ``length`` values."""
    values = document.get(name, _LINE_DEFAULTS[name])
    return values if isinstance(values, list) else [values] * length


def lines_from_document(document: str | None, owners: Mapping[str, str]) -> tuple[EventLine, ...]:
    """The lines of an event, with a variant's own id taken to its product (``owners``)."""
    if document is None:
        return ()
    columns = orjson.loads(document)
    ids: list[str] = columns["product_id"]
    length = len(ids)
    variants = spread(columns, "variant_id", length)
    if owners and not owners.keys().isdisjoint(ids):
        pairs = zip(ids, variants, strict=True)
        variants = [named or (p if p in owners else None) for p, named in pairs]
        ids = [owners.get(p, p) for p in ids]
    # A page of a visitor's history has thousands of lines: map() has no Python frame for each.
    return tuple(
        map(
            EventLine,
            ids,
            spread(columns, "quantity", length),
            _prices(columns, length),
            variants,
            *(spread(columns, name, length) for name in _LAST_FIELDS),
        )
    )


def _prices(columns: Mapping[str, Any], length: int) -> Iterable[Money | None]:
    if columns.get("amount") is None:
        return [None] * length
    amounts, currencies = (spread(columns, name, length) for name in ("amount", "currency"))
    if None in amounts:
        pairs = zip(amounts, currencies, strict=True)
        return [None if amount is None else Money(amount, unit) for amount, unit in pairs]
    return map(Money, amounts, currencies)


def dump_details(event: UserEvent) -> str | None:
    """What few events have, or None for an event that has nothing of it."""
    details = {
        name: value
        for name, value in (
            ("query", event.query),
            ("user_id", event.user_id),
            ("recommendation_id", event.recommendation_id),
            ("policy_id", event.policy_id),
            ("attributes", event.attributes or None),
        )
        if value is not None
    }
    return dump(details, f"Event {event.event_id}") if details else None


def event_from_row(row: Sequence[Any], owners: Mapping[str, str]) -> UserEvent:
    """The event of a row (event_id, type, visitor_id, time, lines, details)."""
    event_id, kind, visitor_id, time, lines, details = row
    more: dict[str, Any] = orjson.loads(details) if details else {}
    if "attributes" in more:
        more["attributes"] = {key: tuple(value) for key, value in more["attributes"].items()}
    return UserEvent(
        event_id,
        cast(EventType, kind),
        visitor_id,
        moment(time),
        lines_from_document(lines, owners),
        **more,
    )
