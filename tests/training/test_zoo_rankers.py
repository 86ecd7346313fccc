"""Wide & Deep and DeepFM: lists like the joint ranker's, a source that ranks proposals."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from daogou.bundle import BundleWriter
from daogou.errors import BundleError
from daogou.features import (
    FEATURES,
    KINDS,
    Codes,
    History,
    Interactions,
    ItemStats,
    ItemTable,
    ShopLog,
    compute,
    save_items,
)
from daogou.features.log import Exposures, Searches
from daogou.models.zoo.wide_deep import DeepFM
from daogou.retrieval.base import Request
from daogou.retrieval.sources import RankerSource, Source
from daogou.retrieval.sources.crosses import CROSSES, code_sizes, crosses
from daogou.training.examples import ListBuilder, Lists
from daogou.training.zoo.visits import SESSION_SECONDS, Visits
from daogou.training.zoo.wide_deep import WideDeepConfig, fit_wide_deep, train_wide_deep
from tests.training.zoo_contract import NeuralContract

V = 40
NOW = 1e6
CONFIG = WideDeepConfig(buckets=1 << 10, epochs=10, batch=16, learning_rate=0.02)


def table(n: int = V) -> ItemTable:
    """Item i is of category i % 2 + 1."""
    category = (np.arange(n) % 2 + 1).astype(np.int32)
    codes = np.stack([category, np.ones(n, np.int32), np.ones(n, np.int32)], 1)
    vocabularies = Codes(["even", "odd"]), Codes(["all"]), Codes(["one"])
    return ItemTable.from_codes(
        [str(i) for i in range(n)], codes.astype(np.int32), np.full(n, 100, np.float32),
        *vocabularies,
    )  # fmt: skip


def stats(n: int = V) -> ItemStats:
    flat = np.ones(n, np.float32)
    return replace(ItemStats.nothing(n, NOW), popularity_fast=flat, popularity_slow=flat)


def log(newest: list[int]) -> ShopLog:
    """Each visitor bought one thing."""
    n = len(newest)
    none = np.zeros(0)
    lines = History(
        np.array(newest, np.int32),
        np.full(n, KINDS["purchase-complete"], np.int8),
        np.full(n, NOW - 10.0),
        np.ones(n, np.float32),
        np.zeros(n, np.int32),
    )
    return ShopLog(
        tuple(map(str, range(n))),
        np.arange(n + 1),
        lines,
        Exposures(*(none.astype(t) for t in ("i4", "i4", "f8", "i4", "f4", "i4"))),
        (),
        Searches(*(none.astype(t) for t in ("i4", "f8", "i4"))),
    )


def planted() -> tuple[Lists, ShopLog]:
    """Who bought of one category buys of the *other* one: a cross says it, no feature does."""
    rng = np.random.default_rng(0)
    shop = log(rng.integers(0, V, 150).tolist())
    lists = ListBuilder()
    for visitor in range(150):
        history = shop.history(visitor)
        items = np.sort(rng.permutation(V)[:12]).astype(np.int32)
        labels = (items % 2 != history.items[-1] % 2).astype(np.float32)
        wide = compute(history, items, NOW, table(), stats())
        lists.add(visitor=visitor, end=1, time=NOW, items=items, wide=wide, labels=labels)
    return lists.build(len(FEATURES)), shop


@pytest.mark.parametrize("model", ["wide-deep", "deepfm"])
@pytest.mark.usefixtures("in_torch")
def test_a_cross_is_learned(model: Literal["wide-deep", "deepfm"]) -> None:
    lists, shop = planted()
    source = fit_wide_deep(lists, shop, table(), stats(), replace(CONFIG, model=model))
    for item in (3, 8):
        asked = Request(now=NOW, history=log([item]).history(0))
        assert (source.retrieve(asked, 10).items % 2 != item % 2).all()


class TestWideDeep(NeuralContract):
    """Lists at every purchase but the first, in which the taste is what tells."""

    needs_a_history = False
    proposes_unbought = True

    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        shop, rng, lists = log_of(data), np.random.default_rng(0), ListBuilder()
        catalogue, known = table(data.n_items), stats(data.n_items)
        for visitor, end in cuts(data):
            history = shop.history(visitor, end)
            items = np.sort(rng.permutation(data.n_items)[:12]).astype(np.int32)
            labels = (items % 2 == history.items[-1] % 2).astype(np.float32)
            wide = compute(history, items, NOW, catalogue, known)
            lists.add(visitor=visitor, end=end, time=NOW, items=items, wide=wide, labels=labels)
        config = replace(CONFIG, **over)
        return fit_wide_deep(lists.build(len(FEATURES)), shop, catalogue, known, config)

    @classmethod
    def write(cls, writer: BundleWriter, source: Source) -> None:
        assert isinstance(source, RankerSource)
        save_items(writer, source.table, source.stats)
        super().write(writer, source)


class TestDeepFM(TestWideDeep):
    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        return super().model(data, **{"model": "deepfm", **over})


def cuts(data: Interactions) -> list[tuple[int, int]]:
    """Visitors, and how many of their lines are the past: two hundred such places at most."""
    order = np.arange(len(data)) - data.offsets()[data.visitor]
    places = np.flatnonzero(order)[:: max(1, len(data) // 200)]
    return [(int(data.visitor[n]), int(order[n])) for n in places]


def log_of(data: Interactions) -> ShopLog:
    """The purchases as a log."""
    n = len(data)
    lines = History(
        data.item,
        np.full(n, KINDS["purchase-complete"], np.int8),
        data.time,
        np.ones(n, np.float32),
        data.basket,
    )
    visitors = tuple(map(str, range(data.n_visitors)))
    return replace(log([]), visitors=visitors, offsets=data.offsets(), lines=lines)


def test_features_of_another_version_are_refused(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        bundle = writer.commit({}, {})
    settings = {"features": ["price"], "buckets": 4}
    with pytest.raises(BundleError, match="daogou train"):
        RankerSource.load(bundle, "any", settings)


def test_every_weight_is_finite() -> None:
    lists, shop = planted()
    model = train_wide_deep(lists, shop, table(), replace(CONFIG, model="deepfm", epochs=1))
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


@torch.no_grad()
def test_the_factorisation_machine_sums_all_pairs() -> None:
    model = DeepFM(n_features=2, sizes=(3,), buckets=4, width=3, hidden=4, dropout=0)
    x, field = torch.tensor([[2.0, -1.0]]), torch.randn(1, 1, 3)
    fields = [field[0, 0], 2 * model.factors[0], -model.factors[1]]
    expected = fields[0] @ fields[1] + fields[0] @ fields[2] + fields[1] @ fields[2]
    torch.testing.assert_close(model.pairs(x, field)[0], expected)


def test_crosses_are_of_the_newest_purchase_and_stay_in_their_buckets() -> None:
    items = np.arange(V, dtype=np.int32)
    found = crosses(log([3]).history(0), items, table(), 64)
    assert found.shape == (V, len(CROSSES))
    assert found.min() >= 1
    assert found.max() < 64
    assert len(np.unique(found[:, 1])) == 2  # one bucket a category
    assert (crosses(History.empty(), items, table(), 64) == 0).all()
    assert code_sizes(table()) == (3, 2, 2, V)


def test_a_visit_is_what_was_asked_and_browsed_before_a_purchase() -> None:
    view, bought = KINDS["detail-page-view"], KINDS["purchase-complete"]
    lines = History(
        np.array([5, 6, 7, 8], np.int32),
        np.array([view, bought, view, bought], np.int8),
        np.array([0.0, 10, 20, 30 + SESSION_SECONDS]),
        np.ones(4, np.float32),
        np.arange(4, dtype=np.int32),
    )
    times = np.array([25.0, 12, 5, 1])  # in no order; the last is another visitor's
    searches = Searches(np.array([1, 1, 1, 0], np.int32), times, np.array([3, 2, 1, 0], np.int32))
    shop = replace(
        log([9]), visitors=("0", "1"), offsets=np.array([0, 0, 4]), lines=lines, searches=searches
    )
    seen = Visits.from_log(shop, until=NOW, length=2)
    assert seen.bought.tolist() == [6, 8]
    assert seen.query.tolist() == [1, -1]  # the other purchase came a session too late
    browsed = [seen.browsed[a:b].tolist() for a, b in itertools.pairwise(seen.offsets)]
    assert browsed == [[5], [6, 7]]
