"""What a shop's own conversations teach: sentences whose meaning somebody else has confirmed.

The head's own guesses are never among them: it would only learn to repeat itself. A sentence is
taken where

- one rule and nothing else reads it, the turn was answered so, and the shopper did not object; or
- no rule reads it, it was answered as a search, products came of it, and the shopper went on
  with one of them, or a thumb says that the answer was good.

What was said twice with two meanings is left out, and so is what a thumb says was answered badly.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from daogou.assistant.gate import Gate
from daogou.assistant.state import state_from_json
from daogou.assistant.understanding import FALLBACK, Act, understand
from daogou.store import Rating, Store, StoredTurn
from daogou.text import normalize
from daogou.utterances import INTENTS, Utterance

MOST_CONVERSATIONS: Final = 5000
MOST_SENTENCES: Final = 2000
MOST_CHARACTERS: Final = 200
"""A longer message says more than one thing."""
_OBJECTS: Final = frozenset(("complaint", "reset", "unread", "no"))
_GOES_ON: Final = frozenset(("choose", "add", "like", "compare", "ask_product"))
_ANSWERED_AS: Final = frozenset(("find", "refine"))


def confirmed(store: Store) -> list[Utterance]:
    """The sentences of the newest conversations that can be learned from."""
    found: dict[str, Utterance] = {}
    unclear: set[str] = set()
    for conversation_id in store.conversation_ids(MOST_CONVERSATIONS):
        for text, intent in _of(store, store.turns(conversation_id)):
            key = normalize(text)
            before = found.setdefault(key, Utterance(text, intent, f"said {key}"))
            if before.intent != intent:
                unclear.add(key)
        if len(found) >= MOST_SENTENCES:
            break
    return [u for key, u in found.items() if key not in unclear][:MOST_SENTENCES]


def _of(store: Store, turns: Sequence[StoredTurn]) -> Iterator[tuple[str, str]]:
    following = [*turns[2:], None]
    for before, turn, after in zip(turns, turns[1:], following, strict=False):
        if not turn.text or len(turn.text) > MOST_CHARACTERS or _rating(turn) == "down":
            continue
        then = after.reply["intent"] if after else ""
        intent = _meaning(store, before.reply, turn, then)
        if intent in INTENTS and then not in _OBJECTS:
            yield turn.text, intent


def _meaning(store: Store, before: Mapping[str, Any], turn: StoredTurn, then: str) -> str:
    """The intent that is certain, as the head has them; empty where none is."""
    language = str(turn.reply["message"]["language"])
    state = state_from_json(before["state"])
    acts = understand(turn.text, state, Gate(store, language, None))
    done = str(turn.reply["intent"])
    if len(acts) != 1:
        return ""
    act = acts[0]
    if act.match is not None:
        return _label(act) if act.intent == done else ""
    searched = act.intent == FALLBACK and done in _ANSWERED_AS and turn.reply["products"]
    return done if searched and (then in _GOES_ON or _rating(turn) == "up") else ""


def _rating(turn: StoredTurn) -> Rating | None:
    return turn.feedback.rating if turn.feedback else None


def _label(act: Act) -> str:
    return f"{act.intent}/{act.topic}" if act.topic else act.intent
