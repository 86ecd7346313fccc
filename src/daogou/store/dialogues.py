"""The part of the store that keeps conversations."""

from datetime import UTC, datetime

from daogou.store import conversations
from daogou.store.conversations import Feedback, Json, Rating, StoredConversation, StoredTurn
from daogou.store.database import Database


class DialogueStore:
    """Conversations with the assistant, each method one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_conversation(
        self,
        conversation_id: str,
        visitor_id: str | None,
        state: Json,
        greeting: StoredTurn | None = None,
    ) -> None:
        """Add a conversation, with its first turn or none yet.

        Raises
        ------
        InvalidInput
            The id of the visitor cannot be stored.
        """
        with self._database.write() as connection:
            conversations.add(connection, conversation_id, visitor_id, state, datetime.now(UTC))
            if greeting is not None:
                conversations.append_turn(connection, conversation_id, greeting, state)

    def conversation(self, conversation_id: str) -> StoredConversation | None:
        """The conversation with this id, or None."""
        with self._database.read() as connection:
            return conversations.get(connection, conversation_id)

    def append_turn(self, conversation_id: str, turn: StoredTurn, state: Json) -> bool:
        """Write a turn and the state after it, behind the turns that it was made from.

        Returns False, and writes nothing, where the conversation has gone on or is gone.
        """
        with self._database.write() as connection:
            return conversations.append_turn(connection, conversation_id, turn, state)

    def turns(self, conversation_id: str, limit: int = 1000) -> list[StoredTurn]:
        """The newest turns of a conversation, oldest first."""
        with self._database.read() as connection:
            return conversations.turns(connection, conversation_id, limit)

    def conversation_ids(self, limit: int = 1000) -> list[str]:
        """The conversations that were gone on with last, newest first."""
        with self._database.read() as connection:
            return conversations.ids(connection, limit)

    def delete_conversation(self, conversation_id: str) -> bool:
        """Delete a conversation with its turns; whether there was one."""
        with self._database.write() as connection:
            return conversations.delete(connection, conversation_id)

    def rate_turn(
        self, conversation_id: str, number: int, rating: Rating, comment: str | None = None
    ) -> Feedback | None:
        """Keep what a shopper thinks of an answer, instead of what was thought before.

        Returns None where there is no such turn.

        Raises
        ------
        InvalidInput
            The rating is none, or the comment cannot be stored.
        """
        feedback = Feedback(rating, comment, datetime.now(UTC))
        with self._database.write() as connection:
            rated = conversations.rate(connection, conversation_id, number, feedback)
        return feedback if rated else None
