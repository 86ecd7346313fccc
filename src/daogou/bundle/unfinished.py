"""Folders that become bundles when they are whole, and what is left of those that never were."""

import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from daogou.bundle.locking import FileLock
from daogou.bundle.pointer import sync_folder
from daogou.errors import BundleError

PREFIX: Final = ".writing-"
_LOCK: Final = ".lock"


class Unfinished:
    """A temporary folder under ``root``, beside a lock that says that somebody works on it.

    A context manager. Left without :meth:`finish`, by an exception or not, nothing stays behind;
    what a process leaves that was killed, :func:`sweep` finds by its lock, which nobody holds.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: Path | None = None
        self._lock: FileLock | None = None

    def __enter__(self) -> Self:
        self._root.mkdir(parents=True, exist_ok=True)
        # The lock comes first: a folder without one is nobody's.
        while self._folder is None:
            folder = self._root / f"{PREFIX}{secrets.token_hex(4)}"
            lock = FileLock(_lock_of(folder))
            if lock.acquire():
                try:
                    folder.mkdir(mode=0o700)
                except FileExistsError:
                    lock.release(remove=True)
                    continue
                self._folder, self._lock = folder, lock
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._done()

    @property
    def folder(self) -> Path:
        """The temporary folder.

        Raises
        ------
        BundleError
            It is not there yet, or finished.
        """
        if self._folder is None:
            raise BundleError("The bundle is not open for writing; use `with BundleWriter(root)`.")
        return self._folder

    def finish(self, name: str) -> Path:
        """Put everything on the disk and give the folder its name.

        Raises
        ------
        BundleError
            There is such a folder already.
        """
        folder, final = self.folder, self._root / name
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                sync_folder(path)
            else:
                _sync_file(path)
        sync_folder(folder)
        folder.chmod(0o755)  # it was closed to everyone else; a server may be someone else
        if final.exists():
            raise BundleError(f"{final} is there already; delete it first.")
        folder.rename(final)
        sync_folder(self._root)
        self._folder = None
        self._done()
        return final

    def _done(self) -> None:
        self._folder = None
        if self._lock is not None:
            self._lock.release(remove=True)
            self._lock = None


def discard(folder: Path) -> bool:
    """Delete a bundle: it is gone at once as a whole, whatever happens to the process.

    False where the system does not let it go yet: Windows keeps what a server has open.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
            return True
        gone = folder.with_name(f"{PREFIX}{folder.name}-{secrets.token_hex(4)}")
        folder.rename(gone)
    except OSError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return True


def sweep(root: Path) -> int:
    """Delete what killed processes left unfinished under ``root``; how many folders these were."""
    swept = 0
    for folder in root.glob(f"{PREFIX}*"):
        if folder.name.endswith(_LOCK):
            continue
        lock = FileLock(_lock_of(folder))
        if lock.acquire():
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
            lock.release(remove=True)
    for path in root.glob(f"{PREFIX}*{_LOCK}"):  # of folders that are gone, or were never made
        lock = FileLock(path)
        if lock.acquire():
            lock.release(remove=True)
    return swept


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
