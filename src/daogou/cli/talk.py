"""What ``daogou chat`` and ``daogou mcp`` take, and what their help says."""

from typing import Annotated

import typer

from daogou.cli.commands import app
from daogou.cli.options import Home, Language, Once, Resume, StoreUrl, Visitor
from daogou.cli.settings import DEFAULT_HOME, Settings
from daogou.cli.teaching import command
from daogou.cli.terminal import one_blas_thread


@command(
    app,
    "daogou chat --visitor household-718",
    'daogou chat --once "milk under $3" --json',
    then="daogou serve",
)
def chat(
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    visitor: Visitor = None,
    language: Annotated[
        Language, typer.Option(help="Of the greeting; answers are in the language of each message.")
    ] = "en",
    resume: Resume = None,
    once: Once = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print each answer as a line of JSON (docs/assistant.md)."),
    ] = False,
) -> None:
    """Talk to the shopping assistant, in English and Chinese.

    It searches, compares and fills a cart. A number presses the quick reply with it, "/photo
    dress.jpg in blue" sends a photo; Ctrl-D leaves, and the conversation stays in the store.
    """
    one_blas_thread()
    from daogou.cli.chatting import Chat, chat_command

    chat_command(Settings.load(home, store), Chat(visitor, language, resume, once, json))


@command(app, "daogou mcp --home .demo", then="name this command in the assistant's settings")
def mcp(home: Home = DEFAULT_HOME, store: StoreUrl = "") -> None:
    r"""Let another assistant shop here: an MCP server over standard input and output.

    The assistant starts it. `daogou serve` has the same tools at /mcp. Needs the package mcp:
    pip install 'daogou\[mcp]'.
    """
    one_blas_thread()
    from daogou.cli.offering import mcp_command

    mcp_command(Settings.load(home, store))
