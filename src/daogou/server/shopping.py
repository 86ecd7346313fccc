"""``POST /v1/search`` and ``POST /v1/recommend``."""

from fastapi import APIRouter, Response

from daogou.engine import Engine
from daogou.engine.requests import RecommendRequest, SearchRequest
from daogou.server.answers import json_response, recommend_answer, search_answer
from daogou.server.config import ServerConfig
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.schemas import (
    RECOMMEND_PAGE,
    SEARCH_PAGE,
    RecommendAnswer,
    RecommendBody,
    SearchAnswer,
    SearchBody,
    speak,
)
from daogou.store import Store


def shopping_routes(
    engine: Engine, store: Store, config: ServerConfig, metrics: Metrics
) -> APIRouter:
    """The shopper's two questions."""
    router = APIRouter(prefix="/v1", tags=["shopping"])

    @router.post("/search", summary="Search the catalogue", responses=answers(SearchAnswer))
    def search(body: SearchBody) -> Response:
        language = speak(body.language_code, config.language)
        request = SearchRequest(
            query=body.query,
            visitor_id=body.visitor_id,
            page_size=body.page_size or SEARCH_PAGE,
            offset=body.offset,
            filter=body.filter,
            order_by=body.order_by,
            facet_keys=tuple(spec.facet_key.key for spec in body.facet_specs),
            language=language,
            personalize=body.params.personalize,
        )
        with metrics.stage("search", "engine"):
            found = engine.search(request)
        with metrics.stage("search", "answer"):
            return json_response(search_answer(found.slate, found.corrected_query, store, language))

    @router.post("/recommend", summary="Recommend products", responses=answers(RecommendAnswer))
    def recommend(body: RecommendBody) -> Response:
        language = speak(body.language_code, config.language)
        request = RecommendRequest(
            placement=body.placement,
            visitor_id=body.user_event.visitor_id,
            product_ids=tuple(line.product.id for line in body.user_event.product_details),
            page_size=body.page_size or RECOMMEND_PAGE,
            filter=body.filter,
            language=language,
            diversity=body.params.diversity,
        )
        with metrics.stage("recommend", "engine"):
            slate = engine.recommend(request)
        with metrics.stage("recommend", "answer"):
            return json_response(
                recommend_answer(slate, store, language, with_score=body.params.return_score)
            )

    return router
