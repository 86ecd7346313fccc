"""The validation of the ranker, by who is asking and what is found.

Dimension letters: N baskets, B baskets of a batch, K candidates, V items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from daogou.evaluation import Interval, bootstrap
from daogou.features import ItemTable, ShopLog
from daogou.features.items import Float64, Int32
from daogou.models import JointModel
from daogou.training.data import Data
from daogou.training.objective import listwise_ndcg
from daogou.training.validating import predict

EVENTS: Final = (0, 1, 5, 20, 100)
"""Where the groups of visitors begin, in events before the basket."""
FIFTHS: Final = 5
DEPARTMENTS: Final = 12
"""So many at most, those with the most purchases."""
ROUNDS: Final = 500
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Slice:
    """NDCG@10 of a part of the validation baskets.

    Attributes
    ----------
    products
        How many it is about; None where it is about all.
    baskets, visitors
        How many the mean is over.
    ndcg
        With bounds that are NaN where fewer than two visitors could be drawn.
    """

    name: str
    products: int | None
    baskets: int
    visitors: int
    ndcg: Interval


@dataclass(frozen=True, slots=True)
class Judged:
    """The ranker's answers to the validation baskets.

    Attributes
    ----------
    parts
        Items, labels, mask and logits of each batch, [B, K] each.
    visitor, events
        Of each basket: whose it is, and how many events of theirs came before, [N] each.
    """

    parts: Sequence[tuple[Tensor, Tensor, Tensor, Tensor]]
    visitor: Int32
    events: npt.NDArray[np.int64]

    @classmethod
    def of(cls, model: JointModel, data: Data) -> "Judged":
        """Ask the ranker; the head "next" has been taught."""
        lists = data.validation["next"]
        return cls(
            [
                (batch.items, batch.labels, batch.mask, logits)
                for batch, logits in predict(model, data, lists, "next")
            ],
            lists.visitor,
            _events_before(data.log, lists.visitor, lists.end),
        )

    def ndcg(self, among: Bool | None = None) -> Float64:
        """NDCG@10 of each basket [N], among the items ``among`` [V]; NaN without any to find."""
        kept = None if among is None else torch.from_numpy(among)
        found = [np.zeros(0)]
        for items, labels, mask, logits in self.parts:
            own = mask if kept is None else mask & kept[items]
            values = torch.full((len(items),), torch.nan)
            values[(labels * own).sum(1) > 0] = listwise_ndcg(logits, labels, own)
            found.append(values.numpy().astype(np.float64))
        return np.concatenate(found)

    def slice(self, name: str, values: Float64, products: int | None = None) -> Slice:
        """Sum up ``values`` [N], NaN where a basket is not in the slice."""
        told = ~np.isnan(values)
        visitors = len(np.unique(self.visitor[told]))
        interval = bootstrap(values, self.visitor, rounds=ROUNDS)
        if visitors < 2:
            interval = Interval(interval.mean, float("nan"), float("nan"))
        return Slice(name, products, int(told.sum()), visitors, interval)


def by_events(judged: Judged) -> list[Slice]:
    """By how many events of the visitor came before the basket."""
    values, group = judged.ndcg(), np.searchsorted(EVENTS, judged.events, side="right") - 1
    return [
        judged.slice(_span(n), np.where(group == n, values, np.nan)) for n in range(len(EVENTS))
    ]


def by_popularity(judged: Judged, log: ShopLog, n_items: int, until: float) -> list[Slice]:
    """By how often a product was bought before ``until`` (seconds): five equal parts of that."""
    fifth = _fifths(_bought(log, n_items, until))
    names = ("most bought", "second", "third", "fourth", "least bought")
    return [
        judged.slice(name, judged.ndcg(fifth == n), int((fifth == n).sum()))
        for n, name in enumerate(names)
    ]


def by_department(judged: Judged, log: ShopLog, table: ItemTable, until: float) -> list[Slice]:
    """By the products' department; those that sell most."""
    department, words = table.department, table.departments.words
    sold = np.bincount(
        department, weights=_bought(log, len(table), until), minlength=len(words)
    )  # [departments]
    largest = np.argsort(-sold, kind="stable")[:DEPARTMENTS]
    return [
        judged.slice(
            words[code] or "(none)",
            judged.ndcg(department == code),
            int((department == code).sum()),
        )
        for code in largest[sold[largest] > 0].tolist()
    ]


def rows(slices: Sequence[Slice]) -> list[tuple[object, ...]]:
    """As a table: name, products, baskets, visitors, mean, low, high."""
    return [
        (s.name, "all" if s.products is None else s.products, s.baskets, s.visitors,
         s.ndcg.mean, s.ndcg.low, s.ndcg.high)
        for s in slices
    ]  # fmt: skip


HEAD: Final = ("", "products", "baskets", "visitors", "NDCG@10", "95% from", "to")
"""The head of :func:`rows`."""


def all_slices(
    model: JointModel, data: Data, table: ItemTable
) -> Mapping[str, tuple[str, list[Slice]]]:
    """Title to what it says, and the slices; {} where the ranker was not taught baskets."""
    lists = data.validation.get("next")
    if lists is None or not len(lists):
        return {}
    judged = Judged.of(model, data)
    return {
        "By the visitor's events before the basket": (
            "NDCG@10 of validation baskets by how many events of the visitor came before,"
            " with 95% intervals over visitors.",
            by_events(judged),
        ),
        "By how often a product is bought": (
            "NDCG@10 among the products of each fifth of the purchases: the first has the few"
            " products that sell most. Baskets in which such a product was to be found.",
            by_popularity(judged, data.log, len(table), data.check),
        ),
        "By department": (
            f"NDCG@10 among the products of each department, of the {DEPARTMENTS} that sell most."
            " Baskets in which such a product was to be found.",
            by_department(judged, data.log, table, data.check),
        ),
    }


def _events_before(
    log: ShopLog, visitor: Int32, end: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Events before the first ``end`` [N] lines end, of each ``visitor`` [N]."""
    if not len(log.lines):
        return np.zeros(len(visitor), np.int64)
    last = log.lines.events[np.maximum(log.offsets[visitor] + end - 1, 0)].astype(np.int64)
    return np.where(end > 0, last + 1, 0)


def _bought(log: ShopLog, n_items: int, until: float) -> npt.NDArray[np.int64]:
    """Baskets before ``until`` that have each item, [V]."""
    _, items, times = log.purchases()
    return np.bincount(items[times < until], minlength=n_items)


def _fifths(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0 for the items that make up the first fifth of all ``counts`` [V], to 4, the rarest."""
    order = np.argsort(-counts, kind="stable")
    middle = np.cumsum(counts[order]) - counts[order] / 2
    fifth = np.empty(len(counts), np.int64)
    fifth[order] = np.minimum(middle / max(counts.sum(), 1) * FIFTHS, FIFTHS - 1)
    # What was never bought is as rare as can be, also where nothing was.
    fifth[counts == 0] = FIFTHS - 1
    return fifth


def _span(n: int) -> str:
    if n + 1 == len(EVENTS):
        return f"{EVENTS[n]} or more"
    last = EVENTS[n + 1] - 1
    return str(last) if last == EVENTS[n] else f"{EVENTS[n]} to {last}"
