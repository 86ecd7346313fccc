"""Where nothing has all that was asked: the nearest that there is, and what was given up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from daogou.engine.catalogue import Catalogue
from daogou.engine.constraints import Wish, label
from daogou.engine.matching import Bools
from daogou.engine.requests import Relaxation
from daogou.engine.saying import beside, money_text
from daogou.features.items import Int32

MOST: Final = 4
"""So many ways out are offered at most."""
_SENTENCES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "high": "Nothing {label}. From {price}:",
        "low": "Nothing {label}. Up to {price}:",
        "one": "Nothing matches “{label}” as well. Without it:",
        "many": "Nothing has all of that. Without {labels}:",
        "filter": "Nothing passes the filters that are set. Without them:",
        "all": "Nothing passes the filters that are set. Without them, and without {labels}:",
        "meaning": "Nothing has these words. The nearest in meaning:",
    },
    "zh": {
        "high": "没有{label}的商品，{price} 起：",
        "low": "没有{label}的商品，最高 {price}：",
        "one": "没有同时符合“{label}”的商品。不限此条件：",
        "many": "没有全部符合的商品。不限{labels}：",
        "filter": "没有符合当前筛选的商品。去掉筛选：",
        "all": "没有符合当前筛选的商品。去掉筛选，并且不限{labels}：",
        "meaning": "没有包含这些词的商品。意思最接近的：",
    },
}


@dataclass(frozen=True, slots=True)
class WayOut:
    """Products that are left once something is given up.

    Attributes
    ----------
    rows
        int32 [M]; the nearest price first where a price was given up, else in the order given.
    given_up
        Which wishes.
    filtered
        Whether the filter of the request still holds.
    by_price
        Whether the order is that of prices.
    """

    rows: Int32
    given_up: tuple[Wish, ...]
    filtered: bool = True
    by_price: bool = False


def ways_out(
    matched: Int32, allowed: Bools, wishes: Sequence[Wish], unfiltered: Bools
) -> list[WayOut]:
    """The nearest relaxations of a search without a result, the best first.

    One wish is given up where that is enough: a price first, since the nearest price is the
    smallest step, then what is least sure. Otherwise they are given up one after the other,
    the least sure first, until something is left; the filter of the request goes last.

    Parameters
    ----------
    matched
        Rows that have the words, int32 [M].
    allowed
        What passes the filter of the request, bool [V].
    wishes
        The hard ones.
    unfiltered
        All products that may be shown at all, bool [V].
    """
    ordered = sorted(wishes, key=_attachment)
    found = []
    for wish in ordered:
        rest = [other for other in wishes if other is not wish]
        if len(rows := _passing(matched, allowed, rest)):
            found.append(WayOut(rows, (wish,), by_price=_is_price(wish)))
    if not found:
        found = list(_one_by_one(matched, allowed, ordered))
    if not found and len(rows := _passing(matched, unfiltered, wishes)):
        found = [WayOut(rows, (), filtered=False)]
    if not found:
        ways = _one_by_one(matched, unfiltered, ordered)
        found = [replace(way, filtered=False) for way in ways]
    return found[:MOST]


def _one_by_one(matched: Int32, allowed: Bools, ordered: Sequence[Wish]) -> Iterator[WayOut]:
    for n in range(2, len(ordered) + 1):
        if len(rows := _passing(matched, allowed, ordered[n:])):
            yield WayOut(rows, tuple(ordered[:n]))
            return


def _passing(matched: Int32, allowed: Bools, wishes: Sequence[Wish]) -> Int32:
    mask = allowed
    for wish in wishes:
        mask = mask & wish.mask
    return matched[mask[matched]]


def _is_price(wish: Wish) -> bool:
    return wish.constraint.field == "price"


def _attachment(wish: Wish) -> tuple[int, float]:
    """How unwillingly a wish is given up: never what the shopper said no to before the rest."""
    if _is_price(wish):
        return 0, 0.0
    return (2 if wish.constraint.strength == "must-not" else 1), wish.constraint.confidence


def by_nearest_price(way: WayOut, catalogue: Catalogue) -> Int32:
    """The rows of a way out of a price, the nearest price first; without a price last."""
    bound = way.given_up[0].constraint
    prices = catalogue.numbers["price"][way.rows]
    above = 0.0 if bound.high is None else np.maximum(prices - bound.high, 0.0)
    below = 0.0 if bound.low is None else np.maximum(bound.low - prices, 0.0)
    return way.rows[np.argsort(above + below, kind="stable")]


def told(
    way: WayOut, first: int, text: str, catalogue: Catalogue, language: str, *, applied: bool
) -> Relaxation:
    """A way out in a sentence.

    Parameters
    ----------
    first
        The row that comes first on it.
    text
        What the wishes were read out of.
    """
    said = _SENTENCES["zh" if language == "zh" else "en"]
    labels = [label(wish, text, catalogue, language) for wish in way.given_up]
    if not way.filtered:
        text = (
            said["filter"] if not labels else beside(said["all"], labels=_listed(labels, language))
        )
    elif way.by_price:
        price = float(catalogue.numbers["price"][first])
        high = way.given_up[0].constraint.high
        side = "high" if high is not None and price > high else "low"
        if np.isnan(price):
            text = beside(said["one"], label=labels[0])
        else:
            text = beside(said[side], label=labels[0], price=money_text(price, catalogue.currency))
    elif len(labels) == 1:
        text = beside(said["one"], label=labels[0])
    else:
        text = beside(said["many"], labels=_listed(labels, language))
    return Relaxation(text, tuple(w.constraint.id for w in way.given_up), len(way.rows), applied)


def _listed(labels: Sequence[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(f"“{label}”" for label in labels)


def of_meaning(total: int, language: str) -> Relaxation:
    """Said where no product has the words, and those of a near meaning are shown."""
    said = _SENTENCES["zh" if language == "zh" else "en"]
    return Relaxation(said["meaning"], (), total, applied=True)
