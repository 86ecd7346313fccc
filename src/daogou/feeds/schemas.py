"""The Parquet layouts: the names of the JSON fields, as columns and structs.

A JSON object with keys of the shop's own choosing (``attributes``, ``localized``) is a list
of ``{key, value}``, which is how a Parquet MAP is read.
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl


def _map(value: pl.DataType) -> pl.List:
    return pl.List(pl.Struct({"key": pl.String(), "value": value}))


_TEXTS: Final = pl.List(pl.String())
_MONEY: Final = pl.Struct({"amount": pl.Int64(), "currency": pl.String()})

PRODUCT_SCHEMA: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "type": pl.String(),
    "primaryProductId": pl.String(),
    "title": pl.String(),
    "description": pl.String(),
    "languageCode": pl.String(),
    "brands": _TEXTS,
    "categories": _TEXTS,
    "price": _MONEY,
    "originalPrice": _MONEY,
    "availability": pl.String(),
    "uri": pl.String(),
    "images": pl.List(pl.Struct({"uri": pl.String()})),
    "gtin": pl.String(),
    "attributes": _map(_TEXTS),
    "tags": _TEXTS,
    "rating": pl.Struct({"averageRating": pl.Float64(), "ratingCount": pl.Int64()}),
    "publishTime": pl.Datetime("us", "UTC"),
    "localized": _map(
        pl.Struct({"title": pl.String(), "description": pl.String(), "categories": _TEXTS})
    ),
    "variants": pl.List(
        pl.Struct(
            {
                "id": pl.String(),
                "options": _map(pl.String()),
                "price": _MONEY,
                "availability": pl.String(),
                "gtin": pl.String(),
            }
        )
    ),
    "questionsAndAnswers": pl.List(pl.Struct({"question": pl.String(), "answer": pl.String()})),
}
"""The columns that :func:`daogou.feeds.write_products_parquet` writes; reading needs
``id`` and ``title`` alone, and takes Retail's other fields (``priceInfo``, ...) too."""

EVENT_SCHEMA: Final[dict[str, pl.DataType]] = {
    "eventType": pl.String(),
    "visitorId": pl.String(),
    "eventId": pl.String(),
    "eventTime": pl.Datetime("us", "UTC"),
    "productDetails": pl.List(
        pl.Struct(
            {
                "product": pl.Struct({"id": pl.String()}),
                "quantity": pl.Int64(),
                "variantId": pl.String(),
                "price": _MONEY,
                "position": pl.Int64(),
                "propensity": pl.Float64(),
                "placement": pl.String(),
                "samplingRate": pl.Float64(),
            }
        )
    ),
    "searchQuery": pl.String(),
    "attributionToken": pl.String(),
    "policyId": pl.String(),
    "userInfo": pl.Struct({"userId": pl.String()}),
    "attributes": _map(_TEXTS),
}
"""The columns that :func:`daogou.feeds.write_events_parquet` writes; reading needs
``eventType``, ``visitorId`` and ``eventTime`` alone."""


def json_from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of a Parquet row: without nulls, with objects for lists of pairs."""
    found: dict[str, Any] = _present(row)
    for name in ("attributes", "localized"):
        if name in found:
            found[name] = _object(found[name])
    for variant in found.get("variants", []):
        if isinstance(variant, dict) and "options" in variant:
            variant["options"] = _object(variant["options"])
    return found


def row_from_json(data: Mapping[str, Any]) -> dict[str, Any]:
    """The Parquet row of a JSON object that the codec wrote."""
    row = dict(data)
    if "attributes" in row:
        row["attributes"] = _pairs({k: value["text"] for k, value in row["attributes"].items()})
    if "localized" in row:
        row["localized"] = _pairs(row["localized"])
    if "variants" in row:
        row["variants"] = [
            {**variant, "options": _pairs(variant.get("options", {}))}
            for variant in row["variants"]
        ]
    return row


def _present(value: Any) -> Any:
    """Without nulls; a struct of nulls alone is null too."""
    if isinstance(value, Mapping):
        found = {key: _present(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in found.items() if item != {}}
    if isinstance(value, list):
        return [_present(item) for item in value]
    return value


def _pairs(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": item} for key, item in value.items()]


def _object(value: Any) -> Any:
    """The object of a list of pairs; what is no such list is left for the codec to refuse."""
    if not isinstance(value, list) or not all(isinstance(p, dict) and "key" in p for p in value):
        return value
    return {pair["key"]: pair.get("value") for pair in value}
