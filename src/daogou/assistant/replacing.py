"""One thing in the place of another: what was named first is refused, the other looked for."""

from dataclasses import replace

from daogou.assistant import finding
from daogou.assistant.reading import read
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.words import label


def replace_by(turn: Turn, act: Act) -> None:
    """One thing in the place of another: "no beer, wine instead"."""
    told = act.match.groupdict() if act.match else {}
    old = next((told[name] for name in ("old", "old_zh", "old_ba") if told.get(name)), "")
    new = told.get("new") or told.get("new_zh") or ""
    language, currency = turn.language, turn.gate.currency
    wanted = read(turn.engine, new, language, currency)
    refused = read(turn.engine, label("not", language, value=old), language, currency)
    if wanted.says_nothing:
        finding.find(turn, act)
        return
    outs = tuple(w for w in refused.wishes if w.strength == "must-not")
    wanted = replace(wanted, wishes=(*outs, *wanted.wishes), begins=bool(wanted.goal))
    turn.intent = finding.take_in(turn, wanted)
    finding.search(turn, superlative=wanted.superlative, unknown=wanted.unknown, head=new)
