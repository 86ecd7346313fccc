"""Products in the field names of Google Retail, with prices in minor units beside."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from daogou.config import nearest
from daogou.errors import BadValue
from daogou.feeds.codec.attributes import attributes_from_json, attributes_to_json
from daogou.feeds.codec.fields import Fields
from daogou.feeds.codec.prices import money_to_json, prices_from_json, prices_to_json
from daogou.feeds.codec.questions import questions_from_json, questions_to_json
from daogou.feeds.codec.times import format_time, parse_time
from daogou.types import AVAILABILITIES, Availability, LocalizedText, Product, Variant

FIELDS: Final = frozenset(
    {
        "id",
        "type",
        "primaryProductId",
        "title",
        "description",
        "languageCode",
        "brands",
        "categories",
        "priceInfo",
        "price",
        "originalPrice",
        "availability",
        "uri",
        "images",
        "gtin",
        "attributes",
        "tags",
        "rating",
        "publishTime",
        "localized",
        "variants",
        "questionsAndAnswers",
        "colorInfo",
        "sizes",
        "materials",
        "patterns",
        "conditions",
        "audience",
    }
)
UNUSED: Final = frozenset(
    {
        "name",
        "collectionMemberIds",
        "expireTime",
        "ttl",
        "availableTime",
        "availableQuantity",
        "fulfillmentInfo",
        "promotions",
        "retrievableFields",
        "localInventories",
    }
)
"""Fields of Google Retail that have no place here; an import counts and reports them."""

_RATING: Final = frozenset({"averageRating", "ratingCount"})
_RATING_UNUSED: Final = frozenset({"ratingHistogram"})
_IMAGE: Final = frozenset({"uri"})
_IMAGE_UNUSED: Final = frozenset({"height", "width"})
_COLOR: Final = frozenset({"colors", "colorFamilies"})
_AUDIENCE: Final = frozenset({"genders", "ageGroups"})
_LOCALIZED: Final = frozenset({"title", "description", "categories"})
_VARIANT: Final = frozenset({"id", "options", "priceInfo", "price", "availability", "gtin"})
_LISTS_AS_ATTRIBUTES: Final = {
    "sizes": "size",
    "materials": "material",
    "patterns": "pattern",
    "conditions": "condition",
}
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_LINK: Final = re.compile(r"(?:https?://|/)\S*", re.IGNORECASE)


def english(_title: str) -> str:
    """The language of a title that nobody looked at."""
    return "en"


def product_from_json(
    data: Any,
    *,
    detect: Callable[[str], str] = english,
    left_out: Counter[str] | None = None,
) -> Product:
    """The product that a JSON object describes.

    Parameters
    ----------
    data
        Google Retail's ``Product``, or ours: the same with ``price`` and
        ``originalPrice`` as ``{"amount", "currency"}`` in minor units, ``localized``
        and ``variants``.
    detect
        Tells the language of a title where ``languageCode`` does not.
    left_out
        Counts the known fields that have no place here.

    Raises
    ------
    BadValue
        The first field that cannot be used.
    """
    fields = Fields(data)
    fields.only(FIELDS, UNUSED, left_out)
    identifier = fields.identifier("id", "Give every product an id of its own.")
    price, original = prices_from_json(fields)
    brands = fields.texts("brands")
    rating = fields.inner("rating")
    if rating:
        rating.only(_RATING, _RATING_UNUSED, left_out)
    attributes = _attributes(fields)
    if len(brands) > 1:
        attributes["other_brands"] = brands[1:]
    published = fields.raw("publishTime")
    title = fields.required("title", "Give every product a title that a shopper can read.")
    return Product(
        id=identifier,
        title=title,
        language=_language(fields) or detect(title),
        description=fields.text("description") or "",
        brand=brands[0] if brands else None,
        categories=fields.texts("categories"),
        price=price,
        original_price=original,
        availability=_availability(fields),
        uri=web_link(fields.text("uri"), fields.at("uri")),
        images=_images(fields, left_out),
        gtin=fields.text("gtin"),
        group_id=_group(fields, identifier),
        attributes=attributes,
        tags=fields.texts("tags"),
        rating=rating.number("averageRating", 0, 5) if rating else None,
        rating_count=(rating.integer("ratingCount", 0) or 0) if rating else 0,
        published=None if published is None else parse_time(published, fields.at("publishTime")),
        localized=_localized(fields),
        variants=_variants(fields),
        questions=questions_from_json(fields),
    )


def product_to_json(product: Product, language: str | None = None) -> dict[str, Any]:
    """The product as JSON, without the fields that are empty.

    Parameters
    ----------
    language
        Title, description and categories in this language where there are any, and
        neither ``localized`` nor ``questionsAndAnswers``; by default everything, so that
        :func:`product_from_json` gives the same product again.
    """
    text = product.localized.get(language) if language else None
    is_variant = product.group_id not in (None, product.id)
    found: dict[str, Any] = {
        "id": product.id,
        "type": "VARIANT" if is_variant else "PRIMARY",
        "primaryProductId": product.group_id if is_variant else None,
        "title": (text.title if text else None) or product.title,
        "description": (text.description if text else None) or product.description or None,
        "languageCode": language if text and text.title else product.language,
        "brands": [product.brand] if product.brand is not None else [],
        "categories": list((text.categories if text else ()) or product.categories),
        **prices_to_json(product.price, product.original_price),
        "availability": product.availability,
        "uri": product.uri,
        "images": [{"uri": uri} for uri in product.images],
        "gtin": product.gtin,
        "attributes": attributes_to_json(product.attributes),
        "tags": list(product.tags),
        "rating": _rating_to_json(product),
        "publishTime": format_time(product.published) if product.published else None,
        "variants": [_variant_to_json(variant) for variant in product.variants],
    }
    if language is None:
        found["questionsAndAnswers"] = questions_to_json(product.questions)
        found["localized"] = {
            code: _present(
                {
                    "title": local.title,
                    "description": local.description,
                    "categories": list(local.categories),
                }
            )
            for code, local in product.localized.items()
        }
    return _present(found)


def _present(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value not in (None, [], {})}


def _language(fields: Fields) -> str | None:
    text = fields.text("languageCode")
    return language_code(text, fields.at("languageCode")) if text else None


def language_code(text: str, field: str) -> str:
    """The primary tag of a BCP 47 language code: ``"zh-TW"`` is ``"zh"``.

    Raises
    ------
    BadValue
        It is none.
    """
    match = _LANGUAGE.fullmatch(text)
    if not match:
        raise BadValue(field, text, "a language code", 'Write it as in "en" or "zh-CN".')
    return match[1].lower()


def _group(fields: Fields, identifier: str) -> str | None:
    kind, primary = fields.text("type"), fields.text("primaryProductId")
    if kind not in (None, "", "PRIMARY", "VARIANT"):
        hint = "Import the members of a collection as products of their own."
        raise BadValue(fields.at("type"), kind, "PRIMARY or VARIANT", hint)
    remedy = "A VARIANT names the product that it belongs to, a PRIMARY names none."
    if primary:
        fields.identifier("primaryProductId", remedy)
    if kind == "VARIANT" and (not primary or primary == identifier):
        expected = "the id of the product that this is a variant of"
        raise BadValue(fields.at("primaryProductId"), primary, expected, remedy)
    if not primary or primary == identifier:
        return None
    if kind == "PRIMARY":
        raise BadValue(fields.at("primaryProductId"), primary, "no other product", remedy)
    return primary


def _availability(fields: Fields) -> Availability:
    text = fields.text("availability")
    if text is None or text in AVAILABILITIES:
        return text or "IN_STOCK"
    hint = f"{nearest(text.upper(), AVAILABILITIES)} Correct it, or leave it out.".strip()
    expected = f"one of {', '.join(AVAILABILITIES)}"
    raise BadValue(fields.at("availability"), text, expected, hint)


def web_link(text: str | None, field: str) -> str | None:
    """A link that a page may show, or None for an empty text.

    Raises
    ------
    BadValue
        It is no address of the web or path of the shop (``javascript:`` is none).
    """
    if not text:
        return None
    if _LINK.fullmatch(text):
        return text
    remedy = "Pages link to it, so that only https:, http: and paths of the shop can be."
    raise BadValue(field, text, "a web address", remedy)


def _images(fields: Fields, left_out: Counter[str] | None) -> tuple[str, ...]:
    found = []
    for image in fields.inners("images"):
        image.only(_IMAGE, _IMAGE_UNUSED, left_out)
        link = web_link(image.text("uri"), image.at("uri"))
        if link is None:
            raise BadValue(image.at("uri"), None, "a web address", "Leave the image out.")
        found.append(link)
    return tuple(found)


def _attributes(fields: Fields) -> dict[str, tuple[str, ...]]:
    found = attributes_from_json(fields)
    more = {_LISTS_AS_ATTRIBUTES[name]: fields.texts(name) for name in _LISTS_AS_ATTRIBUTES}
    color, audience = fields.inner("colorInfo"), fields.inner("audience")
    if color:
        color.only(_COLOR)
        more["color"] = color.texts("colors") or color.texts("colorFamilies")
    if audience:
        audience.only(_AUDIENCE)
        more["gender"], more["age_group"] = audience.texts("genders"), audience.texts("ageGroups")
    for key, values in more.items():
        if values:
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), *values)))
    return found


def _rating_to_json(product: Product) -> dict[str, Any]:
    rating: dict[str, Any] = {}
    if product.rating is not None:
        rating["averageRating"] = product.rating
    if product.rating_count:
        rating["ratingCount"] = product.rating_count
    return rating


def _localized(fields: Fields) -> dict[str, LocalizedText]:
    found = {}
    for code in fields.named("localized"):
        inner = Fields(fields.data["localized"][code], f"{fields.at('localized')}.{code}")
        inner.only(_LOCALIZED)
        found[language_code(code, inner.path)] = LocalizedText(
            inner.text("title"), inner.text("description"), inner.texts("categories")
        )
    return found


def _variants(fields: Fields) -> tuple[Variant, ...]:
    found: dict[str, Variant] = {}
    for inner in fields.inners("variants"):
        inner.only(_VARIANT)
        identifier = inner.identifier("id", "Give every variant an id of its own.")
        if identifier in found:
            remedy = "Give every variant an id of its own."
            raise BadValue(inner.at("id"), identifier, "an id that no other variant has", remedy)
        options = inner.inner("options")
        found[identifier] = Variant(
            id=identifier,
            options={
                key: options.required(key, "Say the option's value.")
                for key in inner.named("options")
            }
            if options
            else {},
            price=prices_from_json(inner)[0],
            availability=_availability(inner),
            gtin=inner.text("gtin"),
        )
    return tuple(found.values())


def _variant_to_json(variant: Variant) -> dict[str, Any]:
    return _present(
        {
            "id": variant.id,
            "options": dict(variant.options),
            "price": money_to_json(variant.price),
            "availability": variant.availability,
            "gtin": variant.gtin,
        }
    )
