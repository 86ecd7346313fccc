"""``/v1/knowledge``: articles beside a product, answers to questions, and the merchant's side."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from daogou.engine import Engine
from daogou.errors import NotFound
from daogou.feeds.codec import article_from_json, article_to_json
from daogou.feeds.codec.questions import questions_to_json
from daogou.knowledge import Extract
from daogou.server.answers import json_response
from daogou.server.bodies import json_body, read_batch
from daogou.server.config import ServerConfig
from daogou.server.errors import missing_product, shown
from daogou.server.knowledge_schemas import ARTICLE_EXAMPLE, ArticleOut, KnowledgeAnswer
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers, one_or_many
from daogou.server.schemas import (
    MAX_ID,
    MAX_OFFSET,
    MAX_PAGE,
    DeletedAnswer,
    Identifier,
    LanguageCode,
    ProductsAnswer,
    speak,
)
from daogou.store import Store
from daogou.text import detect_language
from daogou.types import Article

RELATED: Final = 3
MAX_QUERY: Final = 1000
ArticleId = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["storing-bread"])]
InLanguage = Annotated[LanguageCode, Query(alias="languageCode")]


def knowledge_routes(
    engine: Engine, store: Store, config: ServerConfig, metrics: Metrics
) -> APIRouter:
    """What the shop knows beside its products. A change shows in the next request."""
    router = APIRouter(prefix="/v1/knowledge", tags=["knowledge"])

    @router.get(
        "",
        summary="Ask, or get the articles that go with a product or category",
        description="`query` is answered by an extract or by nothing. `productId` and `category`"
        " say what it is about, and bring the articles on that; without any of the three all"
        " articles are listed.",
        responses=answers(KnowledgeAnswer),
    )
    def knowledge(
        product_id: Annotated[Identifier | None, Query(alias="productId")] = None,
        category: Annotated[str | None, Query(max_length=MAX_QUERY, examples=["Bakery"])] = None,
        query: Annotated[str | None, Query(max_length=MAX_QUERY)] = None,
        language_code: InLanguage = None,
        page_size: Annotated[
            int, Query(alias="pageSize", ge=0, le=MAX_PAGE, description="0 means 3.")
        ] = RELATED,
        offset: Annotated[
            int, Query(ge=0, le=MAX_OFFSET, description="Where the list of all begins.")
        ] = 0,
    ) -> Response:
        language = speak(language_code, config.language)
        with metrics.stage("knowledge", "engine"):
            told = knowledge_answer(
                engine,
                store,
                language,
                query=query,
                product_id=product_id,
                category=category,
                size=page_size or RELATED,
                offset=offset,
            )
        return json_response(told)

    @router.put(
        "",
        summary="Put one article or many",
        responses=answers(ProductsAnswer),
        openapi_extra=one_or_many("articles", ARTICLE_EXAMPLE),
    )
    def put_articles(body: Annotated[Any, Depends(json_body)]) -> Response:
        batch = read_batch(body, "articles", _read, config.max_items)
        parts = batch.write(store.put_articles)
        return json_response(
            {
                "added": sum(part.added for part in parts),
                "changed": sum(part.changed for part in parts),
                "unchanged": sum(part.unchanged for part in parts),
                "errors": batch.errors,
            }
        )

    @router.get(
        "/{article_id:path}",
        summary="Get an article",
        description="In the language asked for where it has one, else in another.",
        responses=answers(ArticleOut),
    )
    def get_article(article_id: ArticleId, language_code: InLanguage = None) -> Response:
        editions = {article.language: article for article in store.article(article_id)}
        if not editions:
            raise _missing(article_id)
        language = speak(language_code, config.language)
        return json_response(
            article_to_json(editions.get(language) or next(iter(editions.values())))
        )

    @router.delete(
        "/{article_id:path}",
        summary="Delete an article in all its languages",
        responses=answers(DeletedAnswer),
    )
    def delete_article(article_id: ArticleId) -> Response:
        deleted = store.delete_articles([article_id])
        if not deleted:
            raise _missing(article_id)
        return json_response({"deleted": deleted})

    return router


def knowledge_answer(
    engine: Engine,
    store: Store,
    language: str,
    *,
    query: str | None,
    product_id: str | None,
    category: str | None,
    size: int,
    offset: int = 0,
) -> dict[str, Any]:
    """What the shop knows, as `KnowledgeAnswer` describes it.

    Raises
    ------
    NotFound
        There is no such product.
    """
    product = None if product_id is None else store.product(product_id)
    if product_id is not None and product is None:
        raise missing_product(product_id)
    base = engine.knowledge
    found: list[dict[str, Any]] = []
    extract = None
    if query:
        categories = (category,) if category else ()
        extract = base.answer(query, language, product_id, categories)
    if product_id or category:
        related = base.related(product_id=product_id, category=category, language=language, k=size)
        found = [{**article_to_json(r.article), "link": r.link} for r in related]
    elif extract is not None:
        editions = store.article(extract.id)
        found = [article_to_json(a) for a in editions if a.language == extract.language]
    elif query is None:
        found = [article_to_json(article) for article in base.articles(language)]
    listed = not (query or product_id or category)
    return {
        "languageCode": language,
        "extract": None if extract is None else _extract(extract),
        "articles": found[offset : offset + size] if listed else found,
        "questions": questions_to_json(product.questions) if product else [],
        "totalSize": len(found),
    }


def _read(data: Mapping[str, Any]) -> Article:
    return article_from_json(data, detect=detect_language)


def _extract(extract: Extract) -> dict[str, Any]:
    told: dict[str, Any] = {
        "text": extract.text,
        "languageCode": extract.language,
        "source": extract.source,
        "id": extract.id,
        "title": extract.title,
        "field": extract.field,
        "start": extract.start,
        "end": extract.end,
        "confidence": extract.confidence,
    }
    return told | ({"uri": extract.uri} if extract.uri else {})


def _missing(article_id: str) -> NotFound:
    return NotFound(f"There is no article {shown(article_id)}; GET /v1/knowledge lists them.")
