"""The shop's pages: one shell for every address, static modules, and what they need to open."""

import hashlib
import threading
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Query, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from daogou.engine import Engine
from daogou.engine.facets import MAX_VALUES
from daogou.engine.filters import quote
from daogou.engine.requests import FacetSpec, SearchRequest
from daogou.server.answers import json_response
from daogou.server.config import LANGUAGES, ServerConfig
from daogou.server.openapi import answers
from daogou.server.schemas import LanguageCode, StorefrontAnswer, speak
from daogou.store import Store
from daogou.types import Facet

STATIC: Final = Path(__file__).parent / "static"
PAGES: Final = (
    "/",
    "/search",
    "/product/{product_id:path}",
    "/knowledge/{article_id:path}",
    "/cart",
    "/me",
)
"""The addresses of the storefront; the router of ``static/app.js`` lists the same."""
_MAX_TILES: Final = 12


def add_storefront(app: FastAPI, engine: Engine, store: Store, config: ServerConfig) -> None:
    """Add the pages, their modules under ``/static``, and ``GET /v1/storefront``."""
    version = _digest(STATIC)
    # The folder is named by its content, so a browser may keep it for ever and is never stale.
    shell = (STATIC / "index.html").read_text(encoding="utf-8")
    shell = shell.replace("{static}", f"/static/{version}")

    async def page() -> Response:
        return Response(
            shell, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"}
        )

    for path in PAGES:
        app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)

    @app.get("/assistant.js", include_in_schema=False)
    async def embedding() -> Response:
        # Stands still while the folder's name changes: a merchant's page has this one address.
        script = f'export * from "./static/{version}/assistant/element.js";\n'
        return Response(
            script,
            media_type="text/javascript; charset=utf-8",
            headers={"Cache-Control": "no-cache"},
        )

    app.mount(f"/static/{version}", _Forever(directory=STATIC), name="static")
    app.include_router(_opening(engine, store, config))


def _opening(engine: Engine, store: Store, config: ServerConfig) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["storefront"])
    tiles = _Tiles(engine, store)

    @router.get(
        "/storefront",
        summary="What the storefront needs to open",
        responses=answers(StorefrontAnswer),
    )
    def storefront(
        language_code: Annotated[LanguageCode, Query(alias="languageCode")] = None,
    ) -> Response:
        language = speak(language_code, config.language)
        shoppers = [
            {"visitorId": s.visitor_id, "label": s.labels[language]} for s in config.shop_as
        ]
        return json_response(
            {
                "shopName": config.shop_name,
                "currencyCode": config.currency,
                "languages": list(LANGUAGES),
                "languageCode": language,
                "shoppers": shoppers,
                "categories": tiles.get(language),
                "photos": engine.sees_photos,
            }
        )

    return router


class _Tiles:
    """The outermost categories, each with its count and an emoji; counted once a revision."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self.engine = engine
        self.store = store
        self.lock = threading.Lock()
        self.cached: dict[str, tuple[int, list[dict[str, Any]]]] = {}

    def get(self, language: str) -> list[dict[str, Any]]:
        revision = self.store.revision()
        with self.lock:
            known = self.cached.get(language)
            if known is None or known[0] != revision:
                known = self.cached[language] = (revision, self._count(language))
        return known[1]

    def _count(self, language: str) -> list[dict[str, Any]]:
        everything = SearchRequest(
            query="",
            page_size=1,
            facets=(FacetSpec("categories", limit=MAX_VALUES),),
            language=language,
            personalize=False,
        )
        facets = self.engine.search(everything).slate.facets
        return [
            {"category": path, "count": count, "emoji": self._emoji(path, language)}
            for path, count in _outermost(facets)[:_MAX_TILES]
        ]

    def _emoji(self, path: str, language: str) -> str | None:
        """The emoji of the category's foremost product."""
        foremost = SearchRequest(
            query="",
            page_size=1,
            filter=f"categories: ANY({quote(path)})",
            language=language,
            personalize=False,
        )
        for item in self.engine.search(foremost).slate.items:
            return next(iter(item.product.attributes.get("emoji", ())), None)
        return None


def _outermost(facets: tuple[Facet, ...]) -> list[tuple[str, int]]:
    """The category paths without a parent, most products first."""
    values = [v for facet in facets if facet.key == "categories" for v in facet.values]
    top = [(v.value, v.count) for v in values if v.value is not None and " > " not in v.value]
    return sorted(top, key=lambda pair: (-pair[1], pair[0]))


class _Forever(StaticFiles):
    """Static files that never change under their address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                message["headers"].append(
                    (b"cache-control", b"public, max-age=31536000, immutable")
                )
            await send(message)

        await super().__call__(scope, receive, kept)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
