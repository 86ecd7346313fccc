"""``/v1/visitors``: what the shop knows of a visitor, and the right to see and erase it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from daogou.feeds.codec import event_to_json
from daogou.server.access import Caller, Door, caller_of
from daogou.server.answers import json_response, products_by_id
from daogou.server.config import ServerConfig
from daogou.server.openapi import answers
from daogou.server.schemas import (
    MAX_ID,
    DeletedAnswer,
    LanguageCode,
    VisitorEvents,
    speak,
)
from daogou.store import Store

VisitorId = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["visitor-1"])]


def visitor_routes(store: Store, config: ServerConfig, door: Door) -> APIRouter:
    """A visitor's own events out, or away."""
    router = APIRouter(prefix="/v1", tags=["visitors"])

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
