"""docs/knowledge.md: its examples run, and it leaves out no key."""

import re
from pathlib import Path
from typing import Final

import pytest

from daogou.feeds import read_articles
from daogou.feeds.codec.articles import FIELDS
from daogou.feeds.markdown import KEYS
from daogou.types import ARTICLE_KINDS, Article

TEXT: Final = (Path(__file__).parents[2] / "docs" / "knowledge.md").read_text(encoding="utf-8")
BLOCKS: Final = dict(re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.M | re.S))


def test_every_name_is_described() -> None:
    assert [name for name in (*KEYS, *FIELDS, *ARTICLE_KINDS) if f"`{name}`" not in TEXT] == []


def test_the_markdown_is_an_article_in_two_languages(tmp_path: Path) -> None:
    path = tmp_path / "bread.md"
    path.write_text(BLOCKS["markdown"], encoding="utf-8")
    found = [row for row in read_articles(path) if isinstance(row, Article)]
    assert [(a.id, a.language, a.kind) for a in found] == [
        ("storing-bread", "en", "storing"),
        ("storing-bread", "zh", "storing"),
    ]


def test_the_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS["python"], "docs/knowledge.md", "exec"), {})  # noqa: S102
