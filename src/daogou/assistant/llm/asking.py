"""What a language model is asked, what that cost, and why it failed: no client in here."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from daogou.assistant.llm.config import LlmConfig

Reason = Literal[
    "time",          # the turn's seconds are over
    "tokens",        # the turn's tokens are
    "tools",         # more tool calls than a turn may have
    "unknown tool",  # a tool that was not offered
    "unreachable",   # no connection
    "status",        # the endpoint answered with an error
    "garbled",       # what came is no answer of a model: HTML, half a JSON
    "empty",         # an answer without a word
    "ungrounded",    # nothing that it wrote is backed
    "broken",        # anything else
]  # fmt: skip
"""Why the default engine answered a turn that a language model was asked in."""


class Failed(Exception):
    """The language model is of no use in this turn."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Tool:
    """An act that the model may ask for.

    Attributes
    ----------
    schema
        Of its arguments, as JSON schema.
    run
        Does it and gives what the model gets to read. Bad arguments are told there, too.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    run: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One turn's question: instructions of ours, then data, then tools."""

    instructions: str
    data: str
    tools: tuple[Tool, ...] = ()


@dataclass(slots=True)
class Spent:
    """What a turn has cost so far; ``estimated`` where the endpoint does not count tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    requests: int = 0
    tool_calls: int = 0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Prompts and answers together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(slots=True)
class Counts:
    """What became of all turns of a process, for ``/metrics``.

    Attributes
    ----------
    turns
        By what became of them: ``"used"`` or a :data:`Reason`.
    cut
        Sentences that were cut, by what was wrong with them.
    tokens
        ``"prompt"`` and ``"completion"``.
    """

    turns: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)


class LanguageModel(Protocol):
    """Writes a turn's words; who does it is plugged in."""

    @property
    def config(self) -> LlmConfig:
        """Its budgets."""

    @property
    def counts(self) -> Counts:
        """What became of all turns so far."""

    def write(self, asked: Asked, spent: Spent, seconds: float) -> Generator[str, None, None]:
        """The answer, piece by piece; with tools only once no more of them are asked for.

        Parameters
        ----------
        spent
            What it costs is added to this one.
        seconds
            How long it may take.

        Raises
        ------
        Failed
            In time, whatever the endpoint does.
        """

    def count(self, outcome: str, cut: Mapping[str, int], spent: Spent) -> None:
        """Count a turn."""

    def close(self) -> None:
        """Let go of connections."""
