"""What every retriever keeps; each subclass brings its own, and its planted answer.

The catalogue is a checkerboard: item i is of colour i % 2 and of shape i // 2 % 15,
and what belongs together shares both.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from daogou.features import KINDS, History, Neighbours
from daogou.retrieval import (
    Candidates,
    DenseConfig,
    DenseRetriever,
    ItemToItemRetriever,
    LexicalDocument,
    LexicalRetriever,
    PersonalFrequencyRetriever,
    PopularRetriever,
    Request,
    Retriever,
    build_dense,
    build_lexical,
)
from daogou.retrieval.building import build_item_to_item

V = 60
DAY = 86_400.0
NOW = 1_000 * DAY
COLOURS = ("red", "蓝色")
NO_REQUEST = Request(now=NOW)


def document(item: int) -> LexicalDocument:
    return LexicalDocument(item, title=(COLOURS[item % 2], f"shape{item // 2 % 15}", f"n{item}"))


def planted_vectors(n: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(7)
    vectors = np.zeros((n, 20), np.float32)
    vectors[np.arange(n), np.arange(n) // 2 % 15] = 1
    vectors[:, 15:17] = np.eye(2)[np.arange(n) % 2] * 0.5
    vectors += 0.01 * rng.normal(size=vectors.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def purchases(items: list[int], days_ago: list[float]) -> History:
    n = len(items)
    return History(
        np.array(items, np.int32),
        np.full(n, KINDS["purchase-complete"], np.int8),
        NOW - DAY * np.array(days_ago, np.float64),
        np.ones(n, np.float32),
        np.arange(n, dtype=np.int32),
    )


class RetrieverContract:
    """``make`` builds for a catalogue of n items and passes through disk where there is a disk."""

    asked: Request
    answer: int
    needs_a_request = True

    def make(self, path: Path, n: int) -> Retriever:
        raise NotImplementedError

    @pytest.fixture
    def retriever(self, tmp_path: Path) -> Retriever:
        return self.make(tmp_path / "index", V)

    def check(self, found: Candidates, retriever: Retriever, k: int) -> None:
        assert found.source == retriever.name
        assert found.items.dtype == np.int32
        assert found.scores.dtype == np.float32
        assert len(found) == len(found.items) == len(found.scores) <= k
        assert len(set(found.items.tolist())) == len(found)
        assert (np.diff(found.scores) <= 0).all()
        assert np.isfinite(found.scores).all()

    def test_planted_answer(self, retriever: Retriever) -> None:
        found = retriever.retrieve(self.asked, 10)
        self.check(found, retriever, 10)
        assert found.items[0] == self.answer

    def test_the_first_of_many_are_the_few(self, retriever: Retriever) -> None:
        few, many = retriever.retrieve(self.asked, 3), retriever.retrieve(self.asked, 30)
        np.testing.assert_array_equal(few.items, many.items[:3])
        np.testing.assert_allclose(few.scores, many.scores[:3], rtol=1e-6)

    def test_more_than_the_catalogue(self, retriever: Retriever) -> None:
        found = retriever.retrieve(self.asked, 10 * V)
        self.check(found, retriever, V)

    @pytest.mark.parametrize("k", [0, -1])
    def test_none_wanted(self, retriever: Retriever, k: int) -> None:
        assert len(retriever.retrieve(self.asked, k)) == 0

    def test_unknown_visitor(self, retriever: Retriever) -> None:
        found = retriever.retrieve(NO_REQUEST, 10)
        self.check(found, retriever, 10)
        assert (len(found) == 0) == self.needs_a_request

    def test_nothing_passes(self, retriever: Retriever) -> None:
        asked = replace(self.asked, mask=np.zeros(V, np.bool_))
        assert len(retriever.retrieve(asked, 10)) == 0

    def test_only_what_passes(self, retriever: Retriever) -> None:
        every = retriever.retrieve(self.asked, V)
        mask = np.arange(V) % 3 != self.answer % 3
        found = retriever.retrieve(replace(self.asked, mask=mask), V)
        self.check(found, retriever, V)
        np.testing.assert_array_equal(found.items, every.items[mask[every.items]])

    def test_a_catalogue_that_has_grown(self, retriever: Retriever) -> None:
        asked = replace(self.asked, mask=np.ones(V + 5, np.bool_))
        np.testing.assert_array_equal(
            retriever.retrieve(asked, 10).items, retriever.retrieve(self.asked, 10).items
        )

    def test_items_newer_than_the_bundle(self, retriever: Retriever) -> None:
        newer = np.array([V + 3], np.int32)
        asked = replace(self.asked, anchor=newer, history=purchases([V + 3], [1]))
        found = retriever.retrieve(replace(asked, mask=np.ones(V, np.bool_)), 10)
        self.check(found, retriever, 10)
        assert V + 3 not in found.items

    def test_empty_catalogue(self, tmp_path: Path) -> None:
        retriever = self.make(tmp_path / "empty", 0)
        assert len(retriever.retrieve(replace(self.asked, history=History.empty()), 10)) == 0

    def test_saved_equals_loaded(self, retriever: Retriever, tmp_path: Path) -> None:
        again = self.make(tmp_path / "again", V)
        one, two = retriever.retrieve(self.asked, 10), again.retrieve(self.asked, 10)
        np.testing.assert_array_equal(one.items, two.items)
        np.testing.assert_array_equal(one.scores, two.scores)


class TestLexical(RetrieverContract):
    asked = Request(now=NOW, query_tokens=("n21", "蓝色", "shape10"))
    answer = 21

    def make(self, path: Path, n: int) -> Retriever:
        build_lexical(path, map(document, range(n)))
        return LexicalRetriever.open(path)


class TestLexicalOverlay(TestLexical):
    """Half of the documents are newer than the index."""

    def make(self, path: Path, n: int) -> Retriever:
        build_lexical(path, map(document, range(0, n, 2)))
        return LexicalRetriever.open(path).changed(map(document, range(1, n, 2)))


class TestDense(RetrieverContract):
    asked = Request(now=NOW, user_vector=planted_vectors(V)[21])
    answer = 21
    config = DenseConfig()

    def make(self, path: Path, n: int) -> Retriever:
        vectors = planted_vectors(n)
        build_dense(path, vectors, self.config)
        return DenseRetriever.open(path, "taste", "user_vector", vectors, self.config)


class TestDenseGraph(TestDense):
    config = DenseConfig(exact_below=1, exact_subset=1)


class TestDenseHalfPrecision(TestDense):
    asked = Request(now=NOW, query_vector=planted_vectors(V)[21])

    def make(self, path: Path, n: int) -> Retriever:
        vectors = planted_vectors(n).astype(np.float16)
        build_dense(path, vectors)
        return DenseRetriever.open(path, "meaning", "query_vector", vectors)


class TestItemToItem(RetrieverContract):
    asked = Request(now=NOW, anchor=np.array([21], np.int32))
    answer = 51  # of the same colour and shape

    def neighbours(self, n: int) -> Neighbours:
        alike = [np.arange(n)[np.arange(n) % 30 == kind] for kind in range(30)]
        colour = [np.arange(n)[np.arange(n) % 2 == side] for side in (0, 1)]
        baskets = alike * 5 + colour
        lines = np.concatenate([*baskets, np.zeros(0, np.int64)]).astype(np.int32)
        numbers = np.repeat(np.arange(len(baskets)), [len(b) for b in baskets])
        return build_item_to_item(numbers, lines, n)

    def make(self, path: Path, n: int) -> Retriever:
        path.mkdir()
        table = self.neighbours(n)
        np.save(path / "items.npy", table.items)
        np.save(path / "weights.npy", table.weights)
        return ItemToItemRetriever(
            Neighbours(
                np.load(path / "items.npy", mmap_mode="r"),
                np.load(path / "weights.npy", mmap_mode="r"),
            )
        )


class TestItemToItemOfHistory(TestItemToItem):
    asked = Request(now=NOW, history=purchases([10, 21], [90, 1]))


class TestPersonalFrequency(RetrieverContract):
    # 21 was bought twice, 3 more recently, 8 as often but long ago.
    asked = Request(now=NOW, history=purchases([8, 8, 21, 21, 3], [200, 199, 11, 10, 1]))
    answer = 21

    def make(self, path: Path, n: int) -> Retriever:
        del path, n
        return PersonalFrequencyRetriever()


class TestPopular(RetrieverContract):
    asked = NO_REQUEST
    answer = 21
    needs_a_request = False

    def make(self, path: Path, n: int) -> Retriever:
        del path
        popularity = np.arange(n, dtype=np.float32) % 7
        popularity[21:22] = 100
        return PopularRetriever(popularity)


class TestPopularOfCategory(TestPopular):
    asked = Request(now=NOW, anchor=np.array([1], np.int32))

    def make(self, path: Path, n: int) -> Retriever:
        del path
        popularity = np.arange(n, dtype=np.float32) % 7
        popularity[21:22] = 50
        popularity[22:23] = 100  # of the other category
        return PopularRetriever(popularity, np.arange(n, dtype=np.int32) % 2 + 1)
