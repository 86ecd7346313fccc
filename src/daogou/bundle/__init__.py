"""What training hands to serving: an immutable, checked folder."""

from daogou.bundle.bundle import FORMAT_VERSION, Bundle
from daogou.bundle.shelf import activate, bundles, prune, rollback
from daogou.bundle.writer import BundleWriter, created_at

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "BundleWriter",
    "activate",
    "bundles",
    "created_at",
    "prune",
    "rollback",
]
