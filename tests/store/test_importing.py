"""Importing files: counts that add up, and the same file twice changes nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daogou.errors import FeedError
from daogou.feeds import write_events_jsonl, write_events_parquet, write_products_parquet
from daogou.store import ImportReport, Store, import_events, import_products
from daogou.store.importing import KEPT_ERRORS
from daogou.types import EventLine, Product, UserEvent

TSV = "\n".join(
    [
        "id\ttitle\tprice\titem_group_id\tcolor",
        "shirt-red\tRed shirt\t20.00 USD\tshirt\tred",
        "shirt-blue\tBlue shirt\t20.00 USD\tshirt\tblue",
        "tea\t绿茶 500克\t5 USD\t\t",
        "cup\tCup\tfive USD\t\t",
    ]
)


def test_the_same_products_twice(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text(TSV, encoding="utf-8")
    first = import_products(store, path)
    assert (first.read, first.added, first.changed, first.unchanged, first.bad) == (4, 3, 0, 0, 1)
    assert [(error.line, error.field) for error in first.errors] == [(5, "price")]
    assert [product.id for product in store.iter_products()] == ["shirt", "tea"]
    tea = store.product("tea")
    assert tea is not None
    assert tea.language == "zh"
    revision = store.revision()
    second = import_products(store, path)
    assert (second.read, second.added, second.changed, second.unchanged) == (4, 0, 0, 3)
    assert store.revision() == revision


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_the_same_events_twice(store: Store, tmp_path: Path, kind: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        UserEvent(f"e{n}", "purchase-complete", "v", start + timedelta(days=n), (EventLine("p"),))
        for n in range(5)
    ]
    path = tmp_path / f"events.{kind}"
    (write_events_jsonl if kind == "jsonl" else write_events_parquet)(path, events)
    assert import_events(store, path) == ImportReport(file=str(path), read=5, added=5)
    assert import_events(store, path) == ImportReport(file=str(path), read=5, duplicates=5)
    assert store.visitor_events("v") == events


def test_events_without_ids_twice(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"eventType": "home-page-view", "visitorId": "v", "eventTime": "2026-01-01T00:00:00Z"}\n'
    )
    assert import_events(store, path).added == 1
    assert import_events(store, path).duplicates == 1


def test_errors_are_counted_but_not_all_kept(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("{}\n" * 250 + '{"id": "a", "title": "A", "ttl": "1s"}\n')
    report = import_products(store, path)
    assert (report.read, report.bad, report.added) == (251, 250, 1)
    assert len(report.errors) == KEPT_ERRORS
    assert report.left_out == {"ttl": 1}


def test_progress_rises_to_the_end(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    write_products_parquet(path, (Product(f"p{n}", "Tea") for n in range(2500)))
    calls: list[tuple[int, int]] = []
    import_products(store, path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1000, 2500), (2000, 2500), (2500, 2500)]


def test_a_file_that_is_not_there(store: Store, tmp_path: Path) -> None:
    for run in (import_products, import_events):
        with pytest.raises(FeedError, match="does not exist"):
            run(store, tmp_path / "nothing.jsonl")
