"""From rows to what is shown: the products of a page, each with its reasons."""

from collections.abc import Sequence
from dataclasses import replace

from daogou.engine.counterfactual import verified
from daogou.engine.grounds import Grounds, Shown
from daogou.engine.recommending import Chosen
from daogou.engine.view import View
from daogou.engine.visit import Visit
from daogou.features.items import Float32, Int32
from daogou.retrieval import Fused
from daogou.store import Store
from daogou.types import ScoredProduct


def grounds_of(
    view: View, visit: Visit, language: str, anchors: Int32, tokens: Sequence[str]
) -> Grounds:
    """What reasons can be made of, for a visit.

    Parameters
    ----------
    anchors
        The rows that the page is about.
    tokens
        Of the query.
    """
    return Grounds(
        catalogue=view.catalogue,
        history=visit.history,
        now=visit.now,
        language=language,
        anchors=anchors,
        query_tokens=tokens,
        stats=view.stats,
        by_category=view.by_category,
        bestsellers=view.bestsellers,
        vectors=view.model.text if view.model else None,
        photos=view.model.photos if view.model else None,
    )


def with_carried(grounds: Grounds, view: View, visit: Visit, chosen: Chosen) -> Grounds:
    """The grounds with what the ranker was seen to place the page's products for."""
    if chosen.judged is None:
        return grounds
    ties = grounds.untold_ties(chosen.rows)
    scores = dict(zip(chosen.rows.tolist(), chosen.judged.tolist(), strict=True))
    return replace(grounds, carried=verified(view, visit, ties, scores))


def hydrated(
    store: Store,
    rows: Int32,
    scores: Float32,
    fused: Fused,
    grounds: Grounds,
    placement: str,
    chances: Sequence[float] = (),
) -> tuple[ScoredProduct, ...]:
    """The products of a page, which alone are read from the store.

    ``chances`` are the propensities of its places, none where nothing was left to chance.
    """
    ids = [grounds.catalogue.table.ids[row] for row in rows.tolist()]
    products = store.products(ids)
    place = {row: n for n, row in enumerate(fused.items.tolist())}
    items = []
    chances = chances or [1.0] * len(ids)
    columns = zip(rows.tolist(), scores.tolist(), chances, ids, strict=True)
    for row, score, chance, product_id in columns:
        product = products.get(product_id)
        if product is None:  # deleted this very moment
            continue
        sources = fused.sources_of(place[row]) if row in place else ()
        reasons = grounds.reasons(Shown(row, product), placement)
        items.append(ScoredProduct(product, score, sources, reasons, chance))
    return tuple(items)
