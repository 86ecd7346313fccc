"""What training hands to serving: an immutable, checked folder."""

from daogou.bundle.bundle import FORMAT_VERSION, Bundle
from daogou.bundle.shelf import activate, bundles, prune, rollback
from daogou.bundle.writer import BundleWriter

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "BundleWriter",
    "activate",
    "bundles",
    "prune",
    "rollback",
]
