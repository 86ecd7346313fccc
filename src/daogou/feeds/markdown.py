"""Articles from Markdown files: a block of simple ``key: value`` lines, then the text.

::

    ---
    id: storing-bread
    kind: storing
    categories: Grocery > Bread and buns | Bakery > Bakery bread
    lang: en
    title: How to keep bread fresh
    ---
    Keep bread in a bread box ...

    ---
    lang: zh
    title: 面包怎么保存
    ---
    面包放在 ...

A further block whose first key is ``lang`` begins the same article in another language; what it
does not say is as in the first. Several values of a key have ``|`` between them. The title may
also be the text's first heading. Where no id is said, it is the file's name: ``bread.md`` and
``bread.zh.md`` are one article in two languages.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daogou.config import nearest
from daogou.errors import BadValue
from daogou.feeds.codec.articles import article_from_json
from daogou.feeds.lines import whole_lines
from daogou.feeds.rows import RowError, shown
from daogou.types import Article

KEYS: Final[Mapping[str, str]] = {
    "id": "id",
    "lang": "languageCode",
    "title": "title",
    "kind": "kind",
    "categories": "categories",
    "brands": "brands",
    "products": "productIds",
    "source": "uri",
    "updated": "updateTime",
}
"""The keys of a block, and the JSON fields that they stand for."""

_FENCE: Final = "---"
_SEVERAL: Final = frozenset({"categories", "brands", "products"})
_PER_LANGUAGE: Final = frozenset({"lang", "title"})
_KEY: Final = re.compile(r"\s*([A-Za-z_]+)\s*[:：](.*)")
_NAME: Final = re.compile(r"(.+)\.([a-z]{2})")
_TITLE: Final = re.compile(r"#\s+(.+)")
_CODE: Final = re.compile(r"\s{0,3}(```|~~~)")


@dataclass(slots=True)
class _Section:
    """An article in one language: its keys with their lines, and its text."""

    line: int
    broken: bool = False
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


def read_markdown(
    path: Path, detect: Callable[[str], str]
) -> Iterator[tuple[int, Article] | RowError]:
    """The articles of a file with the lines of their blocks, or what is wrong with one.

    Raises
    ------
    FeedError
        The file cannot be read.
    """
    first: _Section | None = None
    for item in _sections(path):
        if isinstance(item, RowError):
            yield item
            continue
        if first is None:
            first = item
        else:
            kept = {k: v for k, v in first.values.items() if k not in _PER_LANGUAGE}
            item.values = {**kept, **item.values}
        if item.broken:
            continue
        if first.broken and "id" not in item.values:
            finding = (
                f"The block in line {first.line} is broken, so whose text this is is not known."
            )
            yield RowError(path.name, item.line, None, "", finding, "Mend that block first.")
            continue
        try:
            yield item.line, article_from_json(_json(item, path), detect=detect)
        except BadValue as error:
            named = next((key for key, name in KEYS.items() if name == error.field), error.field)
            yield RowError(
                path.name,
                item.lines.get(named or "", item.line),
                named,
                shown(error.value),
                error.finding,
                error.remedy,
            )


def _sections(path: Path) -> Iterator[_Section | RowError]:
    lines = []
    for item in whole_lines(path):
        if isinstance(item, RowError):
            yield item
            return
        lines.append(item)
    if not any(line.strip() for line in lines):
        return
    current: _Section | None = None
    place, in_code = 0, False
    while place < len(lines):
        line = lines[place]
        if _CODE.match(line):
            in_code = not in_code
        if line.strip() == _FENCE and not in_code and (current is None or _opens(lines, place)):
            if current is not None:
                yield current
            current = _Section(place + 1)
            error, place = _block(path, lines, place + 1, current)
            current.broken = error is not None
            if error is not None:
                yield error
        elif current is None and line.strip():
            # A file without a block: its name is the id.
            current = _Section(place + 1)
            continue
        else:
            if current is not None:
                current.text.append(line)
            place += 1
    if current is not None:
        yield current


def _opens(lines: list[str], place: int) -> bool:
    """Whether the line begins another language, and is no ruled line of the text."""
    following = next((line for line in lines[place + 1 :] if line.strip()), "")
    match = _KEY.fullmatch(following)
    return match is not None and match[1].lower() == "lang"


def _block(
    path: Path, lines: list[str], place: int, section: _Section
) -> tuple[RowError | None, int]:
    """Read the keys up to the closing line; the first bad one, and where the text begins."""
    error: RowError | None = None
    while place < len(lines):
        line = lines[place]
        place += 1
        if line.strip() == _FENCE:
            return error, place
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _KEY.fullmatch(line)
        key = match[1].lower() if match else ""
        if match and key in KEYS:
            value = match[2].strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            section.values[key], section.lines[key] = value, place
            continue
        if match:
            finding = f"'{match[1]}' is not a key; expected one of {', '.join(KEYS)}."
            remedy = f"{nearest(match[1].lower(), KEYS)} Correct it, or take it out.".strip()
        else:
            finding = "The line is not 'key: value'."
            remedy = "End the block with a line of three dashes before the text."
        told = RowError(path.name, place, match[1] if match else None, shown(line), finding, remedy)
        error = error or told
    finding = f"The block that begins in line {section.line} does not end."
    remedy = "End it with a line of three dashes."
    return RowError(path.name, section.line, None, "", finding, remedy), place


def _json(section: _Section, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in section.values.items():
        if key in _SEVERAL:
            found[KEYS[key]] = [part.strip() for part in value.split("|") if part.strip()]
        elif value:
            found[KEYS[key]] = value
    text = "\n".join(section.text).strip()
    named = _NAME.fullmatch(path.stem)
    found.setdefault("id", named[1] if named else path.stem)
    if named and "languageCode" not in found:
        found["languageCode"] = named[2]
    heading = _TITLE.match(text.partition("\n")[0])
    if "title" not in found and heading:
        found["title"], text = heading[1].strip(" \t#"), text.partition("\n")[2].strip()
    found["text"] = text
    return found
