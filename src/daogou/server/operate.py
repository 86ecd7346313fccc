"""``/healthz``, ``/readyz``, ``/metrics``: for whoever keeps the server running."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from daogou.engine import Engine
from daogou.server.access import Caller, Door
from daogou.server.answers import json_response
from daogou.server.errors import error_response
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.schemas import Health, Ready
from daogou.store import EventWriter, Store


def operate_routes(
    engine: Engine, store: Store, metrics: Metrics, door: Door, writer: EventWriter
) -> APIRouter:
    """Is it up, can it answer, and how is it doing."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", summary="The process answers", responses=answers(Health))
    async def healthz() -> Response:
        return json_response({"status": "ok"})

    @router.get(
        "/readyz",
        summary="The database and the bundle are there",
        description="503 while one of them is not, or while events cannot be written. What is there"
        " is told with a key of the scope admin.",
        responses=answers(Ready),
    )
    def readyz(caller: Annotated[Caller, Depends(door.look)]) -> Response:
        writer.check()
        revision, products = store.revision(), store.count_products()
        if engine.bundle_id is None:
            return error_response(
                503,
                "No bundle is active, so nothing is ranked by a model. Run `daogou train`, then"
                " start the server again; search and popular products work meanwhile.",
            )
        if not caller.may("admin"):
            return json_response({"status": "ok"})
        return json_response(
            {
                "status": "ok",
                "bundle": engine.bundle_id,
                "revision": revision,
                "products": products,
            }
        )

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    def prometheus() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router
