"""Write the parts of the documentation that the code already says.

``python docs/generate.py`` writes them between the marks in docs/cli.md and
docs/configuration.md; with ``--check`` it only says whether they are up to date.
"""

import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from daogou.assistant import AssistantConfig, LlmConfig
from daogou.bundle import BundleConfig
from daogou.cli import app
from daogou.encoders import EncoderConfig
from daogou.engine.config import EngineConfig
from daogou.server import ServerConfig
from daogou.store import StoreConfig
from daogou.training.config import TrainingConfig

DOCS: Final = Path(__file__).parent
BEGIN: Final = "<!-- generated: make docs -->"
END: Final = "<!-- end of the generated part -->"
SECTIONS: Final[dict[str, Any]] = {
    "store": StoreConfig,
    "encoder": EncoderConfig,
    "engine": EngineConfig,
    "training": TrainingConfig,
    "bundles": BundleConfig,
    "server": ServerConfig,
    "assistant": AssistantConfig,
    "llm": LlmConfig,
}


def settings() -> str:
    """Every section of ``daogou.toml`` with its settings, defaults and meanings."""
    return "\n".join(_section(name, cls) for name, cls in SECTIONS.items())


def _section(name: str, cls: Any) -> str:
    meanings = described(cls)
    lines = [f"## `[{name}]`", "", "| setting | default | |", "|---|---|---|"]
    lines += [
        f"| `{field.name}` | `{_toml(field.default)}` | {meanings[field.name]} |"
        for field in dataclasses.fields(cls)
        if field.init
    ]
    return "\n".join([*lines, ""])


def described(cls: type) -> dict[str, str]:
    """What a class's docstring says of each field, from its Attributes or Parameters."""
    text = inspect.getdoc(cls) or ""
    body = re.split(r"^(?:Attributes|Parameters)\n-+\n", text, maxsplit=1, flags=re.M)[1]
    body = re.split(r"^\w+\n-+\n", body, maxsplit=1, flags=re.M)[0]
    found = {}
    for entry in re.split(r"\n(?=\S)", body.strip()):
        names, *lines = entry.splitlines()
        meaning = " ".join(line.strip() for line in lines).replace("``", "`").replace("|", "\\|")
        found.update(dict.fromkeys(re.split(r",\s*", names), meaning))
    return found


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    return f'"{value}"' if isinstance(value, str) else str(value)


def commands() -> str:
    """Every command with its help, arguments and options."""
    root: Any = typer.main.get_command(app)
    return "\n".join(_command(path, command) for path, command in leaves("daogou", root))


def leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """All commands beneath one, groups opened, in the order of the help text."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in command.list_commands(None):
        yield from leaves(f"{path} {name}", children[name])


def _command(path: str, command: Any) -> str:
    prose, examples = command.help.split("\n\n\b\n")
    lines = [f"## `{path}`", "", prose, "", "```text", examples, "```", ""]
    lines += ["| | default | |", "|---|---|---|"]
    for parameter in command.params:
        if "--help" not in parameter.opts:
            names = ", ".join(f"`{_name(parameter, o)}`" for o in _spellings(parameter))
            variable = f" Also `{parameter.envvar}`." if parameter.envvar else ""
            meaning = parameter.help.replace("|", "\\|")
            told = f"{meaning}{_choices(parameter)}{variable}"
            lines.append(f"| {names} | {_default(parameter)} | {told} |")
    return "\n".join([*lines, ""])


def _spellings(parameter: Any) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


def _name(parameter: Any, spelling: str) -> str:
    if spelling.startswith("-"):
        return spelling
    return parameter.metavar or spelling.upper()


def _choices(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    if typing.get_origin(annotation) is not typing.Literal:
        return ""
    return f" One of {', '.join(f'`{choice}`' for choice in typing.get_args(annotation))}."


def _default(parameter: Any) -> str:
    value = parameter.default
    if value in (None, "", False) or parameter.required:
        return ""
    return "yes" if value is True else f"`{value}`"


GENERATED: Final = {"cli.md": commands, "configuration.md": settings}


def renewed(name: str) -> str:
    """A page with its generated part as the code has it now."""
    text = (DOCS / name).read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{GENERATED[name]()}\n{END}{after}"


def main(check: bool) -> None:
    """Write the pages, or with ``check`` fail if one is not up to date."""
    stale = [n for n in GENERATED if renewed(n) != (DOCS / n).read_text(encoding="utf-8")]
    if check and stale:
        sys.exit(f"Not up to date: {', '.join(stale)}. Run `make docs`.")
    for name in stale:
        (DOCS / name).write_text(renewed(name), encoding="utf-8")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
