"""``daogou mcp``: the shop's tools for another assistant, over standard input and output."""

from daogou.assistant import Assistant
from daogou.cli.asking import open_engine
from daogou.cli.packages import require
from daogou.cli.settings import Settings
from daogou.cli.terminal import waiting
from daogou.server import serve_mcp


def mcp_command(settings: Settings) -> None:
    """Answer until the input ends; nothing but answers is written to the output."""
    require("mcp", "The MCP server")
    with settings.open_llm() as llm, settings.open_store() as store:
        with waiting("Opening the shop"):
            engine = open_engine(settings, store)
            engine.warm_up()
        with engine:
            assistant = Assistant(engine, store, settings.assistant(), engine.knowledge, llm)
            serve_mcp(engine, store, settings.server(), assistant)
