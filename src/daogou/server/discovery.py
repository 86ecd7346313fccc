"""What this shop is to UCP: its profile at ``/.well-known/ucp``, and UCP's catalogue over REST.

A platform reads the profile to learn which version is spoken, what can be done, and where; then it
calls the MCP server or the addresses here, which are those of UCP's own OpenAPI document.
"""

import re
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from daogou.errors import InvalidInput
from daogou.server import tool_schemas as t
from daogou.server.answers import json_response
from daogou.server.config import ServerConfig
from daogou.server.errors import shown
from daogou.server.metrics import Metrics
from daogou.server.mounting import PATH as MCP_PATH
from daogou.server.openapi import answers
from daogou.server.tools import Tool
from daogou.server.ucp import LOOKUP, SEARCH, VERSION

WELL_KNOWN: Final = "/.well-known/ucp"
REST_PATH: Final = "/v1/ucp"
SERVICE: Final = "dev.ucp.shopping"
_SITE: Final = f"https://ucp.dev/{VERSION}"
_KNOWN_SECONDS: Final = 3600
_TOLD_SECONDS: Final = 60
"""So long may a profile be kept that was made for the host name of a request: UCP's least."""
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]+")


def discovery_routes(
    tools: tuple[Tool, ...], config: ServerConfig, metrics: Metrics, *, mcp: bool
) -> APIRouter:
    """The profile, and the catalogue of UCP's REST binding.

    Parameters
    ----------
    mcp
        Whether there is an MCP server to name.
    """
    router = APIRouter(tags=["UCP"])
    run = {tool.name: tool.run for tool in tools if tool.ucp}

    def called(name: str, arguments: Any) -> Response:
        with metrics.stage("ucp", name):
            return json_response(run[name](arguments))

    @router.get(
        WELL_KNOWN,
        summary="The shop's UCP profile",
        description=f"Version {VERSION} of the Universal Commerce Protocol.",
        responses=answers(None),
    )
    def get_profile(request: Request) -> Response:
        response = json_response(profile(config.public_url or _told(request), mcp=mcp))
        seconds = _KNOWN_SECONDS if config.public_url else _TOLD_SECONDS
        response.headers["Cache-Control"] = f"public, max-age={seconds}"
        if not config.public_url:
            response.headers["Vary"] = "Host"
        return response

    @router.post(
        f"{REST_PATH}/catalog/search", summary="UCP: search the catalogue", responses=answers(None)
    )
    def search(body: t.UcpSearch) -> Response:
        return called("search_catalog", t.SearchCatalog(catalog=body))

    @router.post(
        f"{REST_PATH}/catalog/lookup", summary="UCP: look up products", responses=answers(None)
    )
    def lookup(body: t.UcpLookup) -> Response:
        return called("lookup_catalog", t.LookupCatalog(catalog=body))

    @router.post(
        f"{REST_PATH}/catalog/product", summary="UCP: one product", responses=answers(None)
    )
    def product(body: t.UcpDetail) -> Response:
        return called("get_product", t.GetProduct(catalog=body))

    return router


def profile(address: str, *, mcp: bool) -> dict[str, Any]:
    """The profile of a shop that is reached at ``address``, as UCP's ``profile.json`` has it."""
    schemas = f"{_SITE}/schemas/shopping"
    services = f"{_SITE}/services/shopping"
    bindings = [
        {
            "version": VERSION,
            "transport": "rest",
            "endpoint": f"{address}{REST_PATH}",
            "schema": f"{services}/rest.openapi.json",
        }
    ]
    if mcp:
        bindings.append(
            {
                "version": VERSION,
                "transport": "mcp",
                "endpoint": f"{address}{MCP_PATH}",
                "schema": f"{services}/mcp.openrpc.json",
            }
        )
    return {
        "ucp": {
            "version": VERSION,
            "services": {SERVICE: bindings},
            "capabilities": {
                SEARCH: [{"version": VERSION, "schema": f"{schemas}/catalog_search.json"}],
                LOOKUP: [{"version": VERSION, "schema": f"{schemas}/catalog_lookup.json"}],
            },
            # Nothing is sold through UCP here: there is no checkout.
            "payment_handlers": {},
        }
    }


def _told(request: Request) -> str:
    """The address under which a request reached the shop."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise InvalidInput(
            f"the Host header is {shown(host)}; expected the name of this shop. The operator can"
            " set [server] public_url instead."
        )
    return f"{request.url.scheme}://{host}"
