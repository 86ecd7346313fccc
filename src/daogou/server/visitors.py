"""``/v1/events`` and ``/v1/visitors``: what shoppers did, and their right to see and erase it."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from daogou.feeds.codec import event_from_json, event_to_json
from daogou.server.access import Caller, Door, caller_of
from daogou.server.answers import json_response, products_by_id
from daogou.server.bodies import json_body, read_batch
from daogou.server.config import ServerConfig
from daogou.server.metrics import Metrics
from daogou.server.openapi import EVENT_EXAMPLE, answers, one_or_many
from daogou.server.schemas import (
    MAX_ID,
    DeletedAnswer,
    EventsAnswer,
    LanguageCode,
    VisitorEvents,
    speak,
)
from daogou.store import Store

VisitorId = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["visitor-1"])]


def visitor_routes(store: Store, config: ServerConfig, metrics: Metrics, door: Door) -> APIRouter:
    """Events in; a visitor's own events out, or away."""
    router = APIRouter(prefix="/v1", tags=["visitors"])

    @router.post(
        "/events",
        summary="Record one event or many",
        description="The good ones are stored, on disk when the answer arrives; the bad ones are"
        " reported one by one. An event without `eventTime` happened now. An `eventId` that is"
        " known already changes nothing.",
        responses=answers(EventsAnswer),
        openapi_extra=one_or_many("userEvents", EVENT_EXAMPLE),
    )
    def post_events(body: Annotated[Any, Depends(json_body)]) -> Response:
        with metrics.stage("events", "decode"):
            read = partial(event_from_json, received=datetime.now(UTC))
            batch = read_batch(body, "userEvents", read, config.max_items)
        with metrics.stage("events", "store"):
            appended = batch.write(store.append_events)
        accepted = sum(part.accepted for part in appended)
        duplicates = sum(part.duplicates for part in appended)
        metrics.events.labels("accepted").inc(accepted)
        metrics.events.labels("duplicate").inc(duplicates)
        metrics.events.labels("refused").inc(len(batch.errors))
        return json_response(
            {"accepted": accepted, "duplicates": duplicates, "errors": batch.errors}
        )

    @router.get(
        "/visitors/{visitor_id:path}/events",
        summary="What the shop knows about a visitor",
        responses=answers(VisitorEvents),
    )
    def get_events(
        visitor_id: VisitorId,
        caller: Annotated[Caller, Depends(caller_of)],
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        language_code: Annotated[LanguageCode, Query(alias="languageCode")] = None,
    ) -> Response:
        door.own(caller, visitor_id)
        events = store.visitor_events(visitor_id, limit=limit)[::-1]
        named = {line.product_id for event in events for line in event.lines}
        language = speak(language_code, config.language)
        return json_response(
            {
                "userEvents": [event_to_json(event) for event in events],
                "products": products_by_id(store.products(named), language),
            }
        )

    @router.delete(
        "/visitors/{visitor_id:path}",
        summary="Erase a visitor",
        description="Every event and conversation of the visitor is deleted. The next answer"
        " knows nothing of them; the trained model forgets them when it is trained next.",
        responses=answers(DeletedAnswer),
    )
    def delete_visitor(
        visitor_id: VisitorId, caller: Annotated[Caller, Depends(caller_of)]
    ) -> Response:
        door.own(caller, visitor_id, erase=True)
        return json_response({"deleted": store.delete_visitor(visitor_id)})

    return router
