"""What every text encoder keeps; each subclass brings its own."""

import functools

import numpy as np
import pytest

from daogou.encoders import CachedEncoder, E5Encoder, FastEncoder, JoinedEncoder, TextEncoder

ODD = ["", " ", "\x00", "\ud800 half", "🎉", "x" * 5000, "连衣裙" * 2000, "a\nb\tc"]

fast = functools.cache(FastEncoder)
e5 = functools.cache(E5Encoder)


class EncoderContract:
    @pytest.fixture
    def encoder(self) -> TextEncoder:
        raise NotImplementedError

    def test_shape_and_length(self, encoder: TextEncoder) -> None:
        vectors = encoder.encode(["red dress", "连衣裙", "USB-C cable"])
        assert vectors.shape == (3, encoder.dim)
        assert vectors.dtype == np.float32
        assert sum(encoder.blocks) == encoder.dim
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_text(self, encoder: TextEncoder) -> None:
        assert encoder.encode([]).shape == (0, encoder.dim)

    def test_any_string(self, encoder: TextEncoder) -> None:
        vectors = encoder.encode(ODD)
        assert np.isfinite(vectors).all()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_batch_equals_single(self, encoder: TextEncoder) -> None:
        texts = ["whole milk", "全脂牛奶", "whole milk", "a much longer text about a laptop bag"]
        single = np.concatenate([encoder.encode([t]) for t in texts])
        np.testing.assert_allclose(encoder.encode(texts), single, atol=1e-3)

    def test_deterministic(self, encoder: TextEncoder) -> None:
        texts = ["trail running shoes", "跑鞋"]
        np.testing.assert_array_equal(encoder.encode(texts), encoder.encode(texts))

    def test_progress_reaches_the_end(self, encoder: TextEncoder) -> None:
        told: list[tuple[int, int]] = []
        encoder.encode(["one", "two", "three"], progress=lambda *step: told.append(step))
        assert told[-1][0] == told[-1][1]
        assert told == sorted(told)

    def test_a_paraphrase_is_nearer_than_another_product(self, encoder: TextEncoder) -> None:
        queries = ["sneakers for running", "手机保护套", "soda"]
        near = ["running shoes", "手机壳", "soft drink cola"]
        far = ["frozen pizza", "洗衣机", "hair shampoo"]
        q = encoder.encode(queries, "query")
        for n in range(3):
            a, b = encoder.encode([near[n], far[n]])
            assert q[n] @ a > q[n] @ b, queries[n]


class TestFast(EncoderContract):
    @pytest.fixture
    def encoder(self) -> TextEncoder:
        return fast()


class TestE5(EncoderContract):
    @pytest.fixture
    def encoder(self) -> TextEncoder:
        return e5()

    def test_queries_are_told_from_passages(self, encoder: TextEncoder) -> None:
        query, passage = encoder.encode(["milk"], "query"), encoder.encode(["milk"], "passage")
        assert not np.allclose(query, passage, atol=1e-3)


class TestJoined(EncoderContract):
    @pytest.fixture
    def encoder(self) -> TextEncoder:
        return JoinedEncoder((fast(), e5()))

    def test_a_product_is_the_mean_of_the_parts(self, encoder: TextEncoder) -> None:
        assert isinstance(encoder, JoinedEncoder)
        texts = ["whole milk", "oat drink"]
        a, b = encoder.encode(texts)
        parts = [part.encode(texts) for part in encoder.parts]
        assert a @ b == pytest.approx(np.mean([p[0] @ p[1] for p in parts]), abs=1e-3)


class TestCached(EncoderContract):
    @pytest.fixture
    def encoder(self) -> TextEncoder:
        return CachedEncoder(fast(), batch_size=2)
