"""A turn in words: the default engine's, and a language model's where its gate lets them pass.

The default engine has decided before the model is asked. Its sentences that must be said are said
(confirmations, budgets, what was not found); those in
:data:`~daogou.assistant.llm.prompt.FREE` give way to the model's own once
these tell every fact of them. Nothing that passed is taken back: what was heard is the answer.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final

from daogou.assistant.gate import Said
from daogou.assistant.llm.asking import Asked, Failed, LanguageModel, Spent
from daogou.assistant.llm.claims import Claims, sentences_of
from daogou.assistant.llm.material import gather
from daogou.assistant.llm.pieces import Cut
from daogou.assistant.llm.prompt import FREE, MOST_SENTENCES, data_of, instructions
from daogou.assistant.llm.tools import Desk
from daogou.assistant.reply import Consulted
from daogou.assistant.turn import Turn

Hear = Callable[[str], None]
UNREAD: Final = frozenset(("unread", "not_found", "near_meaning", "which", "no_such"))
"""Sentences of a message that the rules could not read, or not surely."""
MOST_CUT: Final = 8
"""After so many sentences that were cut the model is heard no further."""


class Voice:
    """Says pieces aloud that together are the answer.

    Parameters
    ----------
    hear
        Gets each piece; None where nobody listens.
    """

    def __init__(self, language: str, hear: Hear | None) -> None:
        self._joint = "" if language == "zh" else " "
        self._hear = hear
        self._begun = False

    def say(self, lines: Sequence[Said]) -> None:
        """Say sentences."""
        for line in lines:
            if self._hear is not None and line.text:
                self._hear(self._joint + line.text if self._begun else line.text)
            self._begun = True


def speak(
    default: Turn, fresh: Callable[[], Turn], model: LanguageModel, message: str, hear: Hear | None
) -> Turn:
    """Say a turn with a language model's help; returns the turn as it was said.

    Parameters
    ----------
    default
        As the default engine has decided it.
    fresh
        Makes the turn anew, as it was before the message.
    """
    acting = any(line.key in UNREAD for line in default.lines)
    wording = model.config.words and any(line.key in FREE for line in default.lines)
    if not acting and not wording:
        Voice(default.language, hear).say(default.lines)
        return default
    return _Speaker(default, fresh, model, message, hear, acting=acting).speak()


class _Speaker:
    def __init__(
        self,
        default: Turn,
        fresh: Callable[[], Turn],
        model: LanguageModel,
        message: str,
        hear: Hear | None,
        *,
        acting: bool,
    ) -> None:
        self._default = default
        self._fresh = fresh
        self._model = model
        self._message = message
        self._voice = Voice(default.language, hear)
        state = default.state
        before = [*state.shown, *state.focused[-1:], *(line.product_id for line in state.cart)]
        known = tuple(dict.fromkeys(before))[:6]
        self._desk = Desk(fresh, known, message) if acting else None
        self._known = tuple(card.id for card in default.cards) or known
        self._said: list[Said] = []
        self._cut: dict[str, int] = {}

    def speak(self) -> Turn:
        begun = time.monotonic()
        spent = Spent()
        reason = ""
        turn = self._default
        if self._desk is None:
            self._voice.say(_leading(turn.lines))
        try:
            self._listen(spent)
        except Failed as failed:
            reason = failed.reason
        if not reason and not self._said:
            reason = "ungrounded" if self._cut else "empty"
        acted = self._desk.turn if self._desk is not None else None
        if acted is not None and (not reason or reason == "empty"):
            turn, reason = acted, ""
        if self._desk is not None:
            self._voice.say(_leading(turn.lines))
            self._voice.say(self._said)
        lead = _leading(turn.lines)
        rest = [line for line in turn.lines[len(lead) :] if not self._is_told(line)]
        self._voice.say(rest)
        turn.lines = [*lead, *self._said, *rest]
        self._model.count(reason or "used", self._cut, spent)
        turn.consulted = Consulted(
            used=not reason,
            reason=reason,
            cut=dict(self._cut),
            prompt_tokens=spent.prompt_tokens,
            completion_tokens=spent.completion_tokens,
            estimated=spent.estimated,
            requests=spent.requests,
            tool_calls=spent.tool_calls,
            milliseconds=round(1000 * (time.monotonic() - begun)),
        )
        return turn

    def _listen(self, spent: Spent) -> None:
        """Hear the model out, sentence by sentence."""
        turn, desk = self._default, self._desk
        material = gather(turn, self._known, turn.lines)
        tools = desk.tools() if desk is not None else ()
        asked = Asked(
            instructions(turn.language, acting=desk is not None),
            data_of(turn if desk is None else self._fresh(), self._message, material, turn.lines),
            tools,
        )
        claims: Claims | None = None
        heard = ""
        with closing(self._model.write(asked, spent, self._model.config.seconds)) as pieces:
            for piece in pieces:
                claims = claims or self._claims()
                heard += piece
                *whole, heard = sentences_of(heard, ended=False)
                if not all(self._take(s, claims) for s in whole if s.strip()):
                    return
        if claims is not None:
            all(self._take(sentence, claims) for sentence in sentences_of(heard, ended=True))

    def _claims(self) -> Claims:
        """The gate of what the model wrote after its last act."""
        desk, turn = self._desk, self._default
        if desk is not None and desk.turn is not None:
            return Claims(desk.material(desk.turn), turn.language)
        return Claims(gather(turn, self._known, turn.lines), turn.language)

    def _take(self, sentence: str, claims: Claims) -> bool:
        """Judge a sentence and say it if it passes; whether more is wanted."""
        try:
            said = claims.judge(sentence)
        except Cut as cut:
            self._cut[cut.kind] = self._cut.get(cut.kind, 0) + 1
            return sum(self._cut.values()) < MOST_CUT
        if said.text not in (line.text for line in self._said):
            self._said.append(said)
            if self._desk is None:
                self._voice.say([said])
        return len(self._said) < MOST_SENTENCES

    def _is_told(self, line: Said) -> bool:
        """Whether the model's sentences tell all that a sentence tells."""
        if line.key not in FREE or not self._said:
            return False
        told = {fact.text for said in self._said for fact in said.facts}
        text = " ".join(said.text for said in self._said).lower()
        return all(
            fact.text in told or (fact.kind in ("value", "words") and fact.text.lower() in text)
            for fact in line.facts
        )


def _leading(lines: Sequence[Said]) -> list[Said]:
    """The sentences before the first that may be replaced."""
    place = next((n for n, line in enumerate(lines) if line.key in FREE), len(lines))
    return list(lines[:place])
