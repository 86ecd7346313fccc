"""The shop's past replayed: at each moment what serving would have seen, and what came of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from daogou.features import (
    FEATURES,
    Basket,
    ItemStats,
    ItemTable,
    Neighbours,
    QueryScores,
    ShopLog,
    compute,
    item_stats,
)
from daogou.features.history import PURCHASE
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY, popularity
from daogou.retrieval.base import Request, Retriever
from daogou.retrieval.behaviour import (
    ItemToItemRetriever,
    PersonalFrequencyRetriever,
    PopularRetriever,
)
from daogou.retrieval.dense import DenseRetriever
from daogou.retrieval.lexical import LexicalRetriever
from daogou.retrieval.proposals import PERSONAL_K, POPULAR_K, RELATED_K, propose, union
from daogou.training.examples import ListBuilder, Lists
from daogou.training.queries import DerivedQuery
from daogou.training.shop import Shop

LEXICAL_K, MEANING_K = 60, 40
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Indexes:
    """What a query is asked of: the products' words, and their meaning."""

    lexical: LexicalRetriever
    meaning: DenseRetriever


class StatsClock:
    """Item statistics as they stood: popularity counted anew each day, the rest each week.

    Days are counted back from ``end``, so that the newest statistics are as old as a
    nightly training leaves them to be.
    """

    def __init__(self, log: ShopLog, table: ItemTable, neighbours: Neighbours, end: float) -> None:
        self._purchases = log.purchases()
        self._n_items = len(table)
        self._neighbours = neighbours
        self._end = end
        self._weeks: dict[int, ItemStats] = {}
        self._days: dict[int, ItemStats] = {}
        self._popular: dict[int, PopularRetriever] = {}
        self._personal = PersonalFrequencyRetriever()
        self._related = ItemToItemRetriever(neighbours)

    def stats(self, time: float) -> ItemStats:
        """The newest statistics that are not newer than ``time``."""
        day = self._day(time)
        if day not in self._days:
            _, items, times = self._purchases
            as_of = self._end - day * DAY
            fast, slow = popularity(items, times, n_items=self._n_items, as_of=as_of)
            self._days[day] = replace(
                self._week(-(-day // 7)), popularity_fast=fast, popularity_slow=slow, as_of=as_of
            )
        return self._days[day]

    def sources(self, time: float) -> tuple[tuple[Retriever, int], ...]:
        """The candidate sources over those statistics."""
        day = self._day(time)
        if day not in self._popular:
            self._popular[day] = PopularRetriever(self.stats(time).popularity_fast)
        return (
            (self._personal, PERSONAL_K),
            (self._related, RELATED_K),
            (self._popular[day], POPULAR_K),
        )

    def _day(self, time: float) -> int:
        return int(np.ceil((self._end - time) / DAY))

    def _week(self, week: int) -> ItemStats:
        if week not in self._weeks:
            visitors, items, times = self._purchases
            self._weeks[week] = item_stats(
                visitors,
                items,
                times,
                n_items=self._n_items,
                as_of=self._end - week * 7 * DAY,
                neighbours=self._neighbours,
            )
        return self._weeks[week]


@dataclass(frozen=True, slots=True)
class Replay:
    """Makes training lists from moments of the log.

    ``list_size`` bounds the rows of a list, or is None to keep all of them.
    """

    log: ShopLog
    table: ItemTable
    clock: StatsClock
    list_size: int | None
    seed: int

    def baskets(self, baskets: Sequence[Basket], progress: Progress | None = None) -> Lists:
        """What each visitor could have been shown, and which of it was in the basket."""
        lists, rng = ListBuilder(), np.random.default_rng(self.seed)
        for basket in _counted(baskets, progress):
            history = self.log.history(basket.visitor, basket.end)
            request = Request(now=basket.time, history=history)
            items = union(propose(self.clock.sources(basket.time), request))
            labels = np.isin(items, basket.items).astype(np.float32)
            items, labels = self._thin(items, labels, rng)
            bought = history.items[history.kinds == PURCHASE]
            lists.add(
                visitor=basket.visitor,
                end=basket.end,
                time=basket.time,
                items=items,
                wide=compute(
                    history, items, basket.time, self.table, self.clock.stats(basket.time)
                ),
                labels=labels,
                new=~np.isin(items, bought),
            )
        return lists.build(len(FEATURES))

    def exposures(self, since: float, until: float, within: float, limit: int) -> Lists:
        """What was shown from ``since`` to ``until``, and whether it was bought ``within`` seconds.

        Draws ``limit`` of the events where there are more.
        """
        shown, rng = self.log.exposures, np.random.default_rng(self.seed)
        starts = np.flatnonzero(np.diff(shown.event, prepend=-1))
        ends = np.append(starts[1:], len(shown.event))
        inside = np.flatnonzero((shown.time[starts] >= since) & (shown.time[starts] < until))
        if len(inside) > limit:
            inside = np.sort(rng.choice(inside, limit, replace=False))
        lists = ListBuilder()
        for event in inside:
            start, stop = int(starts[event]), int(ends[event])
            visitor, time = int(shown.visitor[start]), float(shown.time[start])
            items = np.unique(shown.item[start:stop]).astype(np.int32)
            end = self.log.end_at(visitor, time)
            history = self.log.history(visitor, end)
            lists.add(
                visitor=visitor,
                end=end,
                time=time,
                items=items,
                wide=compute(history, items, time, self.table, self.clock.stats(time)),
                labels=np.isin(items, self._bought(visitor, time, within)).astype(np.float32),
                new=np.zeros(len(items), bool),
                rate=float(shown.rate[start]),
            )
        return lists.build(len(FEATURES))

    def queries(
        self,
        queries: Sequence[DerivedQuery],
        vectors: Float32,
        indexes: Indexes,
        shop: Shop,
        *,
        first: int = 0,
    ) -> Lists:
        """What each derived query finds, and which of it the visitor then bought.

        Parameters
        ----------
        vectors
            Centred vectors of the queries, [Q, T].
        first
            Number of the first query among the vectors of all parts.
        """
        lists, rng = ListBuilder(), np.random.default_rng(self.seed)
        lexical, meaning, texts = indexes.lexical, indexes.meaning, shop.texts
        for number, query in enumerate(queries):
            basket = query.basket
            if basket is None:
                continue
            history = self.log.history(basket.visitor, basket.end)
            request = Request(
                now=basket.time,
                history=history,
                query_tokens=query.tokens,
                query_vector=vectors[number],
            )
            words = lexical.retrieve(request, LEXICAL_K)
            near = meaning.retrieve(request, MEANING_K)
            target = np.array([query.item], np.int32)
            items = np.unique(np.concatenate([words.items, near.items, target])).astype(np.int32)
            title = lexical.title_match(items, query.tokens)
            bought = np.isin(items, basket.items) & ((title >= 1) | (items == query.item))
            items, labels = self._thin(items, _gains(bought, title >= 1), rng)
            scores = np.zeros(len(self.table), np.float32)
            scores[words.items] = words.scores
            asked = QueryScores(
                lexical=scores[items],
                semantic=texts[items].astype(np.float32) @ vectors[number],
                title_match=lexical.title_match(items, query.tokens),
            )
            stats = self.clock.stats(basket.time)
            lists.add(
                visitor=basket.visitor,
                end=basket.end,
                time=basket.time,
                items=items,
                wide=compute(history, items, basket.time, self.table, stats, asked),
                labels=labels,
                new=np.zeros(len(items), bool),
                query=first + number,
            )
        return lists.build(len(FEATURES))

    def _bought(self, visitor: int, time: float, within: float) -> Int32:
        start, stop = int(self.log.offsets[visitor]), int(self.log.offsets[visitor + 1])
        lines = self.log.lines.slice(start, stop)
        low, high = np.searchsorted(lines.times, [time, time + within])
        later = lines.slice(int(low), int(high))
        bought: Int32 = later.items[later.kinds == PURCHASE]
        return bought

    def _thin(
        self, items: Int32, labels: Float32, rng: np.random.Generator
    ) -> tuple[Int32, Float32]:
        """Keep every positive and, up to the list's size, negatives at random."""
        if self.list_size is None or len(items) <= self.list_size:
            return items, labels
        lot = rng.random(len(items))
        lot[labels > 0] = -1
        kept = np.sort(np.argsort(lot)[: max(self.list_size, int((labels > 0).sum()))])
        return items[kept], labels[kept]


def _gains(bought: np.ndarray, matching: np.ndarray) -> Float32:
    """What was bought after the query has most of the gain, other full matches share the rest."""
    others = matching & ~bought
    gains = 0.7 * bought / max(bought.sum(), 1) + 0.3 * others / max(others.sum(), 1)
    return np.asarray(gains, np.float32)


def _counted(baskets: Sequence[Basket], progress: Progress | None) -> Iterable[Basket]:
    for n, basket in enumerate(baskets):
        if progress and n % 500 == 0:
            progress(n, len(baskets))
        yield basket
    if progress:
        progress(len(baskets), len(baskets))
