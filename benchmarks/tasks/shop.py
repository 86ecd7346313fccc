"""A shop's log on both sides of a split: what is learned from, and lists of what came after.

Dimension letters: N test baskets, V items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from benchmarks.recommend.joint import before
from daogou.bundle import BundleWriter
from daogou.encoders import TextEncoder
from daogou.features import Basket, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.items import Int32
from daogou.models import ItemContent, JointModel
from daogou.retrieval.proposals import TASTE_K
from daogou.store import Store
from daogou.training.champions import refit
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.training.data import (
    FEWEST_PURCHASES,
    HELD_OUT,
    Behaviour,
    Data,
    Liked,
    Period,
    Queries,
    gather,
    intents_about,
)
from daogou.training.examples import Int64, Intents
from daogou.training.forecasting import nearest
from daogou.training.past import Past
from daogou.training.pipeline import Timer, choose_sources, content_of, indexes_of, sized
from daogou.training.pretraining import Stretch, pretrain
from daogou.training.queries import held_out
from daogou.training.replay import Indexes
from daogou.training.shop import Shop, Stage, read_shop

Towers = Mapping[str, Tensor]
"""Weights of the towers after the first stage, by their names in the model."""
_TOWERS: Final = ("item_tower.", "context_tower.")


@dataclass(frozen=True, slots=True)
class Tested:
    """What is learned from, and what is asked.

    Attributes
    ----------
    learned
        Training and validation lists; its log ends at the split.
    asked
        The same with the whole log, and with test lists and test queries in the places of
        those of validation.
    sizes
        How many products each test basket has, and how many of them are new to its visitor,
        int64 [N, 2]; those that no source proposed are counted in.
    """

    learned: Data
    asked: Data
    sizes: Int64


@dataclass(frozen=True)
class Ground:
    """A shop with fitted sources, on which second stages are trained and compared.

    Attributes
    ----------
    shop, whole
        The same shop with its log up to the split, and with all of it.
    past
        Divides the days before the split, with the sources that won on validation.
    later
        The days after it. Its sources are the same ones, fitted anew to all before the split,
        as training leaves them to be served; popularity is counted anew each day.
    """

    shop: Shop
    whole: Shop
    past: Past
    later: Past
    config: TrainingConfig
    encoder: TextEncoder
    indexes: Indexes
    content: ItemContent

    @classmethod
    def read(
        cls,
        store: Store,
        encoder: TextEncoder,
        config: TrainingConfig,
        split: float,
        writer: BundleWriter,
        stage: Stage,
        timer: Timer,
    ) -> "Ground":
        """Read a store and fit the sources to what was before ``split`` (seconds).

        Parameters
        ----------
        writer
            Holds the indexes, which are read from its folder as long as it is open.
        """
        whole = read_shop(store, encoder, stage)
        shop = replace(whole, log=before_split(whole.log, split))
        timer.lap("read")
        past = Past.divide(shop, config, plan(config), split)
        if past.purchases < FEWEST_PURCHASES:
            raise SystemExit(
                f"There are {past.purchases} purchased lines before the split, and"
                f" {FEWEST_PURCHASES} are needed. Choose a later split with --days."
            )
        past, _ = choose_sources(past, sized(plan(config), past), config, stage)
        end = float(whole.log.lines.times.max()) + 1
        panel = refit(
            past.panel,
            past.interactions(split),
            config.effort,
            shop.texts,
            lambda name: stage(f"fitting {name}", 0, 1),
        )
        later = Past(whole, split, split, end, config.min_basket, config.seed, panel)
        indexes, content = indexes_of(writer, shop), content_of(shop)
        timer.lap("sources and indexes")
        return cls(shop, whole, past, later, config, encoder, indexes, content)

    def plan(self, config: TrainingConfig) -> Plan:
        """The sizes that training derives from some settings in this shop."""
        return sized(plan(config), self.past)

    def model(self, config: TrainingConfig, seed: int, towers: Towers | None = None) -> JointModel:
        """A new model, with the weights of ``towers`` where there are some."""
        torch.manual_seed(seed)
        derived = self.plan(config).model
        model = JointModel(derived, self.content, n_features=len(self.past.columns))
        model.load_state_dict(dict(towers or {}), strict=False)
        return model

    def pretrained(self, config: TrainingConfig, seed: int, stage: Stage) -> Towers:
        """The first stage, as training has it: on what was before the replayed days."""
        model, past = self.model(config, seed), self.past
        popularity = past.clock.stats(past.start).popularity_slow
        pretrain(
            model,
            Stretch(self.shop.log, past.start, past.check, popularity),
            self.plan(config),
            config.weights(),
            seed,
            lambda done, steps: stage("pretraining the towers", done, steps),
        )
        state = model.state_dict()
        return {n: w.detach().clone() for n, w in state.items() if n.startswith(_TOWERS)}

    def lists(self, towers: Towers, cap: int, stage: Stage) -> Tested:
        """Replay both sides of the split; ``towers`` propose candidates beside the sources.

        Parameters
        ----------
        cap
            Of test baskets, queries, exposures and intents each, drawn at random.
        """
        config, derived = self.config, self.plan(self.config)
        model = self.model(config, config.seed, towers)
        learned = gather(
            self.shop, self.encoder, config, derived, self.indexes, self.past,
            _liked(model, self.shop.log), stage,
        )  # fmt: skip
        queries = Queries(self.whole, self.encoder)
        replayed = Behaviour(
            self.whole, config, derived, self.indexes, self.later,
            _liked(model, self.whole.log), stage,
        )  # fmt: skip
        lists = replayed.lists(
            Period("test", self.later.start, self.later.end, cap, cap, cap), queries
        )
        learned, intents = self._with_test_titles(learned, queries, cap)
        asked = replace(
            learned,
            log=self.whole.log,
            validation={head: lists[head] for head in learned.heads},
            intents=intents,
            query_vectors=queries.all(),
        )
        baskets = self.later.drawn(self.later.start, self.later.end, cap)
        return Tested(learned, asked, _sizes(self.whole.log, baskets))

    def _with_test_titles(
        self, learned: Data, queries: Queries, count: int
    ) -> tuple[Data, Mapping[str, Intents]]:
        """Leave validation one half of the titles that training never saw, and test the other."""
        if not learned.intents:
            return learned, {}
        words, seed = self.shop.words, self.config.seed
        # The draws are the same for every share, so that the smaller half is in the whole.
        kept, test = held_out(words, HELD_OUT, seed), held_out(words, HELD_OUT / 2, seed)
        own = Queries(self.shop, self.encoder)
        limit = self.plan(self.config).intents // 5
        validation = intents_about(self.shop, kept & ~test, limit, own, seed)
        first = np.int32(len(learned.query_vectors))
        learned = replace(
            learned,
            intents={
                **learned.intents,
                "validation": Intents(validation.query + first, validation.category),
            },
            query_vectors=torch.cat([learned.query_vectors, own.all()]),
        )
        return learned, {"validation": intents_about(self.shop, test, count, queries, seed)}


def before_split(log: ShopLog, split: float) -> ShopLog:
    """The log as if it ended at ``split`` (seconds); visitors and queries keep their numbers."""
    shown, typed = log.exposures, log.searches
    seen, was = shown.time < split, typed.time < split
    return replace(
        before(log, split),
        exposures=type(shown)(
            shown.event[seen], shown.visitor[seen], shown.time[seen], shown.item[seen],
            shown.rate[seen], shown.query[seen],
        ),
        searches=type(typed)(typed.visitor[was], typed.time[was], typed.query[was]),
    )  # fmt: skip


def _liked(model: JointModel, log: ShopLog) -> Liked:
    def liked(baskets: Sequence[Basket]) -> Sequence[Int32]:
        return nearest(model, log, baskets, TASTE_K)

    return liked


def _sizes(log: ShopLog, baskets: Sequence[Basket]) -> Int64:
    found = np.zeros((len(baskets), 2), np.int64)
    for row, basket in enumerate(baskets):
        history = log.history(basket.visitor, basket.end)
        bought = history.items[history.kinds == PURCHASE]
        found[row] = len(basket.items), np.count_nonzero(~np.isin(basket.items, bought))
    return found
