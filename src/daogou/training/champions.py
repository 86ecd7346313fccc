"""Candidate sources compete on the newest days: which of them a shop's ranker is given."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.evaluation import Resampling, ndcg_at
from daogou.features import Basket, Interactions, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Int32
from daogou.features.stats import SLOW_DECAY
from daogou.retrieval.base import Request
from daogou.retrieval.sources import (
    JOINT,
    SOURCE_K,
    FactorSource,
    LineWeights,
    NeighbourSource,
    Panel,
    Source,
    UserNeighbourSource,
)
from daogou.training.config import Effort
from daogou.training.zoo import (
    AlsConfig,
    ContentConfig,
    EaseConfig,
    ItemToItemConfig,
    fit_als,
    fit_content,
    fit_ease,
    fit_item_to_item,
    fit_sequential_rules,
    fit_user_to_user,
)

Weighed = FactorSource | NeighbourSource | UserNeighbourSource
"""The sources that weigh the lines of the asking visitor's history."""
Fit = Callable[[Interactions], Weighed]
Texts = npt.NDArray[np.floating]
Told = Callable[[str], None]
LONG: Final = LineWeights(decay=SLOW_DECAY, max_lines=300)
"""A long memory, for shops where one buys the same kinds of things for months. Each source's own
weights are a short one, for shops where the last things seen say most. Which is better is
tried on each shop: it is a matter of how a source is asked, and costs no fit."""
LEAST_GAIN: Final = 0.01
"""A source that raises the share of found products by less than this part of it is left out."""


def contenders(effort: Effort, texts: Texts) -> Mapping[str, Fit]:
    """The fitted sources that an effort can pay for, by name.

    ``texts`` are the items' text vectors, [V, T].
    """
    quick = effort == "quick"
    return {
        "sequential-rules": fit_sequential_rules,
        "user-to-user": fit_user_to_user,
        "item-to-item": lambda found: fit_item_to_item(found, ItemToItemConfig()),
        "als": lambda found: fit_als(found, AlsConfig(width=64 if quick else 128)),
        "ease": lambda found: fit_ease(found, EaseConfig(n_top=3000 if quick else 8000)),
        "content": lambda _: fit_content(texts, ContentConfig(width=64 if quick else 128)),
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source did.

    Attributes
    ----------
    ndcg, ndcg_new
        NDCG@10 of its own order over the whole catalogue: of baskets, and of what is new in
        them, ranked among what is new to the visitor.
    found
        Share of the baskets' products among its first proposals.
    brought
        By how much that share grew when it joined those that were chosen before it; 0 for one
        that was left out.
    chosen
        Whether the ranker is given it.
    memory
        "short" or "long": how far back it reads a history on this shop.
    seconds
        What fitting took.
    """

    name: str
    ndcg: float
    ndcg_new: float
    found: float
    brought: float
    chosen: bool
    memory: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one source proposes for each basket: its first ten (all, new), and its candidates."""

    ndcg: float
    ndcg_new: float
    proposed: Sequence[Int32]

    @property
    def worth(self) -> float:
        """By what two memories are compared: what is old, the visitor's own counters tell."""
        return self.ndcg if np.isnan(self.ndcg_new) else self.ndcg_new


def remembering(source: Weighed, weights: LineWeights) -> Weighed:
    """The same source, asked with other weights of a history's lines."""
    twin = copy.copy(source)
    twin.weights = weights
    return twin


def fit_sources(
    interactions: Interactions, fits: Mapping[str, Fit], told: Told
) -> dict[str, Weighed]:
    """Fit each; an item-poor shop may leave some of them with nothing to say."""
    fitted = {}
    for name, fit in fits.items():
        told(name)
        fitted[name] = fit(interactions)
    return fitted


def compete(
    interactions: Interactions,
    effort: Effort,
    texts: Texts,
    log: ShopLog,
    baskets: Sequence[Basket],
    given: Sequence[Int32],
    told: Told = lambda _: None,
) -> tuple[Panel, list[Standing]]:
    """Fit all contenders, and choose greedily those that find what the others do not.

    Each turn takes the source that most raises the share of the baskets' products that are
    among the proposals, until the next one would raise it by less than :data:`LEAST_GAIN`
    of it.

    Parameters
    ----------
    baskets
        From after the interactions' ``as_of``.
    given
        What is proposed for each of them anyhow.
    """
    seconds: dict[str, float] = {}
    fitted: dict[str, Weighed] = {}
    for name, fit in contenders(effort, texts).items():
        begun = time.perf_counter()
        fitted |= fit_sources(interactions, {name: fit}, told)
        seconds[name] = time.perf_counter() - begun
    judged: dict[str, _Judged] = {}
    memory: dict[str, str] = {}
    for name, source in fitted.items():
        tried = {"short": source, "long": remembering(source, LONG)}
        told_by = {kind: _judge(one, log, baskets) for kind, one in tried.items()}
        memory[name] = max(tried, key=lambda kind: told_by[kind].worth)
        fitted[name], judged[name] = tried[memory[name]], told_by[memory[name]]
    order, gains = _greedy({name: j.proposed for name, j in judged.items()}, baskets, given)
    standings = [
        Standing(
            name=name,
            ndcg=judged[name].ndcg,
            ndcg_new=judged[name].ndcg_new,
            found=_found([judged[name].proposed], baskets),
            brought=gains.get(name, 0.0),
            chosen=name in order,
            memory=memory[name],
            seconds=round(seconds[name], 2),
        )
        for name in fitted
    ]
    return Panel(tuple(fitted[name] for name in order)), standings


def champion(
    panel: Panel,
    log: ShopLog,
    baskets: Sequence[Basket],
    ranked: Sequence[Int32],
) -> tuple[str, Mapping[str, float]]:
    """What orders the shop's home page: the ranker, or the source that beats it.

    Compared is NDCG@10 over the whole catalogue on the same validation baskets, and a source
    has to be better by more than chance: the paired difference, resampled over visitors,
    has to be above 0 in 95 of 100 draws. The ranker also knows stock, session and query.

    Parameters
    ----------
    ranked
        The ranker's first ten for each basket.

    Returns
    -------
    tuple
        :data:`JOINT` or the source's name, and NDCG@10 by name.
    """
    ours = np.array([ndcg_at(items, b.items) for items, b in zip(ranked, baskets, strict=True)])
    visitors = Resampling(np.array([basket.visitor for basket in baskets]))
    found = {JOINT: _mean(ours.tolist())}
    best = JOINT
    for source in panel.sources:
        theirs = []
        for basket in baskets:
            history = log.history(basket.visitor, basket.end)
            told = source.retrieve(Request(basket.time, history), 10)
            theirs.append(ndcg_at(told.items, basket.items))
        found[source.name] = _mean(theirs)
        if baskets and visitors.difference(np.array(theirs), ours).low > 0:
            best = max(best, source.name, key=lambda name: found[name])
    return best, found


def refit(
    panel: Panel, interactions: Interactions, effort: Effort, texts: Texts, told: Told
) -> Panel:
    """The same sources, fitted to everything."""
    fits = contenders(effort, texts)
    chosen = [source for source in panel.sources if isinstance(source, Weighed)]
    fitted = fit_sources(interactions, {source.name: fits[source.name] for source in chosen}, told)
    return Panel(tuple(remembering(fitted[old.name], old.weights) for old in chosen))


def _judge(source: Source, log: ShopLog, baskets: Sequence[Basket]) -> _Judged:
    ndcg, ndcg_new, proposed = [], [], []
    for basket in baskets:
        history = log.history(basket.visitor, basket.end)
        owned = np.unique(history.items[history.kinds == PURCHASE])
        told = source.retrieve(Request(basket.time, history), SOURCE_K + len(owned))
        fresh = told.items[~np.isin(told.items, owned)]
        ndcg.append(ndcg_at(told.items, basket.items))
        ndcg_new.append(ndcg_at(fresh, basket.items[~np.isin(basket.items, owned)]))
        proposed.append(told.items[:SOURCE_K])
    return _Judged(_mean(ndcg), _mean(ndcg_new), proposed)


def _mean(values: Sequence[float]) -> float:
    told = np.array(values)[~np.isnan(values)] if values else np.zeros(0)
    return float(told.mean()) if len(told) else float("nan")


def _greedy(
    proposed: Mapping[str, Sequence[Int32]], baskets: Sequence[Basket], given: Sequence[Int32]
) -> tuple[list[str], dict[str, float]]:
    """Names in the order in which they were chosen, and what each brought."""
    order: list[str] = []
    gains: dict[str, float] = {}
    have = _found([given], baskets)
    while len(order) < len(proposed):
        shares = {
            name: _found([given, *(proposed[n] for n in (*order, name))], baskets)
            for name in proposed
            if name not in order
        }
        best = max(shares, key=lambda name: shares[name])
        gain = shares[best] - have
        if not gain > LEAST_GAIN * have:
            break
        order.append(best)
        gains[best], have = gain, shares[best]
    return order, gains


def _found(proposed: Sequence[Sequence[Int32]], baskets: Sequence[Basket]) -> float:
    """Mean share of a basket's products that any of the sources proposes."""
    if not baskets:
        return 0.0
    shares = [
        np.isin(basket.items, np.concatenate([one[n] for one in proposed])).mean()
        for n, basket in enumerate(baskets)
    ]
    return float(np.mean(shares))
