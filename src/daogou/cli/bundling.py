"""``daogou bundles``: what was trained, what is served, and going back."""

from collections.abc import Iterator
from typing import Final

from rich.markup import escape
from rich.table import Column, Table

from daogou.bundle import (
    Bundle,
    RemoteShelf,
    activate,
    broken,
    bundles,
    prune,
    rollback,
    worse_than,
)
from daogou.bundle.comparing import COMPARED
from daogou.bundle.manifest import check_name
from daogou.bundle.pointer import Pointer, read_pointer
from daogou.cli.asking import picture_folders
from daogou.cli.settings import Settings
from daogou.cli.terminal import out, say, waiting, warn, what_next
from daogou.engine import Engine
from daogou.engine.trial import prepared
from daogou.errors import BundleError, NotFound
from daogou.store import Store

MEGABYTE: Final = 1_000_000


def put_to_work(settings: Settings, store: Store, bundle: Bundle, *, force: bool) -> None:
    """Check a bundle, publish it where the shop has a shared folder, and make it the active one.

    Raises
    ------
    BundleError
        It fails a check, or without ``force`` is worse than the active one; that stays so.
    """
    config = settings.bundle_config()
    bundle.check(max_bytes=config.max_bytes)
    if not force and (active := _active(settings)) and active.id != bundle.id:
        worse = list(worse_than(active, bundle, config.margin))
        if worse:
            raise BundleError(
                f"Bundle {bundle.id} is worse than the active one and was not activated:"
                f" {'; '.join(worse)}. [bundles] margin = {config.margin:g} allows less. See"
                f" {bundle.folder / 'report.html'}; if it is to be active all the same:"
                f" `{settings.command(f'bundles activate {bundle.id} --force')}`."
            )
    _try_out(settings, store, bundle)
    if config.url:
        RemoteShelf(config).publish(bundle)  # first: servers here look there, too
    activate(settings.bundles, bundle)


def list_command(settings: Settings) -> None:
    """Print what there is, the newest first."""
    pointer = _pointer(settings)
    current, previous = (pointer.current, pointer.previous) if pointer else (None, ())
    found = bundles(settings.bundles)
    told = [name for name in COMPARED if any(name in b.manifest.metrics for b in found)]
    table = Table("", Column("ID", no_wrap=True), "Size", *told)
    for column in table.columns[2:]:
        column.justify = "right"
    for bundle in found:
        sign = "active" if bundle.id == current else "before" if bundle.id in previous else ""
        metrics = (_metric(bundle.manifest.metrics.get(name)) for name in told)
        table.add_row(sign, bundle.id, _size(bundle), *metrics)
    if table.row_count:
        out.print(table)
    else:
        say(f"No bundle in {settings.bundles}.")
    for name, error in broken(settings.bundles).items():
        warn(f"{name} cannot be used: {error}")
    if table.row_count > 1:
        what_next(
            (settings.command("bundles show ID"), "what is in one"),
            (settings.command("bundles rollback"), "serve the one before"),
        )
    else:
        what_next((settings.command("train"), "make one"))


def show_command(settings: Settings, bundle_id: str) -> None:
    """Print what a bundle is, and compare its files with their hashes."""
    bundle = _named(settings, bundle_id)
    manifest = bundle.manifest
    pointer = _pointer(settings)
    table = Table("", "", show_header=False)
    rows = {
        "id": bundle.id,
        "active": "yes" if pointer and pointer.current == bundle.id else "no",
        "trained": manifest.created,
        "with Daogou": manifest.daogou_version,
        "files": f"{len(manifest.files)}, {_size(bundle)}",
        "folder": str(bundle.folder),
        **{name: _metric(value) for name, value in manifest.metrics.items()},
        **{f"[training] {name}": str(value) for name, value in manifest.config.items()},
    }
    for name, value in rows.items():
        table.add_row(escape(name), escape(value))
    out.print(table)
    with waiting("Comparing the files with their hashes"):
        bundle.check(max_bytes=settings.bundle_config().max_bytes)
    say("Every file is what was written.")
    what_next((settings.command(f"bundles activate {bundle.id}"), "serve it"))


def activate_command(settings: Settings, bundle_id: str, *, force: bool) -> None:
    """Check a bundle, and make it the active one."""
    bundle = _named(settings, bundle_id)
    with settings.open_store() as store, waiting("Checking the bundle"):
        put_to_work(settings, store, bundle, force=force)
    say(f"Active bundle: {bundle.id}. Servers take it up within seconds.")
    what_next((settings.command("bundles rollback"), "go back to the one before"))


def rollback_command(settings: Settings) -> None:
    """Make the bundle active again that was so before."""
    with waiting("Comparing the files with their hashes"):
        before = _active(settings)
        config = settings.bundle_config()
        bundle = rollback(settings.bundles)
        if config.url:
            RemoteShelf(config).go_back(bundle)
    gone = f", after {before.id}" if before else ""
    say(f"Active bundle: {bundle.id} again{gone}. Servers take it up within seconds.")
    what_next((settings.command("bundles list"), "see all of them"))


def prune_command(settings: Settings, keep: int | None) -> None:
    """Delete older bundles."""
    keep = settings.bundle_config().keep if keep is None else keep
    gone = prune(settings.bundles, keep)
    say(f"Deleted: {', '.join(gone) or 'nothing'}. At most {keep} stay, the active one among them.")
    what_next((settings.command("bundles list"), "see what is left"))


def _try_out(settings: Settings, store: Store, bundle: Bundle) -> None:
    """Open the shop with it as the server does, and ask a few things."""

    def opened() -> Engine:
        return Engine(
            store,
            bundle,
            settings.engine(),
            cache_dir=settings.cache,
            pictures=picture_folders(settings),
        )

    with prepared(opened, bundle) as engine:
        engine.prove(bundle)


def _named(settings: Settings, bundle_id: str) -> Bundle:
    try:
        folder = settings.bundles / check_name(bundle_id)
    except BundleError:
        folder = None
    if folder is None or folder.parent != settings.bundles or not folder.is_dir():
        known = ", ".join(_ids(settings)) or "none"
        raise NotFound(
            f"There is no bundle {bundle_id[:80]!r} in {settings.bundles}; it has {known}."
        )
    return Bundle.open(folder, verify=False, max_bytes=settings.bundle_config().max_bytes)


def _ids(settings: Settings) -> Iterator[str]:
    for bundle in bundles(settings.bundles):
        yield bundle.id


def _pointer(settings: Settings) -> Pointer | None:
    try:
        return read_pointer(settings.bundles)
    except BundleError as error:
        warn(str(error))
        return None


def _active(settings: Settings) -> Bundle | None:
    """The active bundle; None where there is none that could be compared with."""
    try:
        return Bundle.current(settings.bundles, verify=False)
    except BundleError as error:
        warn(f"The active bundle cannot be compared with: {error}")
        return None


def _size(bundle: Bundle) -> str:
    return f"{bundle.manifest.bytes / MEGABYTE:,.1f} MB"


def _metric(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)
