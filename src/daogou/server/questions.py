"""``GET /v1/questions``: what is worth asking the assistant about a product."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from daogou.assistant import Assistant
from daogou.server.answers import json_response
from daogou.server.config import ServerConfig
from daogou.server.conversation_schemas import QuestionsAnswer
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.schemas import Identifier, LanguageCode, speak


def question_routes(assistant: Assistant, config: ServerConfig, metrics: Metrics) -> APIRouter:
    """Questions for a product's page."""
    router = APIRouter(prefix="/v1", tags=["conversations"])

    @router.get(
        "/questions",
        summary="Questions worth asking about a product",
        description="Three at most, each of which has an answer: what shoppers asked before,"
        " articles that go with the product, how it compares, what it has that others have not."
        " Send the `payload` as a message, with the text as its `label`.",
        responses=answers(QuestionsAnswer),
    )
    def questions(
        product_id: Annotated[Identifier, Query(alias="productId")],
        language_code: Annotated[LanguageCode, Query(alias="languageCode")] = None,
    ) -> Response:
        language = speak(language_code, config.language)
        with metrics.stage("questions", "engine"):
            found = assistant.questions(product_id, language)
        return json_response(
            {
                "productId": product_id,
                "languageCode": language,
                "questions": [{"text": q.text, "payload": q.payload} for q in found],
            }
        )

    return router
