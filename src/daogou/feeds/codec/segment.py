"""Events of Segment: its calls, and the names of its e-commerce specification."""

from collections.abc import Mapping
from datetime import datetime
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
from daogou.feeds.codec.times import parse_time
from daogou.types import EventLine, EventType, UserEvent

CALLS: Final = frozenset({"track", "page", "screen", "identify", "group", "alias"})
"""The calls of Segment. ``track`` and ``page`` can say what a visitor does; the others are
left out."""

TYPES: Final[Mapping[str, EventType]] = {
    "Products Searched": "search",
    "Product List Viewed": "impression",
    "Product Viewed": "detail-page-view",
    "Product Added": "add-to-cart",
    "Product Removed": "remove-from-cart",
    "Cart Viewed": "shopping-cart-page-view",
    "Order Completed": "purchase-complete",
}
"""What tracked events are here. A list without products is a view of a category page; ours may
be tracked by their names (``Not Interested``); all others are left out."""

_TIMES: Final = ("timestamp", "originalTimestamp", "sentAt")
"""The first that is there is the time: Segment corrects ``timestamp`` for the client's clock."""
_NO_PRODUCT: Final = 'Write it as in "properties": {"product_id": "123"} or {"products": [...]}.'


def is_segment(data: Mapping[str, Any]) -> bool:
    """Whether an object is a call of Segment, or a batch of calls."""
    call = data.get("type")
    return "batch" in data or (isinstance(call, str) and call in CALLS)


def segment_event(
    data: Any, path: str, batch: Mapping[str, Any], received: datetime | None
) -> UserEvent | str:
    """The event of ours that a call is, or the name of one that is none.

    Its id is ``messageId``, which Segment keeps when it sends a call again.

    Parameters
    ----------
    data, path
        The call, and where it stands.
    batch
        What it came in; its ``sentAt`` is the time of a call that has none.
    received
        When it arrived: its time where neither says one. By default a time is required.

    Raises
    ------
    BadValue
        The first field that cannot be used.
    """
    fields = Fields(data, path)
    call = fields.required("type", 'Name the call, as in "track".')
    if call not in CALLS:
        expected = f"one of {', '.join(sorted(CALLS))}"
        raise BadValue(fields.at("type"), call, expected, "Correct it.")
    if call not in ("track", "page"):
        return call
    properties = fields.inner("properties") or Fields({}, fields.at("properties"))
    name = _name(fields, call)
    kind = _page_type(name, properties) if call == "page" else _track_type(name, properties)
    if kind is None:
        return name or call
    anonymous = fields.raw("anonymousId") is not None
    visitor = "anonymousId" if anonymous else "userId"
    remedy = "Send anonymousId or userId, the same for the same visitor every time."
    event = UserEvent(
        event_id=_event_id(fields),
        type=kind,
        visitor_id=fields.identifier(visitor, remedy),
        time=_time(fields, batch, received),
        lines=_lines(properties),
        query=properties.text("query") if kind == "search" else None,
        user_id=None
        if fields.raw("userId") is None
        else fields.identifier("userId", "Leave it out if unknown."),
        recommendation_id=properties.text("attribution_token"),
        policy_id=properties.text("policy_id"),
        attributes=_attributes(properties, kind),
    )
    return completed(event, properties.at("product_id"), _NO_PRODUCT)


def _name(fields: Fields, call: str) -> str:
    if call == "track":
        return fields.required("event", 'Name what was done, as in "Product Added".')
    return fields.text("name") or ""


def _event_id(fields: Fields) -> str:
    if fields.raw("messageId") is None:
        return ""
    return fields.identifier("messageId", "Leave it out, or send its own.")


def _track_type(name: str, properties: Fields) -> EventType | None:
    kind = TYPES.get(name) or own_type(name)
    if name == "Product List Viewed" and not properties.inners("products"):
        return "category-page-view"
    return kind


def _page_type(name: str, properties: Fields) -> EventType | None:
    path = properties.text("path")
    if path is None and (url := properties.text("url")) is not None:
        try:
            path = urlsplit(url).path or "/"
        except ValueError:
            path = None
    return "home-page-view" if path == "/" or name.strip().lower() == "home" else None


def _time(fields: Fields, batch: Mapping[str, Any], received: datetime | None) -> datetime:
    for name in _TIMES:
        if fields.raw(name) is not None:
            return _checked(fields.raw(name), fields.at(name))
    around = Fields(batch, fields.path.rpartition(".")[0])
    if around.raw("sentAt") is not None:
        return _checked(around.raw("sentAt"), around.at("sentAt"))
    if received is not None:
        return received
    return _checked(None, fields.at("timestamp"))


def _checked(value: Any, field: str) -> datetime:
    return checked_time(parse_time(value, field), field, value)


def _attributes(properties: Fields, kind: EventType) -> dict[str, tuple[str, ...]]:
    found = attributes(
        {
            "uri": properties.text("url"),
            "referrerUri": properties.text("referrer"),
            "cartId": properties.text("cart_id"),
            "transactionId": properties.text("order_id"),
        }
    )
    category = properties.text("category")
    if category and kind in ("category-page-view", "impression"):
        found["pageCategories"] = (category,)
    return found


def _lines(properties: Fields) -> tuple[EventLine, ...]:
    products = properties.inners("products")
    if not products:
        there = any(properties.raw(name) is not None for name in ("product_id", "sku"))
        products = [properties] if there else []
    positions = [whole(product, "position", 0) for product in products]
    # Segment counts from 1; a list that has a 0 counts as we do.
    first = 0 if 0 in positions else 1
    shared, at = properties.raw("currency"), properties.at("currency")
    place = properties.text("list_id")
    return tuple(
        _line(product, None if position is None else position - first, shared, at, place)
        for product, position in zip(products, positions, strict=True)
    )


def _line(
    product: Fields, position: int | None, shared: Any, at: str, place: str | None
) -> EventLine:
    own = product.raw("currency")
    currency, at = (shared, at) if own is None else (own, product.at("currency"))
    known = "sku" if product.raw("product_id") is None else "product_id"
    known = known if product.raw(known) is not None else "product_id"
    quantity = whole(product, "quantity", 1)
    return EventLine(
        product_id=product.identifier(known, "Send the id that the catalogue has."),
        quantity=1 if quantity is None else quantity,
        price=price(product, "price", currency, at),
        position=position,
        placement=place,
    )
