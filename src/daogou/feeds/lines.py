"""Text files line by line, so that a broken line costs only itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from daogou.errors import FeedError
from daogou.feeds.rows import RowError, shown

MAX_LINE: Final = 16 * 2**20
_BOM: Final = b"\xef\xbb\xbf"


def text_lines(path: Path) -> Iterator[tuple[int, str] | RowError]:
    """The lines that are not blank, with their 1-based numbers, or what is wrong with them."""
    for item in _decoded(path):
        if isinstance(item, RowError):
            yield item
        elif item[1].strip():
            yield item[0], item[1].rstrip("\r\n")


def _decoded(path: Path) -> Iterator[tuple[int, str] | RowError]:
    for number, line in _lines(path):
        if len(line) > MAX_LINE:
            yield RowError(
                path.name,
                number,
                None,
                shown(line[:100].decode(errors="replace")),
                f"The line has more than {MAX_LINE:,} bytes; expected one row.",
                "End every row with a line feed.",
            )
            continue
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            yield RowError(
                path.name,
                number,
                None,
                shown(line.decode(errors="backslashreplace").rstrip("\r\n")),
                f"Byte {error.start + 1} of the line is not UTF-8.",
                "Save the file as UTF-8 (iconv -t UTF-8).",
            )
            continue
        yield number, text


def whole_lines(path: Path) -> Iterator[str | RowError]:
    """All lines of a text, blank ones too; up to the first that cannot be read."""
    for item in _decoded(path):
        if isinstance(item, RowError):
            yield item
            return
        yield item[1].rstrip("\r\n")


def json_lines(path: Path) -> Iterator[tuple[int, Any] | RowError]:
    """The JSON value of every line that is not blank, or what is wrong with the line.

    Raises
    ------
    FeedError
        The file is one JSON array.
    """
    for item in text_lines(path):
        if isinstance(item, RowError):
            yield item
            continue
        number, text = item
        try:
            yield number, orjson.loads(text)
        except orjson.JSONDecodeError as error:
            if number == 1 and text.lstrip().startswith("["):
                raise FeedError(
                    f"{path} is a JSON array; expected one object a line."
                    f" Convert it: jq -c '.[]' {path.name} > {path.stem}.jsonl"
                ) from error
            yield RowError(
                path.name,
                number,
                None,
                shown(text),
                f"The line is not JSON: {error.msg}, column {error.colno}.",
                "Write one whole JSON object a line.",
            )


def line_count(path: Path) -> int:
    """How many line feeds a file has.

    Raises
    ------
    FeedError
        The file cannot be read.
    """
    with _opened(path) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(2**20), b""))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with _opened(path) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            yield number, line.removeprefix(_BOM) if number == 1 else line
            while len(line) > MAX_LINE and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE + 1)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise FeedError(
            f"{path} cannot be read: {error.strerror}. Check path and rights."
        ) from error
