"""All bundles under one root: which is active, going back, clearing up."""

import shutil
import time
from pathlib import Path
from typing import Final

from daogou.bundle.bundle import Bundle
from daogou.bundle.manifest import NAME
from daogou.bundle.pointer import Pointer, read_pointer, write_pointer
from daogou.bundle.writer import UNFINISHED
from daogou.errors import BundleError

_REMEMBERED: Final = 10
_ABANDONED_SECONDS: Final = 24 * 3600


def bundles(root: Path) -> list[Bundle]:
    """All complete bundles under ``root``, newest first; hashes are not compared."""
    found = []
    for manifest in root.glob(f"*/{NAME}"):
        try:
            found.append(Bundle.open(manifest.parent, verify=False))
        except BundleError:
            continue  # not one that could be served or gone back to
    return sorted(found, key=lambda bundle: bundle.manifest.created, reverse=True)


def activate(root: Path, bundle: Bundle) -> None:
    """Make a bundle the current one, after comparing all its files with their hashes.

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

    What a broken-off training left behind goes too, once it is a day old.

    Returns
    -------
    list of str
        The ids of the deleted bundles.
    """
    if keep < 1:
        raise BundleError(f"keep is {keep}; at least the current bundle has to stay: keep=1.")
    pointer = read_pointer(root)
    current = pointer.current if pointer else None
    # The current one first, then the newest.
    ordered = sorted(bundles(root), key=lambda bundle: bundle.id != current)
    gone = [bundle.id for bundle in ordered[keep:]]
    for name in gone:
        shutil.rmtree(root / name)
    for folder in root.glob(f"{UNFINISHED}*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
    return gone
