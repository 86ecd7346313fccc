"""What every fitted source keeps; each subclass brings its own model, fitted to planted data.

Items are of two tastes, the even and the odd, and a visitor buys of one taste alone. Who
asks has all odd items but one, which must come first of what is new to him. Models of the
order of purchases learn from :func:`cycles` instead, where each item has one that follows it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from daogou.bundle import Bundle, BundleWriter
from daogou.features import KINDS, History, Interactions
from daogou.features.items import Float32
from daogou.retrieval import Candidates, Request
from daogou.retrieval.sources import Source, load_sources, save_sources

V = 60
DAY = 86_400.0
NOW = 1_000 * DAY
ANSWER = 21


def interactions(sequences: Sequence[Sequence[int]], n_items: int) -> Interactions:
    """One purchase a day of each visitor, the last one a day before NOW."""
    lengths = np.array([len(items) for items in sequences], np.int64)
    order = np.concatenate([np.zeros(0, np.int64), *(np.arange(n) for n in lengths)])
    return Interactions(
        visitor=np.repeat(np.arange(len(sequences), dtype=np.int32), lengths),
        item=np.array([item for items in sequences for item in items], np.int32),
        time=NOW - (np.repeat(lengths, lengths) - order) * DAY,
        basket=order.astype(np.int32),
        n_visitors=len(sequences),
        n_items=n_items,
        as_of=NOW,
    )


def planted(n_items: int) -> Interactions:
    """Forty visitors, each with twenty purchases of one taste, some of them repeated."""
    rng = np.random.default_rng(7)
    tastes = (np.arange(side, n_items, 2) for _ in range(20) for side in (0, 1))
    bought = [rng.choice(taste, 20).tolist() if len(taste) else [] for taste in tastes]
    return interactions(bought, n_items)


def cycles(n_items: int) -> Interactions:
    """After each item comes the next one; after the last, the first."""
    lengths = (4 + visitor % 9 for visitor in range(4 * n_items))
    walks = [
        [(n * 7 + step) % n_items for step in range(length)] for n, length in enumerate(lengths)
    ]
    return interactions(walks, n_items)


def purchases(items: Sequence[int]) -> History:
    n = len(items)
    return History(
        np.array(items, np.int32),
        np.full(n, KINDS["purchase-complete"], np.int8),
        np.array(NOW - np.arange(n, 0, -1) * DAY, np.float64),
        np.ones(n, np.float32),
        np.arange(n, dtype=np.int32),
    )


OWNED = np.setdiff1d(np.arange(1, V, 2), [ANSWER])
NEW = ~np.isin(np.arange(V), OWNED)

DEGENERATE = {
    "none": interactions([], V),
    "nobody bought": interactions([[], []], V),
    "one interaction": interactions([[5]], V),
    "one item, again and again": interactions([[5] * 4, [5]], V),
    "one visitor": interactions([[1, 2, 3, 2]], V),
    "ten thousand lines": interactions([[i % 50 for i in range(10_000)], [1, 3]], V),
    "a catalogue of one": interactions([[0, 0], [0]], 1),
    "an empty catalogue": interactions([], 0),
}


class SourceContract:
    """``fit`` fits the model; all tests but one ask it after a way through a bundle.

    ``fit_little`` fits it to what teaches nothing, where it need not learn much either.
    """

    asked = Request(now=NOW, history=purchases(OWNED.tolist()))
    new = NEW
    needs_a_history = True
    proposes_unbought = False
    """Whether items come that nobody bought."""
    exported = False
    """Whether a fit exports a graph, which takes a second: degenerate ones then do without."""
    tolerance = 0.0
    """Between the scores of two fits to the same data."""

    @classmethod
    def fit(cls, data: Interactions) -> Source:
        raise NotImplementedError

    @classmethod
    def fit_little(cls, data: Interactions) -> Source:
        return cls.fit(data)

    @classmethod
    def taught(cls) -> Interactions:
        return planted(V)

    @classmethod
    def write(cls, writer: BundleWriter, source: Source) -> None:
        save_sources(writer, [source])

    @classmethod
    def through_a_bundle(cls, source: Source, root: Path) -> Source:
        with BundleWriter(root) as writer:
            cls.write(writer, source)
            folder = writer.commit({}, {}).folder
        (loaded,) = load_sources(Bundle.open(folder))
        return loaded

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls) -> Source:
        return cls.fit(cls.taught())

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, fitted: Source, tmp_path_factory: pytest.TempPathFactory) -> Source:
        return cls.through_a_bundle(fitted, tmp_path_factory.mktemp("bundle"))

    @pytest.fixture
    def in_process(self) -> None:
        """What a test uses that asks its sources where they were fitted: a way to save time."""

    def check(self, found: Candidates, source: Source, asked: Request, k: int) -> None:
        assert found.source == source.name
        assert found.items.dtype == np.int32
        assert found.scores.dtype == np.float32
        assert len(found) == len(found.items) == len(found.scores) <= max(k, 0)
        assert len(set(found.items.tolist())) == len(found)
        assert (np.diff(found.scores) <= 0).all()
        assert np.isfinite(found.scores).all()
        assert (found.scores > 0).all()
        scores = source.score(asked, found.items)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, found.scores, rtol=1e-5, atol=1e-6)

    def scores(self, source: Source) -> Float32:
        return source.score(self.asked, np.arange(V, dtype=np.int32))

    def test_planted_answer(self, source: Source) -> None:
        asked = replace(self.asked, mask=self.new)
        found = source.retrieve(asked, 10)
        self.check(found, source, asked, 10)
        assert found.items[0] == ANSWER

    def test_scores_rank_as_retrieval_does(self, source: Source) -> None:
        found = source.retrieve(self.asked, 5)
        scores = source.score(self.asked, np.arange(V, dtype=np.int32))
        others = np.setdiff1d(np.arange(V), found.items)
        assert (scores[others] <= found.scores[-1] + 1e-6).all()

    def test_opinions_are_the_scores_whatever_the_mask(self, source: Source) -> None:
        items, scores = source.opinions(self.asked)
        assert items.dtype == np.int32
        assert scores.dtype == np.float32
        assert (np.diff(items) > 0).all()
        every = np.zeros(V, np.float32)
        every[items] = scores
        np.testing.assert_allclose(self.scores(source), every, rtol=1e-6)
        masked = source.opinions(replace(self.asked, mask=np.zeros(V, np.bool_)))
        np.testing.assert_array_equal(masked, (items, scores))

    def test_a_mask_does_not_change_a_score(self, source: Source) -> None:
        items = np.array([ANSWER, 0, ANSWER], np.int32)
        one = source.score(self.asked, items)
        two = source.score(replace(self.asked, mask=np.zeros(V, np.bool_)), items)
        np.testing.assert_array_equal(one, two)
        assert one[0] == pytest.approx(one[2])

    def test_the_first_of_many_are_the_few(self, source: Source) -> None:
        few, many = source.retrieve(self.asked, 3), source.retrieve(self.asked, 30)
        np.testing.assert_array_equal(few.items, many.items[:3])

    def test_more_than_the_catalogue(self, source: Source) -> None:
        self.check(source.retrieve(self.asked, 10 * V), source, self.asked, V)

    @pytest.mark.parametrize("k", [0, -1])
    def test_none_wanted(self, source: Source, k: int) -> None:
        assert len(source.retrieve(self.asked, k)) == 0

    def test_unknown_visitor(self, source: Source) -> None:
        asked = Request(now=NOW)
        found = source.retrieve(asked, 10)
        self.check(found, source, asked, 10)
        assert (len(found) == 0) == self.needs_a_history
        scores = source.score(asked, np.arange(V, dtype=np.int32))
        assert (scores == 0).all() == self.needs_a_history

    def test_nothing_passes(self, source: Source) -> None:
        asked = replace(self.asked, mask=np.zeros(V, np.bool_))
        assert len(source.retrieve(asked, 10)) == 0

    def test_only_what_passes(self, source: Source) -> None:
        every = source.retrieve(self.asked, V)
        mask = np.arange(V) % 3 != 0
        found = source.retrieve(replace(self.asked, mask=mask), V)
        np.testing.assert_array_equal(found.items, every.items[mask[every.items]])

    def test_a_catalogue_that_has_grown(self, source: Source) -> None:
        asked = replace(self.asked, mask=np.ones(V + 5, np.bool_))
        found = source.retrieve(asked, 10)
        np.testing.assert_array_equal(found.items, source.retrieve(self.asked, 10).items)
        assert source.score(asked, np.array([V + 4], np.int32)).tolist() == [0]

    def test_items_newer_than_the_bundle(self, source: Source) -> None:
        with_newer = Request(now=NOW, history=purchases([1, 3, V + 3]))
        found = source.retrieve(with_newer, 10 * V)
        self.check(found, source, with_newer, V)
        assert V + 3 not in found.items
        nothing_else = Request(now=NOW, history=purchases([V + 3]))
        assert (len(source.retrieve(nothing_else, 10)) == 0) == self.needs_a_history

    def test_an_anchor_is_not_its_own_candidate(self, source: Source) -> None:
        anchor = np.array([ANSWER, V + 3], np.int32)
        found = source.retrieve(replace(self.asked, anchor=anchor), V)
        assert not np.isin(anchor, found.items).any()

    def test_saved_equals_loaded(self, fitted: Source, source: Source) -> None:
        assert (source.name, source.form) == (fitted.name, fitted.form)
        one, two = fitted.retrieve(self.asked, 20), source.retrieve(self.asked, 20)
        np.testing.assert_array_equal(one.items, two.items)
        np.testing.assert_array_equal(one.scores, two.scores)
        every = np.arange(V + 2, dtype=np.int32)
        np.testing.assert_array_equal(
            fitted.score(self.asked, every), source.score(self.asked, every)
        )

    @pytest.mark.usefixtures("in_process")
    def test_fitted_twice_is_the_same(self, fitted: Source) -> None:
        again = self.fit(self.taught())
        one, two = self.scores(again), self.scores(fitted)
        np.testing.assert_allclose(one, two, rtol=self.tolerance, atol=self.tolerance)

    @pytest.mark.usefixtures("in_process")
    @pytest.mark.parametrize("case", DEGENERATE)
    def test_little_to_learn_from(self, case: str, tmp_path: Path) -> None:
        data = DEGENERATE[case]
        source = self.fit_little(data)
        if not self.exported:
            source = self.through_a_bundle(source, tmp_path)
        for items in ([], [5], [0, 1, 2, 3], list(range(V)) * 40):
            asked = Request(now=NOW, history=purchases(items))
            found = source.retrieve(asked, 10)
            self.check(found, source, asked, 10)
            known = np.union1d(data.item, items)
            known = np.arange(data.n_items) if self.proposes_unbought else known
            assert np.isin(found.items, known[known < data.n_items]).all()
            assert np.isfinite(source.score(asked, np.arange(V, dtype=np.int32))).all()

    def test_a_source_of_nothing_is_kept(self, tmp_path: Path) -> None:
        source = self.through_a_bundle(self.fit_little(DEGENERATE["an empty catalogue"]), tmp_path)
        assert len(source.retrieve(self.asked, 10)) == 0
        assert source.score(self.asked, np.array([0], np.int32)).tolist() == [0]
