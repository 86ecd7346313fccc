from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pytest

from daogou.errors import BundleError
from daogou.retrieval import DenseConfig, DenseRetriever, Request, build_dense

GRAPH = DenseConfig(exact_below=100, exact_subset=50)
EXACT = DenseConfig()


def vectors(n: int = 2000, width: int = 16) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(40, width))
    found = centres[rng.integers(0, 40, n)] + 0.5 * rng.normal(size=(n, width))
    unit: npt.NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit.astype(np.float32)


def opened(path: Path, config: DenseConfig, v: npt.NDArray[np.float32]) -> DenseRetriever:
    build_dense(path, v, config)
    return DenseRetriever.open(path, "taste", "user_vector", v, config)


@pytest.mark.parametrize("config", [EXACT, GRAPH])
@pytest.mark.parametrize("share", [None, 0.9, 0.3, 0.01])
def test_agrees_with_faiss_flat(tmp_path: Path, config: DenseConfig, share: float | None) -> None:
    v = vectors()
    retriever = opened(tmp_path / "dense", config, v)
    mask = None if share is None else np.random.default_rng(2).random(len(v)) < share
    reference = faiss.IndexFlatIP(v.shape[1])
    kept = np.arange(len(v)) if mask is None else np.flatnonzero(mask)
    reference.add(v[kept])
    recall = []
    for query in vectors(20):
        found = retriever.retrieve(Request(now=0.0, user_vector=query, mask=mask), 20)
        scores, places = reference.search(query[None], 20)
        truth = kept[places[0][places[0] >= 0]]
        recall.append(len(set(truth) & set(found.items.tolist())) / len(truth))
        common = min(len(found), len(truth))
        np.testing.assert_allclose(found.scores[0], scores[0, 0], atol=1e-5)
        assert common == len(truth)
    assert np.mean(recall) >= (1.0 if config is EXACT else 0.95)


@pytest.mark.parametrize("config", [EXACT, GRAPH])
def test_changed_vectors_count_at_once(tmp_path: Path, config: DenseConfig) -> None:
    v = vectors(200)
    before = opened(tmp_path / "dense", config, v)
    query = v[5]
    changed = before.changed(np.array([5, 200], np.int32), np.stack([-query, 2 * query]))
    found = changed.retrieve(Request(now=0.0, user_vector=query), 200)
    assert found.items[0] == 200
    assert found.scores[0] == pytest.approx(2)
    assert 5 not in found.items[:100]
    assert before.retrieve(Request(now=0.0, user_vector=query), 1).items.tolist() == [5]
    mask = np.ones(201, np.bool_)
    mask[200] = False
    masked = changed.retrieve(Request(now=0.0, user_vector=query, mask=mask), 10)
    assert 200 not in masked.items


@pytest.mark.parametrize("config", [EXACT, GRAPH])
def test_products_of_one_title_do_not_hide_the_others(tmp_path: Path, config: DenseConfig) -> None:
    distinct = vectors(200)
    v = np.repeat(distinct, np.where(np.arange(200) % 10 == 0, 100, 1), axis=0)
    retriever = opened(tmp_path / "dense", config, v)
    mask = np.random.default_rng(3).random(len(v)) < 0.5
    for query in vectors(20):
        for passing in (None, mask):
            asked = Request(now=0.0, user_vector=query, mask=passing)
            found = retriever.retrieve(asked, 150)
            truth = v @ query if passing is None else np.where(passing, v @ query, -2)
            expected = np.sort(truth)[::-1][:150]
            np.testing.assert_allclose(found.scores, expected, atol=1e-5)


def test_scores_of_given_items(tmp_path: Path) -> None:
    v = vectors(50)
    retriever = opened(tmp_path / "dense", EXACT, v)
    retriever = retriever.changed(np.array([51], np.int32), v[:1])
    items = np.array([7, 51, 60, 0], np.int32)
    expected = [v[7] @ v[0], 1, 0, 1]
    np.testing.assert_allclose(retriever.score(v[0], items), expected, atol=1e-5)


def test_a_graph_of_other_vectors_is_told(tmp_path: Path) -> None:
    build_dense(tmp_path / "dense", vectors(200), GRAPH)
    with pytest.raises(BundleError, match=r"is of 200 vectors 16 wide, expected 300.*train"):
        DenseRetriever.open(tmp_path / "dense", "taste", "user_vector", vectors(300))
    (tmp_path / "dense" / "graph.faiss").write_bytes(b"no graph")
    with pytest.raises(BundleError, match=r"cannot be read.*daogou train"):
        DenseRetriever.open(tmp_path / "dense", "taste", "user_vector", vectors(200))
