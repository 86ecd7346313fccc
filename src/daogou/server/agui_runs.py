"""``POST /v1/agui``: a run of AG-UI, for its clients as they come.

The thread is a conversation; one that is not known is begun, and its greeting said first. Of the
history the last message is new, where it is the shopper's: the conversation itself is kept here.
Frontend tools, context and answers to interrupts have no use here and are left aside.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from daogou.assistant import Assistant, Edit, Page, Reply, State, state_to_json
from daogou.assistant.wishes import EDITABLE, LISTS, bare
from daogou.errors import Conflict, InvalidInput
from daogou.server.access import Caller, Door, caller_of
from daogou.server.agui import Run, Speak, stream
from daogou.server.agui_schemas import AguiMessage, AguiProps, RunBody
from daogou.server.config import ServerConfig
from daogou.server.conversation_schemas import MAX_MESSAGE, WishesBody
from daogou.server.conversations import cart_of, with_stream
from daogou.server.editing import edit_of
from daogou.server.errors import complaint
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.photos import photo_bytes
from daogou.server.schemas import speak
from daogou.store import Store
from daogou.text import detect_language

M = TypeVar("M", bound=BaseModel)


def agui_routes(
    assistant: Assistant,
    store: Store,
    config: ServerConfig,
    metrics: Metrics,
    door: Door,
) -> APIRouter:
    """The assistant as an agent of AG-UI."""
    router = APIRouter(prefix="/v1", tags=["conversations"])

    def begun(body: RunBody, props: AguiProps, text: str) -> Reply | None:
        """The greeting of a thread that is new; None where another request was first."""
        told = props.language_code or (detect_language(text) if text else None)
        with metrics.stage("conversation", "begin"):
            try:
                language = speak(told, config.language)
                return assistant.begin(props.visitor_id, language, body.thread_id)
            except Conflict:
                return None

    def answer(
        thread_id: str, said: tuple[str, bytes | None] | None, page: Page, hear: Any
    ) -> Reply:
        with metrics.stage("conversation", "engine"):
            if said is not None:
                return assistant.say(thread_id, said[0], hear, page, said[1])
            return assistant.edit(thread_id, page.wishes or Edit(), page=replace(page, wishes=None))

    @router.post(
        "/agui",
        summary="Run the assistant as an agent of AG-UI",
        description="Takes `RunAgentInput` of AG-UI 1.0 and answers with its events.",
        responses=with_stream(answers(None)),
    )
    async def run(
        body: RunBody, caller: Annotated[Caller, Depends(caller_of)]
    ) -> StreamingResponse:
        door.message(caller, body.thread_id)
        props = _read(AguiProps, body.forwarded_props, "forwardedProps")
        last = body.messages[-1] if body.messages else None
        said = _said(last) if last is not None and last.role == "user" else None
        found = await run_in_threadpool(store.conversation, body.thread_id)
        known = state_to_json(State()) if found is None else found.state
        wishes = _changed(body.state, known, None if found is None else found.turns)
        if said is None and wishes is None and found is not None:
            raise InvalidInput(
                "the last of messages is not the shopper's, and nothing in state has changed;"
                " expected a message with the role user at the end.",
                field="messages",
            )
        greeting = None
        if found is None:
            door.speak_for(caller, props.visitor_id)
            greeting = await run_in_threadpool(begun, body, props, said[0] if said else "")
        page = Page(
            language=speak(props.language_code, "") or None if props.language_code else None,
            product_id=props.product_id,
            cart=cart_of(props.cart),
            wishes=wishes,
        )
        spoken: Speak = partial(answer, body.thread_id, said, page)
        first = greeting.text if greeting else ""
        if greeting is not None and said is None and wishes is None:
            first, spoken = "", lambda _: greeting
        named = Run(body.thread_id, body.run_id, first, numbered=True)
        return stream(named, spoken, lambda _: None)

    return router


def _said(message: AguiMessage) -> tuple[str, bytes | None]:
    """Text and photo of a message; parts that cannot be used are left aside, as AG-UI has it."""
    content = message.content
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts: list[str] = []
    image: bytes | None = None
    for part in parts:
        told = part if isinstance(part, Mapping) else {}
        source = told.get("source")
        if told.get("type") == "text" and isinstance(told.get("text"), str):
            texts.append(told["text"])
        elif image is None and told.get("type") == "image" and isinstance(source, Mapping):
            image = _photo(source)
    text = "\n".join(texts)
    if len(text) > MAX_MESSAGE:
        raise InvalidInput(
            f"the last message has {len(text):,} characters; expected {MAX_MESSAGE:,} at most.",
            field="messages",
        )
    return text, image


def _photo(source: Mapping[str, Any]) -> bytes | None:
    value = source.get("value")
    if source.get("type") != "data" or not isinstance(value, str):
        return None
    try:
        return photo_bytes(value, "messages")
    except InvalidInput:
        return None


def _changed(state: Any, known: Mapping[str, Any], turns: int | None) -> Edit | None:
    """What a page has set in the state that it sends back; None for nothing, and in an old one."""
    if not isinstance(state, Mapping):
        return None
    if "turnId" in state and state["turnId"] != turns:
        return None
    told: dict[str, Any] = {}
    for name in EDITABLE:
        if name not in state:
            continue
        value, own = state[name], known[name]
        if name == "budget" and isinstance(value, Mapping):
            value = {k: v for k, v in value.items() if k not in own or v != own[k]}
            own = {}
        if (_bare(value) != _bare(own)) if name in LISTS else (value or None) != (own or None):
            told[name] = value
    return edit_of(_read(WishesBody, told, "state")) if told else None


def _bare(wishes: Any) -> Any:
    """Wishes without what is made of them here."""
    if not isinstance(wishes, list):
        return wishes or []
    return [bare(wish) for wish in wishes if isinstance(wish, Mapping)]


def _read(shape: type[M], told: Any, field: str) -> M:
    """A part of the input that the protocol leaves open, by our own shape."""
    if not isinstance(told, Mapping):
        return shape()
    try:
        return shape.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        names = sorted({f.alias or n for n, f in shape.model_fields.items()})
        found = complaint({**first, "loc": ("body", field, *first["loc"])}, names)
        raise InvalidInput(found["message"], field=found["field"]) from error
