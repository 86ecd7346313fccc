"""``manifest.json``: what a bundle is, and the hash of every file in it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from daogou.errors import BundleError

FORMAT_VERSION: Final = 1
NAME: Final = "manifest.json"
MOST_BYTES: Final = 16 << 20
"""Of a manifest: room for some 100,000 files."""
# One leading dot at most, so never ".."; no backslash, so the same on every system. Hidden
# files are allowed: an index that another library writes has some.
_PART: Final = re.compile(r"\.?[A-Za-z0-9_][A-Za-z0-9_.+@=-]*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TYPES: Final[Mapping[str, type]] = {
    "id": str,
    "kind": str,
    "created": str,
    "daogou_version": str,
    "metrics": dict,
    "config": dict,
}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file's size in bytes and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if type(self.bytes) is not int or self.bytes < 0:
            raise ValueError(f"a size is {self.bytes!r}; expected 0 or more bytes")
        if not (isinstance(self.sha256, str) and _SHA256.fullmatch(self.sha256)):
            raise ValueError(f"a SHA-256 is {str(self.sha256)[:80]!r}; expected 64 hex digits")


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

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(entry.bytes for entry in self.files.values())


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
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            raise BundleError(
                f"{path} is a link, or larger than {MOST_BYTES:,} bytes; expected a file that"
                " `daogou train` wrote. Train again."
            )
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BundleError(
            f"{folder} is no bundle: it has no {NAME}. Make one with `daogou train`."
        ) from error
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read: {error}. Train again: `daogou train`."
        ) from error
    return parse_manifest(content, str(path))


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Read the content of a manifest, which is said to come from ``where``.

    Raises
    ------
    BundleError
        As :func:`read_manifest`.
    """
    try:
        raw = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BundleError(
            f"{where} cannot be read: {error}. Train again: `daogou train`."
        ) from error
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{where} has format version {str(version)[:20]}, this code reads {FORMAT_VERSION}."
            " Train again with `daogou train`, or install the Daogou that wrote it."
        )
    try:
        _check_types(raw)
        for name in (*raw["files"], raw["id"]):
            check_name(name)
        files = {name: FileEntry(**entry) for name, entry in raw["files"].items()}
        manifest = Manifest(**{**raw, "files": files})
    except BundleError as error:
        raise BundleError(
            f"{where}: {error} Do not use this bundle; train again with `daogou train`."
        ) from error
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise BundleError(
            f"{where} is not complete: {error}. Train again: `daogou train`."
        ) from error
    if NAME in files or "/" in manifest.id:
        raise BundleError(
            f"{where} lists itself, or has an id with a slash. Train again with `daogou train`."
        )
    return manifest


def _check_types(raw: dict[str, Any]) -> None:
    if unknown := raw.keys() - {known.name for known in fields(Manifest)}:
        raise ValueError(f"it has {min(unknown)[:80]!r}, which no manifest has")
    for name, kind in _TYPES.items():
        if name in raw and not isinstance(raw[name], kind):
            raise ValueError(f"{name} is a {type(raw[name]).__name__}, expected a {kind.__name__}")
    datetime.fromisoformat(raw["created"])


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
            f"{name[:200]!r} cannot be a name in a bundle; expected letters, digits and _ . - + @"
            " =, with / between folders."
        )
    return name


def file_entry(path: Path) -> FileEntry:
    """The entry of a file as it is on the disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return FileEntry(path.stat().st_size, digest.hexdigest())
