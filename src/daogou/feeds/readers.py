"""Reading whole files: products, events and articles one by one, bad rows in their places."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeVar

from daogou.config import nearest
from daogou.errors import BadValue, FeedError
from daogou.feeds.codec.articles import article_from_json
from daogou.feeds.codec.products import english, product_from_json
from daogou.feeds.codec.sent import SentEvent, sent_events
from daogou.feeds.lines import json_lines, line_count
from daogou.feeds.markdown import read_markdown
from daogou.feeds.merchant import read_merchant_rows
from daogou.feeds.parquet import parquet_height, read_event_parquet, read_product_parquet
from daogou.feeds.rows import RowError, shown
from daogou.types import Article, Product, UserEvent

FeedKind = Literal["google-tsv", "jsonl", "parquet"]
FEED_KINDS: Final[tuple[FeedKind, ...]] = ("google-tsv", "jsonl", "parquet")
_BY_SUFFIX: Final[Mapping[str, FeedKind]] = {
    ".tsv": "google-tsv",
    ".txt": "google-tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}

ArticleFeed = Literal["markdown", "jsonl"]
ARTICLE_FEEDS: Final[tuple[ArticleFeed, ...]] = ("markdown", "jsonl")
_ARTICLES_BY_SUFFIX: Final[Mapping[str, ArticleFeed]] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
K = TypeVar("K", bound=str)


def feed_kind(path: Path, kind: str | None = None) -> FeedKind:
    """The kind of a feed: ``kind``, or what the file's name says.

    Raises
    ------
    FeedError
        There is no such file, or its kind is not known.
    """
    return _kind(path, kind, FEED_KINDS, _BY_SUFFIX)


def _kind(path: Path, kind: str | None, kinds: tuple[K, ...], by_suffix: Mapping[str, K]) -> K:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FeedError(f"{path} {what}; expected a feed file. Check the path.")
    if kind is None:
        found = by_suffix.get(path.suffix.lower())
        if found is None:
            raise FeedError(
                f"{path} has the ending '{path.suffix}'; expected one of {', '.join(by_suffix)}."
                f" Rename it, or say its kind: {', '.join(kinds)}."
            )
        return found
    for known in kinds:
        if kind == known:
            return known
    raise FeedError(
        f"'{kind}' is no kind of feed.{nearest(kind, kinds)} Known: {', '.join(kinds)}."
    )


def count_rows(path: Path, kind: str | None = None) -> int:
    """About how many rows a feed has, bad ones included: the whole of a progress bar.

    Raises
    ------
    FeedError
        The file cannot be read.
    """
    if feed_kind(path, kind) == "parquet":
        return parquet_height(path)
    return line_count(path)


def read_products(
    path: Path,
    kind: str | None = None,
    *,
    detect: Callable[[str], str] = english,
    left_out: Counter[str] | None = None,
) -> Iterator[Product | RowError]:
    """The products of a feed, in bounded memory but for their ids.

    A variant's row is yielded as it is, with the other product's id as ``group_id``;
    the store makes it a variant.

    Parameters
    ----------
    kind
        ``"google-tsv"``, ``"jsonl"`` or ``"parquet"``; by default what the name says.
    detect
        Tells the language of a title where the row does not.
    left_out
        Counts the known fields that have no place here.

    Raises
    ------
    FeedError
        The file cannot be read as a whole.
    """
    found = feed_kind(path, kind)
    counts: Counter[str] = Counter() if left_out is None else left_out
    rows: Iterator[tuple[int, Product] | RowError]
    if found == "google-tsv":
        rows = read_merchant_rows(path, detect)
    elif found == "parquet":
        rows = read_product_parquet(path, detect, counts)
    else:
        rows = _json_products(path, detect, counts)
    return _without_repeats(path, rows)


def read_events(
    path: Path, kind: str | None = None, *, left_out: Counter[str] | None = None
) -> Iterator[UserEvent | RowError]:
    """The events of a feed, in bounded memory.

    A line of JSON is an event of Google Retail, a payload of GA4 or a call of Segment
    (:func:`daogou.feeds.codec.sent_events`). Events of those two that say nothing here are
    counted in ``left_out``.

    Parameters
    ----------
    kind
        ``"jsonl"`` or ``"parquet"``; by default what the name says.
    left_out
        Counts the known fields that have no place here.

    Raises
    ------
    FeedError
        The file cannot be read as a whole.
    """
    found = feed_kind(path, kind)
    counts: Counter[str] = Counter() if left_out is None else left_out
    if found == "google-tsv":
        raise FeedError(f"{path} is a product feed; events come as jsonl or parquet.")
    return read_event_parquet(path, counts) if found == "parquet" else _json_events(path, counts)


def read_articles(
    path: Path, kind: str | None = None, *, detect: Callable[[str], str] = english
) -> Iterator[Article | RowError]:
    """The articles of a file, each language by itself.

    Parameters
    ----------
    kind
        ``"markdown"`` or ``"jsonl"``; by default what the name says.
    detect
        Tells the language of a title where the article does not.

    Raises
    ------
    FeedError
        The file cannot be read as a whole.
    """
    found = _kind(path, kind, ARTICLE_FEEDS, _ARTICLES_BY_SUFFIX)
    rows = read_markdown(path, detect) if found == "markdown" else _json_articles(path, detect)
    lines: dict[tuple[str, str], int] = {}
    for item in rows:
        if isinstance(item, RowError):
            yield item
            continue
        line, article = item
        before = lines.setdefault((article.id, article.language), line)
        if before == line:
            yield article
            continue
        yield RowError(
            path.name,
            line,
            "id",
            shown(article.id),
            f"'{article.id}' in the language '{article.language}' was in line {before} already.",
            "Give every article an id of its own, and every language of it once.",
        )


def _json_articles(
    path: Path, detect: Callable[[str], str]
) -> Iterator[tuple[int, Article] | RowError]:
    for item in json_lines(path):
        if isinstance(item, RowError):
            yield item
            continue
        line, data = item
        try:
            yield line, article_from_json(data, detect=detect)
        except BadValue as error:
            yield RowError.of(path, line, error)


def _json_products(
    path: Path, detect: Callable[[str], str], left_out: Counter[str]
) -> Iterator[tuple[int, Product] | RowError]:
    for item in json_lines(path):
        if isinstance(item, RowError):
            yield item
            continue
        line, data = item
        try:
            yield line, product_from_json(data, detect=detect, left_out=left_out)
        except BadValue as error:
            yield RowError.of(path, line, error)


def _json_events(path: Path, left_out: Counter[str]) -> Iterator[UserEvent | RowError]:
    for item in json_lines(path):
        if isinstance(item, RowError):
            yield item
            continue
        line, data = item
        try:
            sent = list(sent_events(data))
        except BadValue as error:
            yield RowError.of(path, line, error)
            continue
        for event in sent:
            found = _read(path, line, event, left_out)
            if found is not None:
                yield found


def _read(
    path: Path, line: int, sent: SentEvent, left_out: Counter[str]
) -> UserEvent | RowError | None:
    try:
        found = sent.read(left_out=left_out)
    except BadValue as error:
        return RowError.of(path, line, error)
    if isinstance(found, UserEvent):
        return found
    left_out[f"the event {found}"] += 1
    return None


def _without_repeats(
    path: Path, rows: Iterator[tuple[int, Product] | RowError]
) -> Iterator[Product | RowError]:
    """The products alone; an id that the file had before is a bad row, the first one holds."""
    lines: dict[str, int] = {}
    for item in rows:
        if isinstance(item, RowError):
            yield item
            continue
        line, product = item
        before = lines.setdefault(product.id, line)
        if before == line:
            yield product
            continue
        yield RowError(
            path.name,
            line,
            "id",
            shown(product.id),
            f"id is '{product.id}', which line {before} has too.",
            "Give every product an id of its own, once in a file.",
        )
