"""Opening a bundle and reading what is in it."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import polars as pl

from daogou.bundle.manifest import FORMAT_VERSION, Manifest, check_name, file_entry, read_manifest
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
    def open(cls, path: Path, *, verify: bool = True) -> Self:
        """Open a bundle.

        Parameters
        ----------
        verify
            Compare every file with its hash; otherwise only with its size.

        Raises
        ------
        BundleError
            It is incomplete, altered, of another format, or leads out of its folder.
        """
        bundle = cls(path, read_manifest(path))
        bundle.check(hashes=verify)
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

    def check(self, *, hashes: bool = True) -> None:
        """Compare the files with the manifest.

        Raises
        ------
        BundleError
            Names the first file that is missing or altered.
        """
        home = self.folder.resolve()
        for name, expected in self.manifest.files.items():
            path = self.folder / name
            if not path.resolve().is_relative_to(home):
                raise BundleError(
                    f"Bundle {self.id}: {name} leads out of the bundle, to {path.resolve()}."
                    " Do not use it; train again with `daogou train`."
                )
            if not path.is_file():
                raise self._broken(name, "it is missing")
            size = path.stat().st_size
            if size != expected.bytes:
                raise self._broken(name, f"it has {size} bytes, expected {expected.bytes}")
            if hashes and (found := file_entry(path).sha256) != expected.sha256:
                raise self._broken(name, f"its SHA-256 is {found}, expected {expected.sha256}")

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
        except ValueError as error:
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
        except orjson.JSONDecodeError as error:
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
        except pl.exceptions.PolarsError as error:
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
