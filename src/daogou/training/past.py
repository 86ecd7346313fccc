"""The shop's past, divided: what sources are fitted to, what is replayed, what is validated on."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from daogou.features import FEATURES, Basket, Interactions, Neighbours
from daogou.features.history import PURCHASE
from daogou.features.items import Int32
from daogou.features.log import Exposures
from daogou.features.stats import DAY
from daogou.retrieval.base import Bool, Request
from daogou.retrieval.building import build_item_to_item
from daogou.retrieval.proposals import propose, union
from daogou.retrieval.sources import Panel
from daogou.training.config import Plan, TrainingConfig
from daogou.training.replay import StatsClock
from daogou.training.shop import Shop

FITTED_SHARE = 2 / 3
"""Of the purchases before validation, so many at least are what the sources are fitted to,
however many days are to be replayed."""


@dataclass(frozen=True)
class Past:
    """The log of a shop in three parts, by time.

    Attributes
    ----------
    start, check, end
        In seconds: sources and pretraining see what is before ``start``; what is replayed lies
        between it and ``check``, what is validated on between that and ``end``.
    panel
        Sources that were fitted to what is before ``start``.
    """

    shop: Shop
    start: float
    check: float
    end: float
    min_basket: int
    seed: int
    panel: Panel

    @classmethod
    def divide(cls, shop: Shop, config: TrainingConfig, derived: Plan, end: float) -> "Past":
        """By the settings' days, as far as the log reaches back and the plan wants examples."""
        check = end - config.validation_days * DAY
        start = check - config.replay_days * DAY
        times = shop.log.lines.times[shop.log.lines.kinds == PURCHASE]
        before = times[times < check]
        if len(before):
            start = max(start, float(np.quantile(before, FITTED_SHARE)))
        # The later the replay begins, the more the sources and towers were fitted to, and the
        # more like those that will serve are those that the ranker learns to trust.
        baskets = [basket.time for basket in shop.log.baskets(start, check, config.min_basket)]
        shown = _moments(shop.log.exposures, start, check)
        since = min(_newest(baskets, derived.baskets), _newest(shown, derived.exposures))
        start = since if np.isfinite(since) else start
        return cls(shop, start, check, end, config.min_basket, config.seed, Panel())

    def with_panel(self, panel: Panel) -> "Past":
        """The same, with sources."""
        return replace(self, panel=panel)

    @property
    def purchases(self) -> int:
        """Purchased lines in all."""
        return int((self.shop.log.lines.kinds == PURCHASE).sum())

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features of a list, those of the sources included."""
        return (*FEATURES, *self.panel.columns)

    @cached_property
    def clock(self) -> StatsClock:
        """Statistics as they stood; what goes together is counted before the replay begins."""
        # So that no list sees its own basket.
        together = neighbours(self.shop, self.start)
        return StatsClock(self.shop.log, self.shop.table, together, self.end)

    @cached_property
    def heard_of(self) -> Bool:
        """Which items have any event before ``check``, bool [V]."""
        lines = self.shop.log.lines
        told = np.zeros(len(self.shop.table), bool)
        told[lines.items[lines.times < self.check]] = True
        return told

    def interactions(self, until: float) -> Interactions:
        """The purchases before ``until``."""
        return Interactions.from_log(self.shop.log, len(self.shop.table), until)

    def drawn(self, since: float, until: float, limit: int) -> list[Basket]:
        """Baskets of a period; ``limit`` of them at random where there are more."""
        found = list(self.shop.log.baskets(since, until, self.min_basket))
        if len(found) > limit:
            rng = np.random.default_rng([self.seed, limit])
            chosen = np.sort(rng.choice(len(found), limit, replace=False))
            found = [found[i] for i in chosen]
        return found

    def given(self, basket: Basket) -> Int32:
        """What the sources that need no fitting propose for a basket."""
        history = self.shop.log.history(basket.visitor, basket.end)
        asked = Request(now=basket.time, history=history)
        return union(propose(self.clock.sources(basket.time), asked))


def _moments(shown: Exposures, since: float, until: float) -> list[float]:
    """When something was shown within a period, once an event."""
    times = shown.time[np.flatnonzero(np.diff(shown.event, prepend=-1))]
    kept: list[float] = times[(times >= since) & (times < until)].tolist()
    return kept


def _newest(times: list[float], count: int) -> float:
    """The moment since when ``count`` things, or all there are, happened; of none, infinity."""
    return sorted(times)[-min(count, len(times))] if times else np.inf


def neighbours(shop: Shop, until: float) -> Neighbours:
    """What was bought together before ``until`` (seconds)."""
    bought = (shop.log.lines.kinds == PURCHASE) & (shop.log.lines.times < until)
    counts = np.diff(shop.log.offsets)
    visitor = np.repeat(np.arange(len(counts), dtype=np.int64), counts)[bought]
    basket = visitor * (int(shop.log.lines.events.max(initial=0)) + 1)
    return build_item_to_item(
        basket + shop.log.lines.events[bought], shop.log.lines.items[bought], len(shop.table)
    )
