"""Rows that tests of the readers share."""

from datetime import UTC, datetime
from typing import Any

from daogou.feeds import RowError

GOOD = b'{"id": "good", "title": "Good"}'
LAST = b'{"id": "last", "title": "Last"}'
VIEW = {
    "eventType": "detail-page-view",
    "visitorId": "v1",
    "eventId": "e1",
    "eventTime": datetime(2026, 1, 31, tzinfo=UTC),
    "productDetails": [{"product": {"id": "tea"}}],
}


def only_error(found: list[Any]) -> RowError:
    errors = [row for row in found if isinstance(row, RowError)]
    assert len(errors) == 1
    return errors[0]
