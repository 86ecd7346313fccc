"""``POST /v1/events``: what shoppers do, on the disk before it is answered."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from daogou.errors import BadValue, InvalidInput
from daogou.feeds.codec import SentEvent, sent_events
from daogou.server.answers import json_response
from daogou.server.bodies import Batch, items_of, parsed, read_items
from daogou.server.config import ServerConfig
from daogou.server.errors import shown
from daogou.server.metrics import Metrics
from daogou.server.openapi import EVENT_EXAMPLE, answers, one_or_many
from daogou.server.schemas import EventsAnswer
from daogou.store import EventWriter
from daogou.store.eventlog import EventRow
from daogou.types import UserEvent

_KEY: Final = "userEvents"
_AT_ONCE: Final = 8 * 1024
"""Bytes that are read where they arrive; more would keep other requests waiting."""
_NAME: Final = 80  # characters of an ignored event's name that are told


def event_routes(writer: EventWriter, config: ServerConfig, metrics: Metrics) -> APIRouter:
    """Events in."""
    router = APIRouter(prefix="/v1", tags=["visitors"])
    metrics.watch_events(writer)

    @router.post(
        "/events",
        summary="Record one event or many",
        description="Of Google Retail, or as GA4's Measurement Protocol and Segment have them. The"
        " good ones are stored, on disk when the answer arrives; the bad ones are reported one by"
        " one. An event without a time happened now. An `eventId` that is known already changes"
        " nothing. 429 where more waits to be written than the server holds.",
        responses=answers(EventsAnswer),
        openapi_extra=one_or_many(_KEY, EVENT_EXAMPLE),
    )
    async def post_events(request: Request) -> Response:
        with writer.admit() as room:
            raw = bytearray()
            room.grow_to(_length(request))
            async for chunk in request.stream():
                raw += chunk
                room.grow_to(len(raw))
            ignored: Counter[str] = Counter()
            with metrics.stage("events", "decode"):
                read = partial(_read, bytes(raw), config.max_items, ignored)
                batch = read() if len(raw) <= _AT_ONCE else await run_in_threadpool(read)
            accepted = duplicates = 0
            if batch.good:
                with metrics.stage("events", "store"):
                    waiting = writer.append([row for _, row in batch.good])
                    appended = await asyncio.wrap_future(waiting)
                accepted, duplicates = appended.accepted, appended.duplicates
        counts = {
            "accepted": accepted,
            "duplicate": duplicates,
            "refused": len(batch.errors),
            "ignored": ignored.total(),
        }
        for outcome, count in counts.items():
            metrics.events.labels(outcome).inc(count)
        answer: dict[str, Any] = {
            "accepted": accepted,
            "duplicates": duplicates,
            "errors": batch.errors,
        }
        if ignored:
            answer["ignored"] = dict(ignored)
        return json_response(answer)

    return router


def _length(request: Request) -> int:
    """What the head says of the body's length; the gate has refused those that are too long."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isdecimal() else 0


def _read(raw: bytes, limit: int, ignored: Counter[str]) -> Batch[EventRow]:
    """The events of a body as rows."""
    received = datetime.now(UTC)

    def row(sent: SentEvent | BadValue) -> EventRow | None:
        if isinstance(sent, BadValue):
            raise sent
        if sent.format == "retail" and not isinstance(sent.data, dict):
            raise InvalidInput(f"found {shown(sent.data)}; expected an object.")
        event = sent.read(received)
        if isinstance(event, UserEvent):
            return EventWriter.row(event)
        ignored[event[:_NAME]] += 1
        return None

    found = read_items(_sent(parsed(raw)), _KEY, row, limit)
    good = [(index, item) for index, item in found.good if item is not None]
    return Batch(_KEY, good, found.errors)


def _sent(body: object) -> list[SentEvent | BadValue]:
    """The events of a body, each as whoever sent it words it; for a payload of none, why."""
    items = items_of(body, _KEY)
    alone = items and items[0] is body
    found: list[SentEvent | BadValue] = []
    for number, item in enumerate(items):
        try:
            found.extend(sent_events(item, "" if alone else f"[{number}]"))
        except BadValue as error:
            found.append(error)
    return found
