"""The next-basket protocol: one split, one catalogue, one set of baskets for all contenders.

For each basket of the test period a contender sees the visitor's history up to the
basket and ranks the whole catalogue. The first k are compared with the basket's
distinct products: all of them, those that the visitor had bought before (repeat,
ranked among those), and those that are new to the visitor (explore, ranked among
those). The last two answer different questions, and one list would let either hide
the other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from daogou.evaluation.metrics import Interval, bootstrap, coverage, ndcg_at, recall_at
from daogou.features import Basket, History, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Float64, Int32

Bool = npt.NDArray[np.bool_]
VIEWS = ("all", "repeat", "explore")


class Contender(Protocol):
    """Something that ranks the catalogue for a visitor."""

    @property
    def name(self) -> str:
        """Its row in the table."""
        ...

    def rank(
        self, history: History, now: float, masks: Sequence[Bool | None], k: int
    ) -> list[Int32]:
        """The best ``k`` items under each mask (bool [V], None for all), best first."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """One contender's row: metric name to mean and interval; coverage has no interval."""

    name: str
    metrics: Mapping[str, Interval]
    coverage: float
    values: Mapping[str, Float64]
    """The metric of each basket, NaN where it is undefined, for paired comparisons."""

    def row(self) -> dict[str, float | str]:
        """The row as benchmarks write it."""
        flat: dict[str, float | str] = {"name": self.name}
        for metric, interval in self.metrics.items():
            flat[metric] = interval.mean
            flat[f"{metric}_low"], flat[f"{metric}_high"] = interval.low, interval.high
        return flat | {"coverage": self.coverage}


def evaluate(
    contenders: Sequence[Contender],
    log: ShopLog,
    baskets: Sequence[Basket],
    n_items: int,
    *,
    k: int = 10,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Result]:
    """Run the protocol; intervals are 95%, by bootstrap over visitors."""
    names = [f"{metric}@{k}{'' if view == 'all' else f'_{view}'}"
             for metric in ("ndcg", "recall") for view in VIEWS]  # fmt: skip
    values = {c.name: {n: np.full(len(baskets), np.nan) for n in names} for c in contenders}
    shown: dict[str, list[Int32]] = {c.name: [] for c in contenders}
    for row, basket in enumerate(baskets):
        history = log.history(basket.visitor, basket.end)
        owned = np.zeros(n_items, bool)
        owned[history.items[history.kinds == PURCHASE]] = True
        masks = (None, owned, ~owned)
        targets = (
            basket.items,
            basket.items[owned[basket.items]],
            basket.items[~owned[basket.items]],
        )
        for contender in contenders:
            lists = contender.rank(history, basket.time, masks, k)
            shown[contender.name].append(lists[0])
            for view, ranked, relevant in zip(VIEWS, lists, targets, strict=True):
                suffix = "" if view == "all" else f"_{view}"
                mine = values[contender.name]
                mine[f"ndcg@{k}{suffix}"][row] = ndcg_at(ranked, relevant, k)
                mine[f"recall@{k}{suffix}"][row] = recall_at(ranked, relevant, k)
        progress(row + 1, len(baskets))
    visitors = np.array([b.visitor for b in baskets])
    return [
        Result(
            name=c.name,
            metrics={n: bootstrap(v, visitors) for n, v in values[c.name].items()},
            coverage=coverage(np.concatenate(shown[c.name] or [np.zeros(0, np.int32)]), n_items),
            values=values[c.name],
        )
        for c in contenders
    ]
