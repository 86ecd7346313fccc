from datetime import UTC, datetime, timedelta

import numpy as np

from daogou.engine.visit import Visit
from daogou.features import History
from daogou.types import EventLine, EventType, UserEvent

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
INDEX = {"a": 0, "b": 1, "c": 2, "d": 3}


def visit(*told: tuple[float, EventType, str]) -> Visit:
    events = [
        UserEvent(
            event_id=str(n),
            type=kind,
            visitor_id="v",
            time=NOW - timedelta(hours=hours_ago),
            lines=tuple(EventLine(product_id=p) for p in products),
        )
        for n, (hours_ago, kind, products) in enumerate(told)
    ]
    return Visit(History.from_events(events, INDEX), NOW.timestamp())


def test_the_cart_is_what_the_session_added_and_kept() -> None:
    seen = visit(
        (7, "add-to-cart", "d"),
        (3, "add-to-cart", "abc"),
        (2, "detail-page-view", "b"),
        (2, "remove-from-cart", "b"),
        (1, "purchase-complete", "c"),
    )
    assert seen.in_cart.tolist() == [0]


def test_what_was_removed_can_be_added_again() -> None:
    again = visit((3, "add-to-cart", "b"), (2, "remove-from-cart", "b"), (1, "add-to-cart", "b"))
    assert again.in_cart.tolist() == [1]


def test_what_was_waved_away() -> None:
    assert visit((90, "not-interested", "c"), (1, "not-interested", "c")).rejected.tolist() == [2]


def test_nobody_has_nothing() -> None:
    nobody = Visit(History.empty(), 0.0)
    assert nobody.in_cart.dtype == nobody.rejected.dtype == np.int32
    assert len(nobody.in_cart) == len(nobody.rejected) == 0
