"""Bundles in a shared folder or a bucket: published there by training, fetched by servers.

The layout is that of a home's ``bundles/``: a folder a bundle, and the pointer ``current``. What
is written last makes all before it count: of a bundle its manifest, of all of it the pointer.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from daogou.bundle.bundle import Bundle
from daogou.bundle.config import GIB, BundleConfig
from daogou.bundle.locking import FileLock
from daogou.bundle.manifest import MOST_BYTES, NAME, Manifest, file_entry, parse_manifest
from daogou.bundle.pointer import (
    Pointer,
    parse_pointer,
    pointer_json,
    read_pointer,
    write_pointer,
)
from daogou.bundle.shelf import activate, prune
from daogou.bundle.unfinished import Unfinished
from daogou.config import without_passwords
from daogou.errors import BundleError, ConfigError

_POINTER: Final = "current"
_FETCHING: Final = ".fetching.lock"
_MOST_POINTER: Final = 64 << 10
_BUNDLE: Final = re.compile(r"\w+-\d{8}T\d{12}-[0-9a-f]{8}")
"""What :class:`BundleWriter` calls a bundle: nothing else in the folder is touched."""
MISSING: Final = (
    "[bundles] url needs the package fsspec, which is not installed. Install it with"
    " pip install 'daogou[remote]'"
)


class RemoteShelf:
    """All bundles under one URL.

    Parameters
    ----------
    config
        Says where, how much and how many.

    Raises
    ------
    ConfigError
        fsspec, or what it needs for such URLs, is not installed, or the URL is none.
    BundleError
        It is of a kind that one logs into, and cannot be reached.
    """

    def __init__(self, config: BundleConfig) -> None:
        self._config = config
        self.url = without_passwords(config.url)
        fsspec = _fsspec()
        try:
            self._files, root = fsspec.core.url_to_fs(config.url)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"[bundles] url is '{self.url}', and fsspec cannot open it:"
                f" {without_passwords(str(error))}. Expected such as s3://bucket/shop"
                " (pip install s3fs) or file:///mnt/share/shop."
            ) from error
        except Exception as error:  # what logs in at once, such as FTP, fails in its own ways
            raise self._unusable(error) from error
        self._root = str(root).rstrip("/")

    def pointer(self) -> Pointer | None:
        """What is current there; None where nothing was published yet.

        Raises
        ------
        BundleError
            It cannot be reached, or says nothing that could be read.
        """
        with self._reached():
            content = self._small(f"{self._root}/{_POINTER}", _MOST_POINTER)
        return None if content is None else parse_pointer(content, f"{self.url}/{_POINTER}")

    def publish(self, bundle: Bundle) -> None:
        """Copy a bundle there and make it current; older ones than ``keep`` are deleted.

        Raises
        ------
        BundleError
            It cannot be written there; what was current stays so.
        """
        with self._reached():
            self._put(bundle)
            old = self.pointer()
            if old and old.current == bundle.id:
                return
            previous = (old.current, *old.previous) if old else ()
            kept = tuple(name for name in previous if name != bundle.id)[: self._config.keep - 1]
            self._point(Pointer(bundle.id, kept))
            self._prune({bundle.id, *kept})

    def go_back(self, bundle: Bundle) -> None:
        """Make current what was so before; it is there already, or copied there.

        Raises
        ------
        BundleError
            It cannot be written there.
        """
        with self._reached():
            self._put(bundle)
            old = self.pointer()
            previous = old.previous if old else ()
            place = previous.index(bundle.id) + 1 if bundle.id in previous else len(previous)
            self._point(Pointer(bundle.id, previous[place:]))

    def fetch(self, root: Path) -> Bundle | None:
        """Bring ``root`` to what is current there: download, compare, activate.

        None where there is nothing new, or another process of this machine is at it.

        Raises
        ------
        BundleError
            It cannot be reached, or what is there fails its checks; ``root`` stays as it is.
        """
        there = self.pointer()
        if there is None or _current(root) == there.current:
            return None
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / _FETCHING)
        if not lock.acquire():
            return None
        try:
            if _current(root) == there.current:
                return None
            if not (root / there.current / NAME).exists():
                self._download(root, there.current)
            bundle = Bundle.open(root / there.current, verify=False)
            _activate(root, bundle, there)
            prune(root, self._config.keep)
        finally:
            lock.release()
        return bundle

    def _download(self, root: Path, name: str) -> None:
        source = f"{self._root}/{name}"
        with self._reached(), Unfinished(root) as unfinished:
            content = self._small(f"{source}/{NAME}", MOST_BYTES)
            if content is None:
                raise BundleError(
                    f"{self.url} says that {name} is current, and has no such bundle. Publish it"
                    " again: `daogou bundles activate`, where it was trained."
                )
            manifest = parse_manifest(content, f"{self.url}/{name}/{NAME}")
            self._check(manifest, name)
            for file, expected in manifest.files.items():
                path = unfinished.folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                # Asked first: what is there must not be able to fill the disk.
                size = self._files.info(f"{source}/{file}")["size"]
                if size == expected.bytes:
                    self._files.get_file(f"{source}/{file}", str(path))
                if size != expected.bytes or file_entry(path) != expected:
                    raise BundleError(
                        f"{self.url}/{name}/{file} is not what was published: its size or SHA-256"
                        " is another. Publish it again: `daogou bundles activate`, where it was"
                        " trained."
                    )
            (unfinished.folder / NAME).write_bytes(content)
            unfinished.finish(name)

    def _check(self, manifest: Manifest, name: str) -> None:
        if manifest.id != name:
            raise BundleError(
                f"{self.url}/{name} says that its id is {manifest.id}. Do not use it; train again"
                " with `daogou train`."
            )
        if manifest.bytes > self._config.max_bytes:
            raise BundleError(
                f"{self.url}/{name} has {manifest.bytes / GIB:.1f} GiB. Raise [bundles]"
                " max_gigabytes in daogou.toml if it is what you trained."
            )

    def _put(self, bundle: Bundle) -> None:
        target = f"{self._root}/{bundle.id}"
        manifest = (bundle.folder / NAME).read_bytes()
        if self._small(f"{target}/{NAME}", MOST_BYTES) == manifest:
            return
        for file in bundle.names():
            self._files.makedirs(f"{target}/{file}".rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(bundle.folder / file), f"{target}/{file}")
        self._files.pipe_file(f"{target}/{NAME}", manifest)

    def _point(self, pointer: Pointer) -> None:
        self._files.makedirs(self._root, exist_ok=True)
        if "file" in _protocols(self._files):
            write_pointer(Path(self._root), pointer)  # a bucket replaces an object as a whole
        else:
            self._files.pipe_file(f"{self._root}/{_POINTER}", pointer_json(pointer))

    def _prune(self, kept: set[str]) -> None:
        """Delete the bundles there that are neither current nor to be gone back to."""
        self._files.invalidate_cache()
        for path in self._files.ls(self._root, detail=False):
            name = str(path).rstrip("/").rpartition("/")[2]
            if name in kept or not _BUNDLE.fullmatch(name):
                continue
            whole = self._files.exists(f"{self._root}/{name}/{NAME}")
            if not whole and name >= min(kept):
                continue  # somebody may be writing it
            if whole:  # the manifest first: whatever stays of the rest is no bundle
                self._files.rm_file(f"{self._root}/{name}/{NAME}")
            self._files.rm(f"{self._root}/{name}", recursive=True)

    def _small(self, path: str, most: int) -> bytes | None:
        """The content of a small file; None where there is none."""
        self._files.invalidate_cache()
        try:
            size = self._files.info(path)["size"]
            if size > most:
                raise BundleError(
                    f"{path} has {size:,} bytes; expected {most:,} at most. Publish the bundle"
                    " again: `daogou bundles activate`, where it was trained."
                )
            content = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        return bytes(content)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Whatever a storage raises is one error of ours."""
        try:
            yield
        except (BundleError, ConfigError):
            raise
        except Exception as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> BundleError:
        told = without_passwords(str(error))[:300]
        return BundleError(
            f"{self.url} cannot be used ({type(error).__name__}: {told}). Look at [bundles] url in"
            " daogou.toml, the keys of the storage, and the network."
        )


def _current(root: Path) -> str | None:
    pointer = read_pointer(root)
    return pointer.current if pointer else None


def _activate(root: Path, bundle: Bundle, there: Pointer) -> None:
    """Make it current; what was gone back from is none to go back to."""
    before = read_pointer(root)
    activate(root, bundle)
    after = read_pointer(root)
    if before and after and before.current not in there.previous:
        kept = tuple(name for name in after.previous if name != before.current)
        write_pointer(root, Pointer(after.current, kept))


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _fsspec() -> ModuleType:
    try:
        import fsspec
    except ImportError as error:
        raise ConfigError(MISSING) from error
    module: ModuleType = fsspec
    return module
