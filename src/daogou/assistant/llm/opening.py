"""From the ``[llm]`` section to a language model."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from daogou.assistant.llm.asking import Asked, Failed, LanguageModel, Spent
from daogou.assistant.llm.config import SCRIPTED, LlmConfig
from daogou.errors import ConfigError

if TYPE_CHECKING:
    from daogou.assistant.llm.client import Client


def open_llm(
    config: LlmConfig, environment: Mapping[str, str] | None = None
) -> LanguageModel | None:
    """The language model of a section, None where it names no endpoint; nothing is sent yet.

    Parameters
    ----------
    environment
        Where the key is looked for; the process's own by default.

    Raises
    ------
    ConfigError
        The packages of ``daogou[llm]`` are missing, or the variable of the key is empty.
    """
    if not config.endpoint:
        return None
    try:
        from daogou.assistant.llm.client import connect
        from daogou.assistant.llm.scripted import scripted
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"[llm] names an endpoint, and the package '{error.name}' that talks to it is not"
            " installed: pip install 'daogou[llm]'. Or delete the endpoint to do without."
        ) from error
    if config.endpoint in SCRIPTED:
        return scripted(config)
    key = None
    if config.key_variable:
        key = (os.environ if environment is None else environment).get(config.key_variable)
        if not key:
            raise ConfigError(
                f"[llm] key_variable is {config.key_variable}, and that environment variable is"
                " not set. Set it to the key of the endpoint, or delete key_variable where the"
                " endpoint needs none."
            )
    client: Client = connect(config, key)
    return client


def probe(model: LanguageModel) -> Spent:
    """Ask for one word, to see that the endpoint, the key and the name of the model are right.

    Raises
    ------
    Failed
        No answer, or none of a model.
    """
    spent = Spent()
    asked = Asked("You answer with one word.", "Say: ready")
    if not "".join(model.write(asked, spent, model.config.seconds)).strip():
        raise Failed("empty")
    return spent
