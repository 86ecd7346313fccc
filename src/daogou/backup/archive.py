"""The file: a tar of gzipped JSON lines and of files as they are, and a manifest behind them.

A member's name says where it belongs: ``tables/NAME/000000.jsonl.gz`` or ``home/PATH``. Every
member has its SHA-256 in the manifest, which comes last: a file that broke off has none.
"""

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

import orjson

from daogou.bundle.manifest import FileEntry, check_name
from daogou.errors import BackupError, BundleError
from daogou.store.dumping import Row, TableShape

FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
TABLES: Final = "tables"
HOME: Final = "home"
_MOST_MANIFEST: Final = 256 * 2**20
_MOST_ROW: Final = 256 * 2**20
_CHUNK: Final = 2**20
_LEVEL: Final = 1  # of gzip: a sixth of the size already, at four times the speed of the default
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ArchiveManifest:
    """What is in a backup.

    Attributes
    ----------
    daogou_version, created
        Who wrote it, and when (RFC 3339, UTC).
    database, version
        ``"sqlite"`` or ``"postgresql"``, and the version of its tables.
    tables
        Columns and number of rows of each.
    bundle
        The id of the bundle that was active; None where none was.
    files
        Size and hash of every member but the manifest.
    """

    daogou_version: str
    created: str
    database: str
    version: str
    tables: Mapping[str, TableShape]
    bundle: str | None
    files: Mapping[str, FileEntry]
    format_version: int = FORMAT_VERSION

    @classmethod
    def read(cls, raw: bytes, path: Path) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        BackupError
            It is no manifest, or one of another format.
        """
        try:
            told = orjson.loads(raw)
            found = told["format_version"]
            if found == FORMAT_VERSION:
                tables = {
                    name: TableShape(tuple(shape["columns"]), int(shape["rows"]))
                    for name, shape in told["tables"].items()
                }
                files = {name: FileEntry(**entry) for name, entry in told["files"].items()}
                return cls(**{**told, "tables": tables, "files": files})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(
                f"{path} is no backup of Daogou: its manifest cannot be read ({error!r})."
                " Restore a file that `daogou backup` wrote."
            ) from error
        raise BackupError(
            f"{path} has the format {found!r}, this code reads {FORMAT_VERSION}."
            " Restore it with the Daogou that wrote it, or upgrade: pip install --upgrade daogou."
        )

    def to_json(self) -> bytes:
        """The member's content."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)


class ArchiveWriter:
    """Writes a backup beside ``path`` and gives it its name when it is whole.

    A context manager; left without :meth:`commit` nothing stays behind.

    Raises
    ------
    BackupError
        There is something at ``path``, or its folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise BackupError(f"{path} is there already, and is kept. Name another file.")
        self.path = path
        self.files: dict[str, FileEntry] = {}

    def __enter__(self) -> Self:
        try:
            handle, name = tempfile.mkstemp(
                dir=self.path.absolute().parent, prefix=f".{self.path.name}-"
            )
        except OSError as error:
            raise BackupError(
                f"{self.path} cannot be written: {error.strerror}. Choose a folder that is there"
                " and that you may write to."
            ) from error
        self._temporary = Path(name)  # of mode 0600: what is in it is not for everybody
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def add(self, name: str, content: bytes) -> None:
        """Add a member out of memory."""
        self._member(name, len(content), io.BytesIO(content))
        self.files[name] = FileEntry(len(content), hashlib.sha256(content).hexdigest())

    def add_file(self, name: str, source: Path) -> None:
        """Add a file as it is."""
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashed = _Hashed(file)
            self._member(name, size, hashed)
        self.files[name] = FileEntry(size, hashed.digest.hexdigest())

    def add_rows(self, table: str, rows: Iterator[Row], part_bytes: int) -> Iterator[int]:
        """Add a table in parts of so many bytes before compression; yields the rows of each."""
        for number, part in enumerate(_parts(rows, part_bytes)):
            name = f"{TABLES}/{table}/{number:06}.jsonl.gz"
            self.add(name, gzip.compress(b"".join(part), _LEVEL, mtime=0))
            yield len(part)

    def commit(self, manifest: ArchiveManifest) -> int:
        """Write the manifest, put everything on the disk; returns the size in bytes."""
        content = manifest.to_json()
        self._member(MANIFEST, len(content), io.BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            os.link(self._temporary, self.path)  # unlike a renaming it replaces nothing
        except FileExistsError as error:
            raise BackupError(f"{self.path} has appeared meanwhile; name another file.") from error
        return self.path.stat().st_size

    def _member(self, name: str, size: int, content: Any) -> None:
        member = tarfile.TarInfo(check_name(name))
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, content)


class Archive:
    """A backup to be read; a context manager. Opening it reads names and manifest alone.

    Raises
    ------
    BackupError
        It is no whole backup, or one of another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115
        except (OSError, tarfile.TarError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise BackupError(
                f"{path} cannot be read as a backup: {why}. Name a file that `daogou backup` wrote."
            ) from error
        try:
            self._members = self._listed()
            self.manifest = self._manifest()
        except BaseException:
            self._tar.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def home_files(self) -> list[str]:
        """The paths of the files of the home folder, with forward slashes."""
        start = f"{HOME}/"
        return [name.removeprefix(start) for name in self._members if name.startswith(start)]

    def verify(self, progress: Progress = lambda *_: None) -> None:
        """Compare every member with its hash.

        Raises
        ------
        BackupError
            Names the first that is altered.
        """
        total = sum(entry.bytes for entry in self.manifest.files.values())
        done = 0
        for name, expected in self.manifest.files.items():
            hashed = _Hashed(self._open(name))
            while chunk := hashed.read(_CHUNK):
                done += len(chunk)
                progress(done, total)
            if hashed.digest.hexdigest() != expected.sha256:
                raise self._broken(f"{name} is not what was written (its SHA-256 differs)")

    def rows(self, table: str) -> Iterator[list[Any]]:
        """The rows of a table, in bounded memory."""
        for name in sorted(n for n in self._members if n.startswith(f"{TABLES}/{table}/")):
            try:
                with gzip.GzipFile(fileobj=self._open(name)) as lines:
                    while line := lines.readline(_MOST_ROW):
                        yield orjson.loads(line)
            except (OSError, EOFError, ValueError) as error:
                raise self._broken(f"{name} cannot be read: {error}") from error

    def extract(self, name: str, target: Path) -> None:
        """Write a file of the home folder to ``target``, and put it on the disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self._open(f"{HOME}/{name}")
        with target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def _listed(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        try:
            for member in self._tar:
                if member.type not in _PLAIN or member.issparse():
                    raise self._broken(f"{member.name!r} is no plain file")
                if check_name(member.name) in members:
                    raise self._broken(f"{member.name} is in it twice")
                members[member.name] = member
        except BundleError as error:
            raise self._broken(str(error)) from error
        except (OSError, ValueError, tarfile.TarError) as error:
            raise self._broken(f"it breaks off: {error}") from error
        return members

    def _manifest(self) -> ArchiveManifest:
        member = self._members.pop(MANIFEST, None)
        if member is None:
            raise self._broken("it has no manifest, which is written last: it was never finished")
        if member.size > _MOST_MANIFEST:
            raise self._broken(f"its manifest has {member.size:,} bytes")
        manifest = ArchiveManifest.read(self._content(member).read(), self.path)
        if self._members.keys() != manifest.files.keys():
            odd = sorted(self._members.keys() ^ manifest.files.keys())
            raise self._broken(f"{odd[0]} is missing, or not in its manifest")
        for name, expected in manifest.files.items():
            if self._members[name].size != expected.bytes:
                raise self._broken(f"{name} has {self._members[name].size:,} bytes")
            if name.partition("/")[0] not in (TABLES, HOME):
                raise self._broken(f"{name} belongs nowhere")
        return manifest

    def _open(self, name: str) -> IO[bytes]:
        return self._content(self._members[name])

    def _content(self, member: tarfile.TarInfo) -> IO[bytes]:
        content = self._tar.extractfile(member)
        if content is None:
            raise self._broken(f"{member.name} is no plain file")
        return content

    def _broken(self, why: str) -> BackupError:
        return BackupError(
            f"{self.path} is not a whole backup: {why}. Nothing was changed; restore another one."
        )


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


def _parts(rows: Iterator[Row], part_bytes: int) -> Iterator[list[bytes]]:
    """The rows as lines of JSON, in parts."""
    part, size = [], 0
    for row in rows:
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        part.append(line)
        size += len(line)
        if size >= part_bytes:
            yield part
            part, size = [], 0
    if part:
        yield part
