"""What holds for the whole house: contracts of imports, public names, documents that are true."""

import importlib
import inspect
import json
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

import daogou
from daogou.cli import app

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
READMES: Final = ("README.md", "README.zh.md")
COMMANDS: Final[Any] = typer.main.get_command(app)
PUBLIC: Final = ROOT / "tests" / "public_names.json"
MODULE_LINES: Final = 400


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[Path]:
    """The files of the repository; none where it is not a git checkout."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in found if path.is_file()]


# --- code


def test_imports_keep_their_contracts() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def public_names() -> dict[str, list[str]]:
    """``__all__`` of every package."""
    names = ["daogou", *(m.name for m in pkgutil.iter_modules(daogou.__path__, "daogou."))]
    modules = (importlib.import_module(name) for name in names if name != "daogou.__main__")
    found = {module.__name__: getattr(module, "__all__", []) for module in modules}
    return {name: sorted(names) for name, names in found.items() if names}


def test_the_public_names_are_those_listed() -> None:
    """To change them is to change the interface: mend the list, and tell in CHANGELOG.md."""
    assert public_names() == json.loads(PUBLIC.read_text(encoding="utf-8"))


def test_every_public_name_exists_and_is_described() -> None:
    for name, names in public_names().items():
        module = importlib.import_module(name)
        for public in names:
            value = getattr(module, public)
            if isinstance(value, type) or inspect.isfunction(value):
                assert inspect.getdoc(value), f"{name}.{public} has no docstring"


def test_modules_stay_readable() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MODULE_LINES, f"{path.name} has {lines} lines: what are its two halves?"


def test_nothing_is_left_to_do() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for path in tracked():
        if path.suffix in (".py", ".js", ".md", ".toml") or path.name == "Makefile":
            found = mark.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path.name}: {found and found[0]}"


def test_the_version_is_one() -> None:
    assert daogou.__version__ in text("pyproject.toml")


# --- documents


def test_the_generated_parts_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    content = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", content):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), flags=re.M)
            anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors, f"{page.name} links to {target}"


def shell_lines(page: Path) -> Iterator[str]:
    content = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```(?:sh|text)\n(.*?)^```", content, flags=re.M | re.S):
        yield from block.splitlines()
    yield from re.findall(r"^    (?=daogou|make)(.*)$", content, flags=re.M)
    yield from re.findall(r"`((?:daogou|make) [^`\n]+)`", content)


def commands(program: str) -> list[tuple[str, str]]:
    """Every command line in the documents that begins with ``program``, by its page."""
    lines = ((page.name, line) for page in PAGES for line in shell_lines(page))
    return [(page, line) for page, line in lines if line.startswith(f"{program} ")]


@pytest.mark.parametrize(("page", "line"), commands("daogou"))
def test_the_commands_of_the_documents_can_be_typed(page: str, line: str) -> None:
    del page
    words = shlex.split(line, comments=True)[1:]
    if words and words[-1] == "&":
        words.pop()
    if "|" in words or "COMMAND" in words or words == ["joint"]:
        return  # about commands, or the name of the model in a table
    command = COMMANDS
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert command is not COMMANDS, f"there is no such command: {line}"
    if words and "--help" not in words:
        command.make_context("daogou", words)


@pytest.mark.parametrize(("page", "line"), commands("make"))
def test_the_targets_of_the_documents_exist(page: str, line: str) -> None:
    del page
    targets = re.findall(r"^([a-z-]+):", text("Makefile"), flags=re.M)
    words = [w for w in shlex.split(line, comments=True)[1:] if "=" not in w]
    assert words, line
    assert words[0] in targets


def test_make_help_names_every_target() -> None:
    makefile = text("Makefile")
    told = re.findall(r"'make ([a-z-]+)", makefile)
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.M)[0].split()
    assert set(told) <= set(phony)
    assert set(phony) - set(told) <= {"help", "chromium", "docs-check"}


def test_both_readmes_begin_with_the_two_commands_and_say_the_same() -> None:
    for name in READMES:
        first = re.findall(r"^```sh\n(.*?)^```", text(name), flags=re.M | re.S)[0]
        assert [line.split("#")[0].strip() for line in first.splitlines()] == [
            "make demo",
            "make serve",
        ]

    def links(name: str) -> list[str]:
        return [t for t in re.findall(r"\]\(([^)]+)\)", text(name)) if "README" not in t]

    def programs(name: str) -> list[str]:
        blocks = re.findall(r"^```sh\n(.*?)^```", text(name), flags=re.M | re.S)
        lines = [line for block in blocks for line in block.splitlines()]
        return [" ".join(line.split()[:2]) for line in lines if re.match("daogou|make", line)]

    english, chinese = READMES
    assert programs(english) == programs(chinese)
    assert [t for t in links(english) if "#" not in t] == [
        t for t in links(chinese) if "#" not in t
    ]


def test_the_picture_is_small_enough_to_load() -> None:
    assert (ROOT / "docs" / "images" / "shop.png").stat().st_size < 400_000


def test_the_layers_of_the_documents_are_those_of_the_contract() -> None:
    contract = re.search(r"^layers = \[(.*?)^\]", text("pyproject.toml"), flags=re.M | re.S)
    assert contract is not None
    layers = re.findall(r'"([^"]+)"', contract[1])
    drawn = text("docs/architecture.md")
    places = [drawn.index(f"\n{layer}") for layer in layers]
    assert places == sorted(places)


def test_the_license_is_whole() -> None:
    assert "Apache License" in text("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in text("LICENSE")


def test_the_changelog_tells_of_what_is_coming() -> None:
    assert "## [Unreleased]" in text("CHANGELOG.md")
