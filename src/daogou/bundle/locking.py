"""Locks of files, which the system gives back when their process ends, however it ends."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_FAR: Final = 1 << 30
"""Windows locks bytes and keeps others from reading them: one far behind the text."""


class FileLock:
    """A lock on a file, held by one process (and one :class:`FileLock` in it) at a time.

    The file tells who holds it. It lies beside what it guards, so processes of several machines
    see each other's where their shared folder passes locks on, as NFS 4 does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock, and say whether that went; never waits."""
        while self._handle is None:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            if not _lock(handle):
                os.close(handle)
                return False
            # Whoever held it may have removed the file before this process could lock it.
            if _is_at(handle, self.path):
                self._handle = handle
                os.truncate(handle, 0)
                os.write(handle, f"process {os.getpid()}, since {_now()}".encode())
            else:
                os.close(handle)
        return True

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back, and ``remove`` its file; nothing where it is not held."""
        if self._handle is None:
            return
        if remove and sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None
        if remove and sys.platform == "win32":  # which keeps an open file
            self.path.unlink(missing_ok=True)

    def holder(self) -> str:
        """Who holds it, as it was written down; empty where nobody said."""
        try:
            return self.path.read_text(encoding="utf-8")[:80]
        except (OSError, UnicodeDecodeError):
            return ""


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
