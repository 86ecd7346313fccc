"""``/v1/conversations``: talking with the assistant, what it remembers, and what was thought."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from daogou.assistant import (
    Assistant,
    CartLine,
    KnownWish,
    Page,
    Reply,
    reply_to_json,
    state_from_json,
)
from daogou.assistant.reply import cart_to_json, wishes_to_json
from daogou.errors import InvalidInput, NotFound
from daogou.server.access import Caller, Door, caller_of
from daogou.server.agui import MEDIA_TYPE, Run, stream
from daogou.server.answers import json_response
from daogou.server.config import ServerConfig
from daogou.server.conversation_schemas import (
    MAX_TURN,
    CartLineIn,
    ConversationAnswer,
    ConversationBody,
    EditBody,
    FeedbackAnswer,
    FeedbackBody,
    ImpressionsAnswer,
    ImpressionsBody,
    MessageBody,
    ReplyAnswer,
)
from daogou.server.editing import edit_of
from daogou.server.errors import shown
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.photos import photo_bytes
from daogou.server.schemas import MAX_ID, DeletedAnswer, LanguageCode, speak
from daogou.store import Feedback, Store, StoredConversation, StoredTurn

MOST_TURNS: Final = 1000
TURNS: Final = 100
ConversationId = Annotated[
    str, Path(min_length=1, max_length=MAX_ID, examples=["4dQm1zXw0hJtVYkB"])
]
TurnId = Annotated[int, Path(ge=1, le=MAX_TURN, examples=[2])]
STREAMED: Final[dict[str, Any]] = {
    MEDIA_TYPE: {
        "schema": {
            # Before OpenAPI 3.2 the schema of a stream is that of each of its events.
            "type": "object",
            "description": "Server-sent events; the data of each is an AG-UI event.",
            "properties": {"data": {"type": "string", "contentMediaType": "application/json"}},
            "required": ["data"],
        }
    }
}


def conversation_routes(
    assistant: Assistant,
    store: Store,
    config: ServerConfig,
    metrics: Metrics,
    door: Door,
) -> APIRouter:
    """The shopper's side of the assistant."""
    router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
    stage = partial(metrics.stage, "conversation")

    async def limit(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> None:
        door.message(caller, request.path_params.get("conversation_id"))

    limited = [Depends(limit)]

    def answer(conversation_id: str, text: str, page: Page, image: bytes | None) -> Response:
        with metrics.stage("conversation", "engine"):
            reply = assistant.say(conversation_id, text, page=page, image=image, stage=stage)
        with metrics.stage("conversation", "answer"):
            return json_response(reply_to_json(reply))

    def say(conversation_id: str, text: str, page: Page, image: bytes | None, hear: Any) -> Reply:
        with metrics.stage("conversation", "engine"):
            return assistant.say(conversation_id, text, hear, page, image, stage)

    @router.post(
        "",
        summary="Begin a conversation",
        description="Answered with the greeting, which says that it is an automated assistant.",
        responses=answers(ReplyAnswer),
        dependencies=limited,
    )
    def begin(body: ConversationBody, caller: Annotated[Caller, Depends(caller_of)]) -> Response:
        door.speak_for(caller, body.visitor_id)
        language = speak(body.language_code, config.language)
        with metrics.stage("conversation", "begin"):
            reply = assistant.begin(body.visitor_id, language)
        return json_response(reply_to_json(reply))

    @router.post(
        "/{conversation_id}/messages",
        summary="Say something to the assistant",
        description="The whole answer as JSON; with `Accept: text/event-stream` as AG-UI events"
        " while it is made, whose `RUN_FINISHED` has the same as its `result`. Of two messages at"
        " once the second is answered after the first. A client that goes away loses nothing: the"
        " turn is finished and kept.",
        responses=with_stream(answers(ReplyAnswer)),
        dependencies=limited,
    )
    async def message(
        conversation_id: ConversationId, body: MessageBody, request: Request
    ) -> Response:
        text, page = _message_of(body), _page_of(body)
        image = photo_bytes(body.image, "image") if body.image is not None else None
        if not _wants_stream(request):
            return await run_in_threadpool(answer, conversation_id, text, page, image)
        # What is refused before the run begins is an HTTP error, and no stream.
        await run_in_threadpool(_conversation, store, conversation_id)
        before = partial(_state_before, store, body.last_turn_id)
        spoken = partial(say, conversation_id, text, page, image)
        return stream(Run(conversation_id), spoken, before)

    @router.patch(
        "/{conversation_id}",
        summary="Set the wishes of a conversation",
        description="What is left out stays, null forgets. It is a turn of the conversation, and"
        " answered like one: with what fits the wishes now. Repeating it changes nothing more.",
        responses=answers(ReplyAnswer),
        dependencies=limited,
    )
    def edit(conversation_id: ConversationId, body: EditBody) -> Response:
        language = body.language_code and speak(body.language_code, "")
        page = Page(language=language or None, label=body.label)
        with metrics.stage("conversation", "engine"):
            reply = assistant.edit(
                conversation_id, edit_of(body), after=body.last_turn_id, page=page
            )
        with metrics.stage("conversation", "answer"):
            return json_response(reply_to_json(reply))

    @router.get(
        "/{conversation_id}",
        summary="Get a conversation",
        responses=answers(ConversationAnswer),
    )
    def get_conversation(
        conversation_id: ConversationId,
        page_size: Annotated[
            int,
            Query(
                alias="pageSize",
                ge=0,
                le=MOST_TURNS,
                description="How many turns, the newest; 0 means 100.",
            ),
        ] = TURNS,
        language_code: Annotated[
            LanguageCode, Query(alias="languageCode", description="Of the `wishes`.")
        ] = None,
    ) -> Response:
        found = _conversation(store, conversation_id)
        turns = store.turns(conversation_id, page_size or TURNS)
        known = assistant.wishes(conversation_id, language_code and speak(language_code, ""))
        return json_response(_told(found, turns, known))

    @router.delete(
        "/{conversation_id}",
        summary="Delete a conversation",
        description="With all its turns and what was thought of them.",
        responses=answers(DeletedAnswer),
    )
    def delete_conversation(conversation_id: ConversationId) -> Response:
        if not assistant.forget(conversation_id):
            raise _missing(conversation_id)
        return json_response({"deleted": 1})

    @router.post(
        "/{conversation_id}/turns/{turn_id}/feedback",
        summary="Say what an answer was worth",
        description="Kept with the turn, instead of what was said of it before.",
        responses=answers(FeedbackAnswer),
        dependencies=limited,
    )
    def rate(conversation_id: ConversationId, turn_id: TurnId, body: FeedbackBody) -> Response:
        feedback = store.rate_turn(conversation_id, turn_id, body.rating, body.comment)
        if feedback is None:
            _conversation(store, conversation_id)
            raise NotFound(f"Conversation {shown(conversation_id)} has no turn {turn_id}.")
        return json_response(
            {
                "conversationId": conversation_id,
                "turnId": turn_id,
                "feedback": _feedback(feedback),
            }
        )

    @router.post(
        "/{conversation_id}/turns/{turn_id}/impressions",
        summary="Say which products of an answer were on the screen",
        description="Logged as events `impression`, with the place and the list that each came"
        " from; once, however often it is said.",
        responses=answers(ImpressionsAnswer),
    )
    def seen(conversation_id: ConversationId, turn_id: TurnId, body: ImpressionsBody) -> Response:
        accepted = assistant.seen(conversation_id, turn_id, body.product_ids)
        metrics.events.labels("accepted").inc(accepted)
        return json_response({"accepted": accepted})

    return router


def with_stream(responses: dict[int | str, Any]) -> dict[int | str, Any]:
    """The responses of a route that can also answer with events."""
    return {**responses, 200: {**responses[200], "content": STREAMED}}


def _message_of(body: MessageBody) -> str:
    said = "text" if body.text is not None else "image" if body.image is not None else ""
    if bool(said) == (body.payload is not None):
        found = f"both {said} and payload" if said else "neither text nor payload nor image"
        raise InvalidInput(
            f"the body has {found}; send a text, a photo (image), both of these, or the payload of"
            " a quick reply.",
            field="text",
        )
    return body.text or body.payload or ""


def _page_of(body: MessageBody) -> Page:
    return Page(
        language=body.language_code and speak(body.language_code, ""),
        product_id=body.product_id,
        cart=cart_of(body.cart),
        label=body.label,
    )


def cart_of(lines: Sequence[CartLineIn] | None) -> tuple[CartLine, ...] | None:
    """A page's cart, None where it tells of none."""
    if lines is None:
        return None
    return tuple(CartLine(line.id, line.variant_id, line.quantity) for line in lines)


def _wants_stream(request: Request) -> bool:
    accepted = request.headers.get("accept", "").split(",")
    return MEDIA_TYPE in (media.partition(";")[0].strip().lower() for media in accepted)


def _conversation(store: Store, conversation_id: str) -> StoredConversation:
    found = store.conversation(conversation_id)
    if found is None:
        raise _missing(conversation_id)
    return found


def _state_before(store: Store, last_turn_id: int | None, reply: Reply) -> Mapping[str, Any] | None:
    """The state that a reply was made from, where the client says that it has that one."""
    if last_turn_id != reply.turn - 1:
        return None
    for turn in store.turns(reply.conversation_id, limit=2):
        if turn.number == last_turn_id:
            state: Mapping[str, Any] = turn.reply["state"]
            return state
    return None


def _told(
    found: StoredConversation, turns: list[StoredTurn], known: Sequence[KnownWish]
) -> dict[str, Any]:
    return {
        "conversationId": found.id,
        "visitorId": found.visitor_id,
        "createTime": _time(found.created),
        "updateTime": _time(found.updated),
        "turnCount": found.turns,
        "cart": cart_to_json(state_from_json(found.state).cart),
        "state": found.state,
        "wishes": wishes_to_json(known),
        "turns": [_turn(turn) for turn in turns],
    }


def _turn(turn: StoredTurn) -> dict[str, Any]:
    return {
        "turnId": turn.number,
        "createTime": _time(turn.created),
        "text": turn.text,
        "reply": {key: value for key, value in turn.reply.items() if key != "state"},
        "feedback": None if turn.feedback is None else _feedback(turn.feedback),
    }


def _feedback(feedback: Feedback) -> dict[str, Any]:
    return {
        "rating": feedback.rating,
        "comment": feedback.comment,
        "createTime": _time(feedback.created),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _missing(conversation_id: str) -> NotFound:
    return NotFound(
        f"There is no conversation {shown(conversation_id)}: it was deleted, or never begun."
        " POST /v1/conversations begins one."
    )
