"""Restoring: everything is checked and laid ready before the shop is touched."""

import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daogou.backup import swapping
from daogou.backup.archive import Archive, ArchiveManifest
from daogou.backup.making import BUNDLES, CACHE, FILES, SETTINGS, Stage
from daogou.bundle import Bundle, activate
from daogou.errors import BackupError, StoreError
from daogou.store.database import Database, known_versions
from daogou.store.dumping import has_tables, load

DATABASE: Final = "daogou.db"
_BESIDE: Final = (f"{DATABASE}-wal", f"{DATABASE}-shm")
_ROOM: Final = 6
"""So many times the bytes of the archive's tables may be needed: they are gzipped there, and have
no indexes."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where its database is; a password is not told."""

    manifest: ArchiveManifest
    database: str


def restore(
    path: Path,
    home: Path,
    store_url: str = "",
    *,
    force: bool = False,
    stage: Stage = lambda *_: None,
) -> Restored:
    """Make a home and its database what they were when the backup was written.

    An older backup is brought to the tables of this code. Until everything is checked and laid
    ready nothing is touched; what was there is kept aside until the new shop is in place.

    Parameters
    ----------
    store_url
        The database to restore into. Empty is the one that the backup's ``daogou.toml`` names,
        or an SQLite file in the home.
    force
        Replace a shop that is there.

    Raises
    ------
    BackupError
        The backup is not whole or too new, there is a shop already, or it is being served.
    StoreError
        The database refuses.
    """
    with Archive(path) as archive:
        _check_version(archive)
        if swapping.is_halfway(home):
            swapping.finish(home)
        if not force and not swapping.is_empty(home):
            raise BackupError(
                f"{home} is not empty, and a restore replaces the shop in it. Name another folder"
                " with --home, or replace it with --force; it is kept until the new one is whole."
            )
        _check_files(archive)
        stage("checking the backup", 0, 1)
        archive.verify(lambda done, total: stage("checking the backup", done, total))
        _check_room(archive, home)
        _nobody_serves(home)
        new = swapping.begin(home)
        try:
            with _target(archive, home, new, store_url) as database:
                database.make_file()
                if not force and has_tables(database):
                    raise BackupError(
                        f"{database.name} has a shop already. Name another database with --store,"
                        " or replace it with --force."
                    )
                _lay_files(archive, new, stage)
                _load(archive, database, stage)
                name = database.name
            if (new / DATABASE).exists():
                _settle(new / DATABASE)
                name = f"sqlite:///{home / DATABASE}"
            _nobody_serves(home)
            stage("putting it in place", 0, 1)
            swapping.commit(home, _replaced(archive))
        finally:
            swapping.give_up(home)
        return Restored(archive.manifest, name)


def _check_version(archive: Archive) -> None:
    manifest = archive.manifest
    if manifest.version not in known_versions():
        raise BackupError(
            f"{archive.path} was written by Daogou {manifest.daogou_version}, which is newer: its"
            f" tables have version {manifest.version}, this code knows up to"
            f" {max(known_versions())}. Upgrade with `pip install --upgrade daogou`."
        )


def _check_files(archive: Archive) -> None:
    """Only what a backup holds of a home may be in it: nothing else is written there."""
    bundle = f"{BUNDLES}/{archive.manifest.bundle}/"
    for name in archive.home_files():
        if name not in FILES and not name.startswith((bundle, f"{CACHE}/")):
            raise BackupError(
                f"{archive.path} has the file {name}, which no backup has. Nothing was changed;"
                " restore another one."
            )


def _check_room(archive: Archive, home: Path) -> None:
    there = next(p for p in (home.absolute(), *home.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    needed = sum(
        entry.bytes * (_ROOM if name.startswith("tables/") else 1)
        for name, entry in archive.manifest.files.items()
    )
    if free < needed:
        raise BackupError(
            f"{there} has {free / 1e9:.1f} GB free; the restored shop may take"
            f" {needed / 1e9:.1f} GB beside what is there. Make room, or name another --home."
        )


def _nobody_serves(home: Path) -> None:
    """Refuse to replace a database that another process has open: its writes would be lost."""
    file = home / DATABASE
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=1)) as connection:
            # SQLite leaves this mode only where nobody else has the file open.
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise BackupError(
            f"{file} is in use ({error}). Stop `daogou serve` and whatever else has it open, then"
            " restore again."
        ) from error
    except sqlite3.DatabaseError:
        return  # damaged: all the more reason to restore


@contextmanager
def _target(archive: Archive, home: Path, new: Path, store_url: str) -> Iterator[Database]:
    """The database to load: a new file, or the one that is named."""
    if SETTINGS in archive.home_files():
        archive.extract(SETTINGS, new / SETTINGS)
    laid_ready = f"sqlite:///{new / DATABASE}"
    database = Database(store_url or _named_in(new / SETTINGS) or laid_ready)
    file = database.engine.url.database
    if database.is_sqlite and file and Path(file).resolve() == (home / DATABASE).resolve():
        database = Database(laid_ready)
    try:
        yield database
    finally:
        database.close()


def _named_in(path: Path) -> str:
    """The database that a ``daogou.toml`` names, whatever else is in it; empty without one."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return str(told.get("store", {}).get("url", ""))
    except (ValueError, AttributeError):
        return ""


def _lay_files(archive: Archive, new: Path, stage: Stage) -> None:
    names = archive.home_files()
    for done, name in enumerate(names, 1):
        archive.extract(name, new / name)
        stage("restoring files", done, len(names))
    if archive.manifest.bundle is not None:
        activate(new / BUNDLES, Bundle.open(new / BUNDLES / archive.manifest.bundle))


def _load(archive: Archive, database: Database, stage: Stage) -> None:
    manifest = archive.manifest

    def progress(table: str, done: int, total: int) -> None:
        stage(f"restoring {table}", done, total)

    load(database, manifest.version, manifest.tables, archive.rows, progress)


def _settle(file: Path) -> None:
    """Make an SQLite database one file."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"{file} cannot be finished: {error}.") from error


def _replaced(archive: Archive) -> list[str]:
    """What of a home a backup replaces; a cache that it does not have stays."""
    has_cache = any(name.startswith(f"{CACHE}/") for name in archive.home_files())
    return [*FILES, BUNDLES, DATABASE, *_BESIDE, *([CACHE] if has_cache else [])]
