"""The best of many items: the same as of all of them sorted."""

import numpy as np
import pytest

from daogou.retrieval.base import MANY, SAMPLED, best


@pytest.mark.parametrize("n", [0, 1, 7, 200, 20 * 200 + 1, 50_000])
@pytest.mark.parametrize("values", ["many", "few", "one", "rising", "one in sixteen"])
def test_the_best_are_those_of_the_whole_order(n: int, values: str) -> None:
    chance = np.random.default_rng(n)
    scores = {
        "many": chance.normal(size=n),
        "few": chance.integers(0, 5, n),
        "one": np.ones(n),
        "rising": np.arange(n),
        # The sample has all that is good, and says nothing of the rest.
        "one in sixteen": np.where(np.arange(n) % SAMPLED, 0, 1 + np.arange(n)),
    }[values].astype(np.float32)
    items = np.sort(chance.choice(3 * n + 1, n, replace=False)).astype(np.int32)
    order = np.lexsort((items, -scores))
    for k in (0, 1, 10, 200, n // MANY, n):
        found = best(items, scores, k, "test")
        assert found.items.tolist() == items[order][:k].tolist()
        assert found.scores.tolist() == scores[order][:k].tolist()
