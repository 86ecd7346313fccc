"""Item-to-item: what is bought by the same visitors, or in the same baskets."""

from dataclasses import dataclass, field
from typing import Literal

from daogou.features import Interactions
from daogou.retrieval.building import build_item_to_item
from daogou.retrieval.sources import LineWeights, NeighbourSource
from daogou.training.zoo.matrices import basket_numbers, newest_lines


@dataclass(frozen=True, slots=True)
class ItemToItemConfig:
    """What belongs together, and how its weight is damped.

    Attributes
    ----------
    together
        Two items belong together if one ``"visitor"`` bought both, or if they were in one
        ``"basket"``.
    n_neighbours, damping, decay
        As in :func:`daogou.retrieval.building.build_item_to_item`.
    max_items
        Of a visitor, so many of the newest lines; of baskets, those of no more items.
    weights
        How much a line of the asking visitor's history counts.
    """

    together: Literal["visitor", "basket"] = "visitor"
    n_neighbours: int = 100
    damping: float = 10.0
    decay: float = 1.0
    max_items: int = 200
    weights: LineWeights = field(default_factory=lambda: LineWeights(position_decay=0.6))


def fit_item_to_item(
    interactions: Interactions, config: ItemToItemConfig | None = None
) -> NeighbourSource:
    """Damped cosine of who bought two items, or of the baskets that they were in."""
    config = config or ItemToItemConfig()
    by_visitor = config.together == "visitor"
    if by_visitor:
        interactions = newest_lines(interactions, config.max_items)
    table = build_item_to_item(
        interactions.visitor if by_visitor else basket_numbers(interactions),
        interactions.item,
        interactions.n_items,
        times=interactions.time,
        as_of=interactions.as_of,
        decay=config.decay,
        n_neighbours=config.n_neighbours,
        damping=config.damping,
        max_basket=config.max_items,
    )
    return NeighbourSource("item-to-item", table, config.weights)
