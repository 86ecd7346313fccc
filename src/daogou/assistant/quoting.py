"""Answers out of the merchant's articles, word for word, with their source."""

from daogou.assistant.reply import Citation
from daogou.assistant.turn import Turn

LONGEST = 600
"""Longer extracts are cut at a word."""


def quote(turn: Turn, question: str, product_id: str | None) -> bool:
    """Answer from the articles; whether there was an answer."""
    extract = turn.knowledge.answer(question, turn.language, product_id)
    if extract is None:
        return False
    text = extract.text if len(extract.text) <= LONGEST else extract.text[:LONGEST] + "…"
    turn.citations.append(Citation(extract.id, extract.title, text))
    turn.say(
        "quoted",
        title=turn.gate.quote(extract.title, extract.id),
        quote=turn.gate.quote(text, extract.id),
    )
    return True
