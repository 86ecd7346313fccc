"""``/v1/products``: put, get and delete."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from daogou.errors import InvalidInput
from daogou.feeds.codec import product_from_json, product_to_json
from daogou.server.answers import json_response
from daogou.server.bodies import json_body, read_batch
from daogou.server.config import ServerConfig
from daogou.server.errors import missing_product, shown
from daogou.server.openapi import PRODUCT_EXAMPLE, answers, one_or_many
from daogou.server.schemas import (
    MAX_ID,
    MAX_PAGE,
    DeletedAnswer,
    LanguageCode,
    ProductList,
    ProductsAnswer,
    speak,
)
from daogou.store import PutResult, Store
from daogou.text import detect_language
from daogou.types import Product

ProductId = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["p1"])]
InLanguage = Annotated[LanguageCode, Query(alias="languageCode")]


def catalog_routes(store: Store, config: ServerConfig) -> APIRouter:
    """The merchant's side of the catalogue. A change shows in the next request."""
    router = APIRouter(prefix="/v1/products", tags=["catalogue"])

    @router.put(
        "",
        summary="Put one product or many",
        responses=answers(ProductsAnswer),
        openapi_extra=one_or_many("products", PRODUCT_EXAMPLE),
    )
    def put_products(body: Annotated[Any, Depends(json_body)]) -> Response:
        batch = read_batch(body, "products", _read, config.max_items)
        return _told(batch.write(store.put_products), batch.errors)

    @router.get("", summary="Get several products", responses=answers(ProductList))
    def get_products(
        ids: Annotated[list[str], Query(min_length=1, max_length=MAX_PAGE)],
        language_code: InLanguage = None,
    ) -> Response:
        language = language_code and speak(language_code, config.language)
        found = store.products(ids)
        wanted = list(dict.fromkeys(ids))
        return json_response(
            {
                "products": [product_to_json(found[i], language) for i in wanted if i in found],
                "missing": [i for i in wanted if i not in found],
            }
        )

    @router.put(
        "/{product_id:path}",
        summary="Put a product",
        responses=answers(ProductsAnswer),
        openapi_extra=one_or_many("products", PRODUCT_EXAMPLE),
    )
    def put_product(product_id: ProductId, body: Annotated[Any, Depends(json_body)]) -> Response:
        if not isinstance(body, dict):
            raise InvalidInput(f"the body is {shown(body)}; expected one product.")
        if body.setdefault("id", product_id) != product_id:
            raise InvalidInput(
                f"id is {shown(body['id'])} and the address says {product_id!r};"
                " leave the id out of the body, or make them equal.",
                field="id",
            )
        return _told([store.put_products([_read(body)])], [])

    @router.get(
        "/{product_id:path}",
        summary="Get a product",
        description="With `languageCode` its texts in that language; without, the whole record in"
        " every language, ready to be changed and put back.",
        responses=answers(None, example=PRODUCT_EXAMPLE),
    )
    def get_product(product_id: ProductId, language_code: InLanguage = None) -> Response:
        product = store.product(product_id)
        if product is None:
            raise missing_product(product_id)
        language = language_code and speak(language_code, config.language)
        return json_response(product_to_json(product, language))

    @router.delete(
        "/{product_id:path}", summary="Delete a product", responses=answers(DeletedAnswer)
    )
    def delete_product(product_id: ProductId) -> Response:
        deleted = store.delete_products([product_id])
        if not deleted:
            raise missing_product(product_id)
        return json_response({"deleted": deleted})

    return router


def _read(data: Mapping[str, Any]) -> Product:
    return product_from_json(data, detect=detect_language)


def _told(parts: list[PutResult], errors: list[dict[str, Any]]) -> Response:
    return json_response(
        {
            "added": sum(part.added for part in parts),
            "changed": sum(part.changed for part in parts),
            "unchanged": sum(part.unchanged for part in parts),
            "errors": errors,
        }
    )
