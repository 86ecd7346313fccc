"""Where the replayed days begin."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from daogou.features import Exposures, History, ShopLog
from daogou.features.history import PURCHASE
from daogou.features.log import Searches
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.training.past import FITTED_SHARE, Past

DAY = 86_400.0
DAYS = 90
"""One visitor buys three products a day, and is shown one in the evening of each fifth day."""


@dataclass(frozen=True)
class Shop:
    """As much of a shop as dividing its past asks for."""

    log: ShopLog
    table: tuple[str, ...] = ("a", "b", "c")


def shop(*, shown: bool = True) -> Shop:
    nothing = np.zeros(0, np.int32)
    evenings = np.arange(0, DAYS if shown else 0, 5, dtype=np.float64)
    n = len(evenings)
    return Shop(
        ShopLog(
            visitors=("v",),
            offsets=np.array([0, 3 * DAYS]),
            lines=History(
                np.tile(np.arange(3, dtype=np.int32), DAYS),
                np.full(3 * DAYS, PURCHASE, np.int8),
                np.repeat(np.arange(DAYS) * DAY, 3),
                np.ones(3 * DAYS, np.float32),
                np.repeat(np.arange(DAYS, dtype=np.int32), 3),
            ),
            exposures=Exposures(
                np.arange(n, dtype=np.int32), np.zeros(n, np.int32), (evenings + 0.5) * DAY,
                np.zeros(n, np.int32), np.ones(n, np.float32), np.full(n, -1, np.int32),
            ),
            queries=(),
            searches=Searches(nothing, np.zeros(0), nothing),
        )
    )  # fmt: skip


def begins(derived: Plan, *, shown: bool = True, replay_days: int = 98) -> float:
    """The day on which the replay begins; validation begins on day 80."""
    config = TrainingConfig(validation_days=10, replay_days=replay_days)
    past = Past.divide(shop(shown=shown), config, derived, DAYS * DAY)  # type: ignore[arg-type]
    assert past.check == 80 * DAY
    return past.start / DAY


@pytest.fixture
def derived() -> Plan:
    return replace(plan(TrainingConfig()), baskets=8, exposures=2)


def test_it_begins_as_late_as_the_examples_allow(derived: Plan) -> None:
    """The newest 8 baskets are those of days 72 to 79, 2 exposures those of days 70 and 75."""
    assert begins(derived, shown=False) == 72
    assert begins(derived) == 70.5
    assert begins(replace(derived, exposures=1)) == 72


def test_it_goes_no_further_back_than_the_settings_say(derived: Plan) -> None:
    much = replace(derived, baskets=10_000, exposures=10_000)
    assert begins(much, replay_days=12) >= 68


def test_most_of_the_past_is_left_to_the_sources(derived: Plan) -> None:
    assert begins(replace(derived, baskets=10_000), shown=False) >= np.floor(80 * FITTED_SHARE)


def test_what_has_no_event_before_the_validation_was_never_heard_of(derived: Plan) -> None:
    known = replace(shop(), table=("a", "b", "c", "sold on the last day", "never sold"))
    known.log.lines.items[-1] = 3
    config = TrainingConfig(validation_days=10)
    past = Past.divide(known, config, derived, DAYS * DAY)  # type: ignore[arg-type]
    assert past.heard_of.tolist() == [True, True, True, False, False]
