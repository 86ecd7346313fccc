"""``manifest.json``: what a bundle is, and the hash of every file in it."""

import hashlib
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from daogou.errors import BundleError

FORMAT_VERSION: Final = 1
NAME: Final = "manifest.json"
# One leading dot at most, so never ".."; no backslash, so the same on every system. Hidden
# files are allowed: an index that another library writes has some.
_PART: Final = re.compile(r"\.?[A-Za-z0-9_][A-Za-z0-9_.+@=-]*")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file's size in bytes and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a bundle but its content.

    ``created`` is RFC 3339 in UTC. ``files`` maps a path inside the bundle, with
    forward slashes, to its entry; the manifest itself is not among them.
    """

    id: str
    kind: str
    created: str
    daogou_version: str
    files: dict[str, FileEntry]
    metrics: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def to_json(self) -> bytes:
        """The file's content."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest.

    Raises
    ------
    BundleError
        It is missing, is not a manifest, has another format version, or lists a
        path that leads out of the bundle.
    """
    path = folder / NAME
    try:
        raw = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise BundleError(
            f"{folder} is no bundle: it has no {NAME}. Make one with `daogou train`."
        ) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise BundleError(
            f"{path} cannot be read: {error}. Train again: `daogou train`."
        ) from error
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{path} has format version {version}, this code reads {FORMAT_VERSION}."
            " Train again with `daogou train`, or install the Daogou that wrote it."
        )
    try:
        files = {name: FileEntry(**entry) for name, entry in raw["files"].items()}
        manifest = Manifest(**{**raw, "files": files})
    except (TypeError, KeyError, AttributeError) as error:
        raise BundleError(
            f"{path} is not complete: {error}. Train again: `daogou train`."
        ) from error
    for name in files:
        check_name(name)
    return manifest


def check_name(name: str) -> str:
    """Refuse a name that is not a plain path below the bundle.

    Raises
    ------
    BundleError
        It is absolute, climbs out, or has a character that a file system may refuse.
    """
    parts = name.split("/")
    if not all(_PART.fullmatch(part) for part in parts) or str(PurePosixPath(name)) != name:
        raise BundleError(
            f"'{name}' cannot be a name in a bundle; expected letters, digits and _ . - + @ =,"
            " with / between folders."
        )
    return name


def file_entry(path: Path) -> FileEntry:
    """The entry of a file as it is on the disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return FileEntry(path.stat().st_size, digest.hexdigest())
