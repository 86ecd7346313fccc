"""The next-basket protocol: one split, one catalogue, one set of baskets for all contenders.

For each basket of the test period a contender sees the visitor's history up to the
basket and ranks the whole catalogue. The first k are compared with the basket's
distinct products: all of them, those that the visitor had bought before (repeat,
ranked among those), and those that are new to the visitor (explore, ranked among
those). The last two answer different questions, and one list would let either hide
the other.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from daogou.evaluation.intervals import Interval, Resampling
from daogou.evaluation.metrics import coverage, hit_at, ndcg_at, recall_at, reciprocal_rank_at
from daogou.features import Basket, History, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Float64, Int32

Bool = npt.NDArray[np.bool_]
View = Literal["all", "repeat", "explore"]
Metric = Literal["ndcg", "recall", "hr", "mrr"]
VIEWS: Final[tuple[View, ...]] = ("all", "repeat", "explore")
_MEASURES: Final[Mapping[Metric, Callable[[Int32, Int32, int], float]]] = {
    "ndcg": ndcg_at,
    "recall": recall_at,
    "hr": hit_at,
    "mrr": reciprocal_rank_at,
}


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
    seconds: Float64
    """How long each basket's lists took, [N]."""

    def row(self) -> dict[str, float | str]:
        """The row as benchmarks write it."""
        flat: dict[str, float | str] = {"name": self.name}
        for metric, interval in self.metrics.items():
            flat[metric] = interval.mean
            flat[f"{metric}_low"], flat[f"{metric}_high"] = interval.low, interval.high
        return flat | {"coverage": self.coverage}


def metric_name(metric: Metric, k: int, view: View) -> str:
    """A metric's name in rows and tables: ``ndcg@10``, ``ndcg@10_explore``."""
    return f"{metric}@{k}" + ("" if view == "all" else f"_{view}")


def evaluate(
    contenders: Sequence[Contender],
    log: ShopLog,
    baskets: Sequence[Basket],
    n_items: int,
    *,
    k: int = 10,
    views: Sequence[View] = VIEWS,
    metrics: Sequence[Metric] = ("ndcg", "recall"),
    longest: int | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Result]:
    """Run the protocol; intervals are 95%, by bootstrap over visitors.

    Parameters
    ----------
    views
        What is asked of each contender. Coverage is that of the first one's lists.
    longest
        Contenders see so many lines of a history at most, the newest; what counts as bought
        before is that of the whole one.
    """
    names = [metric_name(metric, k, view) for metric in metrics for view in views]
    values = [{name: np.full(len(baskets), np.nan) for name in names} for _ in contenders]
    seconds = np.zeros((len(contenders), len(baskets)))
    shown: list[list[Int32]] = [[] for _ in contenders]
    for row, basket in enumerate(baskets):
        history = log.history(basket.visitor, basket.end)
        masks, wanted = _asked(history, basket.items, n_items, views)
        if longest is not None and len(history) > longest:
            history = history.slice(len(history) - longest, len(history))
        for number, contender in enumerate(contenders):
            start = time.perf_counter()
            lists = contender.rank(history, basket.time, masks, k)
            seconds[number, row] = time.perf_counter() - start
            shown[number].append(lists[0])
            for view, ranked, relevant in zip(views, lists, wanted, strict=True):
                for metric in metrics:
                    cells = values[number][metric_name(metric, k, view)]
                    cells[row] = _MEASURES[metric](ranked, relevant, k)
        progress(row + 1, len(baskets))
    resampling = Resampling(np.array([basket.visitor for basket in baskets]))
    return [
        Result(
            name=contender.name,
            metrics={name: resampling.mean(cells) for name, cells in values[number].items()},
            coverage=coverage(np.concatenate(shown[number] or [_NOTHING]), n_items),
            values=values[number],
            seconds=seconds[number],
        )
        for number, contender in enumerate(contenders)
    ]


_NOTHING: Final = np.zeros(0, np.int32)


def _asked(
    history: History, items: Int32, n_items: int, views: Sequence[View]
) -> tuple[list[Bool | None], list[Int32]]:
    """The mask of each view, and which of the basket's items count in it."""
    owned = np.zeros(n_items, np.bool_)
    owned[history.items[history.kinds == PURCHASE]] = True
    masks: dict[View, Bool | None] = {"all": None, "repeat": owned}
    wanted = {"all": items, "repeat": items[owned[items]]}
    if "explore" in views:
        masks["explore"], wanted["explore"] = ~owned, items[~owned[items]]
    return [masks[view] for view in views], [wanted[view] for view in views]
