"""The joint model on the evaluation's terms: trained before the split, compared after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daogou.bundle import Bundle
from daogou.errors import TrainingError
from daogou.evaluation import (
    Contender,
    PersonalFrequency,
    Popularity,
    Result,
    Rounds,
    SourceContender,
    evaluate,
    interval,
    top,
)
from daogou.features import (
    FEATURES,
    MAX_EVENTS,
    History,
    Interactions,
    ItemTable,
    ShopLog,
    load_items,
)
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY
from daogou.ranking import JointRanker
from daogou.retrieval.base import Request, Retriever
from daogou.retrieval.dense import DenseRetriever
from daogou.retrieval.proposals import TASTE_K, propose, union
from daogou.retrieval.sources import LineWeights, NeighbourSource, load_panel
from daogou.store import Store
from daogou.training.examples import Lists
from daogou.training.replay import Int64, Replay, StatsClock
from daogou.training.shop import latest
from daogou.training.zoo.ease import EaseConfig, fit_ease

Bool = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]


class Joint:
    """Candidates from every source, ranked by a head of the exported model.

    Popularity is counted anew each day of the test period, as a nightly training
    does; weights and neighbours stay as they were at the split.
    """

    def __init__(self, bundle: Bundle, log: ShopLog, *, name: str = "daogou joint") -> None:
        self.name = name
        self.table, self._stats = load_items(bundle)
        self.ranker = JointRanker(bundle)
        self.vectors: Float32 = np.asarray(bundle.array("item_vectors"))
        self.taste = DenseRetriever.open(
            bundle.path("dense_items"), "taste", "user_vector", self.vectors
        )
        self.clock = StatsClock(log, self.table, self._stats.neighbours, self._stats.as_of)
        self.panel = load_panel(bundle)
        self._replay = Replay(log, self.table, self.clock, self.panel, None, 0)

    def rank(
        self, history: History, now: float, masks: Sequence[Bool | None], k: int
    ) -> list[Int32]:
        """See :class:`~daogou.evaluation.Contender`."""
        return [items[top(scores, None, k)] for items, scores in self.scored(history, now, masks)]

    def sources(self, now: float) -> Sequence[tuple[Retriever, int]]:
        """What proposes candidates, and how many each, with popularity as of the moment."""
        return (*self.clock.sources(now), (self.taste, TASTE_K))

    def scored(
        self, history: History, now: float, masks: Sequence[Bool | None]
    ) -> list[tuple[Int32, Float32]]:
        """Under each mask the candidates, [K] in the order of their numbers, and their scores."""
        u = self.ranker.context(history, now, self.vectors)
        sources, opinion = self.sources(now), self.panel.ask(history, now)
        proposed = [
            union(
                propose(sources, Request(now, history, user_vector=u, mask=mask))
                + opinion.propose(mask)
            )
            for mask in masks
        ]
        items = np.unique(np.concatenate(proposed))  # each is ranked once, whatever proposed it
        wide = self._replay.wide(history, items, now, opinion)
        judged = self.ranker.score(u, self.vectors[items], wide).next
        scores = self.panel.led(opinion, items, judged)
        return [(own, scores[np.searchsorted(items, own)]) for own in proposed]

    def exposures(self, starts: Int64, within: float) -> Lists:
        """What was shown after the split, and whether it was bought, as the ranker sees it."""
        return self._replay.exposures(starts, within)["purchase"]

    def shown(self, since: float, until: float, limit: int, seed: int) -> Int64:
        """See :meth:`~daogou.training.replay.Replay.shown`."""
        return replace(self._replay, seed=seed).shown(since, until, limit)

    def purchase(self, history: History, now: float, items: Int32, wide: Float32) -> Float32:
        """Probability that each item is bought once it is shown, [K]."""
        u = self.ranker.context(history, now, self.vectors)
        return self.ranker.score(u, self.vectors[items], wide).purchase


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Both tables: next basket, and purchase after an exposure."""

    baskets: int
    exposures: int
    next_basket: Sequence[Result]
    purchase: Sequence[dict[str, float | str]]

    def rows(self) -> list[dict[str, float | str]]:
        """All rows as benchmarks write them."""
        auc_of = {str(row["name"]): row for row in self.purchase}
        rows = [r.row() | auc_of.pop(r.name, {}) for r in self.next_basket]
        return [*rows, *auc_of.values()]


def evaluate_shop(
    store: Store,
    bundle: Bundle,
    split: float,
    *,
    min_basket: int = 3,
    exposure_days: int = 7,
    max_exposures: int = 10_000,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Compare a bundle that was trained up to ``split`` (seconds) with simple models after it.

    Raises
    ------
    TrainingError
        The bundle has seen events from after the split, or there is no basket there.
    """
    table, stats = load_items(bundle)
    if stats.as_of > split:
        raise TrainingError(
            f"Bundle {bundle.id} was trained on events up to {stats.as_of:.0f}, after the split"
            f" at {split:.0f}: it knows the answers. Train one with `until` at the split."
        )
    if "next" not in bundle.json("model")["heads"]:
        reason = bundle.json("model")["left_out"].get("next", "it was not taught")
        raise TrainingError(
            f"Bundle {bundle.id} cannot predict baskets: {reason}. Import purchases from before"
            " the split with `daogou import events FILE`, or choose a later split."
        )
    log = ShopLog.from_frame(store.event_lines(until=latest()), table.index)
    baskets = list(log.baskets(split, np.inf, min_basket))
    if not baskets:
        raise TrainingError(
            f"There is no basket of {min_basket} or more products after the split. Choose an"
            " earlier split, or import the newer purchases."
        )
    joint = Joint(bundle, log)
    contenders: list[Contender] = [*_simple(log, table, split, joint), joint]
    results = evaluate(contenders, log, baskets, len(table), progress=progress)
    end = float(log.lines.times.max())
    within = exposure_days * DAY
    lists = joint.exposures(joint.shown(split, end - within, max_exposures, seed), within)
    return Evaluation(len(baskets), len(lists), results, _purchase_rows(joint, log, lists))


_AUC_ROUNDS: Final = 200
_EASE: Final = EaseConfig(
    n_top=4000, weights=LineWeights(max_lines=MAX_EVENTS * 100, distinct=True)
)
"""As it was published: all that a visitor ever had counts alike."""


def _simple(log: ShopLog, table: ItemTable, split: float, joint: Joint) -> list[Contender]:
    _, items, times = log.purchases()
    past = times < split
    n = len(table)
    counts = np.bincount(items[past], minlength=n).astype(np.float32)
    bought_with = NeighbourSource(
        "item-to-item",
        joint.clock.stats(split).neighbours,
        LineWeights(decay=0.98, max_lines=MAX_EVENTS),
    )
    return [
        Popularity(counts),
        PersonalFrequency(counts),
        PersonalFrequency(counts, decay=0.98, name="personal frequency x .98^days"),
        SourceContender(bought_with, counts),
        SourceContender(fit_ease(Interactions.from_log(log, n, split), _EASE), counts),
    ]


def _purchase_rows(joint: Joint, log: ShopLog, lists: Lists) -> list[dict[str, float | str]]:
    """AUC of "bought once shown", by visitor so that the interval is honest."""
    columns: dict[str, list[npt.NDArray[Any]]] = {"daogou joint": []}
    simple = {"personal frequency": "bought_decayed_slow", "popularity": "popularity_slow"}
    columns |= {name: [] for name in simple}
    labels, groups = [], []
    for i in range(len(lists)):
        rows = lists.rows(i)
        wide = lists.wide[rows].astype(np.float32)
        history = log.history(int(lists.visitor[i]), int(lists.end[i]))
        scores = joint.purchase(history, float(lists.time[i]), lists.items[rows], wide)
        columns["daogou joint"].append(scores)
        for name, feature in simple.items():
            columns[name].append(wide[:, FEATURES.index(feature)])
        labels.append(lists.labels[rows])
        groups.append(np.full(rows.stop - rows.start, lists.visitor[i]))
    if not labels:
        return []
    label, rounds = np.concatenate(labels), Rounds(np.concatenate(groups), rounds=_AUC_ROUNDS)
    found: list[dict[str, float | str]] = []
    for name, parts in columns.items():
        told = interval(rounds.auc(np.concatenate(parts), label)[None])
        found.append(
            {"name": name, "auc_purchase": told.mean, "auc_purchase_low": told.low,
             "auc_purchase_high": told.high}
        )  # fmt: skip
    return found
