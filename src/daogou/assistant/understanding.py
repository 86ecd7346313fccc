"""From a message to acts: what the shopper does, sentence by sentence.

Rules come first. A sentence that none knows is what the trained head takes it for, where that is
likely enough and possible as the conversation stands, and a search otherwise.
"""

import re
from dataclasses import dataclass
from typing import Final

from daogou.assistant.gate import Gate
from daogou.assistant.guessing import Guesser
from daogou.assistant.references import NOTHING, Pointed, named, point
from daogou.assistant.rules import (
    SMALL,
    Rule,
    answer,
    clauses,
    is_foreign,
    rules,
    without,
    words_of,
)
from daogou.assistant.state import State
from daogou.text import detect_language, normalize
from daogou.text.normal import HAN

COMMAND: Final = re.compile(r"/(?P<name>[a-z_]+)(?: (?P<rest>.+))?")
"""What quick replies send: the same in all languages."""
FALLBACK: Final = "find"
"""What a sentence does that neither a rule nor the trained head knows."""
_WORD: Final = re.compile(f"[a-z]|[{HAN}]")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a shopper does.

    Attributes
    ----------
    intent, topic
        As ``data/acts.toml`` names them.
    text
        The sentence, normalised.
    rest
        The sentence without the phrases that said the intent and the products.
    pointed
        The products that it points at.
    asks
        Whether it is a question.
    match
        What the rule found.
    """

    intent: str
    text: str
    rest: str
    topic: str = ""
    pointed: Pointed = NOTHING
    asks: bool = False
    match: re.Match[str] | None = None


def language_of(text: str, state: State) -> str:
    """The language to answer in: that of the message, or the one before where it has none."""
    plain = normalize(text)
    if text.startswith("/") or not _WORD.search(plain):
        return state.language
    found = detect_language(text)
    words = plain.split()
    lone = len(words) == 1 and len(plain) <= 3
    # A name is of no language: "Maker 12" to a question that was put in Chinese.
    named = state.asked is not None and not SMALL.intersection(words)
    return state.language if found == "en" and (lone or named) else found


def understand(text: str, state: State, gate: Gate, guesser: Guesser | None = None) -> list[Act]:
    """The acts of a message, in their order; without a guesser by rules alone."""
    command = COMMAND.fullmatch(text.strip())
    if command:
        return [_command(command)]
    plain = normalize(text)
    if not plain:
        return [Act("empty", "", "")]
    if is_foreign(plain):
        return [Act("foreign", plain, plain)]
    whole = _answer(plain, state)
    if whole is not None:
        return [whole]
    found = [_act(part, state, gate, guesser, asks=asks) for part, asks in clauses(text)]
    acts = [act for act in found if act is not None]
    return acts or [Act("unread", plain, "")]


def _command(match: re.Match[str]) -> Act:
    return Act("command", match[0], match["rest"] or "", topic=match["name"])


def _answer(plain: str, state: State) -> Act | None:
    """What answers the turn before: a yes, a no, a skip, one of the answers offered."""
    plain = plain.strip(" .!?。！？~")
    for place, offer in enumerate(state.offers, 1):
        if plain == normalize(offer.text) or (plain == str(place) and not state.shown):
            command = COMMAND.fullmatch(offer.payload)
            return _command(command) if command else None
    if state.pending is not None and state.pending.kind != "size":
        for kind in ("yes", "no"):
            if plain in answer(kind):
                return Act(kind, plain, "")
    if state.pending is not None and plain in answer("no"):
        return Act("no", plain, "")
    if state.pending is None and plain in answer("yes") | answer("no"):
        # To nothing that was asked; a rule may know the word as thanks or as a farewell.
        if plain.startswith(("add", "加", "要")):
            return None
        known = any(plain in rule.whole for rule in rules())
        return (
            None if known or (state.asked and plain in answer("skip")) else Act("hello", plain, "")
        )
    if state.asked is not None and plain in answer("skip"):
        return Act("skip", plain, "")
    return None


def _act(text: str, state: State, gate: Gate, guesser: Guesser | None, *, asks: bool) -> Act | None:
    pointed = point(text, state, gate)
    there = _there(text, state, pointed, asks=asks)
    for rule in rules():
        if rule.continues:
            match = rule.fits(text, there)
            rest = without(text, match.span()) if match else text
            if match and rule.intent == "greet" and not words_of(rest):
                return Act(rule.intent, text, rest)
            if match and rule.intent == "greet":
                return _act(rest.strip(" ,，"), state, gate, guesser, asks=asks)
            continue
        if not pointed and "refers" not in there and not _NEED_A_PRODUCT.isdisjoint(rule.needs):
            found = _by_name(text, rule, state, gate)
            if found:
                match = rule.fits(text, {*there, "refers", "product"})
                if match:
                    return Act(rule.intent, text, "", rule.topic, found, asks, match)
                continue
            match = rule.fits(text, there)
            if match and words_of(without(text, match.span())):
                continue  # it names something, which is not what is in focus
        match = rule.fits(_left(text, pointed) if rule.alone else text, there)
        if match:
            rest = without(text, match.span()) if not rule.alone else ""
            rest = _left(rest, point(rest, state, gate)) if pointed else rest
            return Act(rule.intent, text, rest, rule.topic, pointed, asks, match)
    if pointed and not words_of(_left(text, pointed)):
        return Act("choose", text, "", "", pointed, asks)
    if not words_of(text) and not _WORD.search(text) and not any(c.isdigit() for c in text):
        return None
    guess = None
    if guesser is not None and _WORD.search(text) and not _answers(text, state, asks=asks):
        guess = guesser(text, there, points=bool(pointed))
    if guess is None:
        return Act(FALLBACK, text, text, "", pointed, asks)
    intent, _, topic = guess.intent.partition("/")
    return Act(intent, text, _left(text, pointed), topic, pointed, asks)


_LEAST_TO_GUESS: Final = 3
"""After a question of the assistant fewer words than these are taken for its answer."""


def _answers(text: str, state: State, *, asks: bool) -> bool:
    waiting = state.asked is not None or state.pending is not None
    return waiting and not asks and len(words_of(text)) < _LEAST_TO_GUESS


_NAMED: Final = frozenset(("add", "remove", "ask_product"))
_NEED_A_PRODUCT: Final = frozenset(("refers", "product"))


def _by_name(text: str, rule: Rule, state: State, gate: Gate) -> Pointed:
    """A product called by its name: "add the leather boots"."""
    if rule.intent not in _NAMED:
        return NOTHING
    match = rule.fits(text, _EVERYTHING)
    found = named(without(text, match.span()), state, gate) if match else ()
    return Pointed(found) if found else NOTHING


_EVERYTHING: Final = frozenset(("refers", "product", "shown", "cart", "focus", "buying", "listed"))


_ADDING: Final = re.compile(r"(?:please |ok |okay |yes |then )*(?:add|remove)\b|加|放")
"""So a sentence begins that is about a product that was shown, even where none is as it says."""


def _there(text: str, state: State, pointed: Pointed, *, asks: bool) -> set[str]:
    there = set()
    if state.shown:
        there.add("shown")
    if state.cart:
        there.add("cart")
    if state.cart or (state.pending is not None and state.pending.kind != "remove"):
        there.add("buying")
    if state.listed:
        there.add("listed")
    if pointed or (pointed.vague and _ADDING.match(text)):
        there.add("refers")
    if pointed or state.focus or len(state.shown) == 1:
        there.add("product")
    if state.focus:
        there.add("focus")
    if asks:
        there.add("question")
    if state.asked and text in answer("skip"):
        there.add("asked_whole")
    return there


def _left(text: str, pointed: Pointed) -> str:
    for span in sorted(pointed.spans, reverse=True):
        if span[1] <= len(text):
            text = without(text, span)
    return text
