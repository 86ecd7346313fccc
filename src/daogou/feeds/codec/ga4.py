"""Events of Google Analytics 4, as gtag and the Measurement Protocol send them."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from daogou.errors import BadValue
from daogou.feeds.codec.analytics import (
    attributes,
    checked_time,
    completed,
    own_type,
    price,
    whole,
)
from daogou.feeds.codec.fields import Fields
from daogou.types import EventLine, EventType, UserEvent

VISITOR_FIELDS: Final = ("client_id", "app_instance_id", "user_id")
"""Where a payload says who it is about; the first that it has is the visitor."""

TYPES: Final[Mapping[str, EventType]] = {
    "view_item": "detail-page-view",
    "view_item_list": "impression",
    "view_search_results": "search",
    "search": "search",
    "add_to_cart": "add-to-cart",
    "remove_from_cart": "remove-from-cart",
    "view_cart": "shopping-cart-page-view",
    "purchase": "purchase-complete",
}
"""What recommended events of GA4 are here. A ``page_view`` of the root is a view of the home
page; ours may be sent as custom events (``not_interested``); all others are left out."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MICROS: Final = 10**14  # of 1973; less is a time in another unit
_LAST_MICROS: Final = 10**16
_NO_ITEM: Final = 'Write it as in "items": [{"item_id": "123"}].'


def is_ga4(data: Mapping[str, Any]) -> bool:
    """Whether an object is a payload of the Measurement Protocol."""
    return "events" in data and "userEvents" not in data


def ga4_event(
    data: Any, path: str, payload: Mapping[str, Any], received: datetime | None
) -> UserEvent | str:
    """The event of ours that an event in a payload is, or the name of one that is none.

    Its id is the parameter ``event_id``, or made of ``transaction_id`` as GA4 counts a
    transaction once, or of the content.

    Parameters
    ----------
    data, path
        An element of ``events``, and where it stands.
    payload
        What it is an element of: who, and when where the event does not say.
    received
        When it arrived: its time where it has none. By default a time is required.

    Raises
    ------
    BadValue
        The first field that cannot be used.
    """
    fields = Fields(data, path)
    name = fields.required("name", 'Name the event, as in "add_to_cart".')
    params = fields.inner("params") or Fields({}, fields.at("params"))
    kind = TYPES.get(name) or own_type(name) or _page_type(name, params)
    if kind is None:
        return name
    around = Fields(payload, path.rpartition(".")[0])
    visitor = next((n for n in VISITOR_FIELDS if payload.get(n) is not None), VISITOR_FIELDS[0])
    visitor_id = around.identifier(visitor, "It is the visitor; gtag('get', ...) tells it.")
    event = UserEvent(
        event_id=_event_id(params, kind, visitor_id),
        type=kind,
        visitor_id=visitor_id,
        time=_time(fields, around, received),
        lines=_lines(params),
        query=params.text("search_term") if kind == "search" else None,
        user_id=around.text("user_id"),
        recommendation_id=params.text("attribution_token"),
        policy_id=params.text("policy_id"),
        attributes=attributes(
            {
                "uri": params.text("page_location"),
                "referrerUri": params.text("page_referrer"),
                "sessionId": _session(params),
                "transactionId": params.text("transaction_id"),
            }
        ),
    )
    return completed(event, params.at("items"), _NO_ITEM)


def _page_type(name: str, params: Fields) -> EventType | None:
    location = params.text("page_location") if name == "page_view" else None
    if location is None:
        return None
    try:
        root = urlsplit(location).path in ("", "/")
    except ValueError:
        return None
    return "home-page-view" if root else None


def _session(params: Fields) -> str | None:
    value = params.raw("session_id")
    return str(value) if isinstance(value, int) else params.text("session_id")


def _event_id(params: Fields, kind: EventType, visitor_id: str) -> str:
    if params.raw("event_id") is not None:
        return params.identifier("event_id", "Leave it out, or send its own.")
    transaction = params.text("transaction_id")
    if kind != "purchase-complete" or not transaction:
        return ""
    blob = f"{visitor_id}\n{transaction}".encode()
    return f"ga4-{hashlib.blake2b(blob, digest_size=16).hexdigest()}"


def _time(fields: Fields, around: Fields, received: datetime | None) -> datetime:
    where = fields if fields.raw("timestamp_micros") is not None else around
    value = where.raw("timestamp_micros")
    if value is None and received is not None:
        return received
    field = where.at("timestamp_micros")
    shown = value
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not _FIRST_MICROS <= value < _LAST_MICROS:
        expected = "a time in microseconds since 1970"
        raise BadValue(field, shown, expected, "Write it as in 1769855400000000.")
    return checked_time(_EPOCH + timedelta(microseconds=value), field, shown)


def _lines(params: Fields) -> tuple[EventLine, ...]:
    items = params.inners("items")
    if not items:
        return ()
    shared, at = params.raw("currency"), params.at("currency")
    place = params.text("item_list_id") or params.text("item_list_name")
    return tuple(_line(item, shared, at, place) for item in items)


def _line(item: Fields, shared: Any, at: str, place: str | None) -> EventLine:
    own = item.raw("currency")
    currency, at = (shared, at) if own is None else (own, item.at("currency"))
    quantity = whole(item, "quantity", 1)
    return EventLine(
        product_id=item.identifier("item_id", "Send the id that the catalogue has."),
        quantity=1 if quantity is None else quantity,
        price=price(item, "price", currency, at),
        position=whole(item, "index", 0),
        placement=item.text("item_list_id") or item.text("item_list_name") or place,
    )
