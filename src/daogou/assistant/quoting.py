"""Answers out of the merchant's articles, word for word, with their source."""

import re

from daogou.assistant.knowledge import Extract
from daogou.assistant.reply import Call, Citation
from daogou.assistant.turn import Turn

LONGEST = 600
"""Of a longer extract the whole words up to there are told."""
_END = re.compile(r"[\s。！？；，、][^\s。！？；，、]*$")
"""The last word, with the blank or the Chinese mark before it."""


def quote(turn: Turn, question: str, product_id: str | None) -> bool:
    """Answer from the articles; whether there was an answer."""
    extract = turn.knowledge.answer(question, turn.language, product_id)
    asked = {"query": question, "productId": product_id}
    found = {} if extract is None else {"id": extract.id, "title": extract.title}
    turn.calls.append(Call("ask_knowledge", asked, found))
    if extract is None:
        return False
    cite(turn, extract)
    return True


def cite(turn: Turn, extract: Extract) -> None:
    """Quote a source; of a long extract its beginning."""
    text = extract.text
    if len(text) > LONGEST:
        text = _END.sub("", text[: LONGEST + 1])[:LONGEST] + "…"
    turn.citations.append(Citation(extract.id, extract.title, text, extract.source))
    turn.say(
        "quoted",
        title=turn.gate.quote(extract.title, extract.id),
        quote=turn.gate.quote(text, extract.id),
    )
