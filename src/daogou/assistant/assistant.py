"""The assistant: conversations over an engine and a store, a message at a time."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from daogou.assistant.config import AssistantConfig
from daogou.assistant.deciding import decide
from daogou.assistant.gate import Gate
from daogou.assistant.guessing import Guesser
from daogou.assistant.knowledge import Knowledge, NoKnowledge
from daogou.assistant.noting import events_of
from daogou.assistant.page import NOWHERE, Page
from daogou.assistant.photos import find_by_photo
from daogou.assistant.reply import QuickReply, Reply, reply_to_json
from daogou.assistant.state import State, state_from_json, state_to_json
from daogou.assistant.suggesting import QUESTIONS, questions_about
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import language_of, understand
from daogou.engine import Engine
from daogou.errors import InvalidInput, NotFound
from daogou.store import Store, StoredConversation, StoredTurn
from daogou.text import clean

LOCKS: Final = 64
"""Of conversations that are answered at once; two that share one wait for each other."""
ATTEMPTS: Final = 5
"""So often a message is answered anew where another process has answered one meanwhile."""
FIRST: Final = 1


class Assistant:
    """Talks to shoppers; safe to share between threads.

    Every message is answered from the state that the store has, and the state after it is
    written with the turn, as are the events of what a visitor does in it. Of two messages at once
    to one conversation the second waits.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        config: AssistantConfig | None = None,
        knowledge: Knowledge | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._config = config or AssistantConfig()
        self._knowledge = knowledge or NoKnowledge()
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def begin(self, visitor_id: str | None = None, language: str = "en") -> Reply:
        """Begin a conversation; the first message says that it is an automated assistant.

        Raises
        ------
        InvalidInput
            The id of the visitor cannot be stored.
        """
        conversation_id = secrets.token_urlsafe(12)
        language = "zh" if language == "zh" else "en"
        state = State(language=language)
        self._store.add_conversation(conversation_id, visitor_id, state_to_json(state))
        turn = self._turn(conversation_id, FIRST, visitor_id, language, state)
        turn.intent = "greet"
        turn.say("greeting")
        reply = turn.reply(conversation_id, FIRST)
        self._write(turn, reply, "")
        return reply

    def say(
        self,
        conversation_id: str,
        text: str,
        hear: Callable[[str], None] | None = None,
        page: Page = NOWHERE,
        image: bytes | None = None,
    ) -> Reply:
        """Answer a message.

        Parameters
        ----------
        hear
            Called with each piece of the answer's text as soon as it is ready; together they
            are the text of the reply.
        page
            What the page knows that the message comes from.
        image
            A photo that comes with it, as its file has it. It is looked at and not stored; what
            it says of the wish is in the state.

        Raises
        ------
        NotFound
            There is no such conversation.
        InvalidInput
            The photo cannot be read, or other messages to the conversation keep coming first.
        """
        with self._alone(conversation_id):
            for _ in range(ATTEMPTS):
                stored = self._stored(conversation_id)
                turn, reply = self._answer(stored, text, page, image)
                said = clean(page.label or text)[: self._config.max_characters]
                if self._write(turn, reply, said):
                    if hear is not None:
                        hear(reply.text)
                    return reply
        raise InvalidInput(
            "Other messages to this conversation are being answered; send yours again.",
            field="text",
        )

    def last(self, conversation_id: str) -> State:
        """The state of a conversation.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        return state_from_json(self._stored(conversation_id).state)

    def questions(
        self, product_id: str, language: str = "en", count: int = QUESTIONS
    ) -> tuple[QuickReply, ...]:
        """Questions worth asking about a product, each of which has an answer.

        Raises
        ------
        NotFound
            There is no such product.
        """
        language = "zh" if language == "zh" else "en"
        turn = self._turn("", FIRST, None, language, State(language=language))
        product = turn.gate.product(product_id)
        if product is None:
            raise NotFound(f"There is no product '{product_id[:40]}'; put it, or search for it.")
        return tuple(questions_about(turn, product, count))

    def forget(self, conversation_id: str) -> bool:
        """Delete a conversation; whether there was one."""
        with self._alone(conversation_id):
            return self._store.delete_conversation(conversation_id)

    def _stored(self, conversation_id: str) -> StoredConversation:
        stored = self._store.conversation(conversation_id)
        if stored is None:
            raise NotFound(
                f"There is no conversation '{conversation_id[:40]}': it was deleted, or never"
                " begun. `daogou chat` and POST /v1/conversations begin one."
            )
        return stored

    def _answer(
        self, stored: StoredConversation, text: str, page: Page, image: bytes | None
    ) -> tuple[Turn, Reply]:
        state = state_from_json(stored.state)
        limit = self._config.max_characters
        message = clean(text[: 4 * limit])
        language = language_of(message[:limit], state)
        if page.language and message.startswith("/"):
            language = page.language
        number = stored.turns + 1
        turn = self._turn(stored.id, number, stored.visitor_id, language, state)
        if len(message) > limit or len(text) > 4 * limit:
            turn.say("cut")
        page.open(turn)
        if image is not None and self._engine.sees_photos:
            find_by_photo(turn, image, message[:limit])
            return turn, turn.reply(stored.id, number)
        if image is not None:
            turn.intent = "photo"
            turn.say("photo_unable")
        if message or image is None:
            guesser = Guesser(self._engine, turn.gate)
            decide(turn, understand(message[:limit], turn.state, turn.gate, guesser))
        return turn, turn.reply(stored.id, number)

    def _turn(
        self, conversation_id: str, number: int, visitor_id: str | None, language: str, state: State
    ) -> Turn:
        return Turn(
            engine=self._engine,
            gate=Gate(self._store, language, self._engine.currency),
            config=self._config,
            knowledge=self._knowledge,
            visitor_id=visitor_id,
            seed=f"{conversation_id}/{number}",
            language=language,
            state=state,
        )

    def _write(self, turn: Turn, reply: Reply, text: str) -> bool:
        told, now = reply_to_json(reply), datetime.now(UTC)
        place = (reply.conversation_id, reply.turn)
        events = tuple(events_of(turn.deeds, reply.state, turn.visitor_id, place, now))
        stored = StoredTurn(reply.turn, now, text, told, events=events)
        return self._store.append_turn(reply.conversation_id, stored, told["state"])

    @contextmanager
    def _alone(self, conversation_id: str) -> Iterator[None]:
        with self._locks[hash(conversation_id) % LOCKS]:
            yield
