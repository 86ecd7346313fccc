"""Opening a bundle and reading what is in it."""

import os
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import polars as pl

from daogou.bundle.config import GIB, BundleConfig
from daogou.bundle.content import entries, fault, is_plain
from daogou.bundle.manifest import (
    FORMAT_VERSION,
    NAME,
    Manifest,
    check_name,
    file_entry,
    read_manifest,
)
from daogou.bundle.pointer import read_pointer
from daogou.errors import BundleError

__all__ = ["FORMAT_VERSION", "Bundle"]


class Bundle:
    """A folder of arrays, JSON, frames and foreign files that never changes.

    Open it with :meth:`open` or :meth:`current`; write one with
    :class:`~daogou.bundle.BundleWriter`.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(
        cls, path: Path, *, verify: bool = True, max_bytes: int = BundleConfig().max_bytes
    ) -> Self:
        """Open a bundle.

        Parameters
        ----------
        verify
            Compare every file with its hash; otherwise only with its size.
        max_bytes
            Of all files.

        Raises
        ------
        BundleError
            It is incomplete, altered, of another format, or leads out of its folder.
        """
        bundle = cls(path, read_manifest(path))
        bundle.check(hashes=verify, max_bytes=max_bytes)
        return bundle

    @classmethod
    def current(cls, root: Path, *, verify: bool = True) -> Self | None:
        """The active bundle under ``root``, or None where nothing was activated yet.

        Raises
        ------
        BundleError
            The active bundle fails its checks.
        """
        pointer = read_pointer(root)
        return cls.open(root / pointer.current, verify=verify) if pointer else None

    @property
    def id(self) -> str:
        """The bundle's name, unique under its root."""
        return self.manifest.id

    def check(self, *, hashes: bool = True, max_bytes: int = BundleConfig().max_bytes) -> None:
        """Compare the folder with the manifest: all that is listed, nothing else, no link.

        Parameters
        ----------
        hashes
            Read every file and compare its SHA-256, and look whether it can be opened without
            harm; otherwise the sizes alone.
        max_bytes
            Of all files.

        Raises
        ------
        BundleError
            Names the first file that is missing, altered or not listed.
        """
        listed = self.manifest.files
        if self.folder.name != self.id or self.folder.is_symlink():
            raise BundleError(
                f"The bundle in {self.folder} says that its id is {self.id}; expected a folder of"
                " that name, and no link to one. Do not use it; train again with `daogou train`."
            )
        if self.manifest.bytes > max_bytes:
            raise BundleError(
                f"Bundle {self.id} has {self.manifest.bytes / GIB:.1f} GiB, and"
                f" {max_bytes / GIB:.1f} are allowed. Raise [bundles] max_gigabytes in daogou.toml"
                " if it is what you trained."
            )
        try:
            there = dict(entries(self.folder))
        except OSError as error:
            raise BundleError(f"{self.folder} cannot be read: {error}.") from error
        for name, entry in there.items():
            if not is_plain(entry):
                raise BundleError(
                    f"Bundle {self.id}: {name} is a link or a device, and leads out of the bundle."
                    " Do not use it; train again with `daogou train`."
                )
            if name not in listed and name != NAME and not _is_lock(entry):
                raise BundleError(
                    f"Bundle {self.id} has the file {name[:200]!r}, which its manifest does not"
                    " list. Delete it, or train again with `daogou train`."
                )
        for name, expected in listed.items():
            if name not in there:
                raise self._broken(name, "it is missing")
            size = there[name].stat().st_size
            if size != expected.bytes:
                raise self._broken(name, f"it has {size} bytes, expected {expected.bytes}")
            if hashes:
                self._check_content(name, expected.sha256)

    def _check_content(self, name: str, expected: str) -> None:
        path = self.folder / name
        try:
            found = file_entry(path).sha256
        except OSError as error:
            raise self._broken(name, f"it cannot be read ({error})") from error
        if found != expected:
            raise self._broken(name, f"its SHA-256 is {found}, expected {expected}")
        if why := fault(path):
            raise self._broken(name, why)

    def names(self) -> list[str]:
        """The files in the bundle."""
        return sorted(self.manifest.files)

    def array(self, name: str, *, mmap: bool = True) -> np.ndarray[Any, Any]:
        """An array that was added under this name; read-only and on the disk with ``mmap``.

        Raises
        ------
        BundleError
            There is none, or it holds Python objects.
        """
        path = self.path(f"{name}.npy")
        try:
            return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)  # type: ignore[no-any-return]
        except (ValueError, OSError) as error:
            raise self._broken(f"{name}.npy", str(error)) from error

    def json(self, name: str) -> Any:
        """The object that was added under this name.

        Raises
        ------
        BundleError
            There is none, or it is not JSON.
        """
        try:
            return orjson.loads(self.path(f"{name}.json").read_bytes())
        except (orjson.JSONDecodeError, OSError) as error:
            raise self._broken(f"{name}.json", str(error)) from error

    def frame(self, name: str) -> pl.DataFrame:
        """The frame that was added under this name.

        Raises
        ------
        BundleError
            There is none, or it is not Parquet.
        """
        try:
            return pl.read_parquet(self.path(f"{name}.parquet"))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise self._broken(f"{name}.parquet", str(error)) from error

    def path(self, name: str) -> Path:
        """A file in the bundle, or a folder that has one.

        Raises
        ------
        BundleError
            The bundle has nothing of this name.
        """
        check_name(name)
        files = self.manifest.files
        if name not in files and not any(file.startswith(f"{name}/") for file in files):
            raise BundleError(
                f"Bundle {self.id} has no {name}; it has {', '.join(self.names()) or 'no files'}."
                " Train again with `daogou train`."
            )
        return self.folder / name

    def _broken(self, name: str, why: str) -> BundleError:
        return BundleError(
            f"Bundle {self.id}: {name} is not what was written: {why}."
            " Train again with `daogou train`; until then the bundle before it can serve."
        )


def _is_lock(entry: os.DirEntry[str]) -> bool:
    """Whether this is the empty file that tantivy locks while it opens an index."""
    name = entry.name
    return name.startswith(".tantivy-") and name.endswith(".lock") and not entry.stat().st_size
