"""Which bundle is active: the file ``current`` under the root, replaced as a whole."""

import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

from daogou.bundle.manifest import check_name
from daogou.errors import BundleError

_NAME: Final = "current"
_MOST_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Pointer:
    """The active bundle's id, and those that were active before it, newest first."""

    current: str
    previous: tuple[str, ...] = ()


def read_pointer(root: Path) -> Pointer | None:
    """The pointer under ``root``, or None where nothing was activated yet.

    Raises
    ------
    BundleError
        The file is not what :func:`write_pointer` writes.
    """
    path = root / _NAME
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(str(path), error) from error
    return parse_pointer(content, str(path))


def parse_pointer(content: bytes, where: str) -> Pointer:
    """Read the content of a pointer, which is said to come from ``where``.

    Raises
    ------
    BundleError
        As :func:`read_pointer`.
    """
    try:
        raw = orjson.loads(content)
        pointer = Pointer(_id(raw["current"]), tuple(map(_id, raw["previous"])))
    except (ValueError, KeyError, TypeError, AttributeError, BundleError) as error:
        raise _unreadable(where, error) from error
    return pointer


def _id(name: str) -> str:
    if "/" in check_name(name):
        raise ValueError(f"{name[:80]!r} is no id of a bundle")
    return name


def _unreadable(where: str, error: Exception) -> BundleError:
    return BundleError(
        f"{where} does not say which bundle is active: {error!r}. Name one with `daogou bundles"
        " activate ID`, or delete the file and train again with `daogou train`."
    )


def pointer_json(pointer: Pointer) -> bytes:
    """The file's content."""
    return orjson.dumps(asdict(pointer))


def pointer_stamp(root: Path) -> tuple[int, int] | None:
    """Something that differs after each :func:`write_pointer`; None while there is no pointer."""
    try:
        found = (root / _NAME).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def write_pointer(root: Path, pointer: Pointer) -> None:
    """Replace the pointer: a reader sees the old one or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=root, prefix=f".{_NAME}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pointer_json(pointer))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, root / _NAME)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(root)


def sweep_pointers(root: Path) -> None:
    """Delete pointers that killed processes left unfinished; the caller alone changes ``root``."""
    for path in root.glob(f".{_NAME}-*"):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk."""
    if os.name == "nt":  # Windows has no handle for a folder, and needs none
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
