"""Fitted sources by hand, and against an independent reference."""

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from daogou.bundle import Bundle, BundleWriter
from daogou.errors import BundleError
from daogou.features import History, Interactions, Neighbours
from daogou.features.history import CART, PURCHASE, REJECT, REMOVE, VIEW
from daogou.retrieval import Request
from daogou.retrieval.evidence import weighted_items, weighted_lines
from daogou.retrieval.sources import (
    FactorSource,
    LineWeights,
    NeighbourSource,
    PopularitySource,
    load_sources,
    save_sources,
)
from daogou.training import zoo

DAY = 86_400.0
NOW = 100 * DAY
Line = tuple[int, int, float, int]
"""Item, kind, days ago, event."""


def request(lines: Sequence[Line]) -> Request:
    items, kinds, days, events = (list(column) for column in zip(*lines, strict=True))
    history = History(
        np.array(items, np.int32),
        np.array(kinds, np.int8),
        NOW - DAY * np.array(days, np.float64),
        np.ones(len(lines), np.float32),
        np.array(events, np.int32),
    )
    return Request(now=NOW, history=history)


def bought(*items: int) -> Request:
    return request([(item, PURCHASE, 1, n) for n, item in enumerate(items)])


def baskets(visitors: Sequence[Sequence[Sequence[int]]], n_items: int) -> Interactions:
    """The items of each basket of each visitor; a basket a day."""
    lines = [
        (visitor, item, NOW - DAY * (len(mine) - n), n)
        for visitor, mine in enumerate(visitors)
        for n, basket in enumerate(mine)
        for item in basket
    ]
    visitor, item, time, basket = zip(*lines, strict=True)
    return Interactions(
        np.array(visitor, np.int32),
        np.array(item, np.int32),
        np.array(time, np.float64),
        np.array(basket, np.int32),
        len(visitors),
        n_items,
        NOW,
    )


def scores(source: NeighbourSource | PopularitySource, asked: Request, n: int) -> list[float]:
    found: list[float] = source.score(asked, np.arange(n, dtype=np.int32)).tolist()
    return found


# --- what counts of a history


def test_lines_fade_by_day_and_by_event() -> None:
    asked = request([(5, PURCHASE, 3, 0), (6, VIEW, 2, 4), (7, CART, 2, 4), (5, PURCHASE, 0, 7)])
    weights = LineWeights(decay=0.5, position_decay=0.1)
    items, worth = weighted_lines(asked, weights)
    assert items.tolist() == [5, 6, 7, 5]
    np.testing.assert_allclose(worth, [0.125 * 0.01, 0.25 * 0.1, 0.25 * 0.1, 1], rtol=1e-6)
    items, worth = weighted_items(asked, weights, 7)
    assert items.tolist() == [5, 6]
    np.testing.assert_allclose(worth, [1 + 0.125 * 0.01, 0.025], rtol=1e-6)
    _, worth = weighted_items(asked, replace(weights, distinct=True), 7)
    np.testing.assert_allclose(worth, [1, 0.025], rtol=1e-6)


def test_only_interest_and_only_the_newest_lines() -> None:
    asked = request([(1, VIEW, 3, 0), (2, CART, 2, 1), (3, REJECT, 1, 2), (2, REMOVE, 1, 3)])
    assert weighted_lines(asked, LineWeights())[0].tolist() == [1, 2]
    assert weighted_lines(asked, LineWeights(max_lines=1))[0].tolist() == [2]
    assert weighted_lines(asked, LineWeights(max_lines=0))[0].tolist() == []


def test_an_anchor_takes_the_place_of_the_history() -> None:
    asked = replace(bought(1, 2), anchor=np.array([9, 8], np.int32))
    items, worth = weighted_lines(asked, LineWeights(position_decay=0.5))
    assert items.tolist() == [9, 8]
    assert worth.tolist() == [1, 1]


def test_neighbours_for_and_against() -> None:
    table = Neighbours(
        np.array([[1, 2], [2, -1], [-1, -1]], np.int32),
        np.array([[0.5, 0.25], [-0.75, 0], [0, 0]], np.float32),
    )
    source = NeighbourSource("some", table)
    assert scores(source, bought(0, 1), 4) == [0, 0.5, -0.5, 0]
    assert source.retrieve(bought(0, 1), 5).items.tolist() == [1]


# --- models


def test_item_to_item_of_visitors_and_of_baskets() -> None:
    data = baskets([[[0, 1], [2]], [[0, 1]]], 3)
    config = zoo.ItemToItemConfig(damping=0.0, weights=LineWeights())
    by_visitor = zoo.fit_item_to_item(data, config)
    np.testing.assert_allclose(scores(by_visitor, bought(0), 3), [0, 1, 1 / math.sqrt(2)])
    by_basket = zoo.fit_item_to_item(data, replace(config, together="basket"))
    np.testing.assert_allclose(scores(by_basket, bought(0), 3), [0, 1, 0])
    newest = zoo.fit_item_to_item(data, replace(config, max_items=1))
    assert scores(newest, bought(0), 3) == [0, 0, 0]


def test_rules_go_by_order_and_distance() -> None:
    data = baskets([[[0, 3], [1], [2]], [[2], [2]]], 4)  # 2 is in three baskets
    config = zoo.SequentialRulesConfig(window=2, backward=0.0, damping=1.0, weights=LineWeights())
    forward = zoo.fit_sequential_rules(data, config)
    after_0 = [0, 1 / 2, 0.5 / math.sqrt(2 * 4), 0]
    np.testing.assert_allclose(scores(forward, bought(0), 4), after_0, rtol=1e-6)
    after_1 = [0, 0, 1 / math.sqrt(2 * 4), 0]
    np.testing.assert_allclose(scores(forward, bought(1), 4), after_1, rtol=1e-6)
    both = zoo.fit_sequential_rules(data, replace(config, backward=0.5, window=1))
    around_1 = [0.5 / 2, 0, 1 / math.sqrt(2 * 4), 0.5 / 2]
    np.testing.assert_allclose(scores(both, bought(1), 4), around_1, rtol=1e-6)


def test_rules_fade_and_leave_large_baskets_out() -> None:
    data = baskets([[[0], [1], [2, 3]]], 4)
    config = zoo.SequentialRulesConfig(backward=0.0, damping=0.0, weights=LineWeights())
    faded = zoo.fit_sequential_rules(data, replace(config, decay=0.5))
    np.testing.assert_allclose(scores(faded, bought(0), 4), [0, 0.25, 0.25, 0.25])
    small = zoo.fit_sequential_rules(data, replace(config, max_items=1))
    np.testing.assert_allclose(scores(small, bought(0), 4), [0, 1, 0, 0])


def test_ease_by_hand() -> None:
    # X'X + I = [[2, 1, 0], [1, 3, 1], [0, 1, 2]], of determinant 8;
    # P = [[5, -2, 1], [-2, 4, -2], [1, -2, 5]] / 8, and B_ij = -P_ij / P_jj.
    data = baskets([[[0], [1]], [[2, 1], [1]]], 4)
    config = zoo.EaseConfig(regularisation=1.0, kept="absolute", weights=LineWeights())
    source = zoo.fit_ease(data, config)
    np.testing.assert_allclose(scores(source, bought(0), 4), [0, 0.5, -0.2, 0], rtol=1e-6)
    np.testing.assert_allclose(scores(source, bought(1), 4), [0.4, 0, 0.4, 0], rtol=1e-6)
    np.testing.assert_allclose(scores(source, bought(0, 2), 4), [-0.2, 1, -0.2, 0], rtol=1e-6)
    positive = zoo.fit_ease(data, replace(config, kept="positive"))
    np.testing.assert_allclose(scores(positive, bought(0), 4), [0, 0.5, 0, 0], rtol=1e-6)
    one = zoo.fit_ease(data, replace(config, n_neighbours=1))
    np.testing.assert_allclose(scores(one, bought(0), 4), [0, 0.5, 0, 0], rtol=1e-6)


def test_ease_finds_the_planted_pairs() -> None:
    """Items 2i and 2i + 1 are bought together, in two pairs a visitor."""
    pairs = np.random.default_rng(0).integers(0, 5, size=(200, 2))
    data = baskets([[[2 * a, 2 * a + 1], [2 * b, 2 * b + 1]] for a, b in pairs.tolist()], 12)
    source = zoo.fit_ease(data, zoo.EaseConfig(regularisation=5.0))
    for item in range(10):
        asked = replace(bought(item), mask=np.arange(12) != item)
        assert source.retrieve(asked, 1).items.tolist() == [item ^ 1]


def test_ease_of_the_top_is_ease_without_the_others() -> None:
    config = zoo.EaseConfig(regularisation=1.0, n_top=3, weights=LineWeights())
    few = zoo.fit_ease(baskets([[[0], [1]], [[2, 1], [0]], [[2]]], 4), config)
    more = zoo.fit_ease(baskets([[[0], [1]], [[2, 1], [0]], [[2, 3]]], 4), config)
    np.testing.assert_allclose(scores(more, bought(0), 4), scores(few, bought(0), 4))


def test_a_fold_in_is_the_librarys_own() -> None:
    rng = np.random.default_rng(3)
    counts = sparse.random(40, 25, 0.2, "csr", np.float32, random_state=rng)
    trust = counts.copy()
    trust.data = 1 + 20 * counts.data
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=6, regularization=0.3, alpha=1.0, random_state=1)
        model.fit(trust, show_progress=False)
    source = FactorSource("als", model.item_factors, regularisation=0.3, confidence=20)
    for user in range(5):
        row = counts[user]
        expected = model.recalculate_user(user, trust[user])
        np.testing.assert_allclose(source.fold_in(row.indices, row.data), expected, atol=2e-4)


def test_factors_need_regularisation() -> None:
    with pytest.raises(ValueError, match=r"regularisation is 0; expected above 0, such as 10\."):
        FactorSource("als", np.zeros((2, 2), np.float32), regularisation=0, confidence=1)


def test_factors_do_not_depend_on_the_threads() -> None:
    data = baskets([[[n % 7], [n % 5], [n % 3]] for n in range(30)], 7)
    one, two = (zoo.fit_als(data, zoo.AlsConfig(width=4, n_threads=n)) for n in (1, 2))
    np.testing.assert_array_equal(one.factors, two.factors)


def test_item2vec_sharpens_the_cosine() -> None:
    data = baskets([[[n % 7], [n % 5], [n % 3]] for n in range(30)], 9)
    config = zoo.Item2VecConfig(width=4, epochs=3, sharpness=1.0, n_neighbours=4)
    plain = zoo.fit_item2vec(data, config).table
    sharp = zoo.fit_item2vec(data, replace(config, sharpness=3.0)).table
    np.testing.assert_array_equal(sharp.items, plain.items)
    np.testing.assert_allclose(sharp.weights, plain.weights**3, rtol=1e-6)
    other = zoo.fit_item2vec(data, replace(config, seed=1)).table
    assert not np.array_equal(other.weights, plain.weights)
    assert (plain.items[7:] == -1).all()  # nobody bought them


def test_repeats_raise_the_confidence() -> None:
    data = baskets([[[0], [1]], [[0], [1]], [[0], [2]], [[0], [2]]], 3)
    source = zoo.fit_als(data, zoo.AlsConfig(width=2, regularisation=0.1, weights=LineWeights()))
    one = source.score(bought(1, 2), np.array([1, 2], np.int32))
    two = source.score(bought(1, 2, 2, 2, 2), np.array([1, 2], np.int32))
    assert two[1] - two[0] > one[1] - one[0]


def test_user_to_user_by_hand() -> None:
    data = baskets([[[0], [1], [0]], [[1, 2]], [[3]]], 5)
    source = zoo.fit_user_to_user(data, zoo.UserToUserConfig(weights=LineWeights()))
    rare, shared = math.log(1 + 3 / 1), math.log(1 + 3 / 2)
    near = shared / math.hypot(rare, shared)
    every = np.arange(5, dtype=np.int32)
    asked = bought(1)
    np.testing.assert_allclose(source.score(asked, every), [near, 2 * near, near, 0, 0], rtol=1e-6)
    visitors, similarity = source.neighbours(asked)
    assert visitors.tolist() == [0, 1]
    np.testing.assert_allclose(similarity, [near, near], rtol=1e-6)


def test_who_asks_is_not_his_own_neighbour() -> None:
    data = baskets([[[0], [1]], [[1, 2]], [[3]]], 4)
    source = zoo.fit_user_to_user(data, zoo.UserToUserConfig(weights=LineWeights(max_lines=1)))
    # The first visitor asks: he is stored, but knows all that he has, also what counts no more.
    assert source.neighbours(bought(0, 1))[0].tolist() == [1]
    assert source.score(bought(0, 1), np.array([0], np.int32)).tolist() == [0]


def test_only_the_newest_visitors_and_lines_are_stored() -> None:
    data = baskets([[[0], [1]], [[1, 2], [0]], [[2], [1], [3]]], 4)
    older = replace(data, time=np.where(data.visitor == 1, data.time - 50 * DAY, data.time))
    config = zoo.UserToUserConfig(max_visitors=2, max_items=2)
    stored = zoo.fit_user_to_user(older, config).visitors
    assert stored.offsets.tolist() == [0, 2, 4]
    assert stored.items.tolist() == [0, 1, 1, 3]


def test_lines_that_count_nothing_any_more() -> None:
    data = baskets([[[0], [1]], [[1, 2]]], 3)
    config = zoo.UserToUserConfig(weights=LineWeights(decay=1e-30))
    found = zoo.fit_user_to_user(data, config).retrieve(request([(1, PURCHASE, 90, 0)]), 5)
    assert len(found) == 0


# --- bundles


def commit(root: Path, sources: Sequence[PopularitySource] | None, **listed: object) -> Bundle:
    with BundleWriter(root) as writer:
        if sources is not None:
            save_sources(writer, sources)
        if listed:
            writer.add_json("sources", [listed])
        return writer.commit({}, {})


def test_several_sources_keep_their_order(tmp_path: Path) -> None:
    counts = [np.arange(3, dtype=np.float32), np.ones(2, np.float32)]
    written = [PopularitySource(f"p{n}", values) for n, values in enumerate(counts)]
    found = load_sources(commit(tmp_path, written))
    assert [source.name for source in found] == ["p0", "p1"]
    assert load_sources(commit(tmp_path, [])) == ()


def test_an_older_bundle_has_no_sources(tmp_path: Path) -> None:
    assert load_sources(commit(tmp_path, None)) == ()


def test_an_unknown_form(tmp_path: Path) -> None:
    bundle = commit(tmp_path, None, name="new", form="oracle", settings={})
    with pytest.raises(BundleError, match=r"source 'new' is of the form 'oracle'.*daogou train"):
        load_sources(bundle)


@pytest.mark.parametrize(
    "listed",
    [
        {"name": "new", "form": "personal"},
        {"name": "new", "form": "personal", "settings": {"n_items": 3}},
        {"name": "new", "form": "personal", "settings": {"n_items": 3, "weights": {"speed": 1}}},
    ],
)
def test_settings_of_another_version(tmp_path: Path, listed: dict[str, object]) -> None:
    with pytest.raises(BundleError, match="its sources are not as this code writes them"):
        load_sources(commit(tmp_path, None, **listed))


def test_two_of_one_name(tmp_path: Path) -> None:
    source = PopularitySource("p", np.ones(1, np.float32))
    with pytest.raises(BundleError, match="Two sources are named p;"):
        commit(tmp_path, [source, source])


def test_serving_needs_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, daogou.retrieval.sources;"
        "assert not {'torch', 'scipy', 'implicit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
