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
        raw = orjson.loads(path.read_bytes())
        pointer = Pointer(check_name(raw["current"]), tuple(map(check_name, raw["previous"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"{path} does not say which bundle is active: {error!r}."
            " Delete it and train again with `daogou train`."
        ) from error
    return pointer


def write_pointer(root: Path, pointer: Pointer) -> None:
    """Replace the pointer: a reader sees the old one or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=root, prefix=f".{_NAME}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(asdict(pointer)))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, root / _NAME)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(root)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk."""
    if os.name == "nt":  # Windows has no handle for a folder, and needs none
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
