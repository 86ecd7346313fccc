"""Products in the field names of Google Retail, with prices in minor units beside."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from daogou.config import nearest
from daogou.errors import BadValue
from daogou.feeds.codec.attributes import attributes_from_json, attributes_to_json
from daogou.feeds.codec.fields import Fields
from daogou.feeds.codec.money import currency_code, from_major, from_minor, to_major
from daogou.feeds.codec.times import format_time, parse_time
from daogou.types import AVAILABILITIES, Availability, LocalizedText, Money, Product, Variant

FIELDS: Final = (
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
    "colorInfo",
    "sizes",
    "materials",
    "patterns",
    "conditions",
    "audience",
)
UNUSED: Final = (
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
)
"""Fields of Google Retail that have no place here; an import counts and reports them."""

_LISTS_AS_ATTRIBUTES: Final = {
    "sizes": "size",
    "materials": "material",
    "patterns": "pattern",
    "conditions": "condition",
}
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_LINK: Final = re.compile(r"(?:https?://|/)\S*", re.IGNORECASE)


def product_from_json(data: Any, *, left_out: Counter[str] | None = None) -> Product:
    """The product that a JSON object describes.

    Parameters
    ----------
    data
        Google Retail's ``Product``, or ours: the same with ``price`` and
        ``originalPrice`` as ``{"amount", "currency"}`` in minor units, ``localized``
        and ``variants``.
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
    price, original = _prices(fields)
    brands = fields.texts("brands")
    rating = fields.inner("rating")
    if rating:
        rating.only(("averageRating", "ratingCount"), ("ratingHistogram",), left_out)
    attributes = _attributes(fields, left_out)
    if len(brands) > 1:
        attributes["other_brands"] = brands[1:]
    published = fields.raw("publishTime")
    return Product(
        id=identifier,
        title=fields.required("title", "Give every product a title that a shopper can read."),
        language=_language(fields),
        description=fields.text("description") or "",
        brand=brands[0] if brands else None,
        categories=fields.texts("categories"),
        price=price,
        original_price=original,
        availability=_availability(fields),
        uri=_link(fields.text("uri"), fields.at("uri")),
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
    )


def product_to_json(product: Product, language: str | None = None) -> dict[str, Any]:
    """The product as JSON, without the fields that are empty.

    Parameters
    ----------
    language
        Title, description and categories in this language where there are any, and
        no ``localized``; by default everything, so that
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
        **_prices_to_json(product.price, product.original_price),
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


def _language(fields: Fields, default: str = "en") -> str:
    text = fields.text("languageCode")
    if text is None:
        return default
    return language_code(text, fields.at("languageCode"))


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
        expected = f"PRIMARY or VARIANT.{nearest(kind, ('PRIMARY', 'VARIANT'))}"
        raise BadValue(fields.at("type"), kind, expected, "Import the members of a collection.")
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
    expected = f"one of {', '.join(AVAILABILITIES)}.{nearest(text.upper(), AVAILABILITIES)}"
    raise BadValue(fields.at("availability"), text, expected, "Correct it, or leave it out.")


def _prices(fields: Fields) -> tuple[Money | None, Money | None]:
    """``price`` and ``originalPrice``, in our way, in Retail's, or in both where they agree."""
    info = fields.inner("priceInfo")
    from_info: dict[str, Money] = {}
    if info:
        info.only(
            ("currencyCode", "price", "originalPrice"),
            ("cost", "priceEffectiveTime", "priceExpireTime", "priceRange"),
        )
        for name in ("price", "originalPrice"):
            if info.raw(name) is not None:
                unit = currency_code(info.raw("currencyCode"), info.at("currencyCode"))
                from_info[name] = from_major(info.raw(name), unit, info.at(name))
    return _price(fields, "price", from_info), _price(fields, "originalPrice", from_info)


def _price(fields: Fields, name: str, from_info: Mapping[str, Money]) -> Money | None:
    money = money_from_json(fields, name)
    other = from_info.get(name)
    if money and other and money != other:
        remedy = f"Send one of the two: {name} is in minor units, priceInfo in major ones."
        expected = f"the {other.amount} minor units {other.currency} of priceInfo.{name}"
        raise BadValue(fields.at(name), dict(fields.data[name]), expected, remedy)
    return money or other


def money_from_json(fields: Fields, name: str) -> Money | None:
    """Money as ``{"amount", "currency"}``, or None where there is none.

    Raises
    ------
    BadValue
        It is not of that shape.
    """
    inner = fields.inner(name)
    if inner is None:
        return None
    inner.only(("amount", "currency"))
    return from_minor(inner.raw("amount"), inner.raw("currency"), inner.path)


def money_to_json(money: Money | None) -> dict[str, Any] | None:
    """What :func:`money_from_json` reads."""
    return {"amount": money.amount, "currency": money.currency} if money else None


def _prices_to_json(price: Money | None, original: Money | None) -> dict[str, Any]:
    info: dict[str, Any] = {}
    for name, money in (("price", price), ("originalPrice", original)):
        # Two currencies have no place in one priceInfo; then our own fields say it alone.
        if money and info.setdefault("currencyCode", money.currency) == money.currency:
            info[name] = float(to_major(money))
    return {
        "priceInfo": info,
        "price": money_to_json(price),
        "originalPrice": money_to_json(original),
    }


def _link(text: str | None, field: str) -> str | None:
    if not text:
        return None
    if _LINK.fullmatch(text):
        return text
    remedy = "Pages link to it, so that only https:, http: and paths of the shop can be."
    raise BadValue(field, text, "a web address", remedy)


def _images(fields: Fields, left_out: Counter[str] | None) -> tuple[str, ...]:
    found = []
    for image in fields.inners("images"):
        image.only(("uri",), ("height", "width"), left_out)
        link = _link(image.text("uri"), image.at("uri"))
        if link is None:
            raise BadValue(image.at("uri"), None, "a web address", "Leave the image out.")
        found.append(link)
    return tuple(found)


def _attributes(fields: Fields, left_out: Counter[str] | None) -> dict[str, tuple[str, ...]]:
    found = attributes_from_json(fields)
    more = {_LISTS_AS_ATTRIBUTES[name]: fields.texts(name) for name in _LISTS_AS_ATTRIBUTES}
    color, audience = fields.inner("colorInfo"), fields.inner("audience")
    if color:
        color.only(("colors", "colorFamilies"))
        more["color"] = color.texts("colors") or color.texts("colorFamilies")
    if audience:
        audience.only(("genders", "ageGroups"), (), left_out)
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
        inner.only(("title", "description", "categories"))
        found[language_code(code, inner.path)] = LocalizedText(
            inner.text("title"), inner.text("description"), inner.texts("categories")
        )
    return found


def _variants(fields: Fields) -> tuple[Variant, ...]:
    found: dict[str, Variant] = {}
    for inner in fields.inners("variants"):
        inner.only(("id", "options", "priceInfo", "price", "availability", "gtin"))
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
            price=_prices(inner)[0],
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
