"""The ``[llm]`` section of ``daogou.toml``."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from daogou.errors import ConfigError

SCRIPTED: Final = ("scripted:plain", "scripted:misbehaving")
"""Endpoints that are scripts of our own, to try the section without a model."""
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """The language model that may improve the assistant's words; without an endpoint there is none.

    Attributes
    ----------
    endpoint
        Of an OpenAI-compatible service, `https://host/v1`. `scripted:plain` and
        `scripted:misbehaving` are scripts of ours to try it with. Empty for no language model.
    model
        Its name at the endpoint.
    key_variable
        The environment variable that holds the key; empty where none is needed. The key
        itself stands in no file.
    words
        Whether it words answers; if not, it is asked only about messages that the rules
        cannot read.
    seconds
        A turn has so long for it; then the default engine answers.
    tokens
        A turn may cost so many, prompts and answers together.
    answer_tokens
        So many of them are for one answer of the model.
    tool_calls
        So many searches and other acts it may ask for in a turn.
    turns
        It is asked in so many turns of a conversation; turns without it do not count.
    """

    endpoint: str = ""
    model: str = ""
    key_variable: str = ""
    words: bool = True
    seconds: float = 8.0
    tokens: int = 6000
    answer_tokens: int = 300
    tool_calls: int = 4
    turns: int = 40

    def __post_init__(self) -> None:
        if self.key_variable and not _VARIABLE.fullmatch(self.key_variable):
            # What stands there may be the key: it is not repeated.
            raise ConfigError(
                "[llm] key_variable is not the name of an environment variable; expected one such"
                ' as "LLM_API_KEY". If it is the key itself, put that into the variable instead.'
            )
        if self.endpoint and self.endpoint not in SCRIPTED:
            self._check_endpoint()
        for name in ("seconds", "tokens", "answer_tokens", "tool_calls", "turns"):
            value = getattr(self, name)
            if not value > 0:
                raise ConfigError(
                    f"[llm] {name} is {value}; expected more than 0. To do without a language"
                    " model, delete the endpoint."
                )

    def _check_endpoint(self) -> None:
        try:
            parts = urlsplit(self.endpoint)
            host, scheme = parts.hostname, parts.scheme
        except ValueError:
            host, scheme = None, ""
        if scheme not in ("http", "https") or not host:
            raise ConfigError(
                "[llm] endpoint is not the address of a service; expected one such as"
                ' "https://host/v1" or "http://127.0.0.1:11434/v1".'
            )
        if parts.username or parts.password or parts.query:
            raise ConfigError(
                "[llm] endpoint has a name, a password or a query in it; expected the bare address."
                " Put the key into an environment variable and name that as key_variable."
            )
        if not self.model:
            raise ConfigError(
                f'[llm] has the endpoint {self.endpoint} and no model; add model = "NAME", as the'
                " service calls it."
            )
