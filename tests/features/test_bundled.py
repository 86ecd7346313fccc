"""Item statistics in a bundle: what training counted is what serving reads."""

from pathlib import Path

import numpy as np
import pytest

from daogou.bundle import BundleWriter
from daogou.errors import BundleError
from daogou.features import Codes, ItemTable, Neighbours, item_stats, load_items, save_items
from daogou.features.stats import DAY


def test_statistics_come_back_as_they_were_counted(tmp_path: Path) -> None:
    table = ItemTable.from_codes(
        ["a", "b"], np.array([[1, 1, 0], [2, 1, 0]], np.int32), np.array([100, np.nan], np.float32),
        Codes(["A > x", "A > y"]), Codes(["A"]), Codes(),
    )  # fmt: skip
    counted = item_stats(
        np.array([0, 0, 1], np.int32), np.array([0, 0, 1], np.int32),
        np.array([1.0, 4.0, 9.0]) * DAY,
        category=table.category, as_of=10 * DAY, neighbours=Neighbours.none(2),
    )  # fmt: skip
    with BundleWriter(tmp_path) as writer:
        save_items(writer, table, counted)
        bundle = writer.commit({}, {})
    _, read = load_items(bundle)
    assert read.as_of == counted.as_of
    for name in ("popularity_newest", "popularity_fast", "popularity_slow", "repeat_rate"):
        np.testing.assert_array_equal(getattr(read, name), getattr(counted, name))
    np.testing.assert_array_equal(read.rebuying.rate, counted.rebuying.rate)
    np.testing.assert_array_equal(read.rebuying.hazard, counted.rebuying.hazard)


def test_a_bundle_of_a_version_that_counted_less_says_what_to_do(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        writer.add_array("popularity_fast", np.zeros(2, np.float32))
        bundle = writer.commit({}, {})
    with pytest.raises(BundleError, match=f"{bundle.id} has the item statistics.*daogou train"):
        load_items(bundle)
