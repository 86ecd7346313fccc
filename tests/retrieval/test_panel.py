"""Fitted sources asked together: their proposals, the ranker's features, and who leads."""

import numpy as np
import pytest

from daogou.features import History
from daogou.features.items import Float32
from daogou.retrieval.sources import DEPTH, Panel, PopularitySource

NOW = 1e9


def panel(*counts: list[float], champion: str = "joint") -> Panel:
    return Panel(
        tuple(
            PopularitySource(f"s{n}", np.array(values, np.float32))
            for n, values in enumerate(counts)
        ),
        champion,
    )


def items(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def test_columns_are_named_and_in_the_order_of_the_features() -> None:
    two = panel([3, 2, 0], [0, 1, 5])
    assert two.columns == ("source_s0", "source_s0_place", "source_s1", "source_s1_place")
    wide = two.ask(History.empty(), NOW).wide(items(1, 2, 9))
    assert wide.dtype == np.float32
    second = 1 / np.log2(3)
    expected = [[2, second, 1, second], [0, 0, 5, 1], [0, 0, 0, 0]]
    np.testing.assert_allclose(wide, expected, rtol=1e-6)


def test_without_sources_there_is_nothing_to_say() -> None:
    opinion = Panel().ask(History.empty(), NOW)
    assert opinion.wide(items(1, 2)).shape == (2, 0)
    assert opinion.propose(None) == []
    assert Panel().silent(3).shape == (3, 0)


def test_a_strict_mask_is_answered_from_further_down() -> None:
    n = 2 * DEPTH
    one = panel([float(n - i) for i in range(n)])
    mask = np.zeros(n, bool)
    mask[[3, n - 2, n - 1]] = True
    (found,) = one.ask(History.empty(), NOW).propose(mask, 2)
    assert found.items.tolist() == [3, n - 2]


def test_the_features_do_not_depend_on_the_mask() -> None:
    one = panel([3, 2, 1])
    opinion = one.ask(History.empty(), NOW)
    before = opinion.wide(items(0, 2))
    opinion.propose(np.array([False, False, True]))
    np.testing.assert_array_equal(opinion.wide(items(0, 2)), before)


JUDGED: Float32 = np.array([0.1, 5.0, -3.0], np.float32)


def test_the_ranker_leads_unless_a_source_beats_it() -> None:
    joint = panel([1, 2, 3])
    opinion = joint.ask(History.empty(), NOW)
    np.testing.assert_array_equal(joint.led(opinion, items(0, 1, 2), JUDGED), JUDGED)


@pytest.mark.parametrize(
    ("counts", "order"), [([1.0, 2.0, 3.0], [2, 1, 0]), ([0.0, 0.0, 1.0], [2, 1, 0]),
                          ([1.0, 0.0, 0.0], [0, 1, 2]), ([0.0, 0.0, 0.0], [1, 0, 2])],
)  # fmt: skip
def test_a_champion_leads_and_leaves_the_rest_to_the_ranker(
    counts: list[float], order: list[int]
) -> None:
    led = panel(counts, champion="s0")
    scores = led.led(led.ask(History.empty(), NOW), items(0, 1, 2), JUDGED)
    assert np.argsort(-scores).tolist() == order
