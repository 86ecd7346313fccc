"""Help texts: what a command does, an example, and what to do next."""

import inspect
from collections.abc import Callable, Mapping
from typing import Final, ParamSpec

import typer
from typer.core import TyperGroup

from daogou.cli.terminal import guarded

P = ParamSpec("P")
EXAMPLES: Final[dict[str, tuple[str, ...]]] = {}
"""The examples of each command, by the name of its function; tests run them."""
_AS_IT_IS: Final = "\b\n"  # tells typer not to fold what follows


class InOrder(TyperGroup):
    """The commands in the order in which a merchant meets them."""

    ORDER: Final = (
        "demo",
        "import",
        "train",
        "evaluate",
        "serve",
        "keys",
        "search",
        "recommend",
        "chat",
        "mcp",
        "doctor",
    )

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names for the help text."""
        known = super().list_commands(ctx)
        return sorted(known, key=self.ORDER.index)


def command(
    group: typer.Typer, *examples: str, then: str, name: str | None = None
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Register a guarded command whose help is its docstring, examples, and what comes next."""

    def register(function: Callable[P, None]) -> Callable[P, None]:
        EXAMPLES[function.__name__] = examples
        text = compose(inspect.getdoc(function) or "", {"Example": examples, "Next": (then,)})
        group.command(name or function.__name__, help=text)(guarded(function))
        return function

    return register


def compose(text: str, listed: Mapping[str, tuple[str, ...]]) -> str:
    """Paragraphs, each folded to the terminal, and below them labelled lines as they are."""
    paragraphs = [" ".join(p.split()) for p in inspect.cleandoc(text).split("\n\n")]
    width = max(len(label) for label in listed) + 4
    lines = [
        (f"{label}:" if number == 0 else "").ljust(width) + line
        for label, several in listed.items()
        for number, line in enumerate(several)
    ]
    return "\n\n".join([*paragraphs, _AS_IT_IS + "\n".join(lines)])
