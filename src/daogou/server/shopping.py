"""``POST /v1/search``, ``GET /v1/completeQuery``, ``POST /v1/recommend``, ``GET /v1/explain``."""

import functools
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from daogou.engine import Engine
from daogou.engine.photos import FIELD
from daogou.engine.requests import Boost, RecommendRequest, SearchRequest
from daogou.engine.requests import FacetSpec as Facet
from daogou.server.access import Caller, Door, caller_of
from daogou.server.answers import (
    completion_answer,
    explain_answer,
    json_response,
    recommend_answer,
    search_answer,
)
from daogou.server.config import ServerConfig
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.photos import photo_bytes
from daogou.server.schemas import (
    MAX_ID,
    RECOMMEND_PAGE,
    ExplainAnswer,
    Identifier,
    LanguageCode,
    RecommendAnswer,
    RecommendBody,
    speak,
)
from daogou.server.search_schemas import (
    SEARCH_PAGE,
    CompletionAnswer,
    FacetSpec,
    SearchAnswer,
    SearchBody,
)
from daogou.store import Store

SUGGESTIONS: Final = 8
FACET_VALUES: Final = 50


def shopping_routes(
    engine: Engine, store: Store, config: ServerConfig, metrics: Metrics, door: Door
) -> APIRouter:
    """What is there, what is for me, and why."""
    router = APIRouter(prefix="/v1", tags=["shopping"])

    @router.post("/search", summary="Search the catalogue", responses=answers(SearchAnswer))
    def search(body: SearchBody, caller: Annotated[Caller, Depends(caller_of)]) -> Response:
        door.speak_for(caller, body.visitor_id)
        language = speak(body.language_code, config.language)
        with metrics.stage("search", "engine"):
            stage = functools.partial(metrics.stage, "search")
            found = engine.search(search_request(body, language), stage=stage)
        with metrics.stage("search", "answer"):
            return json_response(search_answer(found, store, language))

    @router.get(
        "/completeQuery", summary="Suggest while typing", responses=answers(CompletionAnswer)
    )
    def complete(
        query: Annotated[str, Query(max_length=MAX_ID, description="What was typed so far.")],
        language_code: Annotated[LanguageCode, Query(alias="languageCode")] = None,
        max_suggestions: Annotated[
            int, Query(alias="maxSuggestions", ge=0, le=20, description="0 means 8.")
        ] = SUGGESTIONS,
    ) -> Response:
        language = speak(language_code, config.language)
        with metrics.stage("complete", "engine"):
            suggested = engine.complete(query, language, max_suggestions or SUGGESTIONS)
        return json_response(completion_answer(suggested))

    @router.post("/recommend", summary="Recommend products", responses=answers(RecommendAnswer))
    def recommend(body: RecommendBody, caller: Annotated[Caller, Depends(caller_of)]) -> Response:
        door.speak_for(caller, body.user_event.visitor_id)
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

    @router.get(
        "/explain",
        summary="Explain a product's place on a visitor's home page",
        responses=answers(ExplainAnswer),
    )
    def explain(
        product_id: Annotated[Identifier, Query(alias="productId")],
        caller: Annotated[Caller, Depends(caller_of)],
        visitor_id: Annotated[Identifier | None, Query(alias="visitorId")] = None,
        language_code: Annotated[LanguageCode, Query(alias="languageCode")] = None,
    ) -> Response:
        language = speak(language_code, config.language)
        door.speak_for(caller, visitor_id)
        with metrics.stage("explain", "engine"):
            told = engine.explain(visitor_id, product_id, language)
        return json_response(explain_answer(told, store, language))

    return router


def search_request(body: SearchBody, language: str) -> SearchRequest:
    """A search as the engine takes it."""
    photo = body.image_query
    return SearchRequest(
        query=body.query,
        visitor_id=body.visitor_id,
        page_size=body.page_size or SEARCH_PAGE,
        offset=body.offset,
        page_token=body.page_token,
        filter=body.filter,
        order_by=body.order_by,
        facets=tuple(map(_facet_spec, body.facet_specs)),
        boosts=tuple(Boost(b.condition, b.boost) for b in body.boost_spec.condition_boost_specs),
        spelling=body.spell_correction_spec.mode,
        understand=body.params.understand,
        removed=tuple(body.removed_constraints),
        page_categories=tuple(body.page_categories),
        language=language,
        personalize=body.params.personalize,
        image=photo_bytes(photo.image_bytes, FIELD) if photo is not None else None,
    )


def _facet_spec(spec: FacetSpec) -> Facet:
    key = spec.facet_key
    return Facet(
        key=key.key,
        intervals=tuple((_exact(i.minimum), _exact(i.exclusive_maximum)) for i in key.intervals),
        restricted_values=tuple(key.restricted_values),
        prefixes=tuple(key.prefixes),
        contains=tuple(key.contains),
        case_insensitive=key.case_insensitive,
        order_by=key.order_by,
        limit=spec.limit or FACET_VALUES,
        excluded_filter_keys=tuple(spec.excluded_filter_keys),
    )


def _exact(number: float | None) -> Decimal | None:
    """The decimal number that the caller wrote."""
    return None if number is None else Decimal(str(number))
