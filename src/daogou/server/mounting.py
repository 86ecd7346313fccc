"""The MCP server at ``/mcp`` of the application, and over stdio, where its package is installed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from fastapi import FastAPI
from starlette.routing import Route

from daogou.assistant import Assistant
from daogou.engine import Engine
from daogou.errors import ConfigError, NotFound
from daogou.server.access import Door
from daogou.server.config import ServerConfig
from daogou.server.metrics import Metrics
from daogou.server.tools import Tool, Tools
from daogou.store import Store

PATH: Final = "/mcp"
MISSING: Final = (
    "The MCP server needs the package mcp, version 2.3 or newer, which a serving install does not"
    " have. Install with: pip install 'daogou[mcp]', then start again."
)


def add_mcp(
    app: FastAPI, tools: Sequence[Tool], config: ServerConfig, metrics: Metrics, door: Door
) -> bool:
    """Answer MCP at ``/mcp``, or say there what is missing; whether it is answered."""
    try:
        from daogou.server.mcp_server import Endpoint, mcp_server
    except ImportError:  # not there, or an older one that somebody else needs
        app.router.routes.append(Route(PATH, _Missing(), include_in_schema=False))
        return False
    server = mcp_server(config.shop_name, tools, metrics, door)
    endpoint = Endpoint(server, config.max_body_bytes, config.origins)
    app.router.routes.append(Route(PATH, endpoint, include_in_schema=False))
    around = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[Any]:
        async with around(application) as state, endpoint.open():
            yield state

    app.router.lifespan_context = lifespan
    return True


def serve_mcp(engine: Engine, store: Store, config: ServerConfig, assistant: Assistant) -> None:
    """Answer MCP over standard input and output until the input ends.

    Raises
    ------
    ConfigError
        The package ``mcp`` is not installed.
    """
    try:
        from daogou.server.mcp_server import mcp_server, serve_stdio
    except ImportError as error:
        raise ConfigError(MISSING) from error
    tools = Tools(engine, store, config, assistant).listed()
    anyio.run(serve_stdio, mcp_server(config.shop_name, tools, Metrics(), None))


class _Missing:
    async def __call__(self, _scope: Any, _receive: Any, _send: Any) -> None:
        raise NotFound(MISSING)
