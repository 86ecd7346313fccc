"""Content factors: what nobody has bought is found by its text."""

import numpy as np
import pytest

from daogou.features import History
from daogou.features.history import PURCHASE
from daogou.features.items import Float32
from daogou.retrieval.base import Request
from daogou.training.zoo import ContentConfig, fit_content

V, T = 60, 24
NOW = 1e9


@pytest.fixture(scope="module")
def texts() -> Float32:
    """Items of three kinds, 20 each; the last one says nothing."""
    chance = np.random.default_rng(0)
    kinds = chance.normal(size=(3, T))
    texts = kinds[np.arange(V) // 20] + 0.3 * chance.normal(size=(V, T))
    texts[-1] = 0
    return texts.astype(np.float32)


def bought(*items: int) -> Request:
    n = len(items)
    return Request(
        NOW,
        History(
            np.array(items, np.int32),
            np.full(n, PURCHASE, np.int8),
            np.full(n, NOW - 60),
            np.ones(n, np.float32),
            np.arange(n, dtype=np.int32),
        ),
    )


@pytest.mark.parametrize("width", [2, 8, 128])
def test_alike_is_what_is_written_alike(texts: Float32, width: int) -> None:
    source = fit_content(texts, ContentConfig(width=width))
    assert source.factors.shape == (V, min(width, T))
    for kind in range(2):
        first = 20 * kind
        found = source.retrieve(bought(first, first + 1, first + 2), 15).items
        assert set(found.tolist()) <= set(range(first, first + 20))


def test_an_item_without_text_is_nobodys(texts: Float32) -> None:
    source = fit_content(texts)
    assert not source.factors[-1].any()
    assert source.score(bought(0, 1), np.array([V - 1], np.int32)) == 0
    assert len(source.retrieve(bought(V - 1), V)) == 0


def test_a_shop_without_any_text_has_no_opinion() -> None:
    source = fit_content(np.zeros((V, 1), np.float16))
    assert len(source.retrieve(bought(0, 1), 10)) == 0
