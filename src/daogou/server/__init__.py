"""HTTP: the API under ``/v1`` and the storefront under ``/``."""

from daogou.server.access import refuse_strangers
from daogou.server.app import create_app
from daogou.server.config import ServerConfig, Shopper
from daogou.server.mounting import serve_mcp
from daogou.server.run import listen, serve

__all__ = [
    "ServerConfig",
    "Shopper",
    "create_app",
    "listen",
    "refuse_strangers",
    "serve",
    "serve_mcp",
]
