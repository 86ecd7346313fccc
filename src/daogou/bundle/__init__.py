"""What training hands to serving: an immutable, checked folder."""

from daogou.bundle.bundle import FORMAT_VERSION, Bundle
from daogou.bundle.comparing import worse_than
from daogou.bundle.config import BundleConfig
from daogou.bundle.remote import RemoteShelf
from daogou.bundle.shelf import activate, broken, bundles, prune, rollback, training
from daogou.bundle.writer import BundleWriter, created_at

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "BundleConfig",
    "BundleWriter",
    "RemoteShelf",
    "activate",
    "broken",
    "bundles",
    "created_at",
    "prune",
    "rollback",
    "training",
    "worse_than",
]
