"""A turn as AG-UI events (protocol 1.0, https://docs.ag-ui.com/spec/1.0) over server-sent events.

A run is a turn, a thread a conversation::

    RUN_STARTED
    TEXT_MESSAGE_START, _CONTENT (each piece as it is ready), _END
    TOOL_CALL_START, _ARGS, _END, _RESULT for everything that was done
    CUSTOM products, quickReplies, comparison, citations, wishes, cart: those that there are
    STATE_DELTA or STATE_SNAPSHOT
    RUN_FINISHED with the whole answer as its result, or RUN_ERROR
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from daogou.assistant import Call, Reply, reply_to_json
from daogou.errors import DaogouError
from daogou.server.errors import UNEXPECTED, answer_for, error_body

log = logging.getLogger("daogou.server")

PROTOCOL: Final = "1.0"
MEDIA_TYPE: Final = "text/event-stream"
KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which a comment is sent, so that no proxy takes the stream for dead."""
PARTS: Final = ("products", "quickReplies", "comparison", "citations", "wishes", "cart")
"""Of an answer, what is also sent as an event of its own."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Event = dict[str, Any]
Speak = Callable[[Callable[[str], None]], Reply]
"""Answers a message, and has each piece of the text heard."""
Before = Callable[[Reply], Mapping[str, Any] | None]
"""The state that the client has, where it is the one that the reply was made from."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run is called and what comes before its answer.

    Attributes
    ----------
    thread_id, run_id
        As its events have them.
    greeting
        Said first, as a message of its own; empty where the conversation is under way.
    numbered
        Whether the state in a snapshot has the number of its turn, ``turnId``, so that whoever
        sends it back can be told from who sends an older one.
    """

    thread_id: str
    run_id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    greeting: str = ""
    numbered: bool = False


def stream(named: Run, speak: Speak, before: Before) -> StreamingResponse:
    """The response that tells a turn while it is made."""
    return StreamingResponse(_lines(named, speak, before), media_type=MEDIA_TYPE, headers=HEADERS)


async def _lines(named: Run, speak: Speak, before: Before) -> AsyncIterator[bytes]:
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def hear(piece: str | None) -> None:
        # The loop is gone where the server stops under a turn, which is written all the same.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    def work() -> tuple[Reply, Mapping[str, Any] | None]:
        try:
            reply = speak(hear)
            return reply, before(reply)
        finally:
            hear(None)

    # A task of its own: a client that goes away ends the stream, not the turn.
    turn = asyncio.ensure_future(run_in_threadpool(work))
    turn.add_done_callback(_seen)
    run = _Events(named)
    for event in run.started():
        yield _line(event)
    while True:
        try:
            piece = await asyncio.wait_for(pieces.get(), KEEP_ALIVE)
        except TimeoutError:
            yield b": keep-alive\n\n"
            continue
        if piece is None:
            break
        for event in run.said(piece):
            yield _line(event)
    try:
        reply, known = await asyncio.shield(turn)
        for event in run.finished(reply, known):
            yield _line(event)
    except DaogouError as error:
        yield _line(run.failed(error))
    except Exception:
        log.exception("a turn of conversation %s failed", named.thread_id)
        yield _line(run.failed(None))


def _seen(turn: "asyncio.Future[Any]") -> None:
    """Take note of an exception that nobody waits for any more."""
    if not turn.cancelled():
        turn.exception()


def _line(event: Event) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


class _Events:
    """The events of a run, in an order that the protocol allows."""

    def __init__(self, named: Run) -> None:
        self.named = named
        self.message_id = f"{named.run_id}-message"
        self.speaking = False

    @property
    def ids(self) -> Event:
        return {"threadId": self.named.thread_id, "runId": self.named.run_id}

    def started(self) -> Iterator[Event]:
        yield {"type": "RUN_STARTED", **self.ids, "protocolVersion": PROTOCOL}
        if self.named.greeting:
            message = {"messageId": f"{self.named.run_id}-greeting"}
            yield {"type": "TEXT_MESSAGE_START", **message, "role": "assistant"}
            yield {"type": "TEXT_MESSAGE_CONTENT", **message, "delta": self.named.greeting}
            yield {"type": "TEXT_MESSAGE_END", **message}

    def said(self, piece: str) -> Iterator[Event]:
        message = {"messageId": self.message_id}
        if not self.speaking:
            self.speaking = True
            yield {"type": "TEXT_MESSAGE_START", **message, "role": "assistant"}
        yield {"type": "TEXT_MESSAGE_CONTENT", **message, "delta": piece}

    def finished(self, reply: Reply, known: Mapping[str, Any] | None) -> Iterator[Event]:
        told = reply_to_json(reply)
        if not self.speaking:
            yield from self.said(reply.text)
        yield {"type": "TEXT_MESSAGE_END", "messageId": self.message_id}
        for number, call in enumerate(reply.calls, 1):
            yield from self._called(call, f"{self.named.run_id}-{number}")
        for name in PARTS:
            if told[name]:
                yield {"type": "CUSTOM", "name": name, "value": told[name]}
        if known is None:
            numbered = {"turnId": reply.turn} if self.named.numbered else {}
            yield {"type": "STATE_SNAPSHOT", "snapshot": {**told["state"], **numbered}}
        else:
            yield {"type": "STATE_DELTA", "delta": patch(known, told["state"])}
        yield {"type": "RUN_FINISHED", **self.ids, "result": told}

    def failed(self, error: DaogouError | None) -> Event:
        told = error_body(500, UNEXPECTED)
        if error is not None:
            told = orjson.loads(bytes(answer_for(error).body))
        return {
            "type": "RUN_ERROR",
            "message": told["error"]["message"],
            "code": told["error"]["status"],
        }

    def _called(self, call: Call, call_id: str) -> Iterator[Event]:
        named = {"toolCallId": call_id}
        yield {
            "type": "TOOL_CALL_START",
            **named,
            "toolCallName": call.name,
            "parentMessageId": self.message_id,
        }
        yield {"type": "TOOL_CALL_ARGS", **named, "delta": orjson.dumps(call.asked).decode()}
        yield {"type": "TOOL_CALL_END", **named}
        yield {
            "type": "TOOL_CALL_RESULT",
            **named,
            "messageId": f"{call_id}-result",
            "content": orjson.dumps(call.found).decode(),
        }


def patch(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[Event]:
    """The JSON patch (RFC 6902) that makes ``new`` of ``old``; a list is replaced as a whole."""
    gone = sorted(old.keys() - new.keys())
    steps: list[Event] = [{"op": "remove", "path": f"{path}/{_escaped(key)}"} for key in gone]
    for key, value in new.items():
        place = f"{path}/{_escaped(key)}"
        before = old.get(key)
        if key not in old:
            steps.append({"op": "add", "path": place, "value": value})
        elif isinstance(before, Mapping) and isinstance(value, Mapping):
            steps.extend(patch(before, value, place))
        elif before != value:
            steps.append({"op": "replace", "path": place, "value": value})
    return steps


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
