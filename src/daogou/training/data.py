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
from daogou.features import Basket, ShopLog
from daogou.features.history import PURCHASE, VIEW
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY
from daogou.models import HEADS
from daogou.text import detect_language, tokenize
from daogou.training.config import Plan, TrainingConfig
from daogou.training.examples import Intents, Lists
from daogou.training.past import Past
from daogou.training.queries import derive_of_baskets, derive_of_products, held_out
from daogou.training.replay import CLICK_SECONDS, Asked, Indexes, Replay
from daogou.training.shop import Shop, Stage

FEWEST_PURCHASES: Final = 20
"""With fewer purchased lines there is no order to be learned from behaviour."""
FEWEST_LISTS: Final = 20
"""A head needs so many lists in which something was bought (or looked at)."""
HELD_OUT: Final = 0.1
"""The share of titles whose products are kept for validating the intent head."""
LOOKED_FIRST: Final = 0.9
VALIDATED_BASKETS: Final = 1500
WANTED: Final[Mapping[str, str]] = {
    "next": "purchases of several products",
    "relevance": "purchases that queries could be derived for",
    "click": "shown products (`impression` or `search` events) whose page was then viewed",
    "purchase": "shown products (`impression` or `search` events) that were then bought",
    "intent": "products in two or more categories",
}
"""What each head learns from."""
Liked = Callable[[Sequence[Basket]], Sequence[Int32]]
"""The towers' own candidates for baskets: none where they were not pretrained."""


@dataclass(frozen=True, slots=True)
class Data:
    """What training reads.

    Attributes
    ----------
    start, check
        Seconds since 1970 from which on everything is replayed, and from which on it is validation.
    columns
        Names of the features in the lists.
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
    start: float
    check: float
    columns: tuple[str, ...]
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
    def chain(self) -> bool:
        """Whether purchases are predicted by way of the click: pCTCVR = pCTR * pCVR.

        Only where the log shows that shoppers look before they buy: where most of what was
        bought once shown was looked at first.
        """
        if not {"click", "purchase"} <= set(self.train):
            return False
        bought = self.train["purchase"].labels > 0
        looked = self.train["click"].labels[bought] > 0
        return bool(len(looked) and looked.mean() >= LOOKED_FIRST)

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


class Queries:
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
    past: Past,
    liked: Liked,
    stage: Stage,
) -> Data:
    """Training lists from the replayed days, validation lists from the newest ones.

    ``liked`` gives the towers' own candidates for baskets.
    """
    queries = Queries(shop, encoder)
    lists: dict[str, dict[str, Lists]] = {"train": {}, "validation": {}}
    left_out: dict[str, str] = {}
    popularity = np.zeros(len(shop.table), np.float32)
    if past.purchases >= FEWEST_PURCHASES:
        behaviour = Behaviour(shop, config, derived, indexes, past, liked, stage)
        lists = {
            period.name: behaviour.lists(period, queries)
            for period in (_training(past, derived), _validation(past, derived))
        }
        popularity = past.clock.stats(past.check).popularity_slow
    for head in HEADS:
        found = lists["train"].get(head)
        told = found.positives if found is not None else 0
        if told < FEWEST_LISTS or not getattr(config, f"lambda_{head}"):
            weight = getattr(config, f"lambda_{head}")
            left_out[head] = _why(head, told, past.purchases, weight)
    intents = _intents(shop, derived, queries, config.seed) if config.lambda_intent else {}
    if not intents:
        left_out["intent"] = _why("intent", 0, past.purchases, config.lambda_intent)
    return Data(
        log=shop.log,
        start=past.start,
        check=past.check,
        columns=past.columns,
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


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the log that lists are made of.

    Attributes
    ----------
    name
        As progress is told of it.
    since, until
        In seconds.
    baskets, queries, exposures
        Examples drawn from it, at most.
    list_size
        Rows of a list that are kept; None keeps all.
    """

    name: str
    since: float
    until: float
    baskets: int
    queries: int
    exposures: int
    list_size: int | None = None


def _training(past: Past, plan: Plan) -> Period:
    return Period(
        "train", past.start, past.check, plan.baskets, plan.queries, plan.exposures, plan.list_size
    )


def _validation(past: Past, plan: Plan) -> Period:
    queries, exposures = int(plan.queries * 0.2), int(plan.exposures * 0.2)
    return Period("validation", past.check, past.end, VALIDATED_BASKETS, queries, exposures)


class Behaviour:
    """Replays the log for the heads that learn from it."""

    def __init__(
        self,
        shop: Shop,
        config: TrainingConfig,
        derived: Plan,
        indexes: Indexes,
        past: Past,
        liked: Liked,
        stage: Stage,
    ) -> None:
        self.shop, self.config, self.plan = shop, config, derived
        self.indexes, self.past, self.liked, self.stage = indexes, past, liked, stage

    def lists(self, period: Period, queries: Queries) -> dict[str, Lists]:
        """The lists of a period, by head."""
        past, part = self.past, period.name
        replay = Replay(
            self.shop.log, self.shop.table, past.clock, past.panel, period.list_size,
            self.config.seed, None if period.list_size is None else past.heard_of,
        )  # fmt: skip
        baskets = past.drawn(period.since, period.until, period.baskets)
        self.stage(f"replaying queries ({part})", 0, 1)
        relevance = self._queries(replay, baskets, queries, period.queries)
        self.stage(f"replaying exposures ({part})", 0, 1)
        exposed = self._exposures(replay, period, queries)
        progress: Callable[[int, int], None]
        progress = functools.partial(self.stage, f"replaying baskets ({part})")
        return {
            "next": replay.baskets(baskets, self.liked(baskets), progress),
            "relevance": relevance,
            **exposed,
        }

    def _queries(
        self, replay: Replay, baskets: Sequence[Basket], queries: Queries, count: int
    ) -> Lists:
        derived = derive_of_baskets(self.shop.words, baskets, count, self.config.seed)
        asked = queries.add([query.text for query in derived])
        return replay.queries(derived, asked, self.indexes, self.shop.words)

    def _exposures(self, replay: Replay, period: Period, queries: Queries) -> dict[str, Lists]:
        within = self.config.exposure_days * DAY
        starts = replay.shown(period.since, period.until - within, period.exposures)
        typed = np.unique(self.shop.log.exposures.query[starts])
        typed = typed[typed >= 0]
        asked = queries.add([self.shop.log.queries[number] for number in typed])
        answered = dict(zip(typed.tolist(), asked, strict=True))
        return replay.exposures(starts, within, answered, self.indexes)


def _intents(shop: Shop, derived: Plan, queries: Queries, seed: int) -> dict[str, Intents]:
    """Derived queries with the category of the product that each was derived from.

    Validation asks for products whose titles training never saw. The names of the
    categories are known whichever products are kept back.
    """
    if len(np.unique(shop.table.category[shop.table.category > 0])) < 2:
        return {}
    kept = held_out(shop.words, HELD_OUT, seed)
    names = shop.words.category_names()
    found = {
        "train": intents_about(shop, ~kept, derived.intents, queries, seed, names),
        "validation": intents_about(shop, kept, derived.intents // 5, queries, seed),
    }
    return found if len(found["train"]) else {}


def intents_about(
    shop: Shop,
    among: npt.NDArray[np.bool_],
    count: int,
    queries: Queries,
    seed: int,
    names: Sequence[tuple[str, int]] = (),
) -> Intents:
    """Up to ``count`` queries derived from the items ``among`` [V], and searches that led there.

    Parameters
    ----------
    names
        Further texts, each with the category that it is about.
    """
    items = np.flatnonzero(among).astype(np.int32)
    told = [(q.text, q.item) for q in derive_of_products(shop.words, items, count, seed)]
    told += _followed(shop.log, among, count, seed)
    about = [(text, int(shop.table.category[item])) for text, item in told] + list(names)
    about = [(text, category) for text, category in about if category > 0]
    asked = queries.add([text for text, _ in about])
    return Intents(
        np.array([query.row for query in asked], np.int32),
        np.array([category for _, category in about], np.int32),
    )


def _followed(
    log: ShopLog, among: npt.NDArray[np.bool_], limit: int, seed: int
) -> list[tuple[str, int]]:
    """What visitors typed, and each item ``among`` [V] that they then looked at or bought.

    Of more than ``limit`` searches, so many at random.
    """
    typed, found = log.searches, list[tuple[str, int]]()
    rows = np.arange(len(typed.query))
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))
    for row in rows.tolist():
        visitor, time, query = int(typed.visitor[row]), float(typed.time[row]), typed.query[row]
        done = log.done(visitor, time, CLICK_SECONDS, (VIEW, PURCHASE))
        found += [(log.queries[int(query)], int(item)) for item in np.unique(done[among[done]])]
    return found
