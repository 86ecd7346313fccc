"""The assistant: conversations over an engine and a store, a message at a time."""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from daogou.assistant.config import AssistantConfig
from daogou.assistant.deciding import decide
from daogou.assistant.editing import Edit, edit
from daogou.assistant.gate import Gate
from daogou.assistant.guessing import Guesser
from daogou.assistant.knowledge import Knowledge, NoKnowledge
from daogou.assistant.llm import LanguageModel
from daogou.assistant.llm.speaking import Voice, speak
from daogou.assistant.noting import events_of, impressions_of
from daogou.assistant.page import NOWHERE, Page
from daogou.assistant.photos import find_by_photo
from daogou.assistant.reply import KnownWish, QuickReply, Reply, reply_to_json
from daogou.assistant.state import State, state_from_json
from daogou.assistant.suggesting import QUESTIONS, questions_about
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import language_of, understand
from daogou.assistant.wishes import known_wishes
from daogou.engine import Engine
from daogou.errors import Conflict, InvalidInput, NotFound
from daogou.store import Store, StoredConversation, StoredTurn
from daogou.text import clean

ATTEMPTS: Final = 5
"""So often a message is answered anew where another process has answered one meanwhile."""
FIRST: Final = 1
_OURS: Final = frozenset(("command", "empty", "foreign", "photo"))
"""Answered at once: what a button sends, a photo, and what has nothing that could be read."""


class Assistant:
    """Talks to shoppers; safe to share between threads.

    Every message is answered from the state that the store has, and the state after it is
    written with the turn, as are the events of what a visitor does in it. Of two messages at once
    to one conversation the second waits.

    Parameters
    ----------
    llm
        A language model that may read odd messages and improve words; the caller closes it.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        config: AssistantConfig | None = None,
        knowledge: Knowledge | None = None,
        llm: LanguageModel | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._config = config or AssistantConfig()
        self._knowledge = knowledge or NoKnowledge()
        self._llm = llm
        self._answering: dict[str, tuple[threading.Lock, int]] = {}
        self._mutex = threading.Lock()

    @property
    def llm(self) -> LanguageModel | None:
        """The language model that it may ask."""
        return self._llm

    def begin(
        self,
        visitor_id: str | None = None,
        language: str = "en",
        conversation_id: str | None = None,
    ) -> Reply:
        """Begin a conversation; the first message says that it is an automated assistant.

        Parameters
        ----------
        conversation_id
            Its id, which is its key, where the caller has one that nobody else can guess.

        Raises
        ------
        InvalidInput
            The id of the visitor cannot be stored.
        Conflict
            There is a conversation with that id.
        """
        conversation_id = conversation_id or secrets.token_urlsafe(12)
        language = "zh" if language == "zh" else "en"
        turn = self._turn(conversation_id, FIRST, visitor_id, language, State(language=language))
        turn.intent = "greet"
        turn.say("greeting")
        reply = turn.reply(conversation_id, FIRST)
        told = reply_to_json(reply)
        greeting = StoredTurn(FIRST, datetime.now(UTC), "", told)
        with self._alone(conversation_id):
            if self._store.conversation(conversation_id) is not None:
                raise Conflict(f"There is a conversation '{conversation_id[:40]}' already.")
            self._store.add_conversation(conversation_id, visitor_id, told["state"], greeting)
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
            Gets the answer's text piece by piece, each as soon as it is known to be part of it;
            together they are the text of the reply. Where another process has answered a message
            of this conversation meanwhile, this one is answered anew, and heard anew.
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
                turn, reply = self._answer(stored, text, page, image, hear)
                said = clean(page.label or text)[: self._config.max_characters]
                if self._write(turn, reply, said):
                    return reply
        raise _overtaken("text")

    def edit(
        self,
        conversation_id: str,
        changes: Edit,
        *,
        after: int | None = None,
        page: Page = NOWHERE,
    ) -> Reply:
        """Set wishes; the answer shows what fits them, and is a turn like any other.

        Parameters
        ----------
        after
            The number of the turn that the changes were made from; None takes them in any case.

        Raises
        ------
        NotFound
            There is no such conversation.
        InvalidInput
            A wish is none that the shop could look for.
        Conflict
            The conversation has gone on since.
        """
        with self._alone(conversation_id):
            for _ in range(ATTEMPTS):
                stored = self._stored(conversation_id)
                if after not in (None, stored.turns):
                    raise Conflict(
                        f"The conversation has gone on: its last turn is {stored.turns}, and the"
                        f" changes were made from turn {after}. Read it and change it again."
                    )
                state = state_from_json(stored.state)
                number, language = stored.turns + 1, page.language or state.language
                turn = self._turn(stored.id, number, stored.visitor_id, language, state)
                page.open(turn)
                edit(turn, changes)
                reply = turn.reply(stored.id, number)
                said = clean(page.label or "")[: self._config.max_characters]
                if self._write(turn, reply, said):
                    return reply
        raise _overtaken("lastTurnId")

    def wishes(self, conversation_id: str, language: str | None = None) -> tuple[KnownWish, ...]:
        """What a conversation knows of the shopper's wishes, in its language or another.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        stored = self._stored(conversation_id)
        state = state_from_json(stored.state)
        language = language or state.language
        return known_wishes(self._turn(stored.id, stored.turns, None, language, state))

    def seen(self, conversation_id: str, number: int, product_ids: Sequence[str]) -> int:
        """Log that cards of a turn were on the shopper's screen; how many were news.

        A card counts once for the list that it came from, however often it is reported. Of a
        conversation without a visitor nothing is logged.

        Raises
        ------
        NotFound
            There is no such conversation or turn.
        InvalidInput
            The turn has no such card.
        """
        stored = self._stored(conversation_id)
        newest = self._store.turns(conversation_id, limit=max(stored.turns - number + 1, 1))
        turn = next((t for t in newest if t.number == number), None)
        if turn is None:
            raise NotFound(f"Conversation '{conversation_id[:40]}' has no turn {number}.")
        shown = {card["id"] for card in turn.reply["products"]}
        for place, product_id in enumerate(product_ids):
            if product_id not in shown:
                raise InvalidInput(
                    f"turn {number} shows no product '{product_id[:40]}'; expected ids of its"
                    " products.",
                    field=f"productIds[{place}]",
                )
        if stored.visitor_id is None:
            return 0
        state = state_from_json(turn.reply["state"])
        now = datetime.now(UTC)
        events = impressions_of(product_ids, state, stored.visitor_id, stored.id, now)
        return self._store.append_events(events).accepted

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
        self,
        stored: StoredConversation,
        text: str,
        page: Page,
        image: bytes | None,
        hear: Callable[[str], None] | None,
    ) -> tuple[Turn, Reply]:
        state = state_from_json(stored.state)
        limit = self._config.max_characters
        message = clean(text[: 4 * limit])
        language = language_of(message[:limit], state)
        if page.language and message.startswith("/"):
            language = page.language
        number = stored.turns + 1

        def fresh() -> Turn:
            turn = self._turn(stored.id, number, stored.visitor_id, language, state)
            if len(message) > limit or len(text) > 4 * limit:
                turn.say("cut")
            page.open(turn)
            return turn

        turn = fresh()
        if image is not None:
            self._look(turn, image, message[:limit])
            intent = "photo"
        else:
            intent = self._read(turn, message[:limit])
        if self._llm is None or state.consulted >= self._llm.config.turns or intent in _OURS:
            Voice(turn.language, hear).say(turn.lines)
        else:
            turn = speak(turn, fresh, self._llm, message[:limit], hear)
            if turn.consulted is not None:
                turn.set(consulted=state.consulted + 1)
        return turn, turn.reply(stored.id, number)

    def _read(self, turn: Turn, message: str) -> str:
        """Do what a message says; what its first act is."""
        acts = understand(message, turn.state, turn.gate, Guesser(self._engine, turn.gate))
        decide(turn, acts)
        return acts[0].intent

    def _look(self, turn: Turn, image: bytes, message: str) -> None:
        """Do what a photo and the words beside it say."""
        if self._engine.sees_photos:
            find_by_photo(turn, image, message)
            return
        turn.intent = "photo"
        turn.say("photo_unable")
        if message:
            self._read(turn, message)

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
        """Hold a conversation's lock, which there is as long as somebody wants it."""
        with self._mutex:
            lock, wanted = self._answering.get(conversation_id) or (threading.Lock(), 0)
            self._answering[conversation_id] = (lock, wanted + 1)
        try:
            with lock:
                yield
        finally:
            with self._mutex:
                lock, wanted = self._answering[conversation_id]
                if wanted > 1:
                    self._answering[conversation_id] = (lock, wanted - 1)
                else:
                    del self._answering[conversation_id]


def _overtaken(field: str) -> InvalidInput:
    return InvalidInput(
        "Other messages to this conversation are being answered; send yours again.", field=field
    )
