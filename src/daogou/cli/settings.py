"""Where a shop lives, and what its ``daogou.toml`` says."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daogou.config import C, fill, read_toml, without_passwords

if TYPE_CHECKING:
    from daogou.assistant import AssistantConfig, LanguageModel, LlmConfig
    from daogou.bundle import BundleConfig
    from daogou.encoders import EncoderConfig
    from daogou.engine.config import EngineConfig
    from daogou.server import ServerConfig
    from daogou.store import Store
    from daogou.training.config import TrainingConfig

SECTIONS: Final = (
    "store", "encoder", "engine", "training", "bundles", "server", "assistant", "llm",
)  # fmt: skip
FILE: Final = "daogou.toml"
DEFAULT_HOME: Final = Path("daogou-data")
HOME_VARIABLE: Final = "DAOGOU_HOME"
STORE_VARIABLE: Final = "DAOGOU_STORE"


@dataclass(frozen=True, slots=True)
class Settings:
    """A home folder with its settings; each section is read when a command asks for it.

    Attributes
    ----------
    home
        The folder that holds all of a shop.
    store_url
        From the command line; empty for what the settings say.
    tables
        The sections of ``daogou.toml``.
    """

    home: Path
    store_url: str
    tables: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, home: Path, store_url: str = "") -> "Settings":
        """Read ``daogou.toml`` in ``home``, if there is one.

        Raises
        ------
        ConfigError
            It is not TOML, or has a section that is not known.
        """
        if (home / ".restore-new").exists():
            from daogou.backup import finish, is_halfway

            if is_halfway(home):  # `daogou restore` was killed while it put things in place
                finish(home)
        return cls(home, store_url, read_toml(home / FILE, SECTIONS))

    @property
    def bundles(self) -> Path:
        """Where training puts bundles."""
        return self.home / "bundles"

    @property
    def cache(self) -> Path:
        """What can be deleted at the price of time."""
        return self.home / "cache"

    def open_store(self, *, create: bool = False) -> "Store":
        """Open the database that ``--store`` or ``[store]`` names, or the one in the home folder.

        Raises
        ------
        StoreError
            It cannot be reached; without ``create`` also when nothing was imported yet.
        """
        from daogou.store import Store

        return Store.open(self.database_url(), create=create)

    def database_url(self) -> str:
        """The URL of the database."""
        from daogou.store import StoreConfig

        named = self.store_url or self._section("store", StoreConfig).url
        return named or f"sqlite:///{self.home / 'daogou.db'}"

    def encoder(self) -> "EncoderConfig":
        """The ``[encoder]`` section."""
        from daogou.encoders import EncoderConfig

        return self._section("encoder", EncoderConfig)

    def engine(self) -> "EngineConfig":
        """The ``[engine]`` section."""
        from daogou.engine.config import EngineConfig

        return self._section("engine", EngineConfig)

    def training(self, **chosen: object) -> "TrainingConfig":
        """The ``[training]`` section; needs what training needs.

        Parameters
        ----------
        chosen
            Settings from the command line, which override the section's; None is not chosen.
        """
        from daogou.training.config import TrainingConfig

        return self._section("training", TrainingConfig, **chosen)

    def bundle_config(self) -> "BundleConfig":
        """The ``[bundles]`` section."""
        from daogou.bundle import BundleConfig

        return self._section("bundles", BundleConfig)

    def server(self, **chosen: object) -> "ServerConfig":
        """The ``[server]`` section, overridden by ``chosen`` where that is not None."""
        from daogou.server import ServerConfig

        return self._section("server", ServerConfig, **chosen)

    def assistant(self) -> "AssistantConfig":
        """The ``[assistant]`` section."""
        from daogou.assistant import AssistantConfig

        return self._section("assistant", AssistantConfig)

    def llm(self) -> "LlmConfig":
        """The ``[llm]`` section."""
        from daogou.assistant import LlmConfig

        return self._section("llm", LlmConfig)

    @contextmanager
    def open_llm(self) -> "Iterator[LanguageModel | None]":
        """The language model of the ``[llm]`` section, None where it names none.

        Raises
        ------
        ConfigError
            It cannot be used: its packages or its key are missing.
        """
        from daogou.assistant import open_llm

        model = open_llm(self.llm())
        try:
            yield model
        finally:
            if model is not None:
                model.close()

    def command(self, words: str) -> str:
        """``daogou WORDS`` for this shop, to be pasted into a terminal."""
        parts = ["daogou", words]
        if self.home != Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME):
            parts.append(f"--home {shlex.quote(str(self.home))}")
        if self.store_url != os.environ.get(STORE_VARIABLE, ""):
            # A password does not belong on the screen.
            bare = without_passwords(self.store_url) == self.store_url
            parts.append(f"--store {shlex.quote(self.store_url) if bare else 'URL'}")
        return " ".join(parts)

    def _section(self, name: str, cls: type[C], **chosen: object) -> C:
        told = {key: value for key, value in chosen.items() if value is not None}
        return fill(cls, self.tables.get(name, {}) | told, name)
