"""The application, put together."""

from typing import Final

from fastapi import FastAPI

from daogou import __version__
from daogou.assistant import Assistant
from daogou.engine import Engine
from daogou.server import control_schemas, conversation_schemas, schemas, search_schemas
from daogou.server.access import Door
from daogou.server.agui_runs import agui_routes
from daogou.server.catalog import catalog_routes
from daogou.server.config import ServerConfig
from daogou.server.controls import control_routes
from daogou.server.conversations import conversation_routes
from daogou.server.discovery import discovery_routes
from daogou.server.errors import install
from daogou.server.events import event_routes
from daogou.server.gate import Gate
from daogou.server.knowledge import knowledge_routes
from daogou.server.metrics import Metrics
from daogou.server.mounting import add_mcp
from daogou.server.openapi import declare_access
from daogou.server.operate import operate_routes
from daogou.server.origins import Origins
from daogou.server.questions import question_routes
from daogou.server.scopes import NEEDED, protect
from daogou.server.shopping import shopping_routes
from daogou.server.storefront import add_storefront
from daogou.server.tools import Tools
from daogou.server.visitors import visitor_routes
from daogou.store import EventWriter, Store

_DESCRIPTION: Final = """Search, recommendations, events, and an assistant that talks with shoppers.

Field names are Google Retail's where it has a name for the thing.

Prices are minor units (`{"amount": 499, "currency": "USD"}`), except in `priceInfo` and in
`filter`, where Retail has major ones. Every answer that is not 2xx has one shape, `ErrorAnswer`."""


def create_app(
    engine: Engine, store: Store, config: ServerConfig, assistant: Assistant | None = None
) -> FastAPI:
    """The API and the storefront over an engine and its store.

    The caller opens all of them and closes them; one engine serves all threads.

    Parameters
    ----------
    assistant
        Who talks to shoppers; without one an assistant as it is by default.
    """
    assistant = assistant or Assistant(engine, store, knowledge=engine.knowledge)
    metrics = Metrics()
    if assistant.llm is not None:
        metrics.watch(assistant.llm)
    door = Door(store, config)
    writer = EventWriter(store, max_events=config.queue_events, max_bytes=config.queue_bytes)
    tools = Tools(engine, store, config, assistant).listed()
    app = FastAPI(
        title="Daogou",
        version=__version__,
        description=_DESCRIPTION,
        # The interactive pages would load scripts from elsewhere; docs/api.md is the manual.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Gate, max_body_bytes=config.max_body_bytes, metrics=metrics)
    if config.origins:
        app.add_middleware(Origins, origins=config.origins)
    install(app, _request_fields())
    app.include_router(shopping_routes(engine, store, config, metrics, door))
    app.include_router(event_routes(writer, config, metrics))
    app.include_router(visitor_routes(store, config, door))
    app.include_router(catalog_routes(store, config))
    app.include_router(control_routes(engine, store, config, metrics))
    app.include_router(knowledge_routes(engine, store, config, metrics))
    app.include_router(conversation_routes(assistant, store, config, metrics, door))
    app.include_router(agui_routes(assistant, store, config, metrics, door))
    mcp = add_mcp(app, tools, config, metrics, door)
    app.include_router(discovery_routes(tools, config, metrics, mcp=mcp))
    app.include_router(question_routes(assistant, config, metrics))
    app.include_router(operate_routes(engine, store, metrics, door, writer))
    add_storefront(app, engine, store, config)
    protect(app, door)
    declare_access(app, NEEDED, public=config.public)
    return app


def _request_fields() -> set[str]:
    return schemas.field_names(
        *schemas.REQUESTS,
        *search_schemas.REQUESTS,
        *control_schemas.REQUESTS,
        *conversation_schemas.REQUESTS,
    )
