import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.retrieval import Candidates, fuse


def source(name: str, *items: int) -> Candidates:
    scores = np.arange(len(items), 0, -1, dtype=np.float32)
    return Candidates(np.array(items, np.int32), scores, name)


def test_by_hand() -> None:
    fused = fuse([source("a", 7, 3, 5), source("b", 3, 9)], 3)
    assert fused.items.tolist() == [3, 7, 9]
    np.testing.assert_allclose(fused.scores, [1 / 62 + 1 / 61, 1 / 61, 1 / 62], rtol=1e-6)
    assert fused.sources["a"].ranks.tolist() == [1, 0, -1]
    assert fused.sources["b"].ranks.tolist() == [0, -1, 1]
    assert fused.sources["a"].scores.tolist() == [2, 3, 0]
    assert fused.sources_of(0) == ("b", "a")
    assert fused.sources_of(1) == ("a",)


def test_weights() -> None:
    lists = [source("a", 1, 2), source("b", 2, 1), source("c", 9)]
    fused = fuse(lists, 5, {"a": 1.0, "b": 2.0, "c": 0.0})
    assert fused.items.tolist() == [2, 1]
    assert set(fused.sources) == {"a", "b"}


@pytest.mark.parametrize("lists", [[], [source("a")], [source("a"), source("b")]])
def test_nothing_to_fuse(lists: list[Candidates]) -> None:
    assert len(fuse(lists, 10)) == 0


lists_of_items = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), max_size=5)


@given(lists_of_items, st.integers(0, 40))
def test_every_item_once_and_in_order(lists: list[list[int]], k: int) -> None:
    sources = [source(f"s{n}", *items) for n, items in enumerate(lists)]
    fused = fuse(sources, k)
    everything = {item for items in lists for item in items}
    assert len(fused) == min(k, len(everything))
    assert len(set(fused.items.tolist())) == len(fused)
    assert (np.diff(fused.scores) <= 0).all()
    for n, item in enumerate(fused.items.tolist()):
        for one, items in zip(sources, lists, strict=True):
            rank = fused.sources[one.source].ranks[n]
            assert rank == (items.index(item) if item in items else -1)
