"""Other sites that may embed the assistant: CORS for exactly these, and only for what it needs."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

EMBEDDED: Final = ("/assistant.js", "/static/", "/v1/conversations", "/v1/questions")
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
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("Content-Type",),
            expose_headers=("Retry-After",),
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        embedded = scope["type"] == "http" and scope["path"].startswith(EMBEDDED)
        await (self.shared if embedded else self.app)(scope, receive, send)
