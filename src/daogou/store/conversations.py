"""Conversations with the assistant in SQL, within the caller's transaction.

What a state and a reply mean is the assistant's; here they are JSON. A turn is written only
behind the one that it was made from, so that of two messages at once none is lost: the second
finds the first one there, and is answered again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

import orjson
import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.store import tables
from daogou.store.documents import dump, micros, moment, storable

_C: Final = tables.conversations.c
_T: Final = tables.turns.c
Json = Mapping[str, Any]
Rating = Literal["up", "down"]
RATINGS: Final[tuple[Rating, ...]] = get_args(Rating)


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation as it stands: whose it is, how many turns it has, its state as JSON."""

    id: str
    visitor_id: str | None
    created: datetime
    updated: datetime
    turns: int
    state: Json


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a shopper thinks of an answer, in a thumb and, perhaps, in words."""

    rating: Rating
    comment: str | None
    created: datetime


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """What was said and what was answered; the first turn's text is empty: a greeting."""

    number: int
    created: datetime
    text: str
    reply: Json
    feedback: Feedback | None = None


def add(
    connection: sa.Connection,
    conversation_id: str,
    visitor_id: str | None,
    state: Json,
    now: datetime,
) -> None:
    """Add a conversation without a turn.

    Raises
    ------
    InvalidInput
        The id of the visitor cannot be stored.
    """
    if visitor_id is not None and not storable(visitor_id):
        raise InvalidInput(
            "visitorId has a character that no database stores; send printable ones.",
            field="visitorId",
        )
    row = {
        "id": conversation_id,
        "visitor_id": visitor_id,
        "created": micros(now),
        "updated": micros(now),
        "turns": 0,
        "state": dump(state, f"Conversation {conversation_id}"),
    }
    connection.execute(sa.insert(tables.conversations), row)


def get(connection: sa.Connection, conversation_id: str) -> StoredConversation | None:
    """The conversation with this id, or None."""
    if not storable(conversation_id):
        return None
    found = connection.execute(sa.select(tables.conversations).where(_C.id == conversation_id))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return StoredConversation(
        id=row["id"],
        visitor_id=row["visitor_id"],
        created=moment(row["created"]),
        updated=moment(row["updated"]),
        turns=row["turns"],
        state=orjson.loads(row["state"]),
    )


def append_turn(
    connection: sa.Connection, conversation_id: str, turn: StoredTurn, state: Json
) -> bool:
    """Write a turn and the state after it; whether it could be.

    It cannot where the conversation has another number of turns than those before this one:
    somebody else's message came first, or it was deleted.
    """
    grown = connection.execute(
        sa.update(tables.conversations)
        .where(_C.id == conversation_id, _C.turns == turn.number - 1)
        .values(
            turns=turn.number,
            updated=micros(turn.created),
            state=dump(state, f"Conversation {conversation_id}"),
        )
    )
    if not grown.rowcount:
        return False
    row = {
        "conversation_id": conversation_id,
        "number": turn.number,
        "created": micros(turn.created),
        "text": turn.text,
        "reply": dump(turn.reply, f"Turn {turn.number}"),
    }
    connection.execute(sa.insert(tables.turns), row)
    return True


def turns(connection: sa.Connection, conversation_id: str, limit: int) -> list[StoredTurn]:
    """The newest turns of a conversation, oldest first."""
    if not storable(conversation_id):
        return []
    newest = (
        sa.select(tables.turns)
        .where(_T.conversation_id == conversation_id)
        .order_by(_T.number.desc())
        .limit(limit)
    )
    rows = connection.execute(newest).mappings().all()
    return [
        StoredTurn(
            row["number"],
            moment(row["created"]),
            row["text"],
            orjson.loads(row["reply"]),
            Feedback(row["rating"], row["comment"], moment(row["rated"]))
            if row["rating"]
            else None,
        )
        for row in reversed(rows)
    ]


def rate(connection: sa.Connection, conversation_id: str, number: int, feedback: Feedback) -> bool:
    """Write what a shopper thinks of a turn over what was thought before; whether there is one.

    Raises
    ------
    InvalidInput
        The rating is none, or the comment cannot be stored.
    """
    if feedback.rating not in RATINGS:
        raise InvalidInput(
            f"rating is {feedback.rating!r}; expected 'up' or 'down'.", field="rating"
        )
    if feedback.comment is not None and not storable(feedback.comment):
        raise InvalidInput(
            "comment has a character that no database stores; send printable ones.",
            field="comment",
        )
    if not storable(conversation_id):
        return False
    rated = connection.execute(
        sa.update(tables.turns)
        .where(_T.conversation_id == conversation_id, _T.number == number)
        .values(rating=feedback.rating, comment=feedback.comment, rated=micros(feedback.created))
    )
    return bool(rated.rowcount)


def delete(connection: sa.Connection, conversation_id: str) -> bool:
    """Delete a conversation with its turns; whether there was one."""
    if not storable(conversation_id):
        return False
    gone = connection.execute(sa.delete(tables.conversations).where(_C.id == conversation_id))
    return bool(gone.rowcount)


def delete_of_visitor(connection: sa.Connection, visitor_id: str) -> int:
    """Delete all conversations of a visitor; returns how many there were."""
    if not storable(visitor_id):
        return 0
    gone = connection.execute(sa.delete(tables.conversations).where(_C.visitor_id == visitor_id))
    return int(gone.rowcount)
