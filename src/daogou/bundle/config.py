"""Where bundles are kept, and what a new one has to reach."""

from dataclasses import dataclass
from typing import Final

GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class BundleConfig:
    """The ``[bundles]`` table of daogou.toml.

    Attributes
    ----------
    keep
        How many bundles stay, the active one among them; `daogou train` deletes older ones.
    margin
        A new bundle is activated where no metric of its validation is worse than the active
        bundle's by more than this share of it: 0.1 lets NDCG fall from .20 to .18. Metrics of
        another kind of validation are not compared. 1 compares none.
    max_gigabytes
        A bundle that is larger in all is refused.
    url
        A shared folder or a bucket that bundles are published to and taken from, as fsspec names
        it, such as `s3://bucket/shop` or `file:///mnt/share/shop`; empty for the home folder
        alone. Needs the extra `remote`.
    poll_seconds
        How often a server looks for a new bundle there. In the home folder it looks every second.
    """

    keep: int = 3
    margin: float = 0.1
    max_gigabytes: float = 64.0
    url: str = ""
    poll_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"keep is {self.keep}; expected 1 (the active bundle) or more.")
        if not 0 <= self.margin <= 1:
            raise ValueError(f"margin is {self.margin}; expected 0 to 1, such as 0.1.")
        for name in ("max_gigabytes", "poll_seconds"):
            if (value := getattr(self, name)) <= 0:
                raise ValueError(f"{name} is {value}; expected more than 0.")

    @property
    def max_bytes(self) -> int:
        """:attr:`max_gigabytes` in bytes."""
        return int(self.max_gigabytes * GIB)
