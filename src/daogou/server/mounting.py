"""The MCP server at ``/mcp`` of the application, and over stdio, where its package is installed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import Route

from daogou.assistant import Assistant
from daogou.engine import Engine
from daogou.errors import NotFound
from daogou.server.config import ServerConfig
from daogou.server.limiting import Limiter
from daogou.server.metrics import Metrics
from daogou.server.tools import Tool, Tools
from daogou.store import Store

PATH: Final = "/mcp"
MISSING: Final = (
    "The MCP server needs the package mcp, which a serving install does not have."
    " Install with: pip install 'daogou[mcp]', then start the server again."
)


def add_mcp(
    app: FastAPI, tools: Sequence[Tool], config: ServerConfig, metrics: Metrics, limiter: Limiter
) -> None:
    """Answer MCP at ``/mcp``, or say there what is missing."""
    if find_spec("mcp") is None:
        app.router.routes.append(Route(PATH, _Missing(), include_in_schema=False))
        return
    # Imported only where it is there, and as late as that: it takes a second.
    from daogou.server.mcp_server import Endpoint, mcp_server

    endpoint = Endpoint(
        mcp_server(config.shop_name, tools, metrics, limiter), config.max_body_bytes
    )
    app.router.routes.append(Route(PATH, endpoint, include_in_schema=False))
    around = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[Any]:
        async with around(application) as state, endpoint.open():
            yield state

    app.router.lifespan_context = lifespan


def serve_mcp(engine: Engine, store: Store, config: ServerConfig, assistant: Assistant) -> None:
    """Answer MCP over standard input and output until the input ends.

    Raises
    ------
    ImportError
        The package ``mcp`` is not installed.
    """
    import anyio

    from daogou.server.mcp_server import mcp_server, serve_stdio

    tools = Tools(engine, store, config, assistant).listed()
    anyio.run(serve_stdio, mcp_server(config.shop_name, tools, Metrics(), Limiter(0)))


class _Missing:
    async def __call__(self, _scope: Any, _receive: Any, _send: Any) -> None:
        raise NotFound(MISSING)
