"""``daogou chat``: the shopping assistant on the terminal."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from rich.markup import escape
from rich.table import Table

from daogou.assistant import Assistant, Reply, reply_to_json
from daogou.cli.asking import open_engine, photo
from daogou.cli.settings import Settings
from daogou.cli.terminal import complain, err, out, say, waiting
from daogou.engine.saying import money_text
from daogou.errors import InvalidInput
from daogou.types import Money

PROMPT: Final = "> "
_PHOTO: Final = re.compile(r"/photo +(?:\"(?P<quoted>[^\"]+)\"|(?P<path>\S+))(?: +(?P<text>.+))?")
"""``/photo dress.jpg in blue``, ``/photo "my dress.jpg"``."""
_WORDS: Final = {
    "en": {
        "product": "Product",
        "price": "Price",
        "why": "Why",
        "bye": "Goodbye!",
        "left": "To go on:",
    },
    "zh": {"product": "商品", "price": "价格", "why": "理由", "bye": "再见！", "left": "接着聊："},
}


@dataclass(frozen=True, slots=True)
class Chat:
    """What the command was told.

    Attributes
    ----------
    resume
        The conversation to go on with, None for a new one.
    once
        The only message, None to ask for messages.
    json
        Whether answers are lines of JSON.
    """

    visitor: str | None
    language: str
    resume: str | None
    once: str | None
    json: bool


def chat_command(settings: Settings, chat: Chat) -> None:
    """Talk until the input ends."""
    with settings.open_llm() as llm, settings.open_store() as store:
        with waiting("Opening the shop"):
            engine = open_engine(settings, store)
        with engine:
            assistant = Assistant(engine, store, settings.assistant(), engine.knowledge, llm)
            if chat.once is not None:
                if _answer(assistant, _begun(assistant, chat), chat.once, chat) is None:
                    raise SystemExit(1)
                return
            _talk(settings, assistant, chat)


def _begun(assistant: Assistant, chat: Chat) -> str:
    """The id of the conversation to go on with, or of a new one."""
    if chat.resume is None:
        return assistant.begin(chat.visitor, chat.language).conversation_id
    assistant.last(chat.resume)
    return chat.resume


def _talk(settings: Settings, assistant: Assistant, chat: Chat) -> None:
    if chat.resume is None:
        reply = assistant.begin(chat.visitor, chat.language)
        conversation_id, language = reply.conversation_id, reply.language
        _print(reply, chat)
        payloads: list[str] = []
    else:
        conversation_id = chat.resume
        state = assistant.last(conversation_id)
        language = state.language
        payloads = [offer.payload for offer in state.offers]
    while True:
        message = _message()
        if message is None:
            if not chat.json:
                say(_WORDS[language]["bye"])
            break
        if not message.strip():
            continue
        answered = _answer(assistant, conversation_id, _pressed(message, payloads), chat)
        if answered is None:
            continue
        reply = answered
        language = reply.language
        payloads = [quick.payload for quick in reply.quick_replies]
        if reply.intent == "bye":
            break
    if not chat.json:
        say(f"{_WORDS[language]['left']} {settings.command(f'chat --resume {conversation_id}')}")


def _message() -> str | None:
    """The next message; None where the input ends."""
    if sys.stdin.isatty():
        try:
            return input(PROMPT)
        except EOFError:
            err.print()
            return None
    line = sys.stdin.readline()
    return line or None


def _pressed(message: str, payloads: list[str]) -> str:
    """What the quick reply with this number sends, or the message itself."""
    number = message.strip()
    if number.isascii() and number.isdigit() and 1 <= int(number) <= len(payloads):
        return payloads[int(number) - 1]
    return message


def _answer(assistant: Assistant, conversation_id: str, message: str, chat: Chat) -> Reply | None:
    """Answer a message, and print the answer as it comes; None without the photo that it names."""
    sent = _PHOTO.fullmatch(message.strip())
    hear = None if chat.json else _hear
    if sent is None:
        reply = assistant.say(conversation_id, message, hear)
    else:
        try:
            image = photo(Path(sent["quoted"] or sent["path"]).expanduser())
            reply = assistant.say(conversation_id, sent["text"] or "", hear, image=image)
        except InvalidInput as error:
            complain(str(error))
            return None
    if chat.json:
        say(orjson.dumps(reply_to_json(reply)).decode())
    else:
        out.print()
        _print_more(reply)
    return reply


def _hear(piece: str) -> None:
    out.print(escape(piece), end="", soft_wrap=True)


def _print(reply: Reply, chat: Chat) -> None:
    if chat.json:
        say(orjson.dumps(reply_to_json(reply)).decode())
        return
    say(reply.text)
    _print_more(reply)


def _print_more(reply: Reply) -> None:
    """What an answer has besides its text."""
    if reply.comparison is not None:
        out.print(_comparison(reply))
    elif len(reply.products) > 1 or any(card.reason for card in reply.products):
        out.print(_products(reply))
    for citation in reply.citations:
        say(f"[{citation.id}] {citation.title}")
    if reply.quick_replies:
        told = [f"[{n}] {quick.text}" for n, quick in enumerate(reply.quick_replies, 1)]
        out.print(f"[dim]{escape('   '.join(told))}[/]", soft_wrap=True)


def _products(reply: Reply) -> Table:
    words = _WORDS[reply.language]
    table = Table("#", words["product"], words["price"], words["why"])
    table.columns[0].justify = table.columns[2].justify = "right"
    for place, card in enumerate(reply.products, 1):
        cells = (str(place), card.title, _price(card.price), card.reason)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _price(money: Money | None) -> str:
    return money_text(money.amount, money.currency) if money else ""


def _comparison(reply: Reply) -> Table:
    titles = {card.id: card.title for card in reply.products}
    comparison = reply.comparison
    table = Table("")
    if comparison is not None:
        for product_id in comparison.product_ids:
            table.add_column(escape(titles.get(product_id, product_id)))
        for row in comparison.rows:
            table.add_row(escape(row.name), *(escape(value or "–") for value in row.values))
    return table
