"""Whatever a file holds, its reader tells what is wrong with it, and loses no row that is good.

Three ways for each reader: bytes of any kind; sound files that were damaged anywhere; and sound
files of which one row was damaged, whose other rows have to come through as they were.
``DAOGOU_FUZZ_EXAMPLES`` files of each are made, 50 where it is not set; any number draws new ones
in each run. How many were read is printed and goes into the test report.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daogou.errors import FeedError
from daogou.feeds import (
    RowError,
    count_rows,
    read_articles,
    read_events,
    read_products,
    write_articles_jsonl,
    write_events_jsonl,
    write_events_parquet,
    write_products_jsonl,
    write_products_parquet,
)
from daogou.types import Article, EventLine, LocalizedText, Money, Product, UserEvent

DRAWN: Final = settings(
    max_examples=int(os.environ.get("DAOGOU_FUZZ_EXAMPLES", "50")),
    deadline=None,
    database=None,
    derandomize="DAOGOU_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
# No id is another one with a letter changed: a damaged row never takes the place of a good one.
NAMES: Final = ("kettle", "保温杯", "whisk", "tablecloth", "雨伞")
PRODUCTS: Final = [
    Product(
        id=name,
        title=f"{name}, of steel",
        description='With "quotes", a\ttab and 中文',
        categories=("Home > Kitchen",),
        price=Money(499, "USD"),
        attributes={"size": ("1 l", "2 l")},
        localized={"zh": LocalizedText(f"{name} 不锈钢")},
    )
    for name in NAMES
]
EVENTS: Final = [
    UserEvent(
        f"event-{name}",
        "add-to-cart",
        f"visitor-{name}",
        datetime(2026, 1, 31, tzinfo=UTC),
        (EventLine("kettle", 2, Money(499, "USD")),),
        attributes={"page": ("home",)},
    )
    for name in NAMES
]
ARTICLES: Final = [
    Article(name, f"How to clean a {name}", "Wipe it.", kind="how-to") for name in NAMES
]
TSV: Final = "id\ttitle\tprice\tproduct_type\tsize\n" + "".join(
    f'{name}\t"{name}, ""steel"""\t4.99 USD\tHome > Kitchen\t1 l\n' for name in NAMES
)
MARKDOWN: Final = (
    "---\nid: cleaning\nkind: how-to\nlang: en\ntitle: Clean a kettle\n---\nWipe *it*.\n\n"
    "---\nlang: zh\ntitle: 清洗水壶\n---\n擦一擦。\n"
)
"""One article in two languages."""


class Feed:
    """A kind of file: how a sound one is made, and how it is read."""

    def __init__(self, name: str, make: Callable[[Path], object], read: Any) -> None:
        self.name = name
        self.make = make
        self.read = read

    def __repr__(self) -> str:
        return self.name


FEEDS: Final = (
    Feed("p.jsonl", lambda path: write_products_jsonl(path, PRODUCTS), read_products),
    Feed("p.parquet", lambda path: write_products_parquet(path, PRODUCTS), read_products),
    Feed("p.tsv", lambda path: path.write_text(TSV, encoding="utf-8"), read_products),
    Feed("e.jsonl", lambda path: write_events_jsonl(path, EVENTS), read_events),
    Feed("e.parquet", lambda path: write_events_parquet(path, EVENTS), read_events),
    Feed("a.jsonl", lambda path: write_articles_jsonl(path, ARTICLES), read_articles),
    Feed("a.md", lambda path: path.write_text(MARKDOWN, encoding="utf-8"), read_articles),
)
BY_ROWS: Final = [feed for feed in FEEDS if feed.name.endswith(("jsonl", "tsv"))]
PIECES: Final = st.binary(max_size=4) | st.sampled_from(
    [b'"', b"\t", b"\r", b"\x00", b"\xff", b"{", b"[" * 200, b"null", b"1e999", b"\\ud800", b","]
)


@pytest.fixture(scope="module")
def files(record_testsuite_property: Callable[[str, object], None]) -> Iterator[Counter[str]]:
    """How many files of each kind were read."""
    counted: Counter[str] = Counter()
    yield counted
    record_testsuite_property("fuzz_files", counted.total())
    sys.stderr.write(f" {counted.total():,} files ")


def read(feed: Feed, path: Path) -> list[Any]:
    """All rows, good or not; every error says something, and only the file itself may be refused.

    An empty list stands for a file that was refused.
    """
    try:
        rows = list(feed.read(path))
        count_rows(path, "jsonl" if path.suffix == ".md" else None)
    except FeedError as error:
        assert path.name in str(error)  # noqa: PT017
        return []
    for row in rows:
        if isinstance(row, RowError):
            assert row.line >= 1
            assert row.message
            assert row.remedy
    return rows


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some bytes of ``whole`` replaced, left out or put between, or the end cut off."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(whole)))
        gone = draw(st.integers(0, 6) | st.just(len(whole)))
        whole = whole[:at] + draw(PIECES) + whole[at + gone :]
    return whole


@pytest.mark.parametrize("feed", FEEDS, ids=repr)
def test_sound_files_are_read_whole(feed: Feed, tmp_path: Path) -> None:
    feed.make(tmp_path / feed.name)
    rows = read(feed, tmp_path / feed.name)
    assert len(rows) == (2 if feed.name == "a.md" else len(NAMES))
    assert not any(isinstance(row, RowError) for row in rows)


@pytest.mark.parametrize("feed", FEEDS, ids=repr)
def test_any_bytes(feed: Feed, tmp_path: Path, files: Counter[str]) -> None:
    @DRAWN
    @given(content=st.binary(max_size=200) | st.text(max_size=100).map(_utf8))
    def one(content: bytes) -> None:
        path = tmp_path / feed.name
        path.write_bytes(content)
        read(feed, path)
        files[feed.name] += 1

    one()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("feed", FEEDS, ids=repr)
def test_a_file_that_was_damaged(feed: Feed, tmp_path: Path, files: Counter[str]) -> None:
    path = tmp_path / feed.name
    feed.make(path)
    sound = path.read_bytes()

    @DRAWN
    @given(content=damaged(sound))
    def one(content: bytes) -> None:
        path.write_bytes(content)
        read(feed, path)
        files[feed.name] += 1

    one()


@pytest.mark.parametrize("feed", BY_ROWS, ids=repr)
def test_a_row_that_was_damaged_costs_no_other(
    feed: Feed, tmp_path: Path, files: Counter[str]
) -> None:
    path = tmp_path / feed.name
    feed.make(path)
    sound, expected = path.read_bytes(), read(feed, path)
    *lines, end = sound.split(b"\n")
    first = len(lines) - len(NAMES)  # a header is no row

    @DRAWN
    @given(data=st.data(), place=st.integers(0, len(NAMES) - 1))
    def one(data: st.DataObject, place: int) -> None:
        row = data.draw(damaged(lines[first + place])).replace(b"\n", b" ")
        now = [*lines[: first + place], row, *lines[first + place + 1 :], end]
        path.write_bytes(b"\n".join(now))
        rows = read(feed, path)
        others = expected[:place] + expected[place + 1 :]
        good = [row for row in rows if not isinstance(row, RowError)]
        assert [row for row in good if row in others] == others
        assert len(rows) == len(NAMES) or not row.strip()
        files[feed.name] += 1

    one()
