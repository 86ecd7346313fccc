"""A whole shop in one file, and back: on the same database or on one of the other kind."""

from daogou.backup.archive import Archive, ArchiveManifest
from daogou.backup.making import Made, back_up
from daogou.backup.restoring import Restored, restore
from daogou.backup.swapping import finish, is_halfway

__all__ = [
    "Archive",
    "ArchiveManifest",
    "Made",
    "Restored",
    "back_up",
    "finish",
    "is_halfway",
    "restore",
]
