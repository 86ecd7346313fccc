"""Backing up: all tables as of one moment, the active bundle, the settings."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from daogou.backup.archive import HOME, ArchiveManifest, ArchiveWriter
from daogou.bundle import Bundle
from daogou.errors import BackupError
from daogou.store.database import Database
from daogou.store.dumping import Dump, TableShape, dump

Stage = Callable[[str, int, int], None]
"""Told of progress: the stage's name, how much of it is done, how much there is."""

SETTINGS: Final = "daogou.toml"
FILES: Final = (SETTINGS, "utterances.tsv")
"""The files of a home folder that a merchant wrote."""
BUNDLES, CACHE = "bundles", "cache"
_OF_TRAINING: Final = (".safetensors", ".pretrained", "-wal", "-shm", "-journal")
_PART_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written, and its size in bytes."""

    path: Path
    bytes: int
    manifest: ArchiveManifest


def back_up(
    path: Path,
    home: Path,
    database_url: str,
    *,
    cache: bool = False,
    stage: Stage = lambda *_: None,
) -> Made:
    """Write a backup of a shop, which may be served and written to meanwhile.

    Parameters
    ----------
    cache
        Take the cache folder too: vectors of texts and pictures, which can be made anew.

    Raises
    ------
    BackupError
        ``path`` is there already or cannot be written.
    StoreError, BundleError
        There is no database, or the active bundle is not whole.
    """
    database = Database(database_url)
    try:
        _look_for_file(database)
        with ArchiveWriter(path) as writer:
            with dump(database) as dumped:
                shapes = dumped.shapes()
                _tables(writer, dumped, shapes, stage)
                tables_version = dumped.version
            try:
                bundle = _files(writer, home, stage)
                if cache:
                    _cache(writer, home / CACHE, stage)
            except OSError as error:
                raise BackupError(
                    f"{error.filename} cannot be read: {error.strerror}. Where a training has just"
                    " cleared it away, back up again."
                ) from error
            manifest = ArchiveManifest(
                daogou_version=version("daogou"),
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                database="sqlite" if database.is_sqlite else "postgresql",
                version=tables_version,
                tables=shapes,
                bundle=bundle,
                files=writer.files,
            )
            return Made(path, writer.commit(manifest), manifest)
    finally:
        database.close()


def _look_for_file(database: Database) -> None:
    """SQLite would make an empty file of a name that is mistyped."""
    file = database.engine.url.database
    if database.is_sqlite and not (file and Path(file).exists()):
        raise BackupError(
            f"There is no database at {database.name}. Name the shop's folder with --home, or its"
            " database with --store."
        )


def _tables(
    writer: ArchiveWriter, dumped: Dump, shapes: dict[str, TableShape], stage: Stage
) -> None:
    for name, shape in shapes.items():
        done = 0
        for count in writer.add_rows(name, dumped.rows(name), _PART_BYTES):
            done += count
            stage(f"backing up {name}", done, shape.rows)


def _files(writer: ArchiveWriter, home: Path, stage: Stage) -> str | None:
    """The merchant's files and the active bundle; the bundle's id."""
    for name in FILES:
        if (home / name).is_file():
            writer.add(f"{HOME}/{name}", (home / name).read_bytes())
    bundle = Bundle.current(home / BUNDLES, verify=False)
    if bundle is None:
        return None
    paths = [*bundle.names(), "manifest.json"]
    for done, name in enumerate(paths, 1):
        writer.add_file(f"{HOME}/{BUNDLES}/{bundle.id}/{name}", bundle.folder / name)
        stage("backing up the bundle", done, len(paths))
    return bundle.id


def _cache(writer: ArchiveWriter, folder: Path, stage: Stage) -> None:
    paths = [path for path in sorted(folder.rglob("*")) if _is_kept(path)]
    for done, path in enumerate(paths, 1):
        name = f"{HOME}/{CACHE}/{path.relative_to(folder).as_posix()}"
        if path.suffix == ".db":
            with tempfile.TemporaryDirectory() as temporary:
                writer.add_file(name, _copied(path, Path(temporary) / "copy.db"))
        else:
            writer.add_file(name, path)
        stage("backing up the cache", done, len(paths))


def _is_kept(path: Path) -> bool:
    # What a training has half done belongs to the log as it was then.
    return path.is_file() and not path.name.endswith(_OF_TRAINING)


def _copied(source: Path, target: Path) -> Path:
    """An SQLite file as of one moment, by SQLite's own online backup."""
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise BackupError(
            f"{source} cannot be copied: {error}. It is a cache: delete it, or leave --cache out."
        ) from error
    return target
