"""Run an application until it is told to stop."""

import uvicorn
from fastapi import FastAPI

from daogou.server.config import ServerConfig


def serve(app: FastAPI, config: ServerConfig) -> None:
    """Serve ``app`` over HTTP at ``config.host`` and ``config.port`` until SIGINT or SIGTERM.

    Requests under way are finished first, for ten seconds at most.
    """
    uvicorn.run(
        app,
        host=config.host,
        port=config.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
