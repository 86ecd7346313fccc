"""Other sites that may embed the assistant: CORS for exactly these, and only for what it needs."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EMBEDDED: Final = ("/assistant.js", "/static/", "/v1/agui", "/v1/conversations", "/v1/questions")
"""What a page of another origin reaches; the catalogue and visitors' events are not among it."""
_PREFLIGHT_SECONDS: Final = 600


class Origins:
    """ASGI middleware that lets pages of ``origins`` use the assistant, and no others.

    Without origins, or for any other address, a request passes unchanged: browsers then keep
    the answer from pages of other origins.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith(EMBEDDED):
            await self.app(scope, receive, send)
        elif "origin" in Headers(scope=scope):
            await self.shared(scope, receive, send)
        else:
            await self.app(scope, receive, partial(_varying, send))


async def _varying(send: Send, message: Message) -> None:
    """Tell caches that pages of other origins get other headers."""
    if message["type"] == "http.response.start":
        MutableHeaders(scope=message).add_vary_header("Origin")
    await send(message)
