"""``daogou backup`` and ``daogou restore``."""

from pathlib import Path
from typing import Final

from daogou.backup import ArchiveManifest, back_up, restore
from daogou.cli.settings import FILE, Settings
from daogou.cli.terminal import Stages, say, warn, what_next

_TOLD: Final = ("products", "events", "conversations", "articles", "controls")


def backup_command(settings: Settings, file: Path, *, cache: bool) -> None:
    """Back up, and tell what is in the file."""
    with Stages() as stages:
        made = back_up(
            file, settings.home, settings.database_url(), cache=cache, stage=stages.stage
        )
    say(f"{made.path}: {made.bytes / 1e6:,.1f} MB, {_counted(made.manifest)}.")
    if made.manifest.bundle is None:
        warn("no model is trained yet, so there is no bundle in it.")
    if (settings.home / FILE).exists():
        warn(
            f"{FILE} is in it as it is, with a database's password if you wrote one there. Keep the"
            " file where you would keep that."
        )
    what_next(
        (f"daogou restore {file} --home FOLDER", "try it: a backup is as good as its restore")
    )


def restore_command(home: Path, store: str, file: Path, *, force: bool) -> None:
    """Restore, and tell what is there now."""
    with Stages() as stages:
        restored = restore(file, home, store, force=force, stage=stages.stage)
    settings = Settings.load(home, store)
    manifest = restored.manifest
    say(f"{home} is the shop of {manifest.created} again: {_counted(manifest)}.")
    say(f"Database: {restored.database}")
    if store and Settings.load(home).database_url() != store:
        warn(
            f"{FILE} does not name that database: give --store (or DAOGOU_STORE) to every command,"
            " or write it into [store] url."
        )
    what_next(
        (settings.command("doctor"), "see that all is well"),
        (settings.command("serve"), "open the shop"),
    )


def _counted(manifest: ArchiveManifest) -> str:
    counts = ((name, manifest.tables[name].rows) for name in _TOLD if name in manifest.tables)
    told = ", ".join(f"{number:,} {name}" for name, number in counts)
    return told + (f", bundle {manifest.bundle}" if manifest.bundle else ", no bundle")
