"""Products in the words of UCP, the Universal Commerce Protocol: its catalogue capability.

Shapes of version 2026-08-25, https://ucp.dev/2026-08-25/specification/overview. Prices are minor
units there as here. UCP knows no product without a price, and none without a variant: a product
that has no variants is its own only one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from daogou.assistant.gate import price_of
from daogou.engine import SearchSlate
from daogou.types import Money, Product, Variant

VERSION: Final = "2026-08-25"
SEARCH: Final = "dev.ucp.shopping.catalog.search"
LOOKUP: Final = "dev.ucp.shopping.catalog.lookup"
_STARS: Final = 5
_WEB: Final = ("https://", "http://")

Json = dict[str, Any]
Selection = Mapping[str, str]


def search_answer(found: SearchSlate, language: str) -> Json:
    """A page of products, as ``search_response`` describes it."""
    pagination: Json = {
        "has_next_page": found.next_page_token is not None,
        "total_count": found.slate.total,
    }
    if found.next_page_token is not None:
        pagination["cursor"] = found.next_page_token
    products = [product_out(item.product, language) for item in found.slate.items]
    return {"ucp": _envelope(SEARCH), "products": products, "pagination": pagination}


def lookup_answer(ids: Sequence[str], known: Iterable[Product], language: str) -> Json:
    """The products that ids name, each with the variants that they name, and what is missing."""
    products: list[Json] = []
    found: set[str] = set()
    for product in known:
        if not sellable(product):
            continue
        inputs: dict[str, list[Json]] = {}
        for asked in ids:
            variant, match = _resolved(product, asked)
            if variant is not None:
                inputs.setdefault(variant.id, []).append({"id": asked, "match": match})
                found.add(asked)
        chosen = [v for v in variants_of(product) if v.id in inputs]
        told = product_out(product, language, chosen)
        for variant_told in told["variants"]:
            variant_told["inputs"] = inputs[variant_told["id"]]
        products.append(told)
    answer: Json = {"ucp": _envelope(LOOKUP), "products": products}
    missing = [asked for asked in ids if asked not in found]
    if missing:
        answer["messages"] = [
            {"type": "info", "code": "not_found", "content": asked} for asked in missing
        ]
    return answer


def detail_answer(
    product: Product, language: str, wanted: Selection, preferences: Sequence[str]
) -> Json:
    """One product; of its variants those that have the options wanted, or the most of them.

    Where no variant has all of them, options are given up from the end of ``preferences``,
    those that are not among them first.
    """
    selected = _kept(product, wanted, preferences)
    fitting = [v for v in variants_of(product) if _has(v, selected)]
    told = product_out(product, language, fitting)
    if product.variants:
        told["selected"] = _options(selected)
        told["options"] = [
            {"name": name, "values": [_signal(product, selected, name, v) for v in values]}
            for name, values in _axes(product).items()
        ]
    return {"ucp": _envelope(LOOKUP), "product": told}


def not_found_answer(asked: str) -> Json:
    """The outcome where an id names no product."""
    message = {
        "type": "error",
        "code": "not_found",
        "content": f"Product not found: {asked}",
        "severity": "unrecoverable",
    }
    return {"ucp": {**_envelope(LOOKUP), "status": "error"}, "messages": [message]}


def sellable(product: Product) -> bool:
    """Whether every variant has a price, without which UCP knows no product."""
    return all(price_of(product, variant) for variant in variants_of(product))


def variants_of(product: Product) -> tuple[Variant, ...]:
    """The variants; those that there are no more of come last."""
    if not product.variants:
        return (Variant(product.id, availability=product.availability, gtin=product.gtin),)
    return tuple(sorted(product.variants, key=lambda v: v.availability == "OUT_OF_STOCK"))


def product_out(product: Product, language: str, variants: Sequence[Variant] | None = None) -> Json:
    """A product with all its variants, or with some, in a language."""
    text = product.localized.get(language)
    title = product.title_in(language)
    description = {"plain": (text.description if text else None) or product.description or title}
    prices = [m for v in variants_of(product) if (m := price_of(product, v))]
    told: Json = {
        "id": product.id,
        "title": title,
        "description": description,
        "categories": [
            {"value": path, "taxonomy": "merchant"} for path in product.categories_in(language)
        ],
        "price_range": {
            "min": _price(min(prices, key=lambda m: m.amount)),
            "max": _price(max(prices, key=lambda m: m.amount)),
        },
        "variants": [
            _variant(product, v, title, description)
            for v in (variants_of(product) if variants is None else variants)
        ],
        "metadata": {key: list(values) for key, values in product.attributes.items()},
    }
    if product.brand:
        told["brand"] = product.brand
    if product.uri and product.uri.startswith(_WEB):
        told["url"] = product.uri
    media = [{"type": "image", "url": i} for i in product.images if i.startswith(_WEB)]
    if media:
        told["media"] = [{**image, "alt_text": title} for image in media]
    if product.original_price:
        list_price = _price(product.original_price)
        told["list_price_range"] = {"min": list_price, "max": list_price}
    if product.variants:
        told["options"] = [
            {"name": name, "values": [{"label": value} for value in values]}
            for name, values in _axes(product).items()
        ]
    if product.rating is not None:
        told["rating"] = {
            "value": product.rating,
            "scale_max": _STARS,
            "count": product.rating_count,
        }
    if product.tags:
        told["tags"] = list(product.tags)
    return told


def _variant(product: Product, variant: Variant, title: str, description: Json) -> Json:
    price = price_of(product, variant)
    named = " / ".join(variant.options.values())
    told: Json = {
        "id": variant.id,
        "title": named or title,
        "description": {"plain": f"{title}, {named}"} if named else description,
        "price": _price(price) if price else None,
        "availability": {
            "available": variant.availability != "OUT_OF_STOCK",
            "status": variant.availability.lower(),
        },
        "options": _options(variant.options),
    }
    if variant.gtin:
        told["barcodes"] = [{"type": "GTIN", "value": variant.gtin}]
    return told


def _resolved(product: Product, asked: str) -> tuple[Variant | None, Literal["exact", "featured"]]:
    """The variant that an id names outright, or that stands for the product that it names."""
    variants = variants_of(product)
    for variant in variants:
        if asked in (variant.id, variant.gtin):
            return variant, "exact"
    named = asked in (product.id, product.gtin)
    return (variants[0] if named else None), "featured"


def _kept(product: Product, wanted: Selection, preferences: Sequence[str]) -> Selection:
    """The wanted options that a variant has together."""
    order = sorted(
        wanted, key=lambda n: preferences.index(n) if n in preferences else len(preferences)
    )
    while order:
        kept = {name: wanted[name] for name in order}
        if any(_has(v, kept) for v in product.variants):
            return kept
        order.pop()
    return {}


def _has(variant: Variant, selected: Selection) -> bool:
    return all(variant.options.get(name) == value for name, value in selected.items())


def _axes(product: Product) -> dict[str, list[str]]:
    """Each option's values, in the order of the variants."""
    axes: dict[str, list[str]] = {}
    for variant in product.variants:
        for name, value in variant.options.items():
            values = axes.setdefault(name, [])
            if value not in values:
                values.append(value)
    return axes


def _signal(product: Product, selected: Selection, name: str, value: str) -> Json:
    """Whether there is a variant with this value beside the other options selected."""
    beside = {**selected, name: value}
    there = [v for v in product.variants if _has(v, beside)]
    return {
        "label": value,
        "available": any(v.availability != "OUT_OF_STOCK" for v in there),
        "exists": bool(there),
    }


def _options(options: Selection) -> list[Json]:
    return [{"name": name, "label": value} for name, value in options.items()]


def _price(money: Money) -> Json:
    return {"amount": money.amount, "currency": money.currency}


def _envelope(capability: str) -> Json:
    return {"version": VERSION, "capabilities": {capability: [{"version": VERSION}]}}
