import numpy as np
import numpy.typing as npt
import pytest

from daogou.encoders import Centring, FastEncoder
from daogou.errors import EncoderError

TWINS = {
    "whole milk": "全脂牛奶",
    "running shoes": "跑鞋",
    "red dress": "红色连衣裙",
    "phone case": "手机壳",
    "washing machine": "洗衣机",
    "shampoo": "洗发水",
    "orange juice": "橙汁",
    "frozen pizza": "冷冻披萨",
    "laptop computer": "笔记本电脑",
    "dog food": "狗粮",
    "toothpaste": "牙膏",
    "ground coffee": "咖啡粉",
    "potato chips": "薯片",
    "wool sweater": "羊毛衫",
    "wireless headphones": "无线耳机",
    "desk lamp": "台灯",
}
LANGUAGES = ["en"] * len(TWINS) + ["zh"] * len(TWINS)


def directions(n: int, width: int, seed: int = 0) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def test_chinese_finds_its_english_twin() -> None:
    vectors = FastEncoder().encode([*TWINS, *TWINS.values()])
    n = len(TWINS)
    centred = Centring.fit(vectors, LANGUAGES).apply(vectors, LANGUAGES)
    nearest = (centred[n:] @ centred[:n].T).argmax(axis=1)
    assert (nearest == np.arange(n)).mean() >= 0.9

    # Among texts of both languages, the twin is as near as the language: that is what it is for.
    def twin_rank(v: npt.NDArray[np.float32]) -> float:
        scores = v[n:] @ v.T  # [n, 2n]
        np.fill_diagonal(scores[:, n:], -2)
        twin = scores[np.arange(n), np.arange(n)]
        return float((scores > twin[:, None]).sum(axis=1).mean())

    assert twin_rank(centred) <= twin_rank(vectors)


def test_a_planted_language_direction_is_taken_out() -> None:
    content = directions(400, 16)
    offset = np.zeros((2, 16), np.float32)
    offset[0, 0], offset[1, 0] = 3, -3
    side = np.arange(400) % 2
    vectors = content + offset[side]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    languages = [("en", "zh")[s] for s in side]
    centred = Centring.fit(vectors, languages).apply(vectors, languages)
    np.testing.assert_allclose(np.linalg.norm(centred, axis=1), 1, atol=1e-5)
    scores = centred @ centred.T
    same = side[:, None] == side[None, :]
    off = ~np.eye(400, dtype=bool)
    assert abs(scores[same & off].mean() - scores[~same].mean()) < 0.02


def test_each_block_has_the_same_weight() -> None:
    vectors = directions(100, 12)
    vectors[:, :8] *= 0.1  # an encoder that speaks softly
    centred = Centring.fit(vectors, ["en"] * 100, (8, 4)).apply(vectors, ["en"] * 100)
    np.testing.assert_allclose(np.linalg.norm(centred[:, :8], axis=1), np.sqrt(0.5), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(centred, axis=1), 1, atol=1e-5)


def test_a_catalogue_of_one_keeps_its_direction() -> None:
    vectors = directions(1, 8)
    centred = Centring.fit(vectors, ["en"]).apply(vectors, ["en"])
    np.testing.assert_allclose(centred, vectors, atol=1e-5)


def test_a_language_that_was_not_seen_takes_the_common_mean() -> None:
    vectors = directions(50, 8) + 1
    centring = Centring.fit(vectors, ["en"] * 50)
    centred = centring.apply(vectors[:3], ["de"] * 3)
    np.testing.assert_allclose(np.linalg.norm(centred, axis=1), 1, atol=1e-5)
    assert (centred @ vectors[:3].T).mean() < 1


def test_round_trip() -> None:
    vectors = directions(40, 12)
    languages = ["en", "zh"] * 20
    centring = Centring.fit(vectors, languages, (8, 4))
    again = Centring.from_arrays(centring.to_arrays())
    assert again.blocks == (8, 4)
    np.testing.assert_array_equal(
        again.apply(vectors, languages), centring.apply(vectors, languages)
    )


def test_nothing_to_centre() -> None:
    centring = Centring.fit(np.zeros((0, 4), np.float32), [])
    assert centring.apply(np.zeros((0, 4), np.float32), []).shape == (0, 4)


def test_another_encoder_is_told() -> None:
    centring = Centring.fit(directions(4, 8), ["en"] * 4)
    with pytest.raises(EncoderError, match=r"9 wide, expected 8.*daogou train"):
        centring.apply(directions(1, 9), ["en"])
    with pytest.raises(EncoderError, match="3 languages"):
        Centring.fit(directions(4, 8), ["en"] * 3)
