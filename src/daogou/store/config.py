"""Which database: the ``[store]`` section of ``daogou.toml``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The ``[store]`` table of daogou.toml.

    Attributes
    ----------
    url
        ``"sqlite:///path/to/file.db"`` or ``"postgresql://user:password@host/name"``. Empty is
        the file ``daogou.db`` in the home folder.
    """

    url: str = ""
