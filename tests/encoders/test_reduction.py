import numpy as np
import numpy.typing as npt
import pytest

from daogou.encoders import ImageReduction
from daogou.encoders import reduction as module
from daogou.errors import EncoderError

Float32 = npt.NDArray[np.float32]


def planted(n: int = 300, width: int = 20, rank: int = 3) -> Float32:
    """Vectors that differ in three directions, the first one most."""
    random = np.random.default_rng(0)
    directions = np.linalg.qr(random.normal(size=(width, rank)))[0].T
    strength = random.normal(size=(n, rank)) * [4, 2, 1]
    vectors: Float32 = (2 + strength @ directions).astype(np.float32)
    return vectors


def test_agrees_with_the_singular_value_decomposition() -> None:
    noise = np.random.default_rng(1).normal(size=(300, 20)) / 10
    vectors = (planted() + noise).astype(np.float32)
    reduction = ImageReduction.fit(vectors, 3)
    _, _, expected = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    overlap = np.abs(np.einsum("di,di->d", reduction.components, expected[:3]))
    np.testing.assert_allclose(overlap, 1, atol=1e-5)
    np.testing.assert_allclose(reduction.mean, vectors.mean(axis=0), atol=1e-5)


def test_the_planted_directions_keep_all_distances() -> None:
    vectors = planted()
    reduced = ImageReduction.fit(vectors, 3).apply(vectors)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert reduced.dtype == np.float32
    np.testing.assert_allclose(reduced @ reduced.T, centred @ centred.T, atol=1e-3)


def test_the_largest_entry_of_a_component_is_positive() -> None:
    for sign in (1, -1):
        components = ImageReduction.fit(planted() * np.float32(sign), 3).components
        largest = np.abs(components).argmax(axis=1)
        assert (components[np.arange(3), largest] > 0).all()


def test_products_without_a_picture_count_in_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = planted(50)
    gaps = np.zeros((120, 20), np.float32)
    gaps[::3][:40] = vectors[:40]
    gaps[1::3][:10] = vectors[40:]
    alone = ImageReduction.fit(gaps[gaps.any(axis=1)], 3)
    monkeypatch.setattr(module, "CHUNK", 7)
    reduction = ImageReduction.fit(gaps, 3)
    np.testing.assert_allclose(reduction.components, alone.components, atol=1e-5)
    reduced = reduction.apply(gaps)
    there = gaps.any(axis=1)
    assert not reduced[~there].any()
    np.testing.assert_allclose(np.linalg.norm(reduced[there], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(reduced[there], alone.apply(gaps[there]), atol=1e-4)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_pictures_than_dimensions(n: int) -> None:
    vectors = planted(n) if n else np.zeros((4, 20), np.float32)
    reduction = ImageReduction.fit(vectors, 8)
    assert reduction.components.shape == (8, 20)
    assert not reduction.components[max(n - 1, 0) :].any()
    assert np.isfinite(reduction.apply(vectors)).all()
    assert reduction.apply(np.zeros((0, 20), np.float32)).shape == (0, 8)


def test_half_precision_and_round_trip() -> None:
    vectors = planted().astype(np.float16)
    reduction = ImageReduction.fit(vectors, 3)
    again = ImageReduction.from_arrays(reduction.to_arrays())
    np.testing.assert_array_equal(again.apply(vectors), reduction.apply(vectors))
    np.testing.assert_array_equal(ImageReduction.fit(vectors, 3).components, reduction.components)


def test_other_widths_are_told() -> None:
    with pytest.raises(EncoderError, match="21 dimensions asked for; expected 1 to 20"):
        ImageReduction.fit(planted(), 21)
    with pytest.raises(EncoderError, match=r"9 wide, expected 20.*daogou train"):
        ImageReduction.fit(planted(), 3).apply(np.ones((1, 9), np.float32))
