"""Searching with the state: what clearly matches the goal and every wish, counted exactly."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daogou.assistant.gate import total_of
from daogou.assistant.reading import price_filter
from daogou.assistant.reply import Call
from daogou.assistant.state import OPTION, CartLine, State, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.words import kind_of
from daogou.engine import Boost, FacetSpec, SearchRequest
from daogou.engine.columns import OPTION as IN_STOCK
from daogou.engine.columns import option_spelling
from daogou.engine.filters import AnyOf, Or, render_filter
from daogou.types import Facet, Product, ScoredProduct, Variant
from daogou.understanding import TEXT

PAGE: Final = 24
_PREFERRED: Final = 0.3


@dataclass(frozen=True, slots=True)
class Look:
    """What was found.

    Attributes
    ----------
    items
        The first page.
    total
        How many match.
    partial
        Whether none has all the words of the goal.
    corrected
        The goal as it was searched, where its spelling was mended.
    detail
        What was searched, to count it again.
    recommendation_id, policy_id
        Of the slate, for what happens to its products.
    """

    items: tuple[ScoredProduct, ...]
    total: int
    partial: bool
    corrected: str | None
    facets: tuple[Facet, ...]
    detail: Mapping[str, Any]
    recommendation_id: str = ""
    policy_id: str = ""


def look(
    turn: Turn,
    goal: str,
    wishes: Sequence[Wish],
    *,
    order_by: str = "",
    strict: bool = True,
    facets: tuple[FacetSpec, ...] = (),
    without: tuple[str, ...] = (),
    within: tuple[int | None, int | None] | None = None,
    page: int = PAGE,
    image: bytes | None = None,
) -> Look:
    """Search.

    Parameters
    ----------
    without
        Ids to leave out, besides those that were turned down.
    within
        Bounds of the price besides the wishes', both included.
    page
        How many products are read; one where they are counted only.
    image
        A photo that they are to look like.
    """
    hidden = tuple(dict.fromkeys((*turn.state.rejected, *without)))
    parts = [w.filter for w in wishes if w.filter and w.strength != "prefer"]
    if within is not None:
        parts.append(price_filter(*within, turn.gate.currency))
    options = [w for w in wishes if w.field.startswith(OPTION) and w.strength != "prefer"]
    refused = [w for w in wishes if w.field == TEXT and w.strength == "must-not"]
    query = " ".join([goal, *(_denied(w.values[0]) for w in refused)]).strip()
    detail = {
        "query": query,
        "filter": " AND ".join(f"({part})" for part in parts),
        "without": list(hidden),
        "orderBy": order_by,
        "strict": strict,
        "options": [[w.field, list(w.values)] for w in options],
    }
    in_options = [_option_filter(w, turn.engine.filter_fields) for w in options]
    if not all(in_options):  # no variant of any product has such an option
        return Look((), 0, partial=False, corrected=None, facets=(), detail=detail)
    request = SearchRequest(
        query,
        turn.visitor_id,
        page_size=page,
        filter=" AND ".join(f"({part})" for part in (*parts, *in_options)),
        excluded_ids=hidden,
        order_by=order_by,
        facets=facets,
        boosts=tuple(
            Boost(w.filter, _PREFERRED) for w in wishes if w.strength == "prefer" and w.filter
        ),
        language=turn.language,
        strict=strict,
        image=image,
    )
    found = turn.engine.search(request)
    slate = found.slate
    turn.gate.keep(item.product for item in slate.items)
    turn.calls.append(
        Call(
            "search_products",
            {"query": query, "filter": request.filter, "orderBy": order_by}
            | ({"byPhoto": True} if image is not None else {}),
            {"totalSize": slate.total, "productIds": [item.product.id for item in slate.items]},
        )
    )
    return Look(
        items=slate.items,
        total=slate.total,
        partial=found.partial or bool(found.relaxations),
        corrected=found.corrected_query if found.correction_applied else None,
        facets=slate.facets,
        detail=detail,
        recommendation_id=slate.recommendation_id,
        policy_id=slate.policy_id,
    )


def _option_filter(wish: Wish, fields: Collection[str]) -> str:
    """In stock with the option of a wish, by whichever name; empty where no product has it."""
    kind = kind_of(wish.field.removeprefix(OPTION))
    named = sorted(
        f for f in fields if f.startswith(IN_STOCK) and kind_of(f.removeprefix(IN_STOCK)) == kind
    )
    values = tuple(option_spelling(value) for value in wish.values)
    parts = tuple(AnyOf(field, values) for field in named)
    return render_filter(Or(parts) if len(parts) > 1 else parts[0]) if parts else ""


def _denied(words: str) -> str:
    return f"without {words}" if words.isascii() else f" 不要{words}"


def has(product: Product, wish: Wish) -> bool:
    """Whether a product is in stock with the option that a wish names."""
    return any(
        variant.availability != "OUT_OF_STOCK" and suits(variant, wish)
        for variant in product.variants
    )


def suits(variant: Variant, wish: Wish) -> bool:
    """Whether a variant is of the option that a wish names."""
    name = wish.field.removeprefix(OPTION)
    return any(same_option(value, wish.values) for key, value in option_of(variant, name))


def option_of(variant: Variant, name: str) -> list[tuple[str, str]]:
    """The options of a variant that are called so; sizes are called many things."""
    return [(k, v) for k, v in variant.options.items() if kind_of(k) == kind_of(name)]


def same_option(value: str, wanted: Sequence[str]) -> bool:
    """Whether an option's value is one of those wanted: "XXL" is "2XL", "M" is "m"."""
    spelled = option_spelling(value)
    return any(spelled == option_spelling(w) for w in wanted)


def left_of_total(state: State, turn: Turn) -> int | None:
    """What is left of the budget for everything, in minor units; None without one."""
    if state.total is None:
        return None
    return state.total - total_of(lines_of(turn, state.cart))


def lines_of(turn: Turn, lines: Sequence[CartLine]) -> list[tuple[Product, Variant | None, int]]:
    """Lines of a cart with their records; what is gone from the shop is left out."""
    records = {p.id: p for p in turn.gate.products(line.product_id for line in lines)}
    return [
        (product, variant_of(product, line.variant_id), line.quantity)
        for line in lines
        if (product := records.get(line.product_id)) is not None
    ]


def variant_of(product: Product, variant_id: str | None) -> Variant | None:
    """A product's variant by its id."""
    return next((v for v in product.variants if v.id == variant_id), None)


def diverse(items: Sequence[ScoredProduct], count: int) -> list[ScoredProduct]:
    """The first of each brand and category in their order, then the rest: no page of one kind.

    What is out of stock comes behind what is not.
    """
    seen: set[tuple[str | None, tuple[str, ...], tuple[str, ...]]] = set()
    first: list[ScoredProduct] = []
    rest: list[ScoredProduct] = []
    for item in items:
        product = item.product
        colors = product.attributes.get("color", ())
        kind = (product.brand, product.categories[:1], tuple(colors))
        there = product.availability != "OUT_OF_STOCK"
        if there and kind not in seen:
            first.append(item)
        else:
            rest.append(item)
        seen.add(kind)
    rest.sort(key=lambda item: item.product.availability == "OUT_OF_STOCK")
    return [*first, *rest][:count]


def variant_names(product: Product, *, out: bool) -> list[str]:
    """What the variants are called that are in stock, or those that are not."""
    variants = (v for v in product.variants if (v.availability == "OUT_OF_STOCK") == out)
    return list(dict.fromkeys(" / ".join(v.options.values()) for v in variants))
