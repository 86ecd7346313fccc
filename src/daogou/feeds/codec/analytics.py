"""What the readers of analytics events have in common: prices, counts, ids, names of our types."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from daogou.errors import BadValue
from daogou.feeds.codec.events import NEED_PRODUCTS, content_id, latest_time
from daogou.feeds.codec.fields import Fields
from daogou.feeds.codec.money import currency_code, nearest_minor
from daogou.types import EVENT_TYPES, EventType, Money, UserEvent

_LONGEST_COUNT = 10  # digits of 2^31 - 1


def own_type(name: str) -> EventType | None:
    """The type of ours that a custom name spells: ``not_interested``, ``Not Interested``."""
    spelled = name.strip().lower().replace("_", "-").replace(" ", "-")
    for kind in EVENT_TYPES:
        if kind == spelled:
            return kind
    return None


def whole(fields: Fields, name: str, low: int) -> int | None:
    """A whole number, or its text: shops' tags often send numbers in quotes."""
    value = fields.raw(name)
    if isinstance(value, str) and value.isdecimal() and len(value) <= _LONGEST_COUNT:
        return Fields({name: int(value)}, fields.path).integer(name, low)
    return fields.integer(name, low)


def price(fields: Fields, name: str, currency: Any, at: str) -> Money | None:
    """A price in major units; None where it, or its currency, is not said.

    ``currency`` was found at the path ``at``.
    """
    value = fields.raw(name)
    if value is None or value == "" or currency is None:
        return None
    return nearest_minor(value, currency_code(currency, at), fields.at(name))


def attributes(texts: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Attributes of those texts that are there."""
    return {name: (text,) for name, text in texts.items() if text}


def checked_time(time: datetime, field: str, shown: object) -> datetime:
    """The time, if it is not one to come."""
    if time > latest_time():
        remedy = "Check the clock and the zone of whoever wrote it."
        raise BadValue(field, str(shown), "a time that is not to come", remedy)
    return time


def completed(event: UserEvent, lines_at: str, remedy: str) -> UserEvent:
    """The event with an id; one that says nothing without a product has to have one."""
    if not event.lines and event.type in NEED_PRODUCTS:
        raise BadValue(lines_at, None, f"a product for {event.type}", remedy)
    return event if event.event_id else replace(event, event_id=content_id(event))
