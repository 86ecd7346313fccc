"""Lists for the rankers: what would have been proposed before the newest baskets."""

from typing import Final

import numpy as np

from benchmarks.recommend.dataset import Dataset
from daogou.features import Basket, Interactions, ItemStats, Neighbours, item_stats
from daogou.retrieval.sources import Panel
from daogou.training import zoo
from daogou.training.examples import Lists
from daogou.training.replay import Replay, StatsClock

LISTS: Final = 6000
SHARE: Final = 0.25
"""Of the purchases that lists are made of, at most: what came before tells what goes together."""
ROWS: Final = 100


def lists_of(dataset: Dataset, seed: int) -> tuple[Lists, ItemStats]:
    """Lists to learn from, and what is known of the items when the cases are asked.

    Neighbours are counted before the first of the lists, so that no list has them from its own
    basket; those of the answer are counted anew up to the end.
    """
    baskets = _newest(dataset, seed)
    until = dataset.final_until
    since = min((basket.time for basket in baskets), default=until)
    clock = StatsClock(dataset.log, dataset.table, _neighbours(dataset, since), until)
    replay = Replay(dataset.log, dataset.table, clock, Panel(), ROWS, seed)
    return replay.baskets(baskets, []), item_stats(
        *dataset.log.purchases(),
        category=dataset.table.category,
        as_of=until,
        neighbours=_neighbours(dataset, until),
    )


def _newest(dataset: Dataset, seed: int) -> list[Basket]:
    """The newest purchases of visitors with a past; drawn among those of one moment."""
    baskets = [b for b in dataset.log.baskets(-np.inf, dataset.final_until) if b.end]
    lot = np.random.default_rng(seed).random(len(baskets))
    times = np.array([basket.time for basket in baskets])
    count = min(LISTS, int(np.ceil(SHARE * len(baskets))))
    return [baskets[n] for n in np.lexsort((lot, -times))[:count].tolist()]


def _neighbours(dataset: Dataset, until: float) -> Neighbours:
    past = Interactions.from_log(dataset.log, dataset.n_items, until)
    return zoo.fit_item_to_item(past).table
