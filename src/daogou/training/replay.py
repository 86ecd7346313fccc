"""The shop's past replayed: at each moment what serving would have seen, and what came of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.features import (
    FEATURES,
    Basket,
    History,
    ItemStats,
    ItemTable,
    Neighbours,
    QueryScores,
    ShopLog,
    compute,
    item_stats,
)
from daogou.features.history import PURCHASE, VIEW
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY, popularity
from daogou.retrieval.base import Bool, Request, Retriever
from daogou.retrieval.behaviour import (
    ItemToItemRetriever,
    PersonalFrequencyRetriever,
    PopularRetriever,
)
from daogou.retrieval.dense import DenseRetriever
from daogou.retrieval.lexical import LexicalRetriever
from daogou.retrieval.proposals import PERSONAL_K, POPULAR_K, RELATED_K, propose, union
from daogou.retrieval.sources import Opinion, Panel
from daogou.training.examples import ListBuilder, Lists
from daogou.training.queries import CatalogueWords, DerivedQuery

LEXICAL_K, MEANING_K = 60, 40
CLICK_SECONDS: Final = 1800.0
"""A product was clicked where its page was viewed so soon after it was shown."""
Int64 = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that was typed or derived.

    Attributes
    ----------
    row
        Of its vector, among those of all queries.
    vector
        Centred text vector, [T].
    """

    row: int
    tokens: tuple[str, ...]
    vector: Float32


@dataclass(frozen=True, slots=True)
class Indexes:
    """What a query is asked of: the products' words and their meaning, centred texts [V, T]."""

    lexical: LexicalRetriever
    meaning: DenseRetriever
    texts: npt.NDArray[np.float16]

    def candidates(self, asked: Asked) -> Int32:
        """What a query finds by words and by meaning, int32 [K]."""
        request = Request(now=0.0, query_tokens=asked.tokens, query_vector=asked.vector)
        words = self.lexical.retrieve(request, LEXICAL_K)
        near = self.meaning.retrieve(request, MEANING_K)
        return union([words, near])

    def scores(self, asked: Asked, items: Int32) -> QueryScores:
        """How well ``items`` [K] answer a query, by the same measures as in serving."""
        matches = self.lexical.match(asked.tokens)
        words = np.zeros(len(self.texts), np.float32)
        words[matches.items] = matches.scores
        return QueryScores(
            lexical=words[items],
            semantic=self.texts[items].astype(np.float32) @ asked.vector,
            title_match=self.lexical.title_match(items, asked.tokens),
        )


class StatsClock:
    """Item statistics as they stood: popularity counted anew each day, the rest each week.

    Days are counted back from ``end``, so that the newest statistics are as old as a
    nightly training leaves them to be.
    """

    def __init__(self, log: ShopLog, table: ItemTable, neighbours: Neighbours, end: float) -> None:
        self._purchases = log.purchases()
        self._category = table.category
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
            newest, fast, slow = popularity(items, times, n_items=len(self._category), as_of=as_of)
            self._days[day] = replace(
                self._week(-(-day // 7)),
                popularity_newest=newest,
                popularity_fast=fast,
                popularity_slow=slow,
                as_of=as_of,
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
                category=self._category,
                as_of=self._end - week * 7 * DAY,
                neighbours=self._neighbours,
            )
        return self._weeks[week]


@dataclass(frozen=True, slots=True)
class Replay:
    """Makes training lists from moments of the log.

    Attributes
    ----------
    panel
        Sources that were fitted before the first of these moments, so that what they say of
        a list was not learned from it.
    list_size
        Bounds the rows of a list; None keeps all of them.
    heard_of
        bool [V]: the items that may stand in the list of a basket that does not hold them; None
        for all. Whether anybody would have wanted what has not one event, nobody knows: it may
        not have been in the shop yet. A ranker that is taught it as unwanted shows nothing new.
    """

    log: ShopLog
    table: ItemTable
    clock: StatsClock
    panel: Panel
    list_size: int | None
    seed: int
    heard_of: Bool | None = None

    @property
    def columns(self) -> int:
        """F: the features of a row, those of the sources included."""
        return len(FEATURES) + len(self.panel.columns)

    def candidates(self, history: History, now: float) -> tuple[Int32, Opinion]:
        """What all sources propose to a visitor, int32 [K], and what the fitted ones think."""
        opinion = self.panel.ask(history, now)
        request = Request(now=now, history=history)
        proposed = propose(self.clock.sources(now), request) + opinion.propose(None)
        return union(proposed), opinion

    def wide(
        self, history: History, items: Int32, now: float, opinion: Opinion | None,
        scores: QueryScores | None = None,
    ) -> Float32:  # fmt: skip
        """Features of ``items`` [K], float32 [K, F]; without an opinion the sources are silent."""
        own = compute(history, items, now, self.table, self.clock.stats(now), scores)
        told = opinion.wide(items) if opinion else self.panel.silent(len(items))
        return np.concatenate([own, told], 1)

    def baskets(
        self,
        baskets: Sequence[Basket],
        liked: Sequence[Int32],
        progress: Progress | None = None,
    ) -> Lists:
        """What each visitor could have been shown, and which of it was in the basket.

        ``liked`` are the candidates of the towers for each basket, or empty.
        """
        lists, rng = ListBuilder(), np.random.default_rng(self.seed)
        for number, basket in enumerate(_counted(baskets, progress)):
            history = self.log.history(basket.visitor, basket.end)
            items, opinion = self.candidates(history, basket.time)
            if len(liked):
                items = np.union1d(items, liked[number]).astype(np.int32)
            if self.heard_of is not None:
                items = items[self.heard_of[items] | np.isin(items, basket.items)]
            labels = np.isin(items, basket.items)
            kept = self._thin(labels, rng)
            items, labels = items[kept], labels[kept]
            bought = history.items[history.kinds == PURCHASE]
            lists.add(
                visitor=basket.visitor,
                end=basket.end,
                time=basket.time,
                items=items,
                wide=self.wide(history, items, basket.time, opinion),
                labels=labels.astype(np.float32),
                new=~np.isin(items, bought),
            )
        return lists.build(self.columns)

    def shown(self, since: float, until: float, limit: int) -> Int64:
        """Where the exposure events of a period begin; ``limit`` of them where there are more."""
        shown, rng = self.log.exposures, np.random.default_rng(self.seed)
        starts = np.flatnonzero(np.diff(shown.event, prepend=-1))
        inside = starts[(shown.time[starts] >= since) & (shown.time[starts] < until)]
        if len(inside) > limit:
            inside = np.sort(rng.choice(inside, limit, replace=False))
        return inside

    def exposures(
        self,
        starts: Int64,
        within: float,
        asked: Mapping[int, Asked] | None = None,
        indexes: Indexes | None = None,
    ) -> dict[str, Lists]:
        """What was shown, and whether it was then looked at, or bought ``within`` seconds.

        Parameters
        ----------
        starts
            From :meth:`shown`.
        asked
            The queries of the log that these events answered, by their numbers. None, and no
            ``indexes``, to take all products as shown unasked.

        Returns
        -------
        dict
            The same lists for the heads "click" and "purchase", each with its labels.
        """
        shown, bought, viewed = self.log.exposures, ListBuilder(), []
        for start in starts.tolist():
            stop = int(np.searchsorted(shown.event, shown.event[start], side="right"))
            visitor, time = int(shown.visitor[start]), float(shown.time[start])
            items = np.unique(shown.item[start:stop]).astype(np.int32)
            end = self.log.end_at(visitor, time)
            history = self.log.history(visitor, end)
            query = asked.get(int(shown.query[start])) if asked else None
            scores = indexes.scores(query, items) if query and indexes else None
            opinion = None if scores else self.panel.ask(history, time)
            purchased = self.log.done(visitor, time, within, (PURCHASE,))
            viewed.append(np.isin(items, self.log.done(visitor, time, CLICK_SECONDS, (VIEW,))))
            bought.add(
                visitor=visitor,
                end=end,
                time=time,
                items=items,
                wide=self.wide(history, items, time, opinion, scores),
                labels=np.isin(items, purchased).astype(np.float32),
                query=query.row if query else -1,
                rate=float(shown.rate[start]),
            )
        lists = bought.build(self.columns)
        clicked = np.concatenate([np.zeros(0, np.float32), *viewed]).astype(np.float32)
        return {"click": replace(lists, labels=clicked), "purchase": lists}

    def queries(
        self,
        queries: Sequence[DerivedQuery],
        asked: Sequence[Asked],
        indexes: Indexes,
        words: CatalogueWords,
    ) -> Lists:
        """What each derived query finds, how well it answers, and what the visitor then bought."""
        lists, rng = ListBuilder(), np.random.default_rng(self.seed)
        for query, typed in zip(queries, asked, strict=True):
            basket = query.basket
            if basket is None:
                continue
            history = self.log.history(basket.visitor, basket.end)
            items = np.union1d(indexes.candidates(typed), [query.item]).astype(np.int32)
            grades = grade(query, items, indexes.lexical.title_match(items, query.tokens), words)
            bought = np.isin(items, basket.items) & (grades == 1)
            gains = _gains(bought, grades)
            kept = self._thin(gains > 0, rng)
            items, gains, grades = items[kept], gains[kept], grades[kept]
            scores = indexes.scores(typed, items)
            lists.add(
                visitor=basket.visitor,
                end=basket.end,
                time=basket.time,
                items=items,
                wide=self.wide(history, items, basket.time, None, scores),
                labels=gains,
                grades=grades,
                query=typed.row,
            )
        return lists.build(self.columns)

    def _thin(self, positive: npt.NDArray[np.bool_], rng: np.random.Generator) -> Int64:
        """Which rows to keep: every positive, and, up to the list's size, others at random."""
        if self.list_size is None or len(positive) <= self.list_size:
            return np.arange(len(positive))
        lot = rng.random(len(positive))
        lot[positive] = -1
        return np.sort(np.argsort(lot)[: max(self.list_size, int(positive.sum()))])


def grade(query: DerivedQuery, items: Int32, title: Float32, words: CatalogueWords) -> Float32:
    """How well ``items`` [K] answer a derived query, whoever asks: 1 in full, 0 not at all.

    In full answers a product of the category that the query was derived from with all of
    the query's words in its title, or any of the category where the words name that. The
    words elsewhere are worth a half, the category without the words a little less.

    Parameters
    ----------
    title
        The share of the query's words in each item's title, [K].
    """
    named = words.category_tokens(query.item).issuperset(query.tokens)
    code = words.category[query.item]
    same = (words.category[items] == code) & (code > 0)
    full = title >= 1
    grades = np.select([same & (full | named), full, same], [1.0, 0.5, 0.4], 0.0)
    grades[items == query.item] = 1.0
    return grades.astype(np.float32)


def _gains(bought: npt.NDArray[np.bool_], grades: Float32) -> Float32:
    """What was bought after the query has most of the gain, the others share the rest."""
    others = np.where(bought, 0, grades)
    gains = 0.7 * bought / max(bought.sum(), 1) + 0.3 * others / max(others.sum(), 1)
    return np.asarray(gains, np.float32)


def _counted(baskets: Sequence[Basket], progress: Progress | None) -> Iterable[Basket]:
    for n, basket in enumerate(baskets):
        if progress and n % 500 == 0:
            progress(n, len(baskets))
        yield basket
    if progress:
        progress(len(baskets), len(baskets))
