"""The shop's event log as arrays: what training and evaluation replay.

Dimension letters: N visitors, L lines of the whole log.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from daogou.features.history import KINDS, PURCHASE, History
from daogou.features.items import Float32, Float64, Int32, Int64

SHOWING: Final = ("impression", "search")
"""The events whose products were shown; Google Retail lists a page's results in its search."""
NEXT_LINES: Final = 10_000
"""What follows a moment ends after so many lines: a robot's million of them would be read anew
for each of its moments."""


@dataclass(frozen=True, slots=True)
class Basket:
    """A purchase to be predicted: whose, when, what, and where the past ends.

    ``end`` is the number of the visitor's history lines that came before.
    """

    visitor: int
    end: int
    time: float
    items: Int32


@dataclass(frozen=True, slots=True)
class Exposures:
    """Shown products, one row a line, [E] each, grouped by event and in its order.

    ``rate`` is the share of the event's unbought exposures that the log kept, ``query`` the
    number of the query that was answered, -1 where the visitor had typed none.
    """

    event: Int32
    visitor: Int32
    time: Float64
    item: Int32
    rate: Float32
    query: Int32


@dataclass(frozen=True, slots=True)
class Searches:
    """What was typed, by whom and when, [S] each; ``query`` numbers :attr:`ShopLog.queries`."""

    visitor: Int32
    time: Float64
    query: Int32


@dataclass(frozen=True, slots=True)
class ShopLog:
    """Everything that visitors did, by visitor and then in time.

    Attributes
    ----------
    visitors
        Visitor ids, N of them.
    offsets
        Where each visitor's lines begin, int64 [N + 1].
    lines
        All histories in one, [L]; ``events`` counts from 0 for each visitor.
    exposures
        What was shown: lines of ``impression`` and of ``search`` events.
    queries
        The distinct queries.
    searches
        Who typed them, and when.
    """

    visitors: tuple[str, ...]
    offsets: Int64
    lines: History
    exposures: Exposures
    queries: tuple[str, ...]
    searches: Searches

    @classmethod
    def from_frame(
        cls, frame: pl.DataFrame, index: Mapping[str, int], searches: pl.DataFrame | None = None
    ) -> "ShopLog":
        """Read the store's event lines; lines of products outside ``index`` are left out.

        Parameters
        ----------
        frame
            Has the columns of ``Store.event_lines``.
        searches
            What was typed, with the columns of ``daogou.store.searches.searches``; without
            it the log has no queries.
        """
        return cls.from_parts([frame], index, searches)

    @classmethod
    def from_parts(
        cls,
        parts: Iterable[pl.DataFrame],
        index: Mapping[str, int],
        searches: pl.DataFrame | None = None,
    ) -> "ShopLog":
        """The same, of a log in parts, in any order: each is cut down to numbers at once.

        A line takes some 100 bytes at the peak, and 25 in the end.
        """
        coder = _Coder(index)
        frame = pl.concat([_Coder.EMPTY, *map(coder.coded, parts)])
        visitors, places = coder.visitors()
        frame = frame.with_columns(pl.Series("visitor", places[frame["visitor"].to_numpy()]))
        frame = frame.sort("time", "seq", maintain_order=True)
        numbers = pl.DataFrame(
            {"visitor_id": visitors, "visitor": np.arange(len(visitors), dtype=np.int32)}
        )
        told = frame.filter(pl.col("kind").is_not_null()).sort("visitor", maintain_order=True)
        typed = _typed(searches, numbers)
        visitor = told["visitor"].to_numpy()
        counts = np.bincount(visitor, minlength=len(visitors))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(
            visitors=tuple(visitors),
            offsets=offsets,
            lines=History(
                told["item"].to_numpy(),
                told["kind"].to_numpy(),
                _seconds(told["time"]),
                told["quantity"].to_numpy(),
                _ordinals(visitor, told["seq"].to_numpy(), offsets),
            ),
            exposures=_exposures(frame.filter("shown"), typed),
            queries=tuple(typed["query"].unique(maintain_order=True)),
            searches=Searches(
                typed["visitor"].to_numpy(), _seconds(typed["time"]), typed["number"].to_numpy()
            ),
        )

    def history(self, visitor: int, end: int | None = None) -> History:
        """A visitor's history: whole, or the first ``end`` lines as they stood back then."""
        start, stop = int(self.offsets[visitor]), int(self.offsets[visitor + 1])
        whole = self.lines.slice(start, stop)
        return whole.before(len(whole) if end is None else end)

    def end_at(self, visitor: int, time: float) -> int:
        """How many of the visitor's lines are older than ``time``."""
        start, stop = int(self.offsets[visitor]), int(self.offsets[visitor + 1])
        return int(np.searchsorted(self.lines.times[start:stop], time))

    def done(self, visitor: int, time: float, within: float, kinds: Sequence[int]) -> Int32:
        """Items to which the visitor did one of ``kinds`` up to ``within`` seconds after ``time``.

        As many times as it was done, in order; only the next :data:`NEXT_LINES` are looked at.
        """
        start, stop = int(self.offsets[visitor]), int(self.offsets[visitor + 1])
        low, high = np.searchsorted(self.lines.times[start:stop], [time, time + within])
        high = min(high, low + NEXT_LINES)
        later = self.lines.slice(start + int(low), start + int(high))
        return later.items[np.isin(later.kinds, kinds)]

    def purchases(self) -> tuple[Int32, Int32, Float64]:
        """Visitor, item and time of every purchased line, an item once a basket."""
        bought = self.lines.kinds == PURCHASE
        counts = np.diff(self.offsets)
        visitor = np.repeat(np.arange(len(counts), dtype=np.int32), counts)[bought]
        items, events = self.lines.items[bought], self.lines.events[bought]
        first = first_of_each(visitor, events, items)
        return visitor[first], items[first], self.lines.times[bought][first]

    def baskets(self, since: float, until: float, min_items: int = 1) -> Iterator[Basket]:
        """The purchases in ``[since, until)`` with so many distinct items, by visitor and time."""
        inside = (self.lines.times >= since) & (self.lines.times < until)
        bought = np.flatnonzero(inside & (self.lines.kinds == PURCHASE))
        buyers = np.unique(np.searchsorted(self.offsets, bought, side="right") - 1)
        for visitor in buyers.tolist():
            start, stop = int(self.offsets[visitor]), int(self.offsets[visitor + 1])
            times = self.lines.times[start:stop]
            low, high = np.searchsorted(times, [since, until])
            events = self.lines.events[start:stop]
            cuts = np.flatnonzero(np.diff(events[low:high], prepend=-1, append=-1)) + low
            for a, b in itertools.pairwise(cuts):
                if self.lines.kinds[start + a] != PURCHASE or b - a < min_items:
                    continue
                items = np.unique(self.lines.items[start + a : start + b])
                if len(items) >= min_items:
                    # Two events of one second: only what is strictly older is the past.
                    end = int(np.searchsorted(times, times[a]))
                    yield Basket(visitor, end, float(times[a]), items)


class _Coder:
    """Makes numbers of the names in event lines, and leaves out what no log has."""

    EMPTY: Final = pl.DataFrame(
        schema={
            "seq": pl.Int64,
            "time": pl.Int64,
            "visitor": pl.Int32,
            "item": pl.Int32,
            "kind": pl.Int8,
            "shown": pl.Boolean,
            "quantity": pl.Float32,
            "sampling_rate": pl.Float32,
        }
    )

    def __init__(self, index: Mapping[str, int]) -> None:
        self._items = pl.DataFrame(
            {
                "product_id": pl.Series(list(index), dtype=pl.String),
                "item": np.fromiter(index.values(), np.int32, len(index)),
            }
        )
        self._numbers: dict[str, int] = {}

    def coded(self, part: pl.DataFrame) -> pl.DataFrame:
        """The lines of products that are known, visitors numbered as they come."""
        known = part.filter(pl.col("product_id").is_not_null()).join(
            self._items, on="product_id", how="inner", maintain_order="left"
        )
        found = known["visitor_id"].unique()
        numbers = [self._numbers.setdefault(v, len(self._numbers)) for v in found.to_list()]
        named = pl.DataFrame({"visitor_id": found, "visitor": np.array(numbers, np.int32)})
        return (
            known.join(named, on="visitor_id", how="left", maintain_order="left")
            .with_columns(
                pl.col("time").cast(pl.Datetime("us", "UTC")).cast(pl.Int64),
                pl.col("type")
                .replace_strict(KINDS, default=None, return_dtype=pl.Int8)
                .alias("kind"),
                pl.col("type").is_in(SHOWING).alias("shown"),
                pl.col("quantity").cast(pl.Float32),
                pl.col("sampling_rate").cast(pl.Float32),
            )
            .filter(pl.col("kind").is_not_null() | pl.col("shown"))
            .select(self.EMPTY.columns)
        )

    def visitors(self) -> tuple[pl.Series, Int32]:
        """The ids in their order, and where each number is in it, int32 [N]."""
        ids = pl.Series("visitor_id", list(self._numbers), pl.String)
        order = ids.arg_sort().to_numpy()
        places = np.empty(len(order), np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return ids.sort(), places


def first_of_each(visitor: Int32, basket: Int32, item: Int32) -> Int64:
    """Where each item stands first in its basket, rising; [L] each, baskets of visitors together.

    By one number a line: sorting triples takes ten times as long.
    """
    if not len(item):
        return np.zeros(0, np.int64)
    begins = np.diff(visitor, prepend=-1).astype(bool) | np.diff(basket, prepend=-1).astype(bool)
    key = np.cumsum(begins, dtype=np.int64) * (int(item.max()) + 1) + item
    return np.sort(np.unique(key, return_index=True)[1])


def _seconds(times: pl.Series) -> Float64:
    micros = times.cast(pl.Datetime("us", "UTC")).cast(pl.Int64).to_numpy()
    return np.asarray(micros / 1e6, np.float64)


def _ordinals(visitor: Int32, seq: Int64, offsets: Int64) -> Int32:
    """Number each visitor's events from 0: lines of one event share its ``seq``."""
    if len(seq) == 0:
        return np.zeros(0, np.int32)
    starts = np.flatnonzero(np.diff(seq, prepend=seq[0] - 1) | np.diff(visitor, prepend=-1))
    running = np.zeros(len(seq), np.int64)
    running[starts] = 1
    running = np.cumsum(running)
    base = running[np.minimum(offsets[:-1], len(seq) - 1)]
    return (running - np.repeat(base, np.diff(offsets))).astype(np.int32)


def _typed(searches: pl.DataFrame | None, visitors: pl.DataFrame) -> pl.DataFrame:
    """Searches of known visitors: seq, visitor, time, query, and the query's number."""
    if searches is None:
        schema = {"seq": pl.Int64, "visitor": pl.Int32, "time": pl.Int64, "query": pl.String}
        return pl.DataFrame(schema={**schema, "number": pl.Int32})
    known = searches.join(visitors, on="visitor_id", how="inner", maintain_order="left")
    queries = known.select("query").unique(maintain_order=True)
    numbered = queries.with_columns(pl.Series("number", np.arange(len(queries), dtype=np.int32)))
    return known.join(numbered, on="query", how="left", maintain_order="left")


def _exposures(frame: pl.DataFrame, typed: pl.DataFrame) -> Exposures:
    # The bought lines are all kept (rate 1); the event's rate is that of the sampled others.
    frame = frame.join(typed.select("seq", "number"), on="seq", how="left", maintain_order="left")
    frame = frame.with_columns(
        pl.col("number").fill_null(-1),
        pl.col("sampling_rate").min().over("seq").alias("rate"),
        pl.col("seq").rank("dense").cast(pl.Int32).alias("event"),
    ).sort("event", maintain_order=True)
    return Exposures(
        event=frame["event"].to_numpy() - 1,
        visitor=frame["visitor"].to_numpy(),
        time=_seconds(frame["time"]),
        item=frame["item"].to_numpy(),
        rate=frame["rate"].cast(pl.Float32).to_numpy(),
        query=frame["number"].to_numpy(),
    )
