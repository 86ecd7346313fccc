"""Which scope each route needs: the one table, and the guard that holds every route to it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from daogou.server.access import Access, Door
from daogou.server.mounting import PATH as MCP
from daogou.server.storefront import PAGES

ANY: Final = "*"
"""The method of a route that looks at it by itself."""

NEEDED: Final[Mapping[tuple[str, str], Access]] = {
    **{("GET", page): "open" for page in PAGES},
    ("GET", "/assistant.js"): "open",
    (ANY, "/static"): "open",
    ("GET", "/openapi.json"): "open",
    ("GET", "/healthz"): "open",
    ("GET", "/readyz"): "open",
    # What a visitor did is shown and erased for who proves to be that visitor, or for merchants.
    ("GET", "/v1/visitors/{visitor_id:path}/events"): "shopper",
    ("DELETE", "/v1/visitors/{visitor_id:path}"): "shopper",
    ("POST", "/v1/events"): "shopper",
    ("POST", "/v1/search"): "shopper",
    ("GET", "/v1/completeQuery"): "shopper",
    ("POST", "/v1/recommend"): "shopper",
    ("GET", "/v1/explain"): "shopper",
    ("GET", "/v1/storefront"): "shopper",
    ("GET", "/v1/questions"): "shopper",
    ("GET", "/v1/products"): "shopper",
    ("GET", "/v1/products/{product_id:path}"): "shopper",
    ("GET", "/v1/knowledge"): "shopper",
    ("GET", "/v1/knowledge/{article_id:path}"): "shopper",
    # The id of a conversation is its key: nobody can guess it.
    ("POST", "/v1/conversations"): "shopper",
    ("GET", "/v1/conversations/{conversation_id}"): "shopper",
    ("PATCH", "/v1/conversations/{conversation_id}"): "shopper",
    ("DELETE", "/v1/conversations/{conversation_id}"): "shopper",
    ("POST", "/v1/conversations/{conversation_id}/messages"): "shopper",
    ("POST", "/v1/conversations/{conversation_id}/turns/{turn_id}/feedback"): "shopper",
    ("POST", "/v1/conversations/{conversation_id}/turns/{turn_id}/impressions"): "shopper",
    ("POST", "/v1/agui"): "shopper",
    # Platforms read the profile without being known.
    ("GET", "/.well-known/ucp"): "open",
    ("POST", "/v1/ucp/catalog/search"): "shopper",
    ("POST", "/v1/ucp/catalog/lookup"): "shopper",
    ("POST", "/v1/ucp/catalog/product"): "shopper",
    (ANY, MCP): "shopper",
    ("PUT", "/v1/products"): "merchant",
    ("PUT", "/v1/products/{product_id:path}"): "merchant",
    ("DELETE", "/v1/products/{product_id:path}"): "merchant",
    ("PUT", "/v1/knowledge"): "merchant",
    ("DELETE", "/v1/knowledge/{article_id:path}"): "merchant",
    ("GET", "/v1/controls"): "merchant",
    ("POST", "/v1/controls"): "merchant",
    ("POST", "/v1/controls:preview"): "merchant",
    ("GET", "/v1/controls/{control_id}"): "merchant",
    ("PATCH", "/v1/controls/{control_id}"): "merchant",
    ("DELETE", "/v1/controls/{control_id}"): "merchant",
    ("GET", "/metrics"): "admin",
}


class _Guard:
    """A route that asks at the door before its body is read."""

    def __init__(self, handle: ASGIApp, needed: Mapping[str, Access], door: Door) -> None:
        self._handle = handle
        self._needed = needed
        self._door = door

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        needed = self._needed.get(scope["method"], self._needed.get(ANY))
        # Any other method the route refuses by itself.
        if needed is not None:
            await self._door.admit(scope, needed)
        await self._handle(scope, receive, send)


def protect(app: FastAPI, door: Door) -> None:
    """Put the guard before every route that there is.

    Raises
    ------
    LookupError
        A route is not in the table.
    """
    for route, names in routes(app):
        unknown = [name for name in names if name not in NEEDED]
        if unknown:
            raise LookupError(f"NEEDED in {__name__} has no scope for {unknown}; add one.")
        needed = {method: NEEDED[method, path] for method, path in names}
        if "GET" in needed:
            needed["HEAD"] = needed["GET"]
        route.handle = _Guard(route.handle, needed, door)


def routes(app: FastAPI) -> Iterator[tuple[Any, list[tuple[str, str]]]]:
    """Every route, and what the table calls it: its methods, each with its path."""
    for context in iter_route_contexts(app.router.routes):
        route = context.original_route
        path = context.path or ""
        if isinstance(route, Mount):
            # The folder of the pages' modules is named by its content.
            path = "/" + path.split("/")[1]
        methods = (context.methods or {ANY}) - {"HEAD"}
        yield route, [(method, path) for method in sorted(methods)]
