"""What OpenAPI says about bodies that the feeds' codec reads, and about answers."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from daogou.server.schemas import ErrorAnswer

PRODUCT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "p1",
    "title": "Whole Milk, 1 gal",
    "languageCode": "en",
    "brands": ["Green Farm"],
    "categories": ["Dairy > Milk"],
    "priceInfo": {"currencyCode": "USD", "price": 3.49},
    "availability": "IN_STOCK",
    "attributes": {"size": {"text": ["1 gal"]}, "emoji": {"text": ["🥛"]}},
    "localized": {"zh": {"title": "全脂牛奶 1 加仑", "categories": ["乳制品 > 牛奶"]}},
}
EVENT_EXAMPLE: Final[dict[str, Any]] = {
    "eventType": "add-to-cart",
    "visitorId": "visitor-1",
    "eventId": "5f1c7d2e-6d0b-4a53-9d2b-0f1f0b8f3a11",
    "eventTime": "2026-11-22T10:15:00Z",
    "productDetails": [{"product": {"id": "p1"}, "quantity": 2}],
    "attributionToken": "",
}


def answers(model: type[BaseModel] | None, example: object = None) -> dict[int | str, Any]:
    """The ``responses`` of a route: the good answer, and the one shape of all the others."""
    good: dict[str, Any] = {"description": "Done"}
    if model is not None:
        good["model"] = model
    if example is not None:
        good["content"] = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {200: good, "default": {"description": "Refused or failed", "model": ErrorAnswer}}


def one_or_many(key: str, example: dict[str, Any]) -> dict[str, Any]:
    """The request body of a route that takes an object, a list, or ``{key: [...]}``."""
    one = {"type": "object", "additionalProperties": True}
    many = {"type": "array", "items": one, "minItems": 1}
    wrapped = {"type": "object", "properties": {key: many}, "required": [key]}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"anyOf": [one, many, wrapped]},
                    "examples": {
                        "one": {"value": example},
                        "many": {"value": {key: [example]}},
                    },
                }
            },
        }
    }


def declare_access(app: FastAPI, needed: Mapping[tuple[str, str], str], *, public: bool) -> None:
    """Have the description tell how a key is sent, and which scope each route needs."""
    described = app.openapi

    def with_access() -> dict[str, Any]:
        schema = described()
        schemes = schema["components"].setdefault("securitySchemes", {})
        if schemes:
            return schema
        schemes["key"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "A key that `daogou keys create` made. A server that has never had one"
            " asks for none on its own machine.",
        }
        for (method, path), scope in needed.items():
            route = schema["paths"].get(path.replace(":path}", "}"), {})
            operation = route.get(method.lower())
            if operation is not None and scope != "open":
                without: list[dict[str, list[str]]] = [{}] if public and scope == "shopper" else []
                operation["security"] = [*without, {"key": [scope]}]
        return schema

    app.openapi = with_access  # type: ignore[method-assign]  # as FastAPI's manual has it
