"""Run an application until it is told to stop."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from daogou.server.config import ServerConfig


def serve(
    app: FastAPI, config: ServerConfig, *, started: Callable[[str], None] | None = None
) -> None:
    """Serve ``app`` over HTTP at ``config.host`` and ``config.port`` until SIGINT or SIGTERM.

    Requests under way are finished first, for ten seconds at most.

    Parameters
    ----------
    started
        Called with the address (``"http://127.0.0.1:8000"``) once connections are accepted;
        where ``config.port`` is 0 it has the port that the system chose.
    """
    settings = uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
    try:
        _Server(settings, started).run()
    except KeyboardInterrupt:
        return  # raised again by uvicorn after it has closed everything in order


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tell and self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            self._tell(f"http://{host}:{port}")
