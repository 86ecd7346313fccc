"""The outermost layer: body limits, media type, security headers, a clock for each request."""

import logging
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daogou.server.errors import UNEXPECTED, error_response, shown
from daogou.server.metrics import Metrics

log = logging.getLogger("daogou.server")

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' https: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere but the merchant's product photos; no inline script, no inline style."""
HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The assistant can be spoken to, once the shopper has allowed it.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=()",
}
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Gate:
    """ASGI middleware around the whole application.

    A body that says or turns out to be larger than ``max_body_bytes`` is
    answered 413. One that is not declared as JSON is answered 415: a page of
    another origin can send a form or plain text here without asking the
    browser's leave, but not JSON.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, metrics: Metrics) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def guarded_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # What a shopper was told is not for a cache on the way.
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await error_response(*refusal)(scope, receive, guarded_send)
            else:
                await self.app(scope, self._limited(receive), guarded_send)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if status:
                raise  # half an answer is out: the connection has to break
            await error_response(500, UNEXPECTED)(scope, receive, guarded_send)
        finally:
            # Unknown paths share a label: a scanner must not be able to grow the metrics.
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if route != "unmatched" else "any"
            self.metrics.latency.labels(method, route).observe(time.perf_counter() - begun)
            self.metrics.requests.labels(method, route, str(status)).inc()

    def _too_large(self, size: str) -> str:
        return (
            f"The body has {size} bytes; this server takes {self.max_body_bytes:,} at most."
            " Send less at a time."
        )

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.max_body_bytes:
            return 413, self._too_large(f"{int(length):,}")
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        is_json = media == "application/json" or media.endswith("+json")
        if scope["method"] in _WITH_BODY and scope["path"].startswith("/v1/") and not is_json:
            found = shown(media) if media else "none"
            return 415, f"Content-Type is {found}; send JSON as 'Content-Type: application/json'."
        return None

    def _limited(self, receive: Receive) -> Receive:
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.max_body_bytes:
                    raise HTTPException(413, self._too_large(f"more than {received - 1:,}"))
            return message

        return limited
