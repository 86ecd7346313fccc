"""What training learns from: lists by task, intents, and why a task is left out."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from daogou.encoders import TextEncoder
from daogou.features import Basket, Neighbours, ShopLog
from daogou.features.history import PURCHASE, VIEW
from daogou.features.items import Float32
from daogou.features.stats import DAY
from daogou.models import HEADS
from daogou.retrieval.building import build_item_to_item
from daogou.text import detect_language, tokenize
from daogou.training.config import Plan, TrainingConfig
from daogou.training.examples import Intents, Lists
from daogou.training.queries import derive_of_baskets, derive_of_products, held_out
from daogou.training.replay import CLICK_SECONDS, Asked, Indexes, Replay, StatsClock
from daogou.training.shop import Shop, Stage

FEWEST_PURCHASES: Final = 20
"""With fewer purchased lines there is no order to be learned from behaviour."""
FEWEST_LISTS: Final = 20
"""A head needs so many lists in which something was bought (or looked at)."""
HELD_OUT: Final = 0.1
"""The share of titles whose products are kept for validating the intent head."""
VALIDATED_BASKETS: Final = 1500
WANTED: Final[Mapping[str, str]] = {
    "next": "purchases of several products",
    "relevance": "purchases that queries could be derived for",
    "click": "shown products (`impression` or `search` events) whose page was then viewed",
    "purchase": "shown products (`impression` or `search` events) that were then bought",
    "intent": "products in two or more categories",
}
"""What each head learns from."""


@dataclass(frozen=True, slots=True)
class Data:
    """What training reads.

    Attributes
    ----------
    train, validation
        Lists by head; a head that is left out is not in them.
    intents
        Queries and what they are about, by "train" and "validation"; empty where left out.
    query_vectors
        Of all queries, [Q, T].
    popularity
        float32 [V].
    left_out
        Head to the sentence that says why it was not trained.
    """

    log: ShopLog
    train: Mapping[str, Lists]
    validation: Mapping[str, Lists]
    intents: Mapping[str, Intents]
    query_vectors: Tensor
    popularity: Float32
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def heads(self) -> tuple[str, ...]:
        """The ranker's heads that are trained, in the order of :data:`HEADS`."""
        return tuple(head for head in HEADS if head in self.train)

    @property
    def asked(self) -> tuple[str, ...]:
        """The heads that were trained on lists of queries, and so know what to make of one."""
        return tuple(
            head for head in self.heads if self.train[head].asked_positives >= FEWEST_LISTS
        )

    @property
    def tasks(self) -> tuple[str, ...]:
        """All that is trained by examples of its own."""
        return (*self.heads, *(["intent"] if self.intents else []))


class _Queries:
    """Collects queries of all parts, and their vectors."""

    def __init__(self, shop: Shop, encoder: TextEncoder) -> None:
        self._shop, self._encoder = shop, encoder
        self._vectors: list[Float32] = []
        self.count = 0

    def add(self, texts: Sequence[str]) -> list[Asked]:
        """Texts as they are asked in serving."""
        encoded = self._encoder.encode(texts, kind="query") if texts else self._none()
        vectors = self._shop.centring.apply(encoded, [detect_language(text) for text in texts])
        first = self.count
        self._vectors.append(vectors)
        self.count += len(texts)
        return [
            Asked(first + n, tuple(tokenize(text)), vector)
            for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ]

    def all(self) -> Tensor:
        """Of everything that was added, [Q, T]."""
        return torch.from_numpy(np.concatenate([*self._vectors, self._none()]))

    def _none(self) -> Float32:
        return np.zeros((0, self._shop.texts.shape[1]), np.float32)


def gather(
    shop: Shop,
    encoder: TextEncoder,
    config: TrainingConfig,
    derived: Plan,
    indexes: Indexes,
    end: float,
    stage: Stage,
) -> Data:
    """Training lists from the replayed days, validation lists from the newest ones.

    ``end`` is where the log ends, in seconds.
    """
    queries = _Queries(shop, encoder)
    lists: dict[str, dict[str, Lists]] = {"train": {}, "validation": {}}
    left_out: dict[str, str] = {}
    popularity = np.zeros(len(shop.table), np.float32)
    purchases = int((shop.log.lines.kinds == PURCHASE).sum())
    if purchases >= FEWEST_PURCHASES:
        behaviour = _Behaviour(shop, config, derived, indexes, end, stage)
        lists = {part: behaviour.lists(part, queries) for part in lists}
        popularity = behaviour.clock.stats(behaviour.check).popularity_slow
    for head in HEADS:
        found = lists["train"].get(head)
        told = found.positives if found is not None else 0
        if told < FEWEST_LISTS or not getattr(config, f"lambda_{head}"):
            left_out[head] = _why(head, told, purchases, getattr(config, f"lambda_{head}"))
    intents = _intents(shop, derived, queries, config.seed) if config.lambda_intent else {}
    if not intents:
        left_out["intent"] = _why("intent", 0, purchases, config.lambda_intent)
    return Data(
        log=shop.log,
        train={head: found for head, found in lists["train"].items() if head not in left_out},
        validation={
            head: found for head, found in lists["validation"].items() if head not in left_out
        },
        intents=intents,
        query_vectors=queries.all(),
        popularity=popularity,
        left_out=left_out,
    )


def _why(head: str, found: int, purchases: int, weight: float) -> str:
    if not weight:
        return f"lambda_{head} is 0"
    if head in HEADS and purchases < FEWEST_PURCHASES:
        return (
            f"the store has {purchases} purchased lines of products in the catalogue, and"
            f" {FEWEST_PURCHASES} are needed"
        )
    if head == "intent":
        return f"it learns from {WANTED[head]}, and there are none"
    return f"it learns from {WANTED[head]}: {found} found, {FEWEST_LISTS} needed"


class _Behaviour:
    """Replays the log for the heads that learn from it."""

    def __init__(
        self,
        shop: Shop,
        config: TrainingConfig,
        derived: Plan,
        indexes: Indexes,
        end: float,
        stage: Stage,
    ) -> None:
        self.shop, self.config, self.plan = shop, config, derived
        self.indexes, self.stage = indexes, stage
        self.end = end
        self.check = end - config.validation_days * DAY
        self.start = self.check - config.replay_days * DAY
        # What goes together is counted before the replay begins, so that no list sees its
        # own basket.
        self.clock = StatsClock(shop.log, shop.table, neighbours(shop, self.start), end)
        self._rng = np.random.default_rng(config.seed)

    def lists(self, part: str, queries: _Queries) -> dict[str, Lists]:
        """The lists of "train" or "validation", by head."""
        training, plan = part == "train", self.plan
        since, until = (self.start, self.check) if training else (self.check, self.end)
        share = 1.0 if training else 0.2
        replay = Replay(
            self.shop.log, self.shop.table, self.clock, plan.list_size if training else None,
            self.config.seed,
        )  # fmt: skip
        baskets = self._drawn(since, until, plan.baskets if training else VALIDATED_BASKETS)
        self.stage(f"replaying queries ({part})", 0, 1)
        relevance = self._queries(replay, baskets, queries, int(plan.queries * share))
        self.stage(f"replaying exposures ({part})", 0, 1)
        exposed = self._exposures(replay, since, until, queries, int(plan.exposures * share))
        progress: Callable[[int, int], None]
        progress = functools.partial(self.stage, f"replaying baskets ({part})")
        return {
            "next": replay.baskets(baskets, progress),
            "relevance": relevance,
            **exposed,
        }

    def _queries(
        self, replay: Replay, baskets: Sequence[Basket], queries: _Queries, count: int
    ) -> Lists:
        derived = derive_of_baskets(self.shop.words, baskets, count, self.config.seed)
        asked = queries.add([query.text for query in derived])
        return replay.queries(derived, asked, self.indexes, self.shop.words)

    def _exposures(
        self, replay: Replay, since: float, until: float, queries: _Queries, count: int
    ) -> dict[str, Lists]:
        within = self.config.exposure_days * DAY
        starts = replay.shown(since, until - within, count)
        typed = np.unique(self.shop.log.exposures.query[starts])
        typed = typed[typed >= 0]
        asked = queries.add([self.shop.log.queries[number] for number in typed])
        answered = dict(zip(typed.tolist(), asked, strict=True))
        return replay.exposures(starts, within, answered, self.indexes)

    def _drawn(self, since: float, until: float, limit: int) -> list[Basket]:
        found = list(self.shop.log.baskets(since, until, self.config.min_basket))
        if len(found) > limit:
            chosen = np.sort(self._rng.choice(len(found), limit, replace=False))
            found = [found[i] for i in chosen]
        return found


def neighbours(shop: Shop, until: float) -> Neighbours:
    """What was bought together before ``until`` (seconds)."""
    bought = (shop.log.lines.kinds == PURCHASE) & (shop.log.lines.times < until)
    counts = np.diff(shop.log.offsets)
    visitor = np.repeat(np.arange(len(counts), dtype=np.int64), counts)[bought]
    basket = visitor * (int(shop.log.lines.events.max(initial=0)) + 1)
    return build_item_to_item(
        basket + shop.log.lines.events[bought], shop.log.lines.items[bought], len(shop.table)
    )


def _intents(shop: Shop, derived: Plan, queries: _Queries, seed: int) -> dict[str, Intents]:
    """Derived queries with the category of the product that each was derived from.

    Validation asks for products whose titles training never saw. The names of the
    categories are known whichever products are kept back.
    """
    if len(np.unique(shop.table.category[shop.table.category > 0])) < 2:
        return {}
    kept = held_out(shop.words, HELD_OUT, seed)
    rows = np.arange(len(shop.table), dtype=np.int32)
    found: dict[str, Intents] = {}
    for part, items, count in (
        ("train", rows[~kept], derived.intents),
        ("validation", rows[kept], derived.intents // 5),
    ):
        told = [(q.text, q.item) for q in derive_of_products(shop.words, items, count, seed)]
        told += _followed(shop.log, kept if part == "validation" else ~kept)
        about = [(text, int(shop.table.category[item])) for text, item in told]
        if part == "train":
            about += shop.words.category_names()
        about = [(text, category) for text, category in about if category > 0]
        asked = queries.add([text for text, _ in about])
        found[part] = Intents(
            np.array([query.row for query in asked], np.int32),
            np.array([category for _, category in about], np.int32),
        )
    return found if len(found["train"]) else {}


def _followed(log: ShopLog, among: npt.NDArray[np.bool_]) -> list[tuple[str, int]]:
    """What visitors typed, and each item ``among`` [V] that they then looked at or bought."""
    typed, found = log.searches, list[tuple[str, int]]()
    for visitor, time, query in zip(typed.visitor, typed.time, typed.query, strict=True):
        done = log.done(int(visitor), float(time), CLICK_SECONDS, (VIEW, PURCHASE))
        found += [(log.queries[int(query)], int(item)) for item in np.unique(done[among[done]])]
    return found
