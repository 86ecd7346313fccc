"""Events in the field names of Google Retail's ``UserEvent``, with what evaluation needs beside."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from daogou.config import nearest
from daogou.errors import BadValue
from daogou.feeds.codec.attributes import attributes_from_json, attributes_to_json
from daogou.feeds.codec.fields import Fields, check_identifier
from daogou.feeds.codec.prices import money_from_json, money_to_json
from daogou.feeds.codec.times import format_time, parse_time
from daogou.types import EVENT_TYPES, EventLine, EventType, UserEvent

TEXT_ATTRIBUTES: Final = (
    "uri",
    "referrerUri",
    "sessionId",
    "cartId",
    "pageViewId",
    "entity",
    "filter",
    "orderBy",
)
LIST_ATTRIBUTES: Final = ("pageCategories", "experimentIds")
"""Fields of Google Retail, texts and lists of texts, that are kept as attributes."""

_ATTRIBUTES: Final = frozenset({"attributes", *TEXT_ATTRIBUTES, *LIST_ATTRIBUTES})

FIELDS: Final = frozenset(
    {
        "eventType",
        "visitorId",
        "eventId",
        "eventTime",
        "productDetails",
        "searchQuery",
        "attributionToken",
        "policyId",
        "userInfo",
        *_ATTRIBUTES,
    }
)
UNUSED: Final = frozenset({"purchaseTransaction", "completionDetail", "offset", "panels"})
"""Fields of Google Retail that have no place here; an import counts and reports them."""

LINE_FIELDS: Final = frozenset(
    {
        "product",
        "quantity",
        "variantId",
        "price",
        "position",
        "propensity",
        "placement",
        "samplingRate",
    }
)
NEED_PRODUCTS: Final = frozenset(
    {
        "detail-page-view",
        "add-to-cart",
        "remove-from-cart",
        "purchase-complete",
    }
)
"""The types that say nothing without a product."""

FUTURE_TOLERANCE: Final = timedelta(days=1)
_USER: Final = frozenset({"userId"})
_USER_UNUSED: Final = frozenset({"ipAddress", "userAgent", "directUserRequest"})


def event_from_json(
    data: Any, *, received: datetime | None = None, left_out: Counter[str] | None = None
) -> UserEvent:
    """The event that a JSON object describes.

    An event without ``eventId`` gets one from its content, so that sending it
    again is harmless too; two events that agree in everything are then one.

    Parameters
    ----------
    data
        Google Retail's ``UserEvent``, or ours: the same with ``eventId``,
        ``policyId``, and in ``productDetails`` ``variantId``, ``price`` (minor units),
        ``position``, ``propensity``, ``placement`` and ``samplingRate``.
    received
        When the event arrived: its time where it has none. By default a time is required.
    left_out
        Counts the known fields that have no place here.

    Raises
    ------
    BadValue
        The first field that cannot be used.
    """
    fields = Fields(data)
    fields.only(FIELDS, UNUSED, left_out)
    kind = _type(fields)
    visitor = fields.identifier("visitorId", "Send the same id for the same visitor, every time.")
    lines = tuple(_line(inner) for inner in fields.inners("productDetails"))
    if not lines and kind in NEED_PRODUCTS:
        remedy = 'Write it as in [{"product": {"id": "123"}, "quantity": 1}].'
        raise BadValue(fields.at("productDetails"), None, f"a product for {kind}", remedy)
    user = fields.inner("userInfo")
    if user:
        user.only(_USER, _USER_UNUSED, left_out)
    has_id = fields.raw("eventId") is not None
    event = UserEvent(
        event_id=fields.identifier("eventId", "Leave it out, or send its own.") if has_id else "",
        type=kind,
        visitor_id=visitor,
        time=_time(fields, received),
        lines=lines,
        query=fields.text("searchQuery"),
        user_id=user.text("userId") if user else None,
        recommendation_id=fields.text("attributionToken"),
        policy_id=fields.text("policyId"),
        attributes=_attributes(fields),
    )
    return event if has_id else replace(event, event_id=content_id(event))


def event_to_json(event: UserEvent) -> dict[str, Any]:
    """What :func:`event_from_json` reads, without the fields that are empty."""
    attributes = dict(event.attributes)
    kept: dict[str, Any] = {
        name: attributes.pop(name)[0]
        for name in TEXT_ATTRIBUTES
        if len(attributes.get(name, ())) == 1
    }
    kept |= {name: list(attributes.pop(name)) for name in LIST_ATTRIBUTES if name in attributes}
    found = {
        "eventType": event.type,
        "visitorId": event.visitor_id,
        "eventId": event.event_id or None,
        "eventTime": format_time(event.time),
        "productDetails": [_line_to_json(line) for line in event.lines] or None,
        "searchQuery": event.query,
        "attributionToken": event.recommendation_id,
        "policyId": event.policy_id,
        "userInfo": None if event.user_id is None else {"userId": event.user_id},
        "attributes": attributes_to_json(attributes) or None,
        **kept,
    }
    return {key: value for key, value in found.items() if value is not None}


def content_id(event: UserEvent) -> str:
    """An id for an event that came without one: the hash of all that it says."""
    blob = orjson.dumps(event_to_json(event), option=orjson.OPT_SORT_KEYS)
    return f"auto-{hashlib.blake2b(blob, digest_size=16).hexdigest()}"


def latest_time() -> datetime:
    """The time after which an event counts as one of the future."""
    return datetime.now(UTC) + FUTURE_TOLERANCE


def _type(fields: Fields) -> EventType:
    kind = fields.required("eventType", "Say what the visitor did.")
    if kind not in EVENT_TYPES:
        expected = f"one of {', '.join(EVENT_TYPES)}"
        hint = f"{nearest(kind, EVENT_TYPES)} Correct it.".strip()
        raise BadValue(fields.at("eventType"), kind, expected, hint)
    return kind


def _time(fields: Fields, received: datetime | None) -> datetime:
    value = fields.raw("eventTime")
    if value is None and received is not None:
        return received
    time = parse_time(value, fields.at("eventTime"))
    if time > latest_time():
        remedy = "Check the clock and the zone of whoever wrote it."
        raise BadValue(fields.at("eventTime"), str(value), "a time that is not to come", remedy)
    return time


def _attributes(fields: Fields) -> dict[str, tuple[str, ...]]:
    if _ATTRIBUTES.isdisjoint(fields.data):
        return {}
    found = attributes_from_json(fields)
    for name in TEXT_ATTRIBUTES:
        text = fields.text(name)
        if text is not None:
            found[name] = (text,)
    for name in LIST_ATTRIBUTES:
        if fields.raw(name) is not None:
            found[name] = fields.texts(name)
    return found


def _line(fields: Fields) -> EventLine:
    fields.only(LINE_FIELDS)
    product = fields.inner("product")
    if product is None:
        remedy = 'Write it as in {"product": {"id": "123"}, "quantity": 1}.'
        raise BadValue(fields.at("product"), None, "an object with the product's id", remedy)
    variant = fields.raw("variantId")
    quantity, rate = fields.integer("quantity", 1), _probability(fields, "samplingRate")
    return EventLine(
        product_id=product.identifier("id", "Say which product."),
        quantity=1 if quantity is None else quantity,
        price=money_from_json(fields, "price"),
        variant_id=None
        if variant is None
        else check_identifier(variant, fields.at("variantId"), "Say which variant."),
        position=fields.integer("position", 0),
        propensity=_probability(fields, "propensity"),
        placement=fields.text("placement"),
        sampling_rate=1.0 if rate is None else rate,
    )


def _probability(fields: Fields, name: str) -> float | None:
    value = fields.number(name, 0, 1)
    if value == 0:
        remedy = "What has no probability was not shown; leave it out if unknown."
        raise BadValue(fields.at(name), 0, "a probability above 0", remedy)
    return value


def _line_to_json(line: EventLine) -> dict[str, Any]:
    found: dict[str, Any] = {"product": {"id": line.product_id}, "quantity": line.quantity}
    optional = {
        "variantId": line.variant_id,
        "price": money_to_json(line.price),
        "position": line.position,
        "propensity": line.propensity,
        "placement": line.placement,
        "samplingRate": None if line.sampling_rate == 1.0 else line.sampling_rate,
    }
    found |= {name: value for name, value in optional.items() if value is not None}
    return found
