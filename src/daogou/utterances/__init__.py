"""What a sentence does in a dialogue, learned: the head behind the assistant's rules."""

from daogou.utterances.head import Guess, UtteranceHead, fit_head, load_head, save_head
from daogou.utterances.reader import Reader
from daogou.utterances.sentences import INTENTS, Utterance, read_utterances, seeds

__all__ = [
    "INTENTS",
    "Guess",
    "Reader",
    "Utterance",
    "UtteranceHead",
    "fit_head",
    "load_head",
    "read_utterances",
    "save_head",
    "seeds",
]
