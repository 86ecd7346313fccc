"""All bundles under one root: which is active, going back, clearing up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from daogou.bundle.bundle import Bundle
from daogou.bundle.locking import FileLock
from daogou.bundle.manifest import NAME
from daogou.bundle.pointer import Pointer, read_pointer, sweep_pointers, write_pointer
from daogou.bundle.unfinished import discard, sweep
from daogou.errors import BundleError

_REMEMBERED: Final = 10
_TRAINING: Final = ".training.lock"
_CHANGING: Final = ".changing.lock"
_PATIENCE: Final = 10.0
"""Seconds to wait for whoever changes the pointer; that takes milliseconds."""


def bundles(root: Path) -> list[Bundle]:
    """All complete bundles under ``root``, newest first; hashes are not compared."""
    return list(_listed(root)[0])


def broken(root: Path) -> dict[str, BundleError]:
    """Folders under ``root`` that have a manifest and are no bundles, and why."""
    return _listed(root)[1]


def _listed(root: Path) -> tuple[list[Bundle], dict[str, BundleError]]:
    found, faults = [], {}
    for manifest in root.glob(f"[!.]*/{NAME}"):
        try:
            found.append(Bundle.open(manifest.parent, verify=False))
        except BundleError as error:
            faults[manifest.parent.name] = error
    found.sort(key=lambda bundle: bundle.manifest.created, reverse=True)
    return found, faults


def activate(root: Path, bundle: Bundle) -> None:
    """Make a bundle the current one, after comparing all its files with their hashes.

    Servers that run take it up within seconds.

    Raises
    ------
    BundleError
        It fails its checks or lies elsewhere; what was current stays so.
    """
    if bundle.folder.resolve() != (root / bundle.id).resolve():
        raise BundleError(
            f"Bundle {bundle.id} lies in {bundle.folder}; only one directly in {root} can be"
            " activated. Copy it there first."
        )
    bundle.check()
    with _changing(root):
        old = read_pointer(root)
        if old and old.current == bundle.id:
            return
        previous = (old.current, *old.previous) if old else ()
        kept = tuple(name for name in previous if name != bundle.id)
        write_pointer(root, Pointer(bundle.id, kept[:_REMEMBERED]))


def rollback(root: Path) -> Bundle:
    """Make the bundle that was current before this one current again.

    Bundles that were deleted or fail their checks are passed over.

    Raises
    ------
    BundleError
        There is none to go back to.
    """
    with _changing(root):
        pointer = read_pointer(root)
        previous = pointer.previous if pointer else ()
        for index, name in enumerate(previous):
            try:
                bundle = Bundle.open(root / name)
            except BundleError:
                continue
            write_pointer(root, Pointer(name, previous[index + 1 :]))
            return bundle
    raise BundleError(
        f"There is no earlier bundle in {root} to go back to. Train one with `daogou train`."
    )


def prune(root: Path, keep: int = 3) -> list[str]:
    """Delete all but the current and the newest bundles, ``keep`` in all.

    Folders that are no longer bundles, and what killed processes left unfinished, go too.

    Returns
    -------
    list of str
        The ids of the deleted bundles.
    """
    if keep < 1:
        raise BundleError(f"keep is {keep}; at least the current bundle has to stay: keep=1.")
    if not root.is_dir():
        return []
    with _changing(root):
        pointer = read_pointer(root)
        current = pointer.current if pointer else None
        whole, faults = _listed(root)
        # The current one first, then the newest.
        ordered = sorted(whole, key=lambda bundle: bundle.id != current)
        gone = [bundle.folder.name for bundle in ordered[keep:]]
        gone += [name for name in faults if name != current]
        gone = [name for name in gone if discard(root / name)]
        sweep(root)
        sweep_pointers(root)
    return gone


@contextmanager
def training(root: Path) -> Iterator[None]:
    """Be the only training that writes to ``root``; what killed ones left there is deleted.

    Raises
    ------
    BundleError
        Another process trains there.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / _TRAINING)
    if not lock.acquire():
        raise BundleError(
            f"Another training is under way in {root} ({lock.holder() or 'by another process'})."
            " Wait until it is done, or stop it; what it has reached is kept."
        )
    try:
        sweep(root)
        yield
    finally:
        lock.release(remove=True)


@contextmanager
def _changing(root: Path) -> Iterator[None]:
    """Be the only one that changes what is current and what is there."""
    lock = FileLock(root / _CHANGING)
    until = time.monotonic() + _PATIENCE
    while not lock.acquire():
        if time.monotonic() > until:
            raise BundleError(
                f"{root} is being changed ({lock.holder() or 'by another process'}). Try again"
                " when it is done."
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        lock.release()
